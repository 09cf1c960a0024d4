"""The loop that scores leads: claims what is due, reads the records anew, scores them, stores each batch in one commit.

A lead is a level, not a queue: what comes while it is scored makes it due again, and whoever dies in the middle leaves
a lease that ends, at once where the next one sees that he is dead (`effects/lives.py`). How a score gets into a row is
`storing.py`, how it gets to the CRM `outbound/writeback.py`.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from cloud_sync.crm.client import breaker
from cloud_sync.crm.client.budget import ThrottledError
from cloud_sync.crm.client.parting import read_parts
from cloud_sync.crm.connection.unopened import Unopened
from cloud_sync.crm.connection.used_up import UsedUp
from cloud_sync.crm.kinds.base import Crm
from cloud_sync.crm.scoring import cutting, freshness
from cloud_sync.crm.scoring.claiming import Claimed, any_due, claim, end_leases, give_back
from cloud_sync.crm.scoring.committing import Commit, Found
from cloud_sync.crm.scoring.learned import Voices
from cloud_sync.crm.scoring.models import LeadModels, try_look
from cloud_sync.crm.scoring.payloads import heeded, trials_among, unheard_in
from cloud_sync.crm.scoring.rescoring import Backlog
from cloud_sync.crm.threads import LeasingLoops, Opener
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.spans import has_passed
from cloud_sync.store.models import CrmConnection
from kits.core.errors import BundleError, ConfigError
from kits.core.ready import ReadyBundle
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

POLL_S = 0.05
IDLE_S = 0.2
WAITING_S = 5.0
"""While a person has to do something first."""
LONGEST_S = 60.0
LOOK = timedelta(seconds=10)
"""So often it is looked whether another bundle was released."""


class LeadScoring(LeasingLoops):
    """The loops, one per connection. Any number of processes may run them.

    Args:
        hub: whose leads.
        models: which bundle scores them.
        opener: gives a connection's CRM. Raises ConfigError while a person has to do something first.
        now: UTC.
        rng: for jitter and lots.
    """

    name = "crm-scoring"

    def __init__(
        self,
        hub: Hub,
        models: LeadModels,
        opener: Opener,
        *,
        now: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(hub, opener, hub.config.scorers_dir, now=now, rng=rng)
        self._models = models
        self._looked: dict[str, datetime] = {}
        self._cut_at: dict[str, datetime] = {}
        self._cuts: dict[str, cutting.Cut | None] = {}
        self._unopened = Unopened(hub, "leads_wait")
        self._used_up = UsedUp(hub)
        self._voices = Voices()
        self._backlog = Backlog()

    def _end_leases(self, dead: Sequence[str]) -> int:
        """Those of the dead end: who reads a record twice does no harm."""
        with self._hub.database.transaction() as session:
            return end_leases(session, dead)

    def serve(self, name: str) -> tuple[int, float]:
        """One batch of a connection: how many leads were looked after, and seconds until the next one."""
        with self._hub.database.session() as session:
            connection = session.get(CrmConnection, name)
        if connection is None or not connection.project or connection.paused_at is not None:
            return 0, WAITING_S
        if breaker.rests(connection, self._now()):
            return 0, IDLE_S
        try:
            ready = self._model(connection.project)
            self._bands(connection, ready)
            if not any_due(self._hub, name, ready.id, self._backlog, self._now()):
                return 0, IDLE_S
            crm = self._opener(connection)
        except (BundleError, ConfigError, NotFoundError) as error:
            # a person has to do something first: leads wait
            self._unopened.say(connection, error)
            return 0, WAITING_S
        self._unopened.over(name)
        claimed = claim(
            self._hub, connection, crm.batch, ready.id, self._owner, self._now(),
            spare=crm.budget.has_spare(),
        )  # fmt: skip
        if not claimed:
            return 0, IDLE_S
        done = False
        try:
            pause_s = self._score(connection, crm, ready, claimed)
            done = pause_s == POLL_S
        finally:
            if not done:
                give_back(self._hub, name, claimed, self._owner)
        return len(claimed) if done else 0, pause_s

    def _model(self, project: str) -> ReadyBundle:
        now = self._now()
        if has_passed(self._looked.get(project), LOOK, now):
            self._looked[project] = now
            try_look(self._models, project)
        return self._models.current(project)

    def _bands(self, connection: CrmConnection, ready: ReadyBundle) -> None:
        """Looks at the cut once in a while, and puts some leads into the bands it says."""
        name, now = connection.name, self._now()
        if not has_passed(self._cut_at.get(name), LOOK, now):
            return
        self._cut_at[name] = now
        cut = self._cuts[name] = cutting.recut(self._hub, connection.project, ready, now)
        if cut is not None:
            cutting.reband(self._hub, name, cut, now)

    def _score(
        self, connection: CrmConnection, crm: Crm, ready: ReadyBundle, claimed: Sequence[Claimed]
    ) -> float:
        """Reads, scores and stores a batch; `POLL_S`, or how long to wait because the CRM did not answer."""
        try:
            parts = read_parts(crm, [one.object_id for one in claimed], connection.failures)
        except ThrottledError as error:
            return min(max(error.after_s, 2 * POLL_S), LONGEST_S)
        except DeliveryError as error:
            return self._failed(connection.name, error)
        finally:
            self._used_up.look(connection.name, crm.budget)
        now = self._now()
        ready = self._voices.of(connection.name, ready, crm.labels())
        read = heeded(ready, parts.records, now)
        records = {record.object_id: record for record in read}
        silent = {one.object_id for one in claimed if one.muted}
        open_ones = [one for one in read if not (one.outcome or one.archived)]
        wanted = [one for one in open_ones if one.object_id not in silent]
        before = freshness.known(self._hub, connection, [one.object_id for one in wanted])
        scores, faults = freshness.score(ready, wanted, now, connection.created_at, before)
        cut = self._cuts.get(connection.name)
        if cut is not None:
            scores = {name: cut.applied(score) for name, score in scores.items()}
        found = Found(
            records, scores, {**faults, **parts.faults}, trials_among(ready, wanted),
            unheard_in(ready, read), parts.later,
        )  # fmt: skip
        dead = Commit(self._hub, connection, found, self._owner, self._rng).store(claimed, now)
        self._hub.metrics.leads_scored.labels(connection.name).inc(len(scores))
        if dead:
            log.warning("event=leads_dead connection=%s n=%d", connection.name, dead)
        return POLL_S

    def _failed(self, name: str, error: DeliveryError) -> float:
        with self._hub.database.transaction() as session:
            pause_s = breaker.failed(
                session, self._hub.config.notify, name, error, self._now(), self._rng
            )
        log.warning(
            "event=crm_read_failed connection=%s error=%r next_s=%.1f",
            name,
            breaker.told_of(error),
            pause_s,
        )
        return min(pause_s, LONGEST_S)
