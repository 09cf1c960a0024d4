"""What the broker's answers tell of the hub: "no matching subscribers" means that nobody takes rows in.

Then one frame or chunk at a time is tried, with pauses that double from one second to a minute and are
jittered; the first acknowledgement ends it, and a new connection is tried at once. The connection to the broker is left alone: it is not what failed.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from edge_agent.log import log, warn
from edge_agent.sync.transport import Transport


class HubWatch:
    """Whether frames may go out.

    Args:
        transport: counts the broker's answers.
        clock: monotonic seconds.
        first_s, max_s: the pauses begin with this and end with that, seconds.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Callable[[], float],
        *,
        first_s: float = 1.0,
        max_s: float = 60.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._jitter = jitter
        self._seen = transport.figures.unheard
        self._first_s, self._max_s = first_s, max_s
        self._pause_s = first_s
        self._next = 0.0
        self.away = False

    def look(self) -> None:
        """Takes note of new answers."""
        if self._transport.figures.unheard == self._seen:
            return
        self._seen = self._transport.figures.unheard
        if not self.away:
            self.away = True
            warn("hub_away", unheard=self._seen)
        self._next = self._clock() + self._pause_s * (0.5 + 0.5 * self._jitter())
        self._pause_s = min(self._pause_s * 2, self._max_s)

    def heard(self) -> bool:
        """The hub answered; True when it had been away."""
        was_away, self.away = self.away, False
        self._pause_s = self._first_s
        if was_away:
            log("hub_back")
        return was_away

    def resume(self) -> None:
        """A new connection: what was tried on the old one may be lost."""
        self._next = self._clock()

    def may_send(self) -> bool:
        """Whether one more frame may go out now."""
        return not self.away or self._clock() >= self._next

    def sent(self) -> None:
        """Something went out; while the hub is away the next waits for its answer or a minute."""
        if self.away:
            self._next = self._clock() + self._max_s
