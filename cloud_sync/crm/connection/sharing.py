"""How many processes of the hub ask CRMs: they share the requests of each connection evenly.

Each has a row that ends by itself, written every few seconds, so that a request costs no query. Who begins beside others
takes its share at once, and they leave it to it at their next look; who was killed keeps its own until its row ends.
How often a CRM may be asked is `client/budget.py`; verbs of the command line, which ask a few things and end, are not counted.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from cloud_sync.hub import Hub
from cloud_sync.loop import Loop, Looping, always
from cloud_sync.store.models import CrmProcess
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

NAME = "crm-sharing"
BEAT_S = 5.0
LIFE = timedelta(seconds=15)
"""A process that says nothing for so long is no more; clocks of several machines may differ by less."""


class Sharing(Looping):
    """The loop.

    Args:
        hub: whose processes.
        now: UTC.
    """

    def __init__(self, hub: Hub, *, now: Callable[[], datetime] = utc_now) -> None:
        self._hub = hub
        self._now = now
        # neither name nor number of a process tells containers apart: both may be alike in all of them
        self._id = secrets.token_hex(16)
        self._count = 1
        self._loop = Loop(NAME, self._turn, hub.metrics, after_fault=always(BEAT_S), first_s=BEAT_S)

    def start(self) -> None:
        """Looks who is there, and starts the thread."""
        self.beat()
        super().start()

    def stop(self) -> None:
        """Leaves its share to the others."""
        super().stop()
        try:
            with self._hub.database.transaction() as session:
                session.execute(delete(CrmProcess).where(CrmProcess.id == self._id))
        except SQLAlchemyError as error:  # its row ends by itself
            log.warning("event=crm_share_not_left error=%s", type(error).__name__)

    def share(self) -> float:
        """Of a connection's requests, above 0 and up to 1."""
        return 1.0 / self._count

    def beat(self) -> None:
        """Says that this process is there, and looks which others are."""
        now = self._now()
        with self._hub.database.transaction() as session:
            # what lies further ahead was written by a clock that was wrong
            over = or_(CrmProcess.until <= now, CrmProcess.until > now + 2 * LIFE)
            session.execute(delete(CrmProcess).where(over, CrmProcess.id != self._id))
            session.merge(CrmProcess(id=self._id, until=now + LIFE))
            session.flush()
            count = session.scalar(select(func.count()).select_from(CrmProcess))
        self._count = max(1, count or 1)

    def _turn(self) -> float:
        self.beat()
        return BEAT_S
