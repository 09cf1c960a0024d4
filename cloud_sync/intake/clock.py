"""What time it really was on a device: an offset per boot, and capture times that follow from it.

**Method.** A row carries the device's monotonic clock, which nobody can set. When it reaches the
hub, `received - mono = offset + delay`, with a delay that is never negative: a packet is late,
never early. So the smallest difference is the best estimate of the offset (the minimum filter of
NTP's clock filter, RFC 5905 section 10, and of Cristian 1989, for one direction only). One wrong
small value, from a hub clock that jumped back, must not spoil it: of the `KEPT` smallest
differences, those more than `OUTLIER_NS` below the third are left out.

**Error.** One direction cannot tell a constant delay from an offset, so the estimate is late by the
shortest delay there was: at most the group commit (1 s for telemetry) and the way of one frame.
`error_ns` is that second, plus the spread of the three smallest differences, plus `DRIFT_PPM` of
the span that was observed, because two crystals never agree.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from sqlalchemy.orm import Session

from cloud_sync.store.bulk import aware
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import BootClock
from kits.core.events import Stamp
from kits.core.sample import utc_now

KEPT = 8
OUTLIER_NS = 5_000_000_000
DELAY_NS = 1_000_000_000
DRIFT_PPM = 100
BETTER_NS = 50_000_000
FLUSH_S = 30.0
AHEAD_S = 60
MAX_BOOTS = 10_000
MAX_BOOT_LENGTH = 64
MAX_NS = 1 << 62
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def estimate(lowest: list[int], span_ns: int) -> tuple[int, int]:
    """Offset and error in ns from the smallest differences (ascending, at least one)."""
    pivot = lowest[min(2, len(lowest) - 1)]
    sane = [value for value in lowest if value >= pivot - OUTLIER_NS]
    spread = sane[min(2, len(sane) - 1)] - sane[0]
    return sane[0], DELAY_NS + spread + span_ns * DRIFT_PPM // 1_000_000


@dataclass
class _Boot:
    """What this process knows of one boot; `rows` counts since the last flush."""

    lowest: list[int] = field(default_factory=list)
    offset_ns: int = 0
    first_mono_ns: int = MAX_NS
    last_mono_ns: int = 0
    rows: int = 0
    trust: str = "none"
    written_ns: int | None = None
    written_at: float = 0.0

    def take(self, difference: int, mono_ns: int) -> None:
        self.rows += 1
        self.first_mono_ns = min(self.first_mono_ns, mono_ns)
        self.last_mono_ns = max(self.last_mono_ns, mono_ns)
        if len(self.lowest) < KEPT or difference < self.lowest[-1]:
            self.lowest = sorted({*self.lowest, difference})[:KEPT]
            self.offset_ns = estimate(self.lowest, 0)[0]


class ClockBook:
    """The clocks of all boots heard by this process, written to the table when they get better.

    Several processes may each keep one: the table's row is merged, not overwritten.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._boots: dict[tuple[str, str], _Boot] = {}

    def observe(self, session: Session, device: str, stamp: Stamp, received_ns: int) -> None:
        """Takes the newest row of a frame into account."""
        name = stamp.boot[:MAX_BOOT_LENGTH]
        if not 0 <= stamp.mono_ns < MAX_NS or not name:
            return
        boot = self._boots.get((device, name)) or self._load(session, device, name)
        boot.trust = stamp.trust
        boot.take(received_ns - stamp.mono_ns, stamp.mono_ns)
        old = self._clock() - boot.written_at >= FLUSH_S
        if boot.written_ns is None or boot.offset_ns < boot.written_ns - BETTER_NS or old:
            self._write(session, device, name, boot)

    def offset(self, device: str, boot: str) -> int | None:
        """UTC minus the boot's monotonic clock in ns, as far as it is known."""
        known = self._boots.get((device, boot[:MAX_BOOT_LENGTH]))
        return known.offset_ns if known and known.lowest else None

    def forget(self) -> None:
        """After a rollback: what is in memory may be ahead of the table."""
        self._boots.clear()

    def _load(self, session: Session, device: str, boot: str) -> _Boot:
        if len(self._boots) >= MAX_BOOTS:
            self._boots.pop(next(iter(self._boots)))
        row = session.get(BootClock, (device, boot))
        known = _Boot()
        if row is not None:
            known.lowest, known.offset_ns = _numbers(row.lowest), row.offset_ns
            known.first_mono_ns, known.last_mono_ns = row.first_mono_ns, row.last_mono_ns
            known.written_ns = row.offset_ns
        self._boots[device, boot] = known
        return known

    def _write(self, session: Session, device: str, boot: str, known: _Boot) -> None:
        blank = {"device": device, "boot": boot, "offset_ns": 0, "error_ns": 0}
        insert_once(session, BootClock, [{**blank, "first_mono_ns": known.first_mono_ns}])
        row = session.get_one(BootClock, (device, boot), with_for_update=True)
        known.lowest = sorted({*known.lowest, *_numbers(row.lowest)})[:KEPT]
        known.first_mono_ns = min(known.first_mono_ns, row.first_mono_ns)
        known.last_mono_ns = max(known.last_mono_ns, row.last_mono_ns)
        span = known.last_mono_ns - known.first_mono_ns
        row.offset_ns, row.error_ns = estimate(known.lowest, span)
        known.offset_ns = row.offset_ns
        row.lowest = list(known.lowest)
        row.first_mono_ns, row.last_mono_ns = known.first_mono_ns, known.last_mono_ns
        row.rows += known.rows
        row.trust = known.trust
        row.updated_at = utc_now()
        session.flush()
        known.rows, known.written_ns, known.written_at = 0, row.offset_ns, self._clock()


def tick_of(stamp: Stamp, captured_at: datetime) -> int:
    """A capture on the monotonic clock of its boot, ns: wall clock and capture are of one device."""
    before = aware(stamp.wall) - aware(captured_at)
    seconds = before.days * 86_400 + before.seconds
    return stamp.mono_ns - seconds * 1_000_000_000 - before.microseconds * 1000


def to_time(ns: int) -> datetime:
    """A UTC time from ns since 1970; out of range gives 1970."""
    try:
        return EPOCH + timedelta(microseconds=ns // 1000)
    except OverflowError:
        return EPOCH


def believable(stamp: Stamp, received_ns: int) -> bool:
    """Whether the device's wall clock can be right: synchronised, and not ahead of the hub's."""
    return stamp.trust == "ntp" and aware(stamp.wall).timestamp() <= received_ns / 1e9 + AHEAD_S


def _numbers(values: Sequence[object]) -> list[int]:
    return [value for value in values if isinstance(value, int)]
