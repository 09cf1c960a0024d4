"""The feed: where every driver of a source puts readings, and the one place that counts them.

It checks what comes from outside (limits, order, clocks), fills the ring and says which windows are due.
There is no queue between driver and ring, so nothing can pile up: the ring and the windows are the bound.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.log import warn
from edge_agent.signals.clock import SourceClock
from edge_agent.signals.config import Windowing
from edge_agent.signals.cutting import Cut, Cutter
from edge_agent.signals.ring import Ring
from edge_agent.sources.base import Alerts

_MAX_BLOCK = 4 << 20


@dataclass
class FeedFigures:
    """Counters since the start.

    Attributes:
        bad: readings the source itself marks as bad, or that are no numbers.
        unbelieved: readings beyond `low` and `high`.
        late: readings that came after their window had been cut.
        overflows: times the source says that its own queue lost readings.
    """

    readings: int = 0
    bad: int = 0
    unbelieved: int = 0
    late: int = 0
    overflows: int = 0


class Feed:
    """Readings of one source, from any thread.

    Args:
        live: readings are of now, and their clock is compared with ours.
        name: of the source, in alerts.
    """

    def __init__(self, config: Windowing, alerts: Alerts, *, name: str, live: bool = True) -> None:
        self._config = config
        self._alerts = alerts
        self._name = name
        self._clock = SourceClock(time.time(), time.monotonic(), config.clock_step_s)
        self._newest_s = -math.inf
        self._changed = threading.Event()
        self._stepped = 0
        self.live = live
        self.ring = Ring(config)
        self.cutter = Cutter(self.ring, live=live)
        self.figures = FeedFigures()
        self.heard_mono = time.monotonic()

    @property
    def clock_steps(self) -> int:
        """Times the source's clock was set."""
        return self._clock.steps

    def now_s(self) -> float:
        """The present moment on the source's clock: of a recording, its newest reading."""
        return self._clock.now_s(time.monotonic()) if self.live else self._newest_s

    # -- drivers ---------------------------------------------------------------------------------

    def put(
        self, number: int, value: object, source_s: float | None = None, *, good: bool = True
    ) -> None:
        """One reading.

        Args:
            number: of the signal, its place in the configuration.
            value: a number, a truth value or a text; anything else is a bad reading.
            source_s: the source's own time, seconds since 1970; None: now.
            good: false when the source marks it as bad: a gap.
        """
        at_s = self._moment(number, source_s)
        signal = self._config.signals[number]
        if isinstance(value, str) and good and signal.role == "attribute":
            self.ring.add(number, at_s, value)
        else:
            self.ring.add(number, at_s, self._checked(number, value, good))
        self._heard(1)

    def put_block(
        self, number: int, values: Sequence[float] | NDArray[np.generic],
        source_s: float | None = None, *, at_end: bool = True,
    ) -> None:  # fmt: skip
        """A piece of a waveform.

        Args:
            source_s: time of its last reading; of its first with `at_end` false.
        """
        try:
            block = np.asarray(values, np.float32).ravel()[:_MAX_BLOCK]
        except (TypeError, ValueError):
            self.figures.bad += 1
            return
        signal = self._config.signals[number]
        if not signal.rate_hz or not block.size:
            self.figures.bad += 1
            return
        at_s = self._moment(number, source_s)
        if at_end:
            at_s -= block.size / signal.rate_hz
        low, high = signal.low, signal.high
        if low is not None or high is not None:
            wrong = (block < (-np.inf if low is None else low)) | (
                block > (np.inf if high is None else high)
            )
            self.figures.unbelieved += int(wrong.sum())
            block = np.where(wrong, np.float32(np.nan), block)
        self.ring.add_block(number, at_s, block)
        self._heard(block.size)

    def alive(self, numbers: Sequence[int], behind_s: float) -> None:
        """The source answers and tells changes only: what it told last of these still stands.

        Args:
            behind_s: a change may be on its way to us for so long, seconds.
        """
        until_s = self._clock.now_s(time.monotonic()) - behind_s - self._clock.lag_s
        for number in numbers:
            self.ring.alive(number, until_s)
        self.heard_mono = time.monotonic()
        self._changed.set()

    def _moment(self, number: int, source_s: float | None) -> float:
        if not self.live:
            at_s = self._newest_s if source_s is None else source_s
        else:
            at_s = self._clock.at_s(source_s, time.monotonic())
            if self._clock.steps > self._stepped:
                self._stepped = self._clock.steps
                self._tell_step(self._clock.last_step_s)
        self._newest_s = max(self._newest_s, at_s)
        asset = self._config.asset_of(self._config.signals[number])
        self.figures.late += at_s < self.cutter.open_from_s(asset)
        return at_s

    def _tell_step(self, step_s: float) -> None:
        warn("source_clock_set", source=self._name, seconds=round(step_s, 1))
        text = f"{self._name}: its clock was set by {step_s:+.0f} s; times go on without a jump"
        self._alerts("source-clock", "warning", text)

    def _checked(self, number: int, value: object, good: bool) -> float:
        if not good or isinstance(value, str) or not isinstance(value, int | float | np.number):
            self.figures.bad += 1
            return math.nan
        reading, signal = float(value), self._config.signals[number]
        low, high = signal.low, signal.high
        if (low is not None and reading < low) or (high is not None and reading > high):
            self.figures.unbelieved += 1
            return math.nan
        if not math.isfinite(reading):
            self.figures.bad += 1
            return math.nan
        return reading

    def _heard(self, readings: int) -> None:
        self.figures.readings += readings
        self.heard_mono = time.monotonic()
        self._changed.set()

    # -- windows ---------------------------------------------------------------------------------

    def wait(self, timeout_s: float) -> None:
        """Until something came, at most so long."""
        self._changed.wait(timeout_s)
        self._changed.clear()

    def due(self, *, at_end: bool = False) -> Iterator[Cut]:
        """Windows that are due now, by the source's times, which may be a little behind ours."""
        lag_s = self._clock.lag_s if self.live else 0.0
        return self.cutter.due(self.now_s() - lag_s, at_end=at_end)
