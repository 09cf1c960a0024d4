"""Floods: more new cases than a person can follow, told as one. Counts moments; what is told is the desk's business."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta


class Floods:
    """New cases of late.

    Args:
        cases: more than so many within `window_s` are a flood.
        known: moments from before a restart.

    Attributes:
        rising: whether a flood is under way.
        count: floods since the start.
    """

    def __init__(self, cases: int, window_s: float, known: Iterable[datetime]) -> None:
        self._cases = cases
        self._window = timedelta(seconds=window_s)
        self.moments = list(known)
        self.rising = False
        self.count = 0

    def note(self, at: datetime, asset: str) -> str:
        """A new case; what is to be said of the flood it belongs to, or empty."""
        self.moments = [*self._recent(at), at]
        if len(self.moments) <= self._cases:
            return ""
        self.count += not self.rising
        self.rising = True
        minutes = self._window.total_seconds() / 60
        return f"{len(self.moments)} new cases within {minutes:g} minutes, the newest of {asset}"

    def over(self, now: datetime) -> bool:
        """Whether a flood has ended since this was last asked."""
        ended = self.rising and len(self._recent(now)) <= self._cases
        self.rising = self.rising and not ended
        return ended

    def _recent(self, now: datetime) -> list[datetime]:
        return [moment for moment in self.moments if now - self._window < moment <= now]
