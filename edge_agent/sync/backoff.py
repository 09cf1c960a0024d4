"""When to try to connect again: full jitter, from one second to two minutes.

A connection that breaks soon after it stood is a failure like one that never stood: only time connected
is forgiven, one failure for each ten first pauses. So a link that lets devices connect and cuts them at
once sees less than one attempt in ten seconds from each, on average.
"""

from __future__ import annotations

import random
from collections.abc import Callable

_FORGIVEN_PER_FIRST_PAUSES = 10.0
_MAX_DOUBLINGS = 16


class Backoff:
    """The pauses of one connection.

    Args:
        first_s: ceiling of the first pause, seconds.
        max_s: ceiling of all pauses, seconds.
    """

    def __init__(
        self,
        first_s: float,
        max_s: float,
        *,
        clock: Callable[[], float],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self._clock = clock
        self._jitter = jitter
        self._next = 0.0
        self._since: float | None = None
        self.failures = 0

    def wait_s(self) -> float:
        """Until the next attempt is due, seconds; not above zero when it is."""
        return self._next - self._clock()

    def stands(self) -> None:
        """A connection was made."""
        self._since = self._clock()

    def lost(self) -> float:
        """An attempt failed or a connection broke; returns the pause, seconds."""
        if self._since is not None:
            lasted = self._clock() - self._since
            self.failures -= int(lasted / (_FORGIVEN_PER_FIRST_PAUSES * self._first_s))
            self._since = None
        self.failures = max(0, self.failures) + 1
        ceiling = min(self._first_s * 2 ** min(self.failures - 1, _MAX_DOUBLINGS), self._max_s)
        return self.hold(ceiling * self._jitter())

    def hold(self, pause_s: float) -> float:
        """No attempt for `pause_s` seconds from now."""
        self._since = None
        self._next = self._clock() + pause_s
        return pause_s

    def at_once(self) -> None:
        """The next attempt is due now: the connection was ended on purpose."""
        self._since = None
        self._next = self._clock()
