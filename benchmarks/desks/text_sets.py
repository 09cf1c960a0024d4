"""The shapes in which public sets of texts come: tables, lines, folders, JSON and YAML of chat bots."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence

from benchmarks.desks.made import Ticket
from benchmarks.desks.writing import (
    Desk,
    Files,
    Row,
    document,
    exported,
    filed,
    listed,
    table,
    written,
)

_BARE = ("subject", "date", "sender")
"""What a set of texts and labels does not tell."""


def _labels(tickets: Sequence[Ticket]) -> list[str]:
    return sorted({t.label for t in tickets})


def _split(t: Ticket) -> str:
    return "train" if t.n % 3 else "test"


def _by_split(
    name: Callable[[str], str], content: Callable[[Sequence[Ticket]], bytes]
) -> Callable[[Sequence[Ticket]], Files]:
    """A file each for `train` and `test`."""
    return lambda tickets: {
        name(split): content([t for t in tickets if _split(t) == split])
        for split in ("train", "test")
    }


def _with_names(
    name: str, names: Callable[[list[str]], bytes], rows: Callable[[Sequence[Ticket]], bytes]
) -> Callable[[Sequence[Ticket]], Files]:
    """Labels are numbers in `train` and `test`; what they are called stands beside them."""

    def content(tickets: Sequence[Ticket]) -> Files:
        suffix = "jsonl" if rows is _numbered_lines else "csv"
        return {name: names(_labels(tickets)), **_by_split(lambda s: f"{s}.{suffix}", rows)(tickets)}  # fmt: skip

    return content


_NUMBER = {"Defect": 0, "Delivery": 1, "Invoice": 2, "Return": 3}


def _numbered_lines(tickets: Sequence[Ticket]) -> bytes:
    return b"".join(document({"text": t.line, "label": _NUMBER[t.label]}) + b"\n" for t in tickets)


def _numbered_first(tickets: Sequence[Ticket]) -> bytes:
    """As in AG's news: class from 1, title, text, no header."""
    rows = [{"c": _NUMBER[t.label] + 1, "t": t.subject, "x": t.line} for t in tickets]
    return table(rows, header=False)


def _one_a_line(names: list[str]) -> bytes:
    return "\n".join(names).encode() + b"\n"


def _fast_text(tickets: Sequence[Ticket]) -> bytes:
    return "".join(f"__label__{t.label} {t.line}\n" for t in tickets).encode()


def _clinc(tickets: Sequence[Ticket]) -> bytes:
    """Pairs of text and intent in each split."""
    splits = {
        split: [[t.line, t.label] for t in tickets if _split(t) == split]
        for split in ("train", "test")
    }
    return json.dumps(splits).encode()


def _snips(tickets: Sequence[Ticket]) -> bytes:
    """Texts in pieces, some of them entities, below the name of the intent."""

    def pieces(t: Ticket) -> list[Row]:
        before, number, behind = t.line.partition(str(40_000 + 7 * t.n))
        return [{"text": before}, {"text": number, "entity": "number"}, {"text": behind}]

    return json.dumps({label: [{"data": pieces(t)} for t in tickets if t.label == label] for label in _labels(tickets)}).encode()  # fmt: skip


def _snips_assistant(tickets: Sequence[Ticket]) -> bytes:
    intents = {label: {"utterances": [{"data": [{"text": t.line}]} for t in tickets if t.label == label]} for label in _labels(tickets)}  # fmt: skip
    return json.dumps({"intents": intents, "entities": {}, "language": "en"}).encode()


def _rasa_json(tickets: Sequence[Ticket]) -> bytes:
    examples = [{"text": t.line, "intent": t.label, "entities": []} for t in tickets]
    return json.dumps({"rasa_nlu_data": {"regex_features": [], "entity_synonyms": [], "common_examples": examples}}).encode()  # fmt: skip


def _rasa_yaml(tickets: Sequence[Ticket]) -> bytes:
    parts = ['version: "3.1"\n\nnlu:\n']
    for label in _labels(tickets):
        lines = "".join(f"    - {t.line}\n" for t in tickets if t.label == label)
        parts.append(f"- intent: {label}\n  examples: |\n{lines}\n")
    return "".join(parts).encode()


def _squads(tickets: Sequence[Ticket]) -> bytes:
    """One object whose keys are columns, as data frames are written."""
    return json.dumps({"text": {str(n): t.line for n, t in enumerate(tickets)}, "label": {str(n): t.label for n, t in enumerate(tickets)}}).encode()  # fmt: skip


def _label_studio(t: Ticket) -> Row:
    choice = {
        "value": {"choices": [t.label]},
        "from_name": "intent",
        "to_name": "text",
        "type": "choices",
    }
    return {"id": t.n + 1, "annotations": [{"id": t.n, "completed_by": 1, "result": [choice], "was_cancelled": False, "created_at": "2025-03-01T10:00:00Z"}], "drafts": [],
            "predictions": [], "data": {"text": t.line}, "meta": {}, "created_at": "2025-02-01T10:00:00Z", "project": 1}  # fmt: skip


def _parquet(tickets: Sequence[Ticket]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    rows = pa.table({"text": [t.line for t in tickets], "label": [t.label for t in tickets]})
    pq.write_table(rows, out)
    return out.getvalue()


def _class_folders(name: Callable[[Ticket], str]) -> Callable[[Sequence[Ticket]], Files]:
    return lambda tickets: {name(t): t.text.encode() for t in tickets}


def _bitext(t: Ticket) -> Row:
    return {"flags": "BL", "instruction": t.line, "category": "SHOP", "intent": t.label, "response": t.answer}  # fmt: skip


def _plain(t: Ticket) -> Row:
    return {"text": t.line, "label": t.label}


def _tickets_set(t: Ticket) -> Row:
    """As in a set of tickets in several languages: answers beside them, tags in many columns."""
    return {"subject": t.subject, "body": t.text, "answer": t.answer, "type": "Request", "queue": t.label, "priority": t.priority.lower(), "language": "en", "version": 51,
            "tag_1": t.label, "tag_2": "Support", "tag_3": ""}  # fmt: skip


def _kaggle(t: Ticket) -> Row:
    """As in a set of customers' tickets: a person, a product, a subject that is the label."""
    return {"Ticket ID": t.n + 1, "Customer Name": t.name, "Customer Email": t.mail, "Customer Age": 20 + t.n % 50, "Product Purchased": f"Model {t.n % 7}", "Date of Purchase": "2021-03-22",
            "Ticket Type": t.label, "Ticket Subject": t.subject, "Ticket Description": t.text, "Ticket Status": "Closed", "Resolution": t.answer, "Ticket Priority": t.priority,
            "Ticket Channel": "Email", "Customer Satisfaction Rating": 3.0}  # fmt: skip


PROGRAMS: tuple[Desk, ...] = (
    exported("Texts and labels", _plain, without=_BARE),
    exported("Texts and labels without a header", _plain, header=False, without=_BARE),
    exported("Labels and texts without a header", lambda t: {"label": t.label, "text": t.line}, header=False, without=_BARE),
    exported("Labels and texts by tabs", lambda t: {"label": t.label.lower(), "text": t.line}, header=False, delimiter="\t", suffix=".txt", without=_BARE),
    exported("Texts and labels by tabs", lambda t: {"sentence": t.line, "label": t.label}, delimiter="\t", suffix=".tsv", without=_BARE),
    exported("Texts with numbers and words for labels", lambda t: {"text": t.line, "label": _NUMBER[t.label], "label_text": t.label}, without=_BARE),
    listed("Lines with numbers and words for labels", lambda t: {"text": t.line, "label": _NUMBER[t.label], "label_text": t.label}, without=_BARE),
    filed("Lines with numbers and a file of names", _with_names("labels.txt", _one_a_line, _numbered_lines), without=_BARE, splits=True),
    filed("Lines with numbers and names in JSON", _with_names("label_names.json", lambda names: json.dumps({str(n): name for n, name in enumerate(names)}).encode(), _numbered_lines), without=_BARE, splits=True),
    filed("Classes, titles and texts", _with_names("classes.txt", _one_a_line, _numbered_first), without=["date", "sender"], splits=True),
    written("Words of fastText", ".txt", _fast_text, without=_BARE),
    filed("Words of fastText in splits", _by_split(lambda s: f"shop.{s}", _fast_text), without=_BARE, splits=True),
    written("Pairs in splits", ".json", _clinc, without=_BARE, splits=True),
    written("Pieces below intents", ".json", _snips, without=_BARE),
    written("Intents of an assistant", ".json", _snips_assistant, without=_BARE),
    written("Rasa NLU as JSON", ".json", _rasa_json, without=_BARE),
    written("Rasa NLU as YAML", ".yml", _rasa_yaml, without=_BARE),
    written("Columns of a data frame", ".json", _squads, without=_BARE),
    written("Label Studio tasks", ".json", lambda tickets: document([_label_studio(t) for t in tickets]), without=_BARE),
    listed("Doccano lines", lambda t: {"id": t.n, "data": t.line, "label": [t.label]}, without=_BARE),
    listed("Prodigy lines", lambda t: {"text": t.line, "_input_hash": 1000 + t.n, "_task_hash": 2000 + t.n, "options": [{"id": n, "text": n} for n in _NUMBER], "accept": [t.label], "answer": "accept"}, without=_BARE),
    written("Parquet of texts and labels", ".parquet", _parquet, without=_BARE),
    filed("Parquet in splits", _by_split(lambda s: f"data/{s}-00000-of-00001.parquet", _parquet), without=_BARE, splits=True),
    filed("Text files in folders", _class_folders(lambda t: f"{t.label}/{t.n:03}.txt"), without=_BARE),
    filed("Text files in folders of splits", _class_folders(lambda t: f"{_split(t)}/{t.label}/{t.n:03}.txt"), without=_BARE, splits=True),
    filed("Text files without a suffix in folders", _class_folders(lambda t: f"{t.label}/{50_000 + t.n}"), without=_BARE),
    filed("Tables in splits", _by_split(lambda s: f"{s}.csv", lambda tickets: table([_plain(t) for t in tickets])), without=_BARE, splits=True),
    exported("Questions and responses", _bitext, without=_BARE),
    exported("Tickets with answers and tags", _tickets_set, without=["date", "sender"]),
    exported("Tickets of customers and products", _kaggle, without=["date"]),
    exported("Texts and rows without a label", lambda t: {"text": t.line, "label": t.label if t.n % 5 else ""}, without=[*_BARE, "label"]),
)  # fmt: skip
