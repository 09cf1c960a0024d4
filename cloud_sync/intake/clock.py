"""What time it really was on a device: an offset per boot, and capture times that follow from it.

**Method.** A row carries the device's monotonic clock, which nobody can set. When it reaches the
hub, `received - mono = offset + delay`, with a delay that is never negative: a packet is late,
never early. So the smallest difference is the best estimate of the offset (the minimum filter of
NTP's clock filter, RFC 5905 section 10, and of Cristian 1989, for one direction only). One wrong
small value, from a hub clock that jumped back, must not spoil it: once there are `KEPT` smallest
differences, those more than `OUTLIER_NS` below the third are left out. (After a long backlog the
first fresh frame looks like one; the third fresh frame settles it.)

**Error.** One direction cannot tell a constant delay from an offset, so the estimate is late by the
shortest delay there was: at most the group commit (1 s for telemetry) and the way of one frame.
`error_ns` is that second, plus the spread of the three smallest differences, plus `DRIFT_PPM` of
the span that was observed, because two crystals never agree.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from cloud_sync.store.bulk import aware
from cloud_sync.store.db import insert_new
from cloud_sync.store.models import BootClock
from kits.core.events import Stamp
from kits.core.sample import utc_now

_Key = tuple[str, str]  # device, boot
KEPT = 8
OUTLIER_NS = 5_000_000_000
DELAY_NS = 1_000_000_000
DRIFT_PPM = 100
BETTER_NS = 50_000_000
FLUSH_S = 30.0
AHEAD_S = 60
MAX_BOOTS = 10_000
KEYS_AT_ONCE = 200
MAX_BOOT_LENGTH = 64
MAX_NS = 1 << 62
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def estimate(lowest: list[int], span_ns: int) -> tuple[int, int]:
    """Offset and error in ns from the smallest differences (ascending, at least one)."""
    sane = lowest
    if len(lowest) >= KEPT:
        sane = [value for value in lowest if value >= lowest[2] - OUTLIER_NS]
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

    def merge(self, row: Any) -> None:
        """Takes over what the table's row knows more."""
        self.lowest = sorted({*self.lowest, *_numbers(row.lowest)})[:KEPT]
        self.first_mono_ns = min(self.first_mono_ns, row.first_mono_ns)
        self.last_mono_ns = max(self.last_mono_ns, row.last_mono_ns)
        self.offset_ns = estimate(self.lowest, 0)[0]

    def values(self, key: _Key, rows: int) -> dict[str, object]:
        """The table's row; `rows` are what it counted before."""
        span = self.last_mono_ns - self.first_mono_ns
        offset_ns, error_ns = estimate(self.lowest, span)
        return {
            "device": key[0], "boot": key[1], "offset_ns": offset_ns, "error_ns": error_ns,
            "lowest": list(self.lowest), "rows": rows + self.rows, "trust": self.trust,
            "first_mono_ns": self.first_mono_ns, "last_mono_ns": self.last_mono_ns,
            "updated_at": utc_now(),
        }  # fmt: skip


class ClockBook:
    """The clocks of all boots heard by this process, written to the table when they get better.

    Several processes may each keep one: the table's row is merged, not overwritten.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._boots: dict[_Key, _Boot] = {}

    def observe(
        self, session: Session, stamps: Iterable[tuple[str, Stamp]], received_ns: int
    ) -> None:
        """Takes (device, stamp) of the newest row of each boot in each frame into account.

        However many devices a batch comes from, the table is read and written a few times only.
        """
        usable = [
            ((device, stamp.boot[:MAX_BOOT_LENGTH]), stamp)
            for device, stamp in stamps
            if stamp.boot and 0 <= stamp.mono_ns < MAX_NS
        ]
        self._load(session, {key for key, _ in usable})
        due: dict[_Key, _Boot] = {}
        for key, stamp in usable:
            boot = self._boots[key]
            boot.trust = stamp.trust
            boot.take(received_ns - stamp.mono_ns, stamp.mono_ns)
            old = self._clock() - boot.written_at >= FLUSH_S
            if boot.written_ns is None or boot.offset_ns < boot.written_ns - BETTER_NS or old:
                due[key] = boot
        self._write(session, due)

    def offset(self, device: str, boot: str) -> int | None:
        """UTC minus the boot's monotonic clock in ns, as far as it is known."""
        known = self._boots.get((device, boot[:MAX_BOOT_LENGTH]))
        return known.offset_ns if known and known.lowest else None

    def forget(self) -> None:
        """After a rollback: what is in memory may be ahead of the table."""
        self._boots.clear()

    def _load(self, session: Session, wanted: set[_Key]) -> None:
        missing = wanted - self._boots.keys()
        excess = len(self._boots) + len(missing) - MAX_BOOTS
        for key in [key for key in self._boots if key not in wanted][: max(excess, 0)]:
            del self._boots[key]
        found = _rows(session, missing)
        for key in missing:
            known = self._boots[key] = _Boot()
            if key in found:
                row = found[key]
                known.lowest, known.offset_ns = _numbers(row.lowest), row.offset_ns
                known.first_mono_ns, known.last_mono_ns = row.first_mono_ns, row.last_mono_ns
                known.written_ns = row.offset_ns

    def _write(self, session: Session, due: Mapping[_Key, _Boot]) -> None:
        """Merges into the table what other processes may have written, too."""
        found = _rows(session, due, lock=True)
        changed = []
        for key, known in due.items():
            if key in found:
                known.merge(found[key])
                changed.append(known.values(key, found[key].rows))
        if changed:
            session.execute(update(BootClock), changed)
        first = [known.values(key, 0) for key, known in due.items() if key not in found]
        new = insert_new(session, BootClock, first, (BootClock.device, BootClock.boot))
        for key in (*found, *((str(device), str(boot)) for device, boot in new)):
            # one that another process inserted at this moment is merged with the next frame
            known = due[key]
            known.rows, known.written_ns, known.written_at = 0, known.offset_ns, self._clock()


def _rows(session: Session, keys: Collection[_Key], *, lock: bool = False) -> dict[_Key, Any]:
    """The table's rows of these boots by key."""
    wanted, found = sorted(keys), {}
    for start in range(0, len(wanted), KEYS_AT_ONCE):
        query = select(
            BootClock.device, BootClock.boot, BootClock.offset_ns, BootClock.rows,
            BootClock.lowest, BootClock.first_mono_ns, BootClock.last_mono_ns,
        ).where(
            tuple_(BootClock.device, BootClock.boot).in_(wanted[start : start + KEYS_AT_ONCE])
        )  # fmt: skip
        query = query.order_by(BootClock.device, BootClock.boot)
        for row in session.execute(query.with_for_update() if lock else query):
            found[row.device, row.boot] = row
    return found


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
