"""Samples: one observed unit (a frame, a mail, a lead, a sensor window) and where it came from.

Holds identity and provenance only. The bytes live in a blob store under their digest; statements
about a sample are annotations (`annotation.py`), what a model says of it is a prediction.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone

from pydantic import JsonValue

ORDER = "order"
"""In a sample's `meta`: its place in time, where its kit learns from the past for the future."""
KEY = "key"
"""In a sample's `meta`: whom it is a state of, where what it shows changes (a lead in a CRM)."""
COPIES = "copies"
"""In a sample's `meta`: the labels of all copies of its bytes in an import, each with how many, where they do not agree."""
DAY = "day"
"""In a picture's `meta`: the day it was taken on, where its name, folder or EXIF data tells it."""
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def utc_now() -> datetime:
    """The wall clock in UTC; the only place where records take their time from by default."""
    return datetime.now(timezone.utc)


def new_sample_id(at: datetime | None = None) -> str:
    """A time-ordered id: 48 bits of milliseconds, 80 random bits, 26 characters of base 32.

    Sorting ids as text sorts samples by the time they were minted (the layout of a ULID).
    """
    stamp_ms = int(at.timestamp() * 1000) if at is not None else time.time_ns() // 1_000_000
    number = (stamp_ms & (1 << 48) - 1) << 80 | secrets.randbits(80)
    return _base32(number)


def sample_id_of(at: datetime, name: str) -> str:
    """As `new_sample_id`, and the same each time for what has a name of its own."""
    drawn = hashlib.sha256(name.encode()).digest()[:10]
    stamp_ms = int(at.timestamp() * 1000)
    return _base32((stamp_ms & (1 << 48) - 1) << 80 | int.from_bytes(drawn, "big"))


def sample_id_for(content: bytes, name: str) -> str:
    """A repeatable id for an imported file: the same bytes under the same name give the same id."""
    raw = hashlib.sha256(name.encode() + b"\0" + content).digest()
    return "f" + _base32(int.from_bytes(raw[:16], "big"))[1:]


def digest_of(content: bytes) -> str:
    """The SHA-256 of `content` in hex: the identity of a blob everywhere in Kitwright."""
    return hashlib.sha256(content).hexdigest()


def _base32(number: int) -> str:
    return "".join(_CROCKFORD[number >> 5 * i & 31] for i in range(25, -1, -1))


@dataclass(frozen=True, slots=True)
class Sample:
    """One observed unit with its provenance.

    Attributes:
        id: time-ordered when captured, derived from content when imported; 26 characters.
        media_type: `image/jpeg`, `image/png`, `message/rfc822`, `application/json`, or
            `application/vnd.kitwright.window+cbor` for a sensor window.
        digest: SHA-256 of the bytes in hex, or empty when the bytes were not kept.
        size: number of bytes, 0 when not kept.
        captured_at: UTC.
        source: file name, camera name, mailbox, CRM object.
        device: the device that captured it, empty for an import.
        group: what must never be split between train and test (part serial, customer, bearing).
        meta: what the kit needs besides the bytes (width, height, speed, order number).
    """

    id: str
    media_type: str
    digest: str
    size: int
    captured_at: datetime
    source: str = ""
    device: str = ""
    group: str = ""
    meta: Mapping[str, JsonValue] = field(default_factory=dict)


def key_of(sample: Sample) -> str:
    """Whom a sample is a state of: samples with the same key are the same lead; empty: of nobody else."""
    key = sample.meta.get(KEY)
    return key if isinstance(key, str) else ""


def day_of(sample: Sample) -> str:
    """The day a picture was taken on: what its reader found, else that of its capture (UTC); empty: not known, or no picture."""
    if not sample.media_type.startswith("image/"):
        return ""
    day = sample.meta.get(DAY)
    if isinstance(day, str) and day:
        return day
    return sample.captured_at.date().isoformat() if sample.captured_at.year > 1970 else ""


def week_of(day: str) -> str:
    """The week of a day as `2025-W11`; of what is no day, itself."""
    try:
        year, week, _ = date.fromisoformat(day).isocalendar()
    except ValueError:
        return day
    return f"{year}-W{week:02d}"


def place_in_time(sample: Sample) -> float | None:
    """Where a sample stands in time: what its reader said, else when it was captured; None: not known.

    Seconds since 1970, or a rank that rises with time where the data has no clock.
    """
    order = sample.meta.get(ORDER)
    if isinstance(order, int | float) and not isinstance(order, bool):
        return float(order)
    seconds = sample.captured_at.timestamp()
    return seconds if seconds > 0 else None
