"""What goes into the outbox, and its text there: the same JSON that travels later."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from edge_agent.clock import stamp_json
from kits.core.events import AlertBody, BlobRef, Body, DecisionBody, Event, EventClass

MAX_ROW_BYTES = 120 * 1024
"""A row larger than this loses its prediction's details: it must fit a frame."""
_HALVES = re.compile("[\ud800-\udfff]")
"""What Python makes of bytes in file names that are no UTF-8; no UTF-8 can be made of it again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to be sent, stamped when it came about.

    Attributes:
        worth: decides what is evicted first within samples and labels.
        content: bytes that travel beside a sample, by digest.
        lost_bytes: of a picture that the disk had no room for; the loss is declared with the row.
        mark: a name and a number that stand in the outbox from the row's commit on (`Outbox.mark`).
        at: a `Stamp` as JSON text.
    """

    body: Body
    klass: EventClass
    worth: float = 0.0
    content: bytes | None = None
    media_type: str = ""
    lost_bytes: int = 0
    mark: tuple[str, int] | None = None
    at: str = field(default_factory=stamp_json)

    def __post_init__(self) -> None:
        if self.content and self.klass != "s":
            raise ValueError("only samples have bytes beside them")


class Row(NamedTuple):
    """A row on its way: its number and its JSON text, which is an `Event`."""

    seq: int
    text: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows in order, and the epoch their numbers belong to."""

    epoch: str
    rows: tuple[Row, ...] = ()


def alert(name: str, text: str) -> Entry:
    """Something a person should know of."""
    return Entry(AlertBody(name=name, severity="error", text=text), "a")


def comes_again(entry: Entry) -> bool:
    """Whether who hands it in keeps it until it is taken: alerts (`AlertBook`), and rows of a ledger."""
    return entry.klass == "a" or entry.mark is not None


def without_content(entry: Entry, why: str) -> Entry:
    """The same without its bytes, which are lost."""
    body = entry.body
    if isinstance(body, DecisionBody):
        meta = {**body.meta, "bytes_lost": why}
        body = body.model_copy(update={"kept_for": "", "meta": meta})
    return replace(entry, body=body, content=None, lost_bytes=len(entry.content or b""))


def finite(worth: float) -> float:
    """A worth that can be put in order."""
    return worth if math.isfinite(worth) else 0.0


def row_text(seq: int, klass: str, at: str, body: str) -> str:
    """The JSON of an `Event` from the texts the outbox keeps; nothing is parsed."""
    return f'{{"seq":{seq},"klass":"{klass}","at":{at},"body":{body}}}'


def readable(row: Row) -> bool:
    """Whether it is an `Event`: not when the disk has garbled it."""
    try:
        Event.model_validate_json(row.text)
    except ValidationError:
        return False
    return True


def shortened(row: Row) -> Row:
    """The same row without the details that make a decision long."""
    event = Event.model_validate_json(row.text)
    if not isinstance(event.body, DecisionBody):
        return row
    body = _without_details(event.body, len(row.text))
    return Row(row.seq, event.model_copy(update={"body": body}).model_dump_json())


def body_text(entry: Entry, digest: str) -> str:
    """The body as JSON that fits a frame, naming its blob when there is one.

    Raises:
        ValueError: no JSON can be made of it, or it is too large and nothing of it can be spared.
    """
    body = entry.body
    if digest and isinstance(body, DecisionBody):
        size = len(entry.content or b"")
        blob = BlobRef(digest=digest, size=size, media_type=entry.media_type)
        body = body.model_copy(update={"blob": blob})
    text = _json_of(body)
    if len(text) <= MAX_ROW_BYTES:
        return text
    if isinstance(body, DecisionBody):
        return _json_of(_without_details(body, len(text)))
    raise ValueError(f"a row of {len(text)} bytes fits no frame")


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry whose bytes are on the disk, and its text."""

    entry: Entry
    text: str
    digest: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells the row from all others of its epoch: class, stamp, text."""
        return self.entry.klass, self.entry.at, self.text


def prepared(entry: Entry, digest: str = "") -> Prepared:
    """An entry with the text of its row. Raises ValueError as `body_text` does."""
    return Prepared(entry, body_text(entry, digest), digest)


def _without_details(body: DecisionBody, size: int) -> DecisionBody:
    return body.model_copy(update={"prediction": {}, "meta": {"trimmed_bytes": size}})


def _json_of(body: Body) -> str:
    """JSON whatever is in it: file names that are no UTF-8, and values that no JSON has as text."""
    try:
        return body.model_dump_json(warnings=False)
    except (ValueError, TypeError, RecursionError):
        pass
    try:
        return json.dumps(
            _plain(to_jsonable_python(_plain(body.model_dump(warnings=False)), fallback=str))
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"no JSON can be made of it: {error}") from error


def _plain(value: object) -> object:
    if isinstance(value, str):
        return _HALVES.sub("\ufffd", value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {_plain(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def utf8_length(text: str) -> int:
    """Bytes of a text on the disk."""
    return len(text) if text.isascii() else len(text.encode())
