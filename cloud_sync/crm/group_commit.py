"""One commit for the events of all requests that wait: who comes first commits for those who came meanwhile.

A commit waits for the disk; fifty of them one after the other take fifty times as long as one. What is stored is
`taking.py`'s business.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from cloud_sync.crm.taking import Batch, Done, take
from cloud_sync.errors import BusyError
from cloud_sync.hub import Hub

log = logging.getLogger(__name__)

MOST_WAITING: Final = 20_000
"""Events that may wait for a commit; more are refused with 503, and their CRM sends them again."""
AT_ONCE: Final = 2_000
"""Events in one commit."""
_WORDS: Final = 300


@dataclass(slots=True)
class _Waiting:
    """A batch on its way into the database: it is over when one of the others is there."""

    batch: Batch
    done: Done | None = None
    error: str = ""

    @property
    def over(self) -> bool:
        return self.done is not None or bool(self.error)


class Committer:
    """Commits what threads bring."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._gate = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._events = 0

    def commit(self, batch: Batch) -> Done:
        """Returns once it is stored for good.

        Raises:
            BusyError: too much waits already, or the database does not take it now.
        """
        mine = _Waiting(batch)
        with self._gate:
            if self._events + len(batch.events) > MOST_WAITING:
                self._hub.metrics.crm_refused.labels("busy").inc()
                raise BusyError("too many events wait to be stored", fix="send them again")
            self._events += len(batch.events)
            self._waiting.append(mine)
        with self._turn:
            while not mine.over:
                self._commit_some(self._next())
        if mine.done is None:
            self._hub.metrics.crm_refused.labels("not-stored").inc()
            raise BusyError("the events could not be stored", fix="send them again")
        return mine.done

    def _next(self) -> list[_Waiting]:
        with self._gate:
            some = [self._waiting.popleft()]
            count = len(some[0].batch.events)
            while self._waiting and count + len(self._waiting[0].batch.events) <= AT_ONCE:
                some.append(self._waiting.popleft())
                count += len(some[-1].batch.events)
            self._events -= count
        return some

    def _commit_some(self, some: Sequence[_Waiting]) -> None:
        try:
            if not self._store(some) and len(some) > 1:
                # one that cannot be stored (its connection is gone, say) keeps no other from it
                for one in some:
                    self._store([one])
        finally:
            for one in (
                some
            ):  # also when something was raised that nobody thought of: nobody waits for ever
                if not one.over:
                    one.error = "not stored"

    def _store(self, some: Sequence[_Waiting]) -> bool:
        database, metrics = self._hub.database, self._hub.metrics
        try:
            with metrics.crm_commits.time(), database.transaction() as session:
                done = take(session, [one.batch for one in some])
        except SQLAlchemyError as error:
            log.error("event=crm_events_not_stored error=%r", str(error)[:_WORDS])
            return False
        for one, outcome in zip(some, done):
            one.done = outcome
        return True
