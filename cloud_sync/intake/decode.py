"""From a hostile MQTT message to a typed value, or to a reason why not. No database, no state.

A frame with a row that this hub does not understand (a newer agent, a bug) is taken apart: the
rows it understands are taken, the others are kept as they came, so that one row never holds up
its device for ever. (A row that is understood and that no table takes: see `batch.py`.)
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from pydantic import ValidationError

from kits.core.errors import DataError
from kits.core.events import EVENT_CLASSES, MAX_NUMBER, Event, EventClass
from kits.core.frames import (
    MAX_FRAME_BYTES,
    MAX_ROWS,
    Chunk,
    Frame,
    decode_chunk,
    parse_frame,
    unpack_frame,
)
from kits.core.hub_api import Reported
from kits.core.topics import ParsedTopic, decode_online, parse_up

MAX_STATUS_BYTES = 64 * 1024
MAX_SPOILED_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A row that is not understood; its number is, so it can be acknowledged."""

    seq: int
    klass: EventClass
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class FrameIn:
    """Rows from a device."""

    topic: ParsedTopic
    frame: Frame
    spoiled: tuple[Spoiled, ...] = ()

    @property
    def seqs(self) -> list[int]:
        """Numbers of all rows."""
        return [row.seq for row in self.frame.rows] + [row.seq for row in self.spoiled]

    def only(self, row: Event | Spoiled) -> FrameIn:
        """The same frame with one row."""
        rows = (row,) if isinstance(row, Event) else ()
        spoiled = () if isinstance(row, Event) else (row,)
        return FrameIn(self.topic, self.frame.model_copy(update={"rows": rows}), spoiled)


@dataclass(frozen=True, slots=True)
class ChunkIn:
    """A piece of a blob from a device."""

    topic: ParsedTopic
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class OnlineIn:
    """A device came or went."""

    topic: ParsedTopic
    online: bool


@dataclass(frozen=True, slots=True)
class ReportedIn:
    """What a device says it runs."""

    topic: ParsedTopic
    reported: Reported


@dataclass(frozen=True, slots=True)
class Refused:
    """Not usable; `reason` is one of few words (a metric's label), `detail` is for the log.

    `topic` is that of a device whose message goes to the quarantine.
    """

    reason: str
    detail: str = ""
    topic: ParsedTopic | None = None


Incoming = FrameIn | ChunkIn | OnlineIn | ReportedIn


def decode(topic: str, payload: bytes) -> Incoming | Refused:
    """What a message says."""
    parsed = parse_up(topic)
    if parsed is None:
        return Refused("topic", topic[:200])
    try:
        if parsed.kind in EVENT_CLASSES:
            return _frame(parsed, payload)
        if parsed.kind == "f":
            return ChunkIn(parsed, decode_chunk(payload))
        return _status(parsed, payload)
    except (DataError, ValidationError) as error:
        return Refused(_REASONS.get(parsed.kind, "frame"), str(error)[:300], parsed)


_REASONS = {"f": "chunk", "online": "status", "reported": "status"}


def _frame(topic: ParsedTopic, payload: bytes) -> FrameIn | Refused:
    if len(payload) > MAX_FRAME_BYTES:
        return Refused("too large", f"{len(payload)} bytes", topic)
    # PostgreSQL stores no NUL in text
    content = unpack_frame(payload).replace(b"\\u0000", b"\\ufffd")
    try:
        frame = parse_frame(content)
    except DataError as error:
        return _salvage(topic, content, error)
    if any(row.klass != topic.kind for row in frame.rows):
        return Refused("class", f"rows of another class under up/{topic.kind}", topic)
    return FrameIn(topic, frame)


def _salvage(topic: ParsedTopic, content: bytes, error: DataError) -> FrameIn | Refused:
    """What can be understood of a frame that is not right as a whole."""
    refused = Refused("frame", str(error)[:300], topic)
    try:
        raw = json.loads(content)
    except (ValueError, RecursionError):
        return refused
    rows = raw.get("rows") if isinstance(raw, dict) and raw.get("v", 1) == 1 else None
    if not isinstance(rows, list) or len(rows) > MAX_ROWS:
        return refused
    good, bad = [], []
    for row in rows:
        read = _read_row(topic, row)
        if isinstance(read, Event):
            good.append(read)
        elif isinstance(read, Spoiled):
            bad.append(read)
        else:
            return refused
    try:
        frame = Frame.model_validate({"epoch": raw.get("epoch"), "rows": ()})
    except ValidationError:
        return refused
    return FrameIn(topic, frame.model_copy(update={"rows": tuple(good)}), tuple(bad))


def _read_row(topic: ParsedTopic, row: object) -> Event | Spoiled | None:
    text = json.dumps(row)
    try:
        event = Event.model_validate_json(text)
    except ValidationError as error:
        seq = row.get("seq") if isinstance(row, dict) else None
        if not isinstance(seq, int) or isinstance(seq, bool) or not 0 < seq <= MAX_NUMBER:
            return None
        klass = next(klass for klass in EVENT_CLASSES if klass == topic.kind)
        reason = str(error.errors()[0]["msg"])[:200]
        return Spoiled(seq, klass, reason, text[:MAX_SPOILED_BYTES])
    return event if event.klass == topic.kind else None


def _status(topic: ParsedTopic, payload: bytes) -> OnlineIn | ReportedIn | Refused:
    if len(payload) > MAX_STATUS_BYTES:
        return Refused("too large", f"{len(payload)} bytes", topic)
    if topic.kind == "reported":
        return ReportedIn(topic, Reported.model_validate_json(payload))
    state = decode_online(payload)
    if state is None:
        return Refused("status", "online is neither 0 nor 1", topic)
    return OnlineIn(topic, state.online)
