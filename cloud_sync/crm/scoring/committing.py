"""A batch of read and scored leads into the tables, in one commit: scores, outcomes, what is gone, what cannot be scored."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, TextClause, func, select
from sqlalchemy.orm import Session

from cloud_sync.crm.client import breaker
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound import hiding
from cloud_sync.crm.kinds.base import Record
from cloud_sync.crm.leads.lots import Lots, lots
from cloud_sync.crm.outcomes import outcomes
from cloud_sync.crm.scoring import storing
from cloud_sync.crm.scoring.claiming import Claimed, courses, held, let_go
from cloud_sync.crm.scoring.scored import LeadScore
from cloud_sync.crm.scoring.unheard import said_elsewhere, tell_unheard
from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.effects.settings import NotifyConfig
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmLead
from cloud_sync.store.models.crm import FOR_A_PERSON

LEAD_DEAD = "crm-lead-dead"
STALE = timedelta(seconds=5)
"""A copy of the CRM that lags behind is asked again after so long."""
MAX_STALE = 20
_WORDS = 300
MAX_LATER = 12
"""So often a lead over which the CRM fails is asked for again, after 5, 10, 20, … s, some six hours in all."""


@dataclass(frozen=True)
class Found:
    """What reading and scoring a batch gave, by object id.

    Attributes:
        faults: why there is no score.
        trials: what some are taken for that are hardly leads.
        unheard: a column that should say who is not scored, and that the record does not have.
        later: those with a fault that the CRM may read another time.
    """

    records: Mapping[str, Record]
    scores: Mapping[str, LeadScore]
    faults: Mapping[str, str]
    trials: Mapping[str, str] = field(default_factory=dict)
    unheard: Mapping[str, str] = field(default_factory=dict)
    later: Collection[str] = ()


class Commit:
    """Stores one batch of one connection.

    Args:
        owner: who holds the leads.
        rng: draws lots.
    """

    def __init__(
        self, hub: Hub, connection: CrmConnection, found: Found, owner: str, rng: random.Random
    ) -> None:
        self._hub = hub
        self._connection = connection
        self._found = found
        self._owner = owner
        self._rng = rng
        settings = CrmSettings.model_validate(connection.settings)
        self._rules = storing.Rules.of(settings)
        self._unheard = {} if said_elsewhere(settings) else found.unheard
        self._kept: Mapping[str, outcomes.Kept] = {}
        self._lots = Lots({})
        self._before: Mapping[str, Sequence[int]] = {}
        self._believed: bool | None = None
        self._lost = 0
        self._is_back = False

    def store(self, claimed: Sequence[Claimed], now: datetime) -> int:
        """Stores it; how many leads cannot be scored. What was read by settings that have changed since is read again.

        Raises:
            UnreachableError: the storage cannot be used, and a lead of the batch was decided; nothing was stored.
        """
        name = self._connection.name
        marks = {one.object_id: one.mark for one in claimed}
        behind = {one.object_id for one in claimed if one.behind}
        self._kept = self._keep_bytes()
        dead = 0
        with self._hub.database.transaction() as session:
            row = breaker.succeeded(session, name, now)
            if row.terms != self._connection.terms:
                let_go(session, name, claimed, self._owner)
                return 0
            if self._kept:
                outcomes.ensure_device(session, name, self._connection.kind, now)
            self._lots = lots(session, self._hub.config.leads.exploration)
            scores = self._found.scores
            bundle = next((one.bundle for one in scores.values()), "")
            self._before = courses(session, name, list(scores), bundle)
            for lead in held(session, name, claimed, self._owner):
                mark = marks[lead.object_id]
                if lead.state == storing.GONE and lead.due_mark != mark:
                    # it was deleted or merged away while it was read: what was read then is the past
                    storing.release(lead, mark, again_after=None, now=now)
                    continue
                first = lead.object_id not in behind or storing.goes_first(lead)
                again = self._store_one(session, lead, now)
                # taking a score away, because a person wants that, lets nobody go first
                lead.write_behind = not first and lead.points is not None
                dead += bool(lead.dead)
                storing.release(lead, mark, again_after=again, now=now)
            session.flush()
            self._tell_hidden(session, now)
            tell_dead(session, self._hub.config.notify, name)
            if self._found.records:
                tell_unheard(session, self._hub.config.notify, name, self._unheard)
        return dead

    def _keep_bytes(self) -> dict[str, outcomes.Kept]:
        """Stores the bytes of leads that are decided now."""
        decided = [
            name
            for name, record in self._found.records.items()
            if record.outcome and not record.opted_out
        ]
        if not decided:
            return {}
        with self._hub.database.session() as session:
            query = select(CrmLead).where(
                CrmLead.connection == self._connection.name, CrmLead.object_id.in_(decided)
            )
            rows = session.scalars(query).all()
        # with no transaction open: a storage that is slow would hold up whoever empties the journal
        return outcomes.keep_bytes(self._hub, rows)

    def _store_one(self, session: Session, lead: CrmLead, now: datetime) -> timedelta | None:
        """Stores one lead; after how long it is to be read again, None: not."""
        record = self._found.records.get(lead.object_id)
        if record is None:
            return self._miss(session, lead, now)
        self._is_back = self._is_back or lead.error == hiding.MISSED
        if storing.is_stale(lead, record) and lead.attempts < MAX_STALE:
            lead.attempts += 1
            return STALE
        lead.attempts = 0
        if storing.is_stale(lead, record):
            return None
        if lead.lot >= 1.0:
            lead.lot = self._rng.random()
        muted = storing.is_muted(lead)
        # a fault quotes the record, of which nothing is kept then
        fault = "" if muted else self._found.faults.get(lead.object_id, "")
        lead.dead = lead.error = fault[:_WORDS]
        if record.outcome:
            self._decide(session, lead, record, now)
        elif record.archived:
            self._put_away(session, lead, record, now)
        elif muted:
            storing.keep_muted(lead, record, self._rules, now)
        elif (
            not fault and lead.object_id in self._found.scores
        ):  # else it may be scored since, and is due again
            self._keep(session, lead, record, now)
        return None

    def _miss(self, session: Session, lead: CrmLead, now: datetime) -> timedelta | None:
        """A lead of which nothing was read; after how long it is to be read again, None: not."""
        fault = self._found.faults.get(lead.object_id, "")
        if fault and lead.object_id in self._found.later and lead.attempts < MAX_LATER:
            lead.attempts, lead.error = lead.attempts + 1, fault[:_WORDS]
            return hiding.pause(lead.attempts)
        if fault:
            lead.attempts, lead.dead, lead.error = 0, fault[:_WORDS], fault[:_WORDS]
            return None
        was_there = lead.state == storing.OPEN and lead.record_at is not None
        if was_there:
            lead.error = hiding.MISSED
        if lead.attempts < hiding.MAX_MISSED or (was_there and not self._believes(session, now)):
            lead.attempts += 1
            return hiding.pause(lead.attempts)
        lead.attempts = 0
        storing.is_gone(lead)
        self._lost += was_there
        return None

    def _believes(self, session: Session, now: datetime) -> bool:
        """Asked once for a batch: those of it are marked already."""
        if self._believed is None:
            row = session.get_one(CrmConnection, self._connection.name)
            self._believed = hiding.believes(session, self._hub.config.notify, row, 1, now)
        return self._believed

    def _tell_hidden(self, session: Session, now: datetime) -> None:
        row = session.get_one(CrmConnection, self._connection.name)
        row.lost += self._lost
        if self._is_back:
            hiding.ask_for_some(session, row.name, hiding.PORTION, now)
        if self._believed is not False:
            hiding.look_again(session, row, now)

    def _put_away(self, session: Session, lead: CrmLead, record: Record, now: datetime) -> None:
        """An open lead that the CRM itself says it has archived: nobody has to be asked whether it is gone."""
        self._reopen(session, lead, now)
        self._hear(session, lead, record, now)
        storing.is_gone(lead)

    def _reopen(self, session: Session, lead: CrmLead, now: datetime) -> None:
        if lead.sample_id and lead.state not in (storing.OPEN, storing.GONE):
            self._say(session, lead, "", now)

    def _hear(self, session: Session, lead: CrmLead, record: Record, now: datetime) -> None:
        """A person of whom nothing is to be scored any more says so on a lead that gets no score."""
        if record.opted_out and not lead.opted_out:
            lead.opted_out, lead.fields = True, {}
            entry = storing.take_away(lead, self._rules, now)
            if entry is not None:
                session.add(entry)

    def _keep(self, session: Session, lead: CrmLead, record: Record, now: datetime) -> None:
        self._reopen(session, lead, now)
        lead.trial = self._found.trials.get(lead.object_id, "")
        if lead.opted_out and lead.object_id in self._unheard:
            record = replace(record, opted_out=True)
        known = lead.asked
        entry = storing.keep_score(
            lead, record, self._found.scores[lead.object_id],
            self._before.get(lead.object_id, ()), self._rules, now,
        )  # fmt: skip
        if lead.asked and lead.asked is not known:
            lead.asked = {**lead.asked, outcomes.DRAWN: self._lots.drawn(self._connection.name)}
        if entry is not None:
            session.add(entry)

    def _decide(self, session: Session, lead: CrmLead, record: Record, now: datetime) -> None:
        news = lead.state != record.outcome
        storing.has_outcome(lead, record, now)
        self._hear(session, lead, record, now)
        if record.archived:
            storing.takes_nothing(lead)
        if news:
            self._say(session, lead, record.outcome, now)

    def _say(self, session: Session, lead: CrmLead, outcome: str, now: datetime) -> None:
        outcomes.note_outcome(
            session, lead, outcome, self._connection, now=now,
            kept=self._kept.get(lead.object_id), drawn=self._lots.drawn(self._connection.name),
        )  # fmt: skip


def tell_dead(session: Session, notify: NotifyConfig, name: str) -> None:
    """Says once that leads of a connection wait for a person, and closes that when none does."""
    if close_dead(session, name):
        return
    count = session.scalar(select(func.count()).where(*_dead(name)))
    raise_alert(
        session, notify, LEAD_DEAD, "warning",
        # the reason may quote a lead: it stands with the lead, and goes with it
        f"{count} {'lead' if count == 1 else 'leads'} of {name} cannot be scored or written; why: cloud-sync leads list --connection {name} --state dead",
        where=name,
    )  # fmt: skip


def close_dead(session: Session, name: str) -> bool:
    """Closes the alert of leads that wait for a person, if none does; whether none does."""
    if session.scalar(select(CrmLead.object_id).where(*_dead(name)).limit(1)) is not None:
        return False
    close_alert(session, LEAD_DEAD, where=name)
    return True


def _dead(name: str) -> tuple[ColumnElement[bool] | TextClause, ...]:
    return CrmLead.connection == name, FOR_A_PERSON
