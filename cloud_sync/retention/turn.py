"""The time of one turn of pruning, and the count of what went in it.

Each kind has its share of the time, and what one leaves of it is for those after it. Work is done in small
transactions with a pause between them. What is pruned and why is not known here.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.retention.rows import Step
from cloud_sync.store.giving_way import GivingWay
from kits.core.errors import KitwrightError

log = logging.getLogger(__name__)


class Turn:
    """Runs work until all is done or the time is over.

    Args:
        hub: whose tables and metrics.
        clock: monotonic seconds.
        limit_s: it lasts about so long at most.

    Attributes:
        pruned: what went, by kind.
        waits: whether something could not be looked at now, and is left for another turn.
    """

    def __init__(self, hub: Hub, clock: Callable[[], float], limit_s: float) -> None:
        self._hub = hub
        self._clock = clock
        self._end = self._until = clock() + limit_s
        self._giving_way = GivingWay(clock)
        self._cut = False
        self.waits = False
        self.pruned: Counter[str] = Counter()

    @property
    def finished(self) -> bool:
        """Whether nothing is left that may go."""
        return not (self._cut or self.waits)

    def run(self, kinds: Sequence[Callable[[], None]]) -> None:
        """Every kind once, and again as long as one of them was cut short and there is time."""
        again = True
        while again:
            self._cut = False
            for done, prune in enumerate(kinds):
                now = self._clock()
                self._until = now + max(0.0, self._end - now) / (len(kinds) - done)
                prune()
            again = self._cut and self._clock() < self._end

    def late(self) -> bool:
        """Whether the time of the kind at work is over; what it leaves is for the next turn."""
        if self._clock() < self._until:
            return False
        self._cut = True
        return True

    def repeat(self, kind: str, step: Callable[[Session], Step]) -> None:
        """Portion by portion, each in its own transaction; one of them however late it is."""
        more = True
        while more:
            with self._hub.database.transaction() as session:
                done = step(session)
            more = self.counted(kind, done)

    def counted(self, kind: str, done: Step) -> bool:
        """Counts a portion and lets others have their turn at the database; whether to go on."""
        self.count(kind, done.pruned)
        self.pause()
        return done.more and not self.late()

    def count(self, kind: str, number: int) -> None:
        """So much of a kind went."""
        if number:
            self.pruned[kind] += number
            self._hub.metrics.pruned.labels(kind).inc(number)

    def pause(self) -> None:
        """Lets others have their turn at the database."""
        self._giving_way.rest()

    def put_off(self, error: KitwrightError) -> None:
        """Something cannot be looked at now: nothing goes that may be needed."""
        self.waits = True
        log.warning("event=samples_not_pruned error=%r", error.what)
        self._hub.metrics.loop_errors.labels("retention").inc()
