"""One commit for the events of all requests that wait: who comes first commits for those who came meanwhile. Threads and
coroutines may wait, for the same commits.

A commit waits for the disk; fifty of them one after the other take fifty times as long as one. What is stored is
`taking.py`'s business.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from cloud_sync.crm.inbound.taking import Batch, Done, take
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
    told: asyncio.Future[None] | None = None

    @property
    def over(self) -> bool:
        return self.done is not None or bool(self.error)


class Committer:
    """Commits what threads and coroutines bring."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._gate = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._events = 0
        self._at_work = False

    def commit(self, batch: Batch) -> Done:
        """Returns once it is stored for good.

        Raises:
            BusyError: too much waits already, or the database does not take it now.
        """
        mine = _Waiting(batch)
        self._admit(mine)
        with self._turn:
            while not mine.over:
                self._commit_some(self._next())
        return self._outcome(mine)

    async def commit_soon(self, batch: Batch) -> Done:
        """As `commit`, for a coroutine: no thread waits for it, one commits for all of them."""
        loop = asyncio.get_running_loop()
        mine = _Waiting(batch, told=loop.create_future())
        self._admit(mine)
        with self._gate:
            begin, self._at_work = not self._at_work, True
        if begin:
            loop.run_in_executor(None, self._commit_all)
        assert mine.told is not None
        await asyncio.shield(mine.told)
        return self._outcome(mine)

    def _admit(self, mine: _Waiting) -> None:
        with self._gate:
            if self._events + len(mine.batch.events) > MOST_WAITING:
                self._hub.metrics.crm_refused.labels("busy").inc()
                raise BusyError("too many events wait to be stored", fix="send them again")
            self._events += len(mine.batch.events)
            self._waiting.append(mine)

    def _outcome(self, mine: _Waiting) -> Done:
        if mine.done is None:
            self._hub.metrics.crm_refused.labels("not-stored").inc()
            raise BusyError("the events could not be stored", fix="send them again")
        return mine.done

    def _commit_all(self) -> None:
        """In its thread: until nothing waits."""
        while self._more():
            try:
                with self._turn:
                    self._commit_some(self._next())
            except Exception:
                # who waited for these is told so; the others shall not wait for nothing
                log.exception("event=crm_events_not_stored")

    def _more(self) -> bool:
        with self._gate:
            self._at_work = bool(self._waiting)
            return self._at_work

    def _next(self) -> list[_Waiting]:
        with self._gate:
            if not self._waiting:
                return []  # another thread took them
            some = [self._waiting.popleft()]
            count = len(some[0].batch.events)
            while self._waiting and count + len(self._waiting[0].batch.events) <= AT_ONCE:
                some.append(self._waiting.popleft())
                count += len(some[-1].batch.events)
            self._events -= count
        return some

    def _commit_some(self, some: Sequence[_Waiting]) -> None:
        if not some:
            return
        try:
            if not self._store(some) and len(some) > 1:
                # one that cannot be stored (its connection is gone, say) keeps no other from it
                for one in some:
                    self._store([one])
        finally:
            # also when something was raised that nobody thought of: nobody waits for ever
            for one in some:
                if not one.over:
                    one.error = "not stored"
            _tell(some)

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


def _tell(some: Sequence[_Waiting]) -> None:
    """Wakes the coroutines that wait, all of a loop by one call: each call costs as much as a message."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for one in some:
        if one.told is not None:
            by_loop.setdefault(one.told.get_loop(), []).append(one.told)
    for loop, futures in by_loop.items():
        # a loop that has ended has nobody left who waits
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_wake, futures)


def _wake(futures: Sequence[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
