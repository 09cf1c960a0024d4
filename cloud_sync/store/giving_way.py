"""Rests between the transactions of long work, so that others get their turn at SQLite's one writer.

Who waits for the writer looks for it less and less often, a tenth of a second apart in the end: after a transaction that
took long, one that follows at once has it again before anybody has seen that it was free.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PAUSE_S = 0.02
LONG_PAUSE_S = 0.11
"""Longer than the longest time between two looks."""


class GivingWay:
    """One piece of work.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rested_at = clock()

    def rest(self) -> None:
        """To be called between two transactions: half as long as others may have waited, within bounds."""
        now = self._clock()
        pause_s = min(LONG_PAUSE_S, max(PAUSE_S, (now - self._rested_at) / 2))
        time.sleep(pause_s)
        self._rested_at = now + pause_s
