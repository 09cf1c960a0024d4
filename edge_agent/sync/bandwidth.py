"""When and how fast blobs may travel: a token bucket, and hours of the day."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.clock import clock_trust
from kits.core.events import ClockTrust
from kits.core.frames import CHUNK_BYTES
from kits.core.sample import utc_now


class Bucket:
    """A rate that rows draw on without asking and blobs only while something is left.

    Args:
        kbps: kilobits per second; 0: no limit.
        burst_s: what may be saved up, seconds of the rate.
    """

    def __init__(
        self, kbps: float, *, burst_s: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = kbps * 1000 / 8
        self._burst = self._rate * burst_s
        self._level = self._burst
        self._clock = clock
        self._at = clock()

    @property
    def bytes_per_s(self) -> float:
        """The rate; 0: no limit."""
        return self._rate

    def ready(self) -> bool:
        """Whether a blob may send its next piece now."""
        if not self._rate:
            return True
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        return self._level > 0

    def take(self, size: int) -> None:
        """Bytes that were sent; the level may fall below zero and is paid back by waiting."""
        if self._rate:
            self._level -= size


class Hours:
    """Hours of local time in which blobs travel, as `22:00-06:00`; empty, or from and to the same: always.

    A schedule needs a clock. While the clock cannot be trusted blobs travel at any time: waiting for an
    hour that never comes would lose them, and the rate still holds. `unknown` says so.
    """

    def __init__(
        self,
        text: str,
        *,
        now: Callable[[], dt.datetime] = lambda: utc_now().astimezone(),
        trust: Callable[[], ClockTrust] = clock_trust,
    ) -> None:
        self._span: tuple[dt.time, dt.time] | None = None
        if text:
            first, last = text.split("-")
            self._span = dt.time.fromisoformat(first), dt.time.fromisoformat(last)
        self._now = now
        self._trust = trust

    @property
    def unknown(self) -> bool:
        """Whether there is a schedule that cannot be kept."""
        return self._span is not None and self._trust() == "none"

    def allow(self) -> bool:
        """Whether blobs may travel now."""
        if self._span is None or self._trust() == "none":
            return True
        first, last = self._span
        now = self._now().time()
        if first < last:
            return first <= now < last
        return now >= first or now < last


@dataclass(frozen=True)
class Pace:
    """How blobs travel: the largest chunk in bytes, the rate they share with rows, and when."""

    chunk_bytes: int = CHUNK_BYTES
    bucket: Bucket = field(default_factory=lambda: Bucket(0.0))
    hours: Hours = field(default_factory=lambda: Hours(""))
