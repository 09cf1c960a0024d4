"""The loop that prunes: a turn now and then, at once again while much is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from cloud_sync.hub import Hub
from cloud_sync.loop import Loop, Looping, always
from cloud_sync.retention.clock import go_on
from cloud_sync.retention.pruner import Pruner
from kits.core.sample import utc_now

FIRST_S = 60.0
EVERY_S = 3600.0
AGAIN_S = 30.0


class RetentionKeeper(Looping):
    """The loop.

    Args:
        hub: whose tables and storage.
        now: UTC.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub = hub
        self._now = now
        self._clock = clock
        self._asked_at = clock()
        self._loop = Loop(
            "retention", self._turn, hub.metrics, after_fault=always(EVERY_S), first_s=FIRST_S
        )

    def _turn(self) -> float:
        pruner = Pruner(self._hub, self._time())
        pruner.turn()
        return EVERY_S if pruner.finished else AGAIN_S

    def _time(self) -> datetime:
        before, self._asked_at = self._asked_at, self._clock()
        with self._hub.database.transaction() as session:
            return go_on(session, self._hub.config.notify, self._now(), self._asked_at - before)
