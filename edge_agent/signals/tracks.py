"""What is kept of one signal: readings with times of their own, or a waveform in blocks; the newest minutes.

Times are seconds on the source's clock (`clock.py`). A track gives any stretch of itself on a grid: readings
are held for a while, then a gap is a gap (not a number). How much is kept is the ring's business.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

Readings = NDArray[np.float32]

_FIRST_ROOM = 256
_JOIN = 8192
"""Short blocks that follow each other become one of so many readings."""


class PointTrack:
    """Readings one by one, each with its time; those out of order are put in order.

    Args:
        hold_s: a reading stands for so long when the next one does not come.
        centred: readings have a steady rate: a grid point takes the nearest one, not the last one.
    """

    def __init__(self, hold_s: float, *, centred: bool = False) -> None:
        self._hold_s = hold_s
        self._centred = centred
        self._times = np.empty(_FIRST_ROOM, np.float64)
        self._until = np.empty(_FIRST_ROOM, np.float64)
        self._values = np.empty(_FIRST_ROOM, np.float32)
        self._head = self._tail = 0
        self.latest_s = float("-inf")
        self.alive_s = float("-inf")
        """Until when the newest reading is known to stand, because its sender tells of changes only."""

    @property
    def nbytes(self) -> int:
        return self._times.nbytes + self._until.nbytes + self._values.nbytes

    def add(self, at_s: float, value: float) -> None:
        """One reading; not a number: the sender says that it has none."""
        if self._tail == self._times.size:
            self._resize(self._times.size * (1 if self._head >= self._times.size // 2 else 2))
        at = self._tail
        if at_s <= self.latest_s and self._tail > self._head:
            at = self._head + int(np.searchsorted(self._times[self._head : self._tail], at_s))
            if at < self._tail and self._times[at] == at_s:
                self._values[at] = value
                return
            for part in (self._times, self._until, self._values):
                part[at + 1 : self._tail + 1] = part[at : self._tail].copy()
        self._times[at] = self._until[at] = at_s
        self._values[at] = value
        self._tail += 1
        self.latest_s = max(self.latest_s, at_s)

    def alive(self, at_s: float) -> None:
        """The newest reading still stands."""
        if self._tail > self._head and at_s > self.latest_s:
            self._until[self._tail - 1] = self.alive_s = at_s

    def _resize(self, room: int) -> None:
        used, part = self._tail - self._head, slice(self._head, self._tail)
        times, until = np.empty(room, np.float64), np.empty(room, np.float64)
        values = np.empty(room, np.float32)
        times[:used], until[:used], values[:used] = (
            self._times[part], self._until[part], self._values[part],
        )  # fmt: skip
        self._times, self._until, self._values = times, until, values
        self._head, self._tail = 0, used

    def first_s(self, from_s: float) -> float:
        """Time of the first reading from then on; infinity: there is none."""
        times = self._times[self._head : self._tail]
        at = int(np.searchsorted(times, from_s))
        if at < times.size:
            return float(times[at])
        return from_s if self.alive_s >= from_s else math.inf

    def trim(self, before_s: float) -> None:
        """Forgets what is older, but the reading that still stood then."""
        times = self._times[self._head : self._tail]
        self._head += max(0, int(np.searchsorted(times, before_s, "right")) - 1)
        used = self._tail - self._head
        if self._times.size > _FIRST_ROOM and 4 * used < self._times.size:
            self._resize(max(_FIRST_ROOM, 2 * used))

    def grid(self, start_s: float, count: int, rate_hz: float) -> Readings:
        """`count` readings from `start_s` on, not a number where none is known."""
        points = start_s + np.arange(count) / rate_hz
        part = slice(self._head, self._tail)
        times, until, values = self._times[part], self._until[part], self._values[part]
        if not times.size:
            return np.full(count, np.nan, np.float32)
        reach = 0.5 / rate_hz if self._centred else 1e-6
        index = np.searchsorted(times, points + reach, "right") - 1
        known = index >= 0
        index[~known] = 0
        stands = points - until[index] <= self._hold_s
        return np.where(known & stands, values[index], np.float32(np.nan))


class WaveTrack:
    """A waveform of a steady rate, in blocks that follow each other or leave a gap."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._blocks: deque[tuple[float, Readings]] = deque()
        self.latest_s = float("-inf")
        self.nbytes = 0

    def add(self, start_s: float, values: Readings) -> None:
        """A block that begins at `start_s`, about: jitter of its time is none of the waveform's."""
        if not values.size:
            return
        values = np.ascontiguousarray(values, np.float32)
        deviation = start_s - self.latest_s
        slack_s = 2 / self._rate_hz + min(0.25 * values.size / self._rate_hz, 0.25)
        if abs(deviation) <= slack_s:
            start_s = self.latest_s
        elif deviation < 0:  # known already, or a clock that was set: only what is new counts
            skip = round(-deviation * self._rate_hz)
            values, start_s = values[skip:], self.latest_s
            if not values.size:
                return
        self._append(start_s, values)
        self.latest_s = start_s + values.size / self._rate_hz

    def first_s(self, from_s: float) -> float:
        """Time of the first reading from then on; infinity: there is none."""
        for start_s, values in self._blocks:
            if start_s + values.size / self._rate_hz > from_s:
                return max(start_s, from_s)
        return math.inf

    def _append(self, start_s: float, values: Readings) -> None:
        if self._blocks and start_s == self.latest_s:
            first_s, last = self._blocks[-1]
            if last.size + values.size <= _JOIN:
                self._blocks[-1] = first_s, np.concatenate((last, values))
                self.nbytes += values.nbytes
                return
        self._blocks.append((start_s, values.copy()))
        self.nbytes += values.nbytes

    def trim(self, before_s: float) -> None:
        while self._blocks:
            start_s, values = self._blocks[0]
            if start_s + values.size / self._rate_hz > before_s:
                return
            self._blocks.popleft()
            self.nbytes -= values.nbytes

    def grid(self, start_s: float, count: int, rate_hz: float) -> Readings:
        out = np.full(count, np.nan, np.float32)
        end_s = start_s + count / rate_hz
        for first_s, values in reversed(self._blocks):
            if first_s + values.size / rate_hz <= start_s:
                break
            if first_s >= end_s:
                continue
            at = round((first_s - start_s) * rate_hz)
            skip = max(0, -at)
            part = values[skip : max(skip, count - at)]
            out[max(0, at) : max(0, at) + part.size] = part
        return out


class TextTrack:
    """The newest texts of a signal that names a state: a product, a recipe."""

    def __init__(self) -> None:
        self._texts: deque[tuple[float, str]] = deque(maxlen=1024)
        self.latest_s = float("-inf")

    @property
    def nbytes(self) -> int:
        return sum(len(text) + 80 for _, text in self._texts)

    def add(self, at_s: float, text: str) -> None:
        """One text; the same one again changes nothing."""
        self.latest_s = max(self.latest_s, at_s)
        if not self._texts or self._texts[-1][1] != text:
            self._texts.append((at_s, text))

    def trim(self, before_s: float) -> None:
        while len(self._texts) > 1 and self._texts[1][0] < before_s:
            self._texts.popleft()

    def first_s(self, from_s: float) -> float:
        """Time of the first text from then on; infinity: there is none."""
        return next((at_s for at_s, _ in self._texts if at_s >= from_s), math.inf)

    def at(self, moment_s: float) -> str:
        """What it said at a moment; empty when nothing."""
        return next((text for at_s, text in reversed(self._texts) if at_s <= moment_s), "")


Track = PointTrack | WaveTrack | TextTrack
