"""What goes into the outbox, and its text there: the same JSON that travels later."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_agent.clock import stamp_json
from kits.core.events import AlertBody, BlobRef, Body, DecisionBody, EventClass

MAX_ROW_BYTES = 120 * 1024
"""A row larger than this loses its prediction's details: it must fit a frame."""
_MAX_ALERT_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to be sent, stamped when it came about.

    Attributes:
        worth: decides what is evicted first within samples and labels.
        content: bytes that travel beside the row, by digest.
        at: a `Stamp` as JSON text.
    """

    body: Body
    klass: EventClass
    worth: float = 0.0
    content: bytes | None = None
    media_type: str = ""
    at: str = field(default_factory=stamp_json)


@dataclass(frozen=True, slots=True)
class Row:
    """A row on its way: its number and its JSON text, which is an `Event`."""

    seq: int
    text: str


def row_text(seq: int, klass: str, at: str, body: str) -> str:
    """The JSON of an `Event` from the texts the outbox keeps; nothing is parsed."""
    return f'{{"seq":{seq},"klass":"{klass}","at":{at},"body":{body}}}'


def body_text(entry: Entry, digest: str) -> str:
    """The body as JSON that fits a frame, naming its blob when there is one."""
    body = entry.body
    if digest and isinstance(body, DecisionBody):
        size = len(entry.content or b"")
        blob = BlobRef(digest=digest, size=size, media_type=entry.media_type)
        body = body.model_copy(update={"blob": blob})
    text = body.model_dump_json()
    if len(text) <= MAX_ROW_BYTES:
        return text
    if isinstance(body, DecisionBody):
        meta = {"trimmed_bytes": len(text)}
        return body.model_copy(update={"prediction": {}, "meta": meta}).model_dump_json()
    if isinstance(body, AlertBody):
        return body.model_copy(update={"text": body.text[:_MAX_ALERT_TEXT]}).model_dump_json()
    return text


def utf8_length(text: str) -> int:
    """Bytes of a text on the disk."""
    return len(text) if text.isascii() else len(text.encode())
