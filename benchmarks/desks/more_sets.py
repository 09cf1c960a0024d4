"""More shapes of public sets, and of what chat bots of other makers are taught with."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from email.utils import format_datetime

from benchmarks.desks.made import Ticket
from benchmarks.desks.mailboxes import _answer as own_answer
from benchmarks.desks.mailboxes import _boxed as boxed
from benchmarks.desks.mailboxes import _mail as mail
from benchmarks.desks.writing import (  # fmt: skip
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


def _of(tickets: Sequence[Ticket], label: str) -> list[Ticket]:
    return [t for t in tickets if t.label == label]


def _labels(tickets: Sequence[Ticket]) -> list[str]:
    return sorted({t.label for t in tickets})


def _massive(t: Ticket) -> Row:
    return {"id": str(t.n), "locale": "en-US", "partition": "train" if t.n % 3 else "test", "scenario": "shop", "intent": t.label, "utt": t.line, "annot_utt": t.line, "worker_id": "1"}  # fmt: skip


def _hwu(t: Ticket) -> Row:
    return {"userid": 1, "answerid": t.n, "scenario": "shop", "intent": t.label, "status": "null", "answer_annotation": t.line, "notes": "null", "suggested_entities": "null",
            "answer_normalised": t.line.lower(), "answer": t.line, "question": "What do you want of your shop?"}  # fmt: skip


def _luis(tickets: Sequence[Ticket]) -> bytes:
    app = {"luis_schema_version": "7.0.0", "versionId": "0.1", "name": "Shop", "desc": "", "culture": "en-us", "intents": [{"name": n} for n in _labels(tickets)], "entities": [],
           "utterances": [{"text": t.line, "intent": t.label, "entities": []} for t in tickets], "patterns": [], "settings": []}  # fmt: skip
    return json.dumps(app).encode()


def _wit(tickets: Sequence[Ticket]) -> bytes:
    return json.dumps({"utterances": [{"text": t.line, "intent": t.label, "entities": [], "traits": []} for t in tickets]}).encode()  # fmt: skip


def _corpus(tickets: Sequence[Ticket]) -> bytes:
    return json.dumps({"name": "Shop", "desc": "", "lang": "en", "sentences": [{"text": t.line, "intent": t.label, "entities": [], "training": bool(t.n % 3)} for t in tickets]}).encode()  # fmt: skip


def _patterns(tickets: Sequence[Ticket]) -> bytes:
    return json.dumps({"intents": [{"tag": n, "patterns": [t.line for t in _of(tickets, n)], "responses": ["We will see to it.", "Thank you."], "context": [""]} for n in _labels(tickets)]}).encode()  # fmt: skip


def _lists(tickets: Sequence[Ticket]) -> bytes:
    return json.dumps({n: [t.line for t in _of(tickets, n)] for n in _labels(tickets)}).encode()


def _rasa_markdown(tickets: Sequence[Ticket]) -> bytes:
    return "\n".join(f"## intent:{n}\n" + "".join(f"- {t.line}\n" for t in _of(tickets, n)) for n in _labels(tickets)).encode()  # fmt: skip


def _dialogflow(tickets: Sequence[Ticket]) -> Files:
    files: dict[str, bytes] = {"agent.json": json.dumps({"description": "", "language": "en"}).encode(), "package.json": b'{"version": "1.0.0"}'}  # fmt: skip
    for n in _labels(tickets):
        files[f"intents/{n}.json"] = json.dumps({"id": "x", "name": n, "auto": True, "contexts": [], "responses": [{"resetContexts": False, "messages": [{"type": "0", "speech": ["We will see."]}]}]}).encode()  # fmt: skip
        says = [{"id": str(t.n), "data": [{"text": t.line, "userDefined": False}], "isTemplate": False, "count": 0, "updated": 0} for t in _of(tickets, n)]  # fmt: skip
        files[f"intents/{n}_usersays_en.json"] = json.dumps(says).encode()
    return files


def _trec(tickets: Sequence[Ticket]) -> bytes:
    """A word of the class, a colon and a finer one before each text."""
    return "".join(f"{t.label}:other {t.line}\n" for t in tickets).encode()


def _sms(tickets: Sequence[Ticket]) -> bytes:
    return "".join(f"{t.label.lower()}\t{t.line}\n" for t in tickets).encode()


def _files_by_label(tickets: Sequence[Ticket]) -> Files:
    """A table for each label: its name is the label."""
    return {f"{n}.csv": table([{"id": t.n, "text": t.line} for t in _of(tickets, n)]) for n in _labels(tickets)}  # fmt: skip


def _lines_by_label(tickets: Sequence[Ticket]) -> Files:
    """A file of lines for each label."""
    return {f"{n}.txt": "".join(f"{t.line}\n" for t in _of(tickets, n)).encode() for n in _labels(tickets)}  # fmt: skip


def _texts_and_labels_apart(tickets: Sequence[Ticket]) -> Files:
    """Texts a line in one file, labels a line in another, as in sets for slots."""
    files: dict[str, bytes] = {}
    for split in ("train", "test"):
        own = [t for t in tickets if ("train" if t.n % 3 else "test") == split]
        files[f"{split}/seq.in"] = "".join(f"{t.line}\n" for t in own).encode()
        files[f"{split}/label"] = "".join(f"{t.label}\n" for t in own).encode()
    return files


def _one_hot(t: Ticket) -> Row:
    """A column of 0 and 1 for each label."""
    return {"text": t.line, **{n: int(n == t.label) for n in ("Defect", "Delivery", "Invoice", "Return")}}  # fmt: skip


def _bydate(tickets: Sequence[Ticket]) -> Files:
    """Twenty newsgroups by date: the split is a part of a folder's name."""

    def post(t: Ticket) -> bytes:
        return f"From: {t.mail} ({t.name})\nSubject: {t.subject}\nDate: {format_datetime(t.at)}\nLines: 2\n\n{t.text}\n".encode()

    return {f"20news-bydate-{'train' if t.n % 3 else 'test'}/shop.{t.label.lower()}/{50_000 + t.n}": post(t) for t in tickets}  # fmt: skip


def _polarity(tickets: Sequence[Ticket]) -> Files:
    return {f"{'train' if t.n % 3 else 'test'}/{t.label}/{t.n}_{t.n % 10}.txt": t.line.encode() for t in tickets}  # fmt: skip


def _enron(tickets: Sequence[Ticket]) -> Files:
    """Folders of a person's mails, a file each, called `1.` and so on; sent ones beside them."""
    files = {f"lee-k/{t.label.lower()}/{t.n + 1}.": mail(t) for t in tickets}
    return files | {f"lee-k/sent_items/{t.n + 1}.": own_answer(t) for t in tickets}


def _takeout_by_label(tickets: Sequence[Ticket]) -> Files:
    return {f"Takeout/Mail/{n}.mbox": boxed([mail(t, extra={"X-Gmail-Labels": f"{n},Opened"}) for t in _of(tickets, n)]) for n in _labels(tickets)}  # fmt: skip


def _apple_mail(tickets: Sequence[Ticket]) -> Files:
    def emlx(t: Ticket) -> bytes:
        content = mail(t)
        return str(len(content)).encode() + b"\n" + content + b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict><key>flags</key><integer>1</integer></dict></plist>\n"  # fmt: skip

    return {f"{t.label}.mbox/Messages/{t.n}.emlx": emlx(t) for t in tickets}


def _apple_export(tickets: Sequence[Ticket]) -> Files:
    return {f"{n}.mbox/mbox": boxed([mail(t) for t in _of(tickets, n)]) for n in _labels(tickets)}


def _proton(tickets: Sequence[Ticket]) -> Files:
    files: dict[str, bytes] = {}
    for t in tickets:
        files[f"{t.label}/{t.n}.eml"] = mail(t)
        files[f"{t.label}/{t.n}.metadata.json"] = json.dumps({"Version": 1, "Payload": {"ID": str(t.n), "Subject": t.subject, "LabelIDs": ["0", "5"], "Unread": 0}}).encode()  # fmt: skip
    return files


def _parquet_of_classes(tickets: Sequence[Ticket]) -> bytes:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    names = _labels(tickets)
    told = {"info": {"features": {"text": {"dtype": "string", "_type": "Value"}, "label": {"names": names, "_type": "ClassLabel"}}}}  # fmt: skip
    rows = pa.table({"text": [t.line for t in tickets], "label": [names.index(t.label) for t in tickets]})  # fmt: skip
    out = io.BytesIO()
    pq.write_table(rows.replace_schema_metadata({"huggingface": json.dumps(told)}), out)
    return out.getvalue()


def _lines(row: Callable[[Ticket], Row]) -> Callable[[Sequence[Ticket]], bytes]:
    return lambda tickets: b"".join(document(row(t)) + b"\n" for t in tickets)


PROGRAMS: tuple[Desk, ...] = (
    written("MASSIVE lines", ".jsonl", _lines(_massive), without=_BARE, splits=True),
    exported("HWU64 table", _hwu, delimiter=";", without=_BARE),
    written("LUIS app", ".json", _luis, without=_BARE),
    written("Wit utterances", ".json", _wit, without=_BARE),
    written("Corpus of a chat bot", ".json", _corpus, without=_BARE),
    written("Patterns below tags", ".json", _patterns, without=_BARE),
    written("Lists below intents", ".json", _lists, without=_BARE),
    written("Rasa NLU as Markdown", ".md", _rasa_markdown, without=_BARE),
    filed("Dialogflow agent", _dialogflow, without=_BARE),
    written("TREC questions", ".txt", _trec, refused=["a tab between label and text"]),
    written("Short messages by tabs", ".txt", _sms, without=_BARE),
    filed("A table for each label", _files_by_label, without=_BARE),
    filed("A file of lines for each label", _lines_by_label, without=_BARE),
    filed("Texts and labels in two files", _texts_and_labels_apart, refused=["a text per file in folders"]),
    exported("A column for each label", _one_hot, without=_BARE),
    filed("Posts of news groups by date", _bydate, splits=True),
    filed("Texts in folders of splits and classes", _polarity, without=_BARE, splits=True),
    filed("A person's folders of mails", _enron),
    filed("Takeout of Gmail by label", _takeout_by_label),
    filed("Apple Mail's folders", _apple_mail),
    filed("Apple Mail's export", _apple_export),
    filed("Proton's export", _proton),
    written("Parquet of numbered classes", ".parquet", _parquet_of_classes, without=_BARE),
    listed("Reviews with a title", lambda t: {"reviewerID": f"A{t.n}", "asin": "B1", "reviewText": t.text, "overall": 3.0, "summary": t.subject, "unixReviewTime": int(t.at.timestamp()), "category": t.label}, without=["sender"]),
)  # fmt: skip
