"""One clock per sender of a source that is never set: source times against monotonic time.

A reading that comes late keeps its time; a source whose clock was set (or is wrong by hours) is found by a
difference that stays, and its times go on without a jump. Pure: moments are passed in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

_SETTLE_S = 5.0
_STABLE = 3
_LAG_RATE = 0.1


class SourceClock:
    """Turns a source's times into seconds that only ever go on.

    Args:
        wall_s: the wall clock at the start, seconds since 1970: the new clock begins with it.
        mono_s: monotonic seconds at the same moment.
        step_s: a source's time that differs by more was set, or its reading was long on its way.

    Attributes:
        lag_s: how far the source's times usually are behind, seconds: its clock, and the way to us.
        steps: times the source's clock was set.
        last_step_s: by how much the last time, seconds.
    """

    def __init__(self, wall_s: float, mono_s: float, step_s: float) -> None:
        self._wall_s = wall_s
        self._mono_s = mono_s
        self._step_s = step_s
        self._shift_s = 0.0
        self._lead_s = 0.0
        self._since_mono_s = 0.0
        self._seen = 0
        self._right_mono_s = self._set_mono_s = -math.inf
        self.lag_s = 0.0
        self.steps = 0
        self.last_step_s = 0.0

    def now_s(self, mono_s: float) -> float:
        """The present moment on this clock."""
        return self._wall_s + mono_s - self._mono_s

    def at_s(
        self, source_s: float | None, mono_s: float, others: Iterable[SourceClock] = ()
    ) -> float:
        """When a reading was taken that arrived at `mono_s`.

        Args:
            source_s: what the source says, seconds since 1970; None: it says nothing.
            others: clocks of the same beginning: several senders may go by one that was set.
        """
        now_s = self.now_s(mono_s)
        if source_s is None:
            return now_s
        lead_s = source_s - self._shift_s - now_s
        if abs(lead_s) > self._step_s and self._goes_by_one_of(others, source_s - now_s):
            lead_s = source_s - self._shift_s - now_s
        if abs(lead_s) <= self._step_s:
            self._seen, self._right_mono_s = 0, mono_s
            self.lag_s += _LAG_RATE * (max(0.0, -lead_s) - self.lag_s)
            return source_s - self._shift_s
        if self._lasts(lead_s, mono_s):
            self._shift_s += lead_s
            self._seen, self.lag_s = 0, 0.0
            self.steps += 1
            self.last_step_s = lead_s
            self._right_mono_s = self._set_mono_s = mono_s
            return source_s - self._shift_s
        # late readings keep their time; none comes from the future
        return min(source_s - self._shift_s, now_s)

    def _goes_by_one_of(self, others: Iterable[SourceClock], lead_s: float) -> bool:
        """Whether another sender's clock was found set since ours was right, and ours would be with it."""
        for other in others:
            known_since = other._set_mono_s > self._right_mono_s
            if known_since and abs(lead_s - other._shift_s) <= self._step_s:
                self._shift_s, self._set_mono_s = other._shift_s, other._set_mono_s
                self.lag_s = 0.0
                return True
        return False

    def _lasts(self, lead_s: float, mono_s: float) -> bool:
        """Whether the same difference was seen for a while: a backlog catches up, a clock does not."""
        if not self._seen or abs(lead_s - self._lead_s) > self._step_s / 2:
            self._seen, self._lead_s, self._since_mono_s = 1, lead_s, mono_s
            return False
        self._seen += 1
        return self._seen >= _STABLE and mono_s - self._since_mono_s >= _SETTLE_S
