"""Do rows leave the device? Asked before a bundle is committed: what it makes must reach the hub.

A hub or a broker that is away is nobody's fault and says nothing about a bundle.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_PATIENCE_S = 60.0


class Draining:
    """Judges by what was seen from time to time.

    Args:
        stuck: whether the disk takes no rows.
    """

    def __init__(
        self, stuck: Callable[[], bool], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stuck = stuck
        self._clock = clock
        self._acked = 0
        self._waiting = 0
        self._since = clock()

    def look(self, waiting: int, acked: int, *, reachable: bool) -> None:
        """Rows that wait now, rows acknowledged since the start, whether anybody could take them."""
        if not reachable or not waiting or acked != self._acked:
            self._since = self._clock()
        self._waiting, self._acked = waiting, acked

    def complaint(self) -> str:
        """Why rows do not leave as they should, or empty."""
        if self._stuck():
            return "the disk does not take what is decided"
        if self._clock() - self._since >= _PATIENCE_S:
            return (
                f"the hub is there, but has acknowledged none of {self._waiting} rows"
                f" for {_PATIENCE_S:.0f} s"
            )
        return ""
