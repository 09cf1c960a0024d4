"""The loop that writes scores back into CRMs: claims what is to be written, writes it in batches, notes what became of it.

A lead is a level: however often its score changed meanwhile, the newest is written, once, and again only when it changes
again. **What "once" means**: whoever dies between the CRM's answer and the note of it leaves a lease that ends, soon where
the next one sees that he is dead (`effects/lives.py`); then the same values are written again, under the same version. Which leads
are taken is `writing.py`; when one is to be written is decided where its score changes (`scoring/storing.py`).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from datetime import datetime

from cloud_sync.crm.client import breaker
from cloud_sync.crm.client.budget import ThrottledError
from cloud_sync.crm.client.parting import NothingTakenError, write_parts
from cloud_sync.crm.connection.connections import settings_of
from cloud_sync.crm.connection.reaching import shown_at
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.connection.unopened import Unopened
from cloud_sync.crm.connection.used_up import UsedUp
from cloud_sync.crm.kinds.base import Crm, ScoreWrite, WriteOutcome
from cloud_sync.crm.outbound import writing
from cloud_sync.crm.scoring.committing import tell_dead
from cloud_sync.crm.threads import LeasingLoops, Opener
from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.effects.lives import ANSWERED
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection
from kits.core.errors import ConfigError
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

POLL_S = 0.05
IDLE_S = 0.5
WAITING_S = 5.0
"""While a person has to do something first."""
LONGEST_S = 60.0
REFUSED = "crm-scores-refused"
FEW = 5
"""So many leads are written at once where each takes a request: who comes meanwhile waits for no more."""


class WriteBack(LeasingLoops):
    """The loops, one per connection. Any number of processes may run them.

    Args:
        hub: whose leads.
        opener: gives a connection's CRM. Raises ConfigError while a person has to do something first.
        now: UTC.
        rng: for jitter.
    """

    name = "crm-writing"

    def __init__(
        self,
        hub: Hub,
        opener: Opener,
        *,
        now: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(hub, opener, hub.config.writers_dir, now=now, rng=rng)
        self._unopened = Unopened(hub, "scores_wait")
        self._used_up = UsedUp(hub)
        self._in_a_row: dict[str, int] = {}

    def _end_leases(self, dead: Sequence[str]) -> int:
        """Those of the dead end soon; how many."""
        with self._hub.database.transaction() as session:
            return writing.end_leases(session, dead, self._now() + ANSWERED)

    def serve(self, name: str) -> tuple[int, float]:
        """One batch of a connection: how many leads were looked after, and seconds until the next one."""
        row = self.awake(name)
        if row is None:
            return 0, IDLE_S
        try:
            settings = settings_of(row)
            if not settings.write:
                return 0, WAITING_S
            crm = self._opener(row)
        except ConfigError as error:
            self._unopened.say(row, error)
            return 0, WAITING_S
        self._unopened.over(name)
        self._used_up.look(name, crm.budget)  # whoever asked it last
        claim = writing.claim(
            self._hub, row, _terms(crm, settings.min_change), self._owner, self._now()
        )
        self._count(name, "unchanged", claim.unchanged)
        if not claim.writes:
            return claim.unchanged, POLL_S if claim.unchanged else IDLE_S
        return self._write(name, crm, claim.writes, settings)

    def _write(
        self, name: str, crm: Crm, writes: Sequence[ScoreWrite], settings: CrmSettings
    ) -> tuple[int, float]:
        outcomes: Sequence[WriteOutcome] | None = None
        try:
            outcomes = write_parts(crm, writes)
        except ThrottledError as error:
            return 0, min(max(error.after_s, POLL_S), LONGEST_S)
        except DeliveryError as error:
            return 0, self._failed(name, error)
        finally:
            if outcomes is None:  # as due as before
                writing.give_back(self._hub, name, writes, self._owner)
        now = self._now()
        self._in_a_row.pop(name, None)
        with self._hub.database.transaction() as session:
            row = breaker.succeeded(session, name, now)
            # whoever raised it may have ended since
            close_alert(session, REFUSED, where=name)
            counts = writing.note(
                session, name, writes, outcomes, self._owner, now, self._rng,
                elsewhere=shown_at(settings_of(row)) != shown_at(settings),
            )  # fmt: skip
            session.flush()
            if counts["dead"]:
                tell_dead(session, self._hub.config.notify, name)
        for outcome, count in counts.items():
            self._count(name, outcome, count)
        return len(writes), POLL_S

    def _failed(self, name: str, error: DeliveryError) -> float:
        """Nothing was taken: the CRM is left alone for a while; seconds until it may be asked again."""
        now = self._now()
        in_a_row = self._in_a_row[name] = self._in_a_row.get(name, 0) + 1
        with self._hub.database.transaction() as session:
            pause_s = breaker.failed(session, self._hub.config.notify, name, error, now, self._rng)
            if isinstance(error, NothingTakenError):
                refused = error.refused
                dead = writing.put_off(session, name, refused, error.what, now, self._rng)
                session.flush()
                if dead:
                    tell_dead(session, self._hub.config.notify, name)
            in_all = session.get_one(CrmConnection, name).failures
            if (
                in_a_row >= breaker.FAILURES > in_all
            ):  # it answers others: else it is told of as away
                text = (
                    f"{name} is read but does not take scores: {breaker.told_of(error)}; they wait"
                )
                raise_alert(session, self._hub.config.notify, REFUSED, "warning", text, where=name)
        self._count(name, "failed", 1)
        # reads that succeed meanwhile close the breaker, and would let writes fail every second for ever
        pause_s = max(pause_s, min(2.0 ** min(in_a_row, 10), LONGEST_S))
        log.warning(
            "event=crm_write_failed connection=%s error=%r next_s=%.1f",
            name,
            breaker.told_of(error),
            pause_s,
        )
        return min(pause_s, LONGEST_S)

    def _count(self, name: str, outcome: str, count: int) -> None:
        if count:
            self._hub.metrics.leads_written.labels(name, outcome).inc(count)


def _terms(crm: Crm, min_change: int) -> writing.Terms:
    few = min(crm.batch, FEW) if crm.singly else crm.batch
    return writing.Terms(few, min_change, behind=crm.budget.has_spare())
