"""A pulse: whether a loop of the agent still turns.

The loop beats each time round; whoever watches reads how long it has been silent. A loop of which
nothing is expected rests and is never silent. How much silence is too much is `vitals.py`'s business.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_BEAT_S = 1.0


class Pulse:
    """Beaten by one thread, read by others. It rests until the first beat.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at: float | None = None
        self._ended = False

    def beat(self) -> None:
        """The loop turned."""
        self._at = self._clock()

    def rest(self) -> None:
        """Nothing is expected of the loop before its next beat."""
        self._at = None

    def end(self) -> None:
        """The loop is over; a straggler's beat counts no more."""
        self._ended = True

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Waits and beats meanwhile; True when `stop` was set."""
        end = self._clock() + seconds
        while not stop.is_set():
            self.beat()
            left_s = end - self._clock()
            if left_s <= 0:
                return False
            stop.wait(min(left_s, _BEAT_S))
        return True

    @property
    def silent_s(self) -> float:
        """Seconds since the last beat; 0 while it rests."""
        at = self._at
        return 0.0 if at is None or self._ended else self._clock() - at
