"""The loop that scores leads: claims what is due, reads the records anew, scores them, stores each batch in one commit.

A lead is a level, not a queue: what comes while it is scored makes it due again, and whoever dies in the middle leaves
a lease that ends. How a score gets into a row is `storing.py`, how it gets to the CRM `writeback.py`.
"""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from cloud_sync.crm import breaker
from cloud_sync.crm.base import Crm
from cloud_sync.crm.claiming import Claimed, claim, give_back
from cloud_sync.crm.committing import Commit, Found
from cloud_sync.crm.models import LeadModels, try_look
from cloud_sync.crm.payloads import score_all
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.loop import Loop, Looping, doubling
from cloud_sync.store.models import CrmConnection
from kits.core.errors import ConfigError
from kits.core.ready import ReadyBundle
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

POLL_S = 0.05
IDLE_S = 0.5
LOOK = timedelta(seconds=10)
"""So often it is looked whether another bundle was released."""

Opener = Callable[[CrmConnection], Crm]


class LeadScoring(Looping):
    """The loop. Any number of processes may run one.

    Args:
        hub: whose leads.
        models: which bundle scores them.
        opener: gives a connection's CRM. Raises ConfigError while a person has to do something first.
        now: UTC.
        rng: for jitter and lots.
    """

    def __init__(
        self,
        hub: Hub,
        models: LeadModels,
        opener: Opener,
        *,
        now: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
    ) -> None:
        self._hub = hub
        self._models = models
        self._opener = opener
        self._now = now
        self._rng = rng or random.Random()  # noqa: S311  (jitter and lots)
        self._owner = secrets.token_hex(8)
        self._looked: dict[str, datetime] = {}
        self._told: dict[str, str] = {}
        self._loop = Loop(
            "crm-scoring", self._turn, hub.metrics, after_fault=doubling(1.0, 60.0), first_s=POLL_S,
            traceback=True,
        )  # fmt: skip

    def _turn(self) -> float:
        return POLL_S if self.step() else IDLE_S

    def step(self) -> int:
        """One batch of each connection that has some; how many leads were looked after."""
        with self._hub.database.session() as session:
            wanted = select(CrmConnection).where(
                CrmConnection.project != "", CrmConnection.paused_at.is_(None)
            )
            connections = session.scalars(wanted.order_by(CrmConnection.name)).all()
        return sum(self._serve(connection) for connection in connections)

    def _serve(self, connection: CrmConnection) -> int:
        if breaker.rests(connection, self._now()):
            return 0
        try:
            ready = self._model(connection.project)
            crm = self._opener(connection)
        except (ConfigError, NotFoundError) as error:
            # a person has to do something first: leads wait, and it is said once
            self._say(connection.name, error.what)
            return 0
        self._told.pop(connection.name, None)
        claimed = claim(self._hub, connection, crm.batch, ready.id, self._owner, self._now())
        done = not claimed
        try:
            done = done or self._score(connection, crm, ready, claimed)
        finally:
            if not done:
                give_back(self._hub, connection.name, claimed, self._owner)
        return len(claimed) if done else 0

    def _model(self, project: str) -> ReadyBundle:
        now = self._now()
        if now - self._looked.get(project, now - LOOK) >= LOOK:
            self._looked[project] = now
            try_look(self._models, project)
        return self._models.current(project)

    def _say(self, name: str, what: str) -> None:
        if self._told.get(name) != what:
            self._told[name] = what
            log.warning("event=leads_wait connection=%s reason=%r", name, what)

    def _score(
        self, connection: CrmConnection, crm: Crm, ready: ReadyBundle, claimed: Sequence[Claimed]
    ) -> bool:
        """Reads, scores and stores a batch; False: the CRM did not answer."""
        try:
            read = crm.read([one.object_id for one in claimed])
        except DeliveryError as error:
            self._failed(connection.name, error)
            return False
        records = {record.object_id: record for record in read}
        now = self._now()
        scores, faults = score_all(ready, [one for one in read if not one.outcome], now)
        found = Found(records, scores, faults)
        dead = Commit(self._hub, connection, found, self._owner, self._rng).store(claimed, now)
        self._hub.metrics.leads_scored.labels(connection.name).inc(len(scores))
        if dead:
            log.warning("event=leads_dead connection=%s n=%d", connection.name, dead)
        return True

    def _failed(self, name: str, error: DeliveryError) -> None:
        with self._hub.database.transaction() as session:
            pause_s = breaker.failed(
                session, self._hub.config.notify, name, error, self._now(), self._rng
            )
        log.warning(
            "event=crm_read_failed connection=%s error=%r next_s=%.1f", name, error.what, pause_s
        )
