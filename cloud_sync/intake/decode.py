"""From a hostile MQTT message to a typed value, or to a reason why not. No database, no state."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from kits.core.errors import DataError
from kits.core.events import EVENT_CLASSES
from kits.core.frames import MAX_FRAME_BYTES, Chunk, Frame, decode_chunk, decode_frame
from kits.core.hub_api import Reported
from kits.core.topics import ParsedTopic, parse_up

MAX_STATUS_BYTES = 64 * 1024
MAX_SEQ = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class FrameIn:
    """Rows from a device."""

    topic: ParsedTopic
    frame: Frame


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
    """Not usable; `reason` is one of few words (a metric's label), `detail` is for the log."""

    reason: str
    detail: str = ""


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
        return Refused(_REASONS.get(parsed.kind, "frame"), str(error)[:300])


_REASONS = {"f": "chunk", "online": "status", "reported": "status"}


def _frame(topic: ParsedTopic, payload: bytes) -> FrameIn | Refused:
    if len(payload) > MAX_FRAME_BYTES:
        return Refused("too large", f"{len(payload)} bytes")
    frame = decode_frame(payload)
    if any(row.seq > MAX_SEQ for row in frame.rows):
        return Refused("frame", "a sequence number above 2^63 - 1")
    if any(row.klass != topic.kind for row in frame.rows):
        return Refused("class", f"rows of another class under up/{topic.kind}")
    return FrameIn(topic, frame)


def _status(topic: ParsedTopic, payload: bytes) -> OnlineIn | ReportedIn | Refused:
    if len(payload) > MAX_STATUS_BYTES:
        return Refused("too large", f"{len(payload)} bytes")
    if topic.kind == "reported":
        return ReportedIn(topic, Reported.model_validate_json(payload))
    if payload not in (b"0", b"1"):
        return Refused("status", "online is neither 0 nor 1")
    return OnlineIn(topic, payload == b"1")
