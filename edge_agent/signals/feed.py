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
_LARGEST = float(np.finfo(np.float32).max)
"""Windows hold single precision."""
_MOST_TOLD = 5
_MOST_SAID = 40
"""Signals that an alert names, and characters of what one says."""
_CALM_S = 5.0
"""What is not read is told together: units that are silent are found one after the other."""


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
        began = time.time(), time.monotonic()
        senders = [signal.sender for signal in config.signals]
        self._clocks = {s: SourceClock(*began, config.clock_step_s) for s in dict.fromkeys(senders)}
        self._senders = senders
        self._newest_s = -math.inf
        self._changed = threading.Event()
        self._read: set[int] = set()
        self._unusable: dict[int, str] = {}
        self._told_unusable: dict[int, str] = {}
        self._unusable_mono = 0.0
        self.live = live
        self.ring = Ring(config)
        self.cutter = Cutter(self.ring, live=live)
        self.figures = FeedFigures()
        self.heard_mono = time.monotonic()

    @property
    def clock_steps(self) -> int:
        """Times a clock of the source was set."""
        return sum(clock.steps for clock in self._clocks.values())

    @property
    def unread(self) -> dict[str, str]:
        """Signals that the source does not give, or that cannot be used, and why."""
        return {self._name_of(n): why for n, why in dict(self._unusable).items()}

    def _name_of(self, number: int) -> str:
        """Of a signal, with its machine where there are several."""
        name = self._config.signals[number].name
        asset = self._config.asset_of(self._config.signals[number])
        return f"{asset} {name}" if len(self.ring.assets) > 1 else name

    @property
    def _lag_s(self) -> float:
        return max(clock.lag_s for clock in self._clocks.values())

    def now_s(self) -> float:
        """The present moment on the source's clock: of a recording, its newest reading."""
        return self._our_now_s() if self.live else self._newest_s

    def _our_now_s(self) -> float:
        return next(iter(self._clocks.values())).now_s(time.monotonic())

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
            self._is_read(number)
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
            with np.errstate(over="ignore"):
                block = np.asarray(values, np.float32).ravel()[:_MAX_BLOCK]
        except (TypeError, ValueError):
            self.figures.bad += 1
            self.unusable(number, "an array that is not of numbers")
            return
        signal = self._config.signals[number]
        if not signal.rate_hz or not block.size:
            self.figures.bad += 1
            if block.size:
                self.unusable(number, "an array, which needs rate_hz")
            return
        self._is_read(number)
        at_s = self._moment(number, source_s)
        if at_end:
            at_s -= block.size / signal.rate_hz
        endless = np.isinf(block)
        if endless.any():
            self.figures.bad += int(endless.sum())
            block = np.where(endless, np.float32(np.nan), block)
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
        until_s = self._our_now_s() - behind_s - self._lag_s
        for number in numbers:
            self.ring.alive(number, until_s)
        self.heard_mono = time.monotonic()
        self._changed.set()

    def unusable(self, number: int, why: str) -> None:
        """A live source does not give a signal, or nothing that can be used: a person is told until a reading comes."""
        if self.live and self._unusable.get(number) != why:
            self._unusable[number] = why
            self._unusable_mono = time.monotonic()
            warn(
                "signal_unusable",
                source=self._name,
                signal=self._config.signals[number].name,
                why=why,
            )
        self._changed.set()

    def never_read(self, number: int, why: str) -> None:
        """The same of a signal that never was read; one that was, and says `unavailable` now, has a gap."""
        if number not in self._read and number not in self._unusable:
            self.unusable(number, why)

    def _tell_unusable(self) -> None:
        found = dict(self._unusable)
        calm = time.monotonic() - self._unusable_mono >= _CALM_S
        if found == self._told_unusable or (found and not calm):
            return
        before, self._told_unusable = self._told_unusable, found
        if before and found:
            # an alert that stands keeps its text: whoever reads it would look for the wrong signals
            text = f"{self._name}: what is not read has changed"
            self._alerts("signals-unusable", "info", text)
        if not found:
            self._alerts("signals-unusable", "info", f"{self._name}: all signals are read")
            return
        told = [f"{self._name_of(n)} ({why})" for n, why in sorted(found.items())]
        more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
        text = f"{self._name}: not read: {', '.join(told[:_MOST_TOLD])}{more}"
        self._alerts("signals-unusable", "warning", text)

    def _moment(self, number: int, source_s: float | None) -> float:
        if not self.live:
            at_s = self._newest_s if source_s is None else source_s
        else:
            sender = self._senders[number]
            clock = self._clocks[sender]
            steps = clock.steps
            at_s = clock.at_s(source_s, time.monotonic(), self._clocks.values())
            if clock.steps > steps:
                self._tell_step(sender, clock.last_step_s)
        self._newest_s = max(self._newest_s, at_s)
        asset = self._config.asset_of(self._config.signals[number])
        self.figures.late += at_s < self.cutter.open_from_s(asset)
        return at_s

    def _tell_step(self, sender: str, step_s: float) -> None:
        warn("source_clock_set", source=self._name, sender=sender, seconds=round(step_s, 1))
        whose = f"the clock of {sender}" if sender else "its clock"
        text = f"{self._name}: {whose} was set by {step_s:+.0f} s; times go on without a jump"
        self._alerts("source-clock", "warning", text)

    def _checked(self, number: int, value: object, good: bool) -> float:
        if not good or isinstance(value, str) or not isinstance(value, int | float | np.number):
            self.figures.bad += 1
            if good and value is not None:
                said = repr(value[:_MOST_SAID]) if isinstance(value, str) else type(value).__name__
                self.never_read(number, f"{said} is no number")
            return math.nan
        reading, signal = float(value), self._config.signals[number]
        low, high = signal.low, signal.high
        if (low is not None and reading < low) or (high is not None and reading > high):
            self.figures.unbelieved += 1
            self.never_read(number, f"{reading:g} is beyond its low or high")
            return math.nan
        if not abs(reading) <= _LARGEST:
            self.figures.bad += 1
            return math.nan
        self._is_read(number)
        return reading

    def _is_read(self, number: int) -> None:
        self._read.add(number)
        self._unusable.pop(number, None)

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
        self._tell_unusable()
        lag_s = self._lag_s if self.live else 0.0
        return self.cutter.due(self.now_s() - lag_s, at_end=at_end)
