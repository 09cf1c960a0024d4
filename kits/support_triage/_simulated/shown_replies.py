"""The demo's step that reads mails nobody has seen and shows one of each kind, with the reply and its sources.

It runs `kit predict` and tells what that answered; the truth of the made-up mails is used to choose what is shown and
to count mistakes, never to change an answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from kits.core.story import DemoStage
from kits.support_triage._drafting.sentences import split_sentences
from kits.support_triage._mail.reading import read_mail
from kits.support_triage._simulated.mails import OOS

Row = Mapping[str, JsonValue]
Truth = Mapping[str, Row]

MAILS, TRUTH, RECORDS = "unread", "unread.json", "records.json"
"""Below the demo's data: mails, what is true of them, and the shop's orders."""
_VERDICTS = {"act": "filed, with the draft beside it", "review": "left to a person"}
_WIDTH = 96


def show_replies(stage: DemoStage) -> str:
    """Reads the mails with the bundle in use and tells what came of them."""
    data = stage.root / "data"
    answer = stage.run(
        *("kit", "predict", str(data / MAILS), "--bundle", str(stage.bundle)),
        *("--records", str(data / RECORDS), "--json"),
    )
    truth: Truth = json.loads((data / TRUTH).read_text(encoding="utf-8"))
    found = answer["predictions"]
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    return "\n".join([_count(rows, truth), *_shown(rows, truth)])


def is_right(label: str, truth: Row) -> bool:
    """Whether a mail filed under `label` is where it belongs: its own, or one of several."""
    return label in str(truth["label"]).split("|") or label == truth["label"]


def draft_of(row: Row) -> Row:
    """The draft in an answer of `kit predict`; empty when there is none."""
    said = _said(row).get("draft")
    return said if isinstance(said, dict) else {}


def _count(rows: Sequence[Row], truth: Truth) -> str:
    filed = [row for row in rows if row["verdict"] == "act"]
    wrong = sum(not is_right(str(row["label"]), truth[_name(row)]) for row in filed)
    return (
        f"of {len(rows)} new mails {len(filed)} would be filed without a person, {wrong} of them wrongly; "
        f"{len(rows) - len(filed)} are left to a person. One of each kind:"
    )


def _shown(rows: Sequence[Row], truth: Truth) -> Iterator[str]:
    for title, fits in _KINDS:
        fitting = [row for row in rows if fits(row, truth[_name(row)])]
        for row in sorted(fitting, key=_telling)[:1]:
            yield from _one(title, row)


def _telling(row: Row) -> tuple[bool, bool]:
    """Whoever reads the demo reads English, and knows what it is to wait for a parcel."""
    return _details(row).get("language") != "en", row["label"] != "where_is_my_order"


def _one(title: str, row: Row) -> Iterator[str]:
    mail = read_mail(Path(str(row["path"])).read_bytes())
    yield f"{title}: “{mail.subject}” from {mail.message.sender}"
    yield f"  “{_short(' '.join(mail.body.split()))}”"
    why = str(_details(row).get("automatic") or "")
    if why:
        yield f"  a machine wrote it ({why}): no draft, whatever it says"
        return
    score = float(str(row["score"]))
    sure = f", {score:.0%} sure" if score else ""
    matter = "none of the shop's matters" if row["label"] == OOS else row["label"]
    yield f"  about {matter}{sure}: {_VERDICTS.get(str(row['verdict']), row['verdict'])}"
    draft = draft_of(row)
    if not draft:
        yield "  no draft: there is nothing that the shop could say to it"
    else:
        yield from ("  " + line for line in draft_lines(draft))


def draft_lines(draft: Row) -> Iterator[str]:
    """Each sentence of a draft with where it is from; then what may not be said, and why."""
    sources = _texts(draft.get("citations"))
    sentences = split_sentences(str(draft.get("body", "")), str(draft.get("language", "")))
    if len(sentences) == len(sources):
        for sentence, source in zip(sentences, sources):
            yield f"| {_short(sentence)}  ← {source_words(source)}"
    else:
        yield from (f"| {line}" for line in str(draft.get("body", "")).splitlines() if line)
        yield f"sentences from {', '.join(source_words(one) for one in dict.fromkeys(sources))}"
    yield from (f"left out: {reason}" for reason in _texts(draft.get("cut")))


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def source_words(source: str) -> str:
    """A citation in the words of somebody who owns a shop."""
    kind, _, rest = source.partition(":")
    known = {"template": "a set phrase,", "record": "your order system,"}
    return f"{known[kind]} {rest}" if kind in known else f"your help page {source}"


def _is_told(row: Row, truth: Row) -> bool:
    cited = _texts(draft_of(row).get("citations"))
    told = any(source.startswith("record:") for source in cited)
    return truth["kind"] == "person" and row["verdict"] == "act" and told


def _is_strangers(row: Row, truth: Row) -> bool:
    cut = _texts(draft_of(row).get("cut"))
    return truth["kind"] == "stranger" and any("belongs to another address" in c for c in cut)


def _is_machines(row: Row, truth: Row) -> bool:
    return truth["kind"] == "machine" and bool(_details(row).get("automatic"))


def _is_no_business(row: Row, truth: Row) -> bool:
    return truth["kind"] == "person" and truth["label"] == "oos" and row["verdict"] == "review"


_KINDS: Sequence[tuple[str, Callable[[Row, Row], bool]]] = (
    ("a customer about an order", _is_told),
    ("a stranger about somebody else's order", _is_strangers),
    ("a machine", _is_machines),
    ("none of the shop's business", _is_no_business),
)


def _name(row: Row) -> str:
    return Path(str(row["path"])).name


def _said(row: Row) -> Row:
    said = row.get("prediction")
    return said if isinstance(said, dict) else {}


def _details(row: Row) -> Row:
    told = _said(row).get("details")
    return told if isinstance(told, dict) else {}


def _texts(value: JsonValue) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
