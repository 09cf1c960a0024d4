"""Which scores are to be written, whose turn they are, and what is noted of a write. Queries, leases, rules on rows.

Talking to the CRM is `writeback.py`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from cloud_sync.crm.client import breaker
from cloud_sync.crm.kinds.base import ScoreWrite, WriteOutcome
from cloud_sync.crm.order import refer_to, take_every
from cloud_sync.crm.scoring import storing
from cloud_sync.crm.scoring.scored import reasons_in
from cloud_sync.crm.scoring.turns import in_order, in_turn
from cloud_sync.hub import Hub
from cloud_sync.spans import is_free
from cloud_sync.store.db import changed_by
from cloud_sync.store.models import CrmConnection, CrmLead, CrmScore

LEASE = timedelta(minutes=10)
"""Longer than a batch takes as a rule; lead by lead, each until the time-out, it may take longer (`note`)."""
FIRST_RETRY_S = 4.0
MAX_RETRY_S = 3600.0
MAX_ATTEMPTS = 12
"""So often a lead that the CRM puts off is tried, some hours in all, before a person is told."""
MAX_REFUSALS = 150
"""So often one that is refused alone is tried, about three days, before a person is told."""
DEAD = "write: "
"""Begins the reason why a lead's score is not tried to be written again."""
_WORDS = 300
_TRENDS: dict[str, storing.Trend] = {
    "improving": "improving", "steady": "steady", "declining": "declining"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """What is taken: so many leads, those that moved by so much; `behind`: also what was scored in the background."""

    limit: int
    min_change: int
    behind: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be written now, and how many leads need no write after all."""

    writes: tuple[ScoreWrite, ...] = ()
    unchanged: int = 0


def claim(hub: Hub, seen: CrmConnection, terms: Terms, owner: str, now: datetime) -> Claim:
    """Takes what is to be written for a while, in turn; one lead only when the CRM is being tried again.

    What was scored in the background goes when nothing else waits, so that it holds up no lead that something happens
    to: some CRMs take a write for each.

    Args:
        seen: the connection as its CRM was opened.
    """
    turns = _turns(seen.name, now, terms)
    with hub.database.session() as session:
        if not any(_some(session, due) for due in turns):
            return Claim()
    with hub.database.transaction() as session:
        row = session.get(CrmConnection, seen.name)
        trial = row is not None and row.open_until is not None
        if not breaker.may_try(session, seen, now):
            return Claim()
        leads = _next(session, turns, 1 if trial else terms.limit)
        writes: list[ScoreWrite] = []
        unchanged = 0
        since = _since(session, seen.name, leads)
        for lead in leads:
            if not storing.differs(lead, terms.min_change):
                # it moved and came back before anybody wrote it
                lead.write_at, unchanged = None, unchanged + 1
                continue
            lead.write_lease_owner, lead.write_lease_until = owner, now + LEASE
            lead.write_attempts += 1
            writes.append(write_of(lead, since.get(lead.object_id, lead.created_at)))
        return Claim(tuple(writes), unchanged)


def _since(session: Session, connection: str, leads: Sequence[CrmLead]) -> dict[str, datetime]:
    """When the version that each lead is at came to be; without those whose course was erased."""
    query = (
        select(CrmScore.object_id, func.min(CrmScore.at))
        .join(
            CrmLead,
            (CrmLead.connection == CrmScore.connection)
            & (CrmLead.object_id == CrmScore.object_id)
            & (CrmLead.version == CrmScore.version),
        )
        .where(
            CrmScore.connection == connection,
            CrmScore.object_id.in_([lead.object_id for lead in leads]),
        )
        .group_by(CrmScore.object_id)
    )
    return dict(session.execute(query).all())


def write_of(lead: CrmLead, since: datetime) -> ScoreWrite:
    """What the CRM shall show of a lead; `since`: as `ScoreWrite` has it."""
    if lead.points is None:
        return ScoreWrite(lead.object_id, lead.version, None, None, None, "", (), since=since)
    return ScoreWrite(
        lead.object_id, lead.version, lead.points, lead.probability, lead.percentile,
        storing.shown_band(lead), tuple(one.marked for one in reasons_in(lead.reasons)),
        _TRENDS.get(lead.trend, ""), lead.scored_at, since,
    )  # fmt: skip


def give_back(hub: Hub, connection: str, writes: Sequence[ScoreWrite], owner: str) -> None:
    """What was claimed and not written is as due as before.

    The attempt is not counted, but that there was one is: nobody knows what the CRM shows now, so whatever comes next
    is written, however little it differs from what was noted.
    """
    with hub.database.transaction() as session:
        refer_to(session, connection)
        for lead in _of(session, connection, writes):
            if lead.write_lease_owner == owner:
                _release(lead)
                lead.write_attempts = max(1, lead.write_attempts - 1)


def end_leases(session: Session, owners: Sequence[str], at: datetime) -> int:
    """What these hold is free from then on; how many leads that are."""
    take_every(session)
    theirs = CrmLead.write_lease_owner.in_(owners), CrmLead.write_lease_until > at
    ending = update(CrmLead).where(CrmLead.write_at.is_not(None), *theirs)
    return changed_by(session.execute(ending.values(write_lease_until=at)))


def put_off(
    session: Session,
    connection: str,
    names: Sequence[str],
    why: str,
    now: datetime,
    rng: random.Random,
) -> int:
    """Leads that were refused alone let others go first; how many of them wait for a person now.

    They are not given up at once: as long as the CRM takes no other lead, it may be the connection that is wrong.
    """
    query = select(CrmLead).where(CrmLead.connection == connection, CrmLead.object_id.in_(names))
    dead = 0
    for lead in session.scalars(query.order_by(CrmLead.object_id).with_for_update()):
        if lead.write_at is None:
            continue
        lead.write_attempts += 1
        lead.write_error = why[:_WORDS]
        lead.write_at = now + _pause(lead.write_attempts, rng)
        if lead.write_attempts > MAX_REFUSALS:
            lead.dead = (DEAD + why)[:_WORDS]
            dead += 1
    return dead


def note(
    session: Session,
    connection: str,
    writes: Sequence[ScoreWrite],
    outcomes: Sequence[WriteOutcome],
    owner: str,
    now: datetime,
    rng: random.Random,
    *,
    elsewhere: bool = False,
) -> Counter[str]:
    """Notes what became of a batch; how many ended how. A lead whose version rose meanwhile is written again.

    Args:
        elsewhere: scores go into other fields since: whatever became of it, all is written again.

    A lease may have passed to another while the CRM took its time. If what was written then counted for nothing, two
    processes could take each other's leads away for ever: it counts until somebody has noted as much.
    """
    said = {outcome.object_id: outcome for outcome in outcomes}
    written = {write.object_id: write for write in writes}
    counts: Counter[str] = Counter()
    for lead in _of(session, connection, writes):
        write = written[lead.object_id]
        silent = WriteOutcome(lead.object_id, False, "the CRM's answer does not speak of it")
        outcome = said.get(lead.object_id, silent)
        if elsewhere:
            counts["retry"] += _went_elsewhere(lead, owner, now)
        elif lead.write_lease_owner == owner:
            counts[_note_one(lead, write, outcome, now, rng)] += 1
            _release(lead)
        elif lead.write_at is not None and lead.written < write.version:
            counts[_note_one(lead, write, outcome, now, rng)] += 1
        elif lead.written > write.version and lead.state != storing.GONE:
            _came_late(lead, now)
            counts["retry"] += 1
    _write_over(session, connection, {name for one in outcomes for name in one.into}, now)
    return counts


def _write_over(session: Session, connection: str, names: Set[str], now: datetime) -> None:
    """Leads that others were merged into got a score of those: theirs is written again."""
    for lead in _named(session, connection, sorted(names)) if names else ():
        if lead.state != storing.GONE and (lead.written or lead.write_at is not None):
            _came_late(lead, now)


def _is_not_there(lead: CrmLead, now: datetime, *, again: bool) -> None:
    """The CRM says that there is no such lead: it is read, which says whether that is so, and not written any more.

    Args:
        again: it was read since it said so before, and is there: it is closed for writing, as good as gone.
    """
    lead.write_at = None
    if lead.state != storing.OPEN:
        lead.write_attempts = (
            0  # one that was decided may be closed for writing: it stays what it is
        )
    elif again:
        storing.is_gone(lead)
    else:
        lead.due_at, lead.due_mark = now, lead.due_mark + 1


def _came_late(lead: CrmLead, now: datetime) -> None:
    """Another wrote a newer score meanwhile; which of both the CRM took last nobody knows: the newest is written again."""
    lead.write_at, lead.write_behind = lead.write_at or now, False
    lead.write_attempts = max(1, lead.write_attempts)


def _went_elsewhere(lead: CrmLead, owner: str, now: datetime) -> bool:
    """It was written where nobody looks any more; whether it is to be written again."""
    if lead.write_lease_owner == owner:
        _release(lead)
    if lead.state == storing.GONE:
        return False
    _came_late(lead, now)
    return True


def _note_one(
    lead: CrmLead, write: ScoreWrite, outcome: WriteOutcome, now: datetime, rng: random.Random
) -> str:
    newest = lead.version == write.version
    if outcome.ok:
        lead.written, lead.wrote_at = write.version, now
        lead.wrote_points, lead.wrote_band = write.points, write.band
        lead.write_attempts, lead.write_error = 0, ""
        if lead.dead.startswith(DEAD):  # by one who was refused before
            lead.dead = ""
        lead.write_at = None if newest else lead.write_at
        return "done"
    again = bool(outcome.error) and lead.write_error == outcome.error[:_WORDS]
    lead.write_error = outcome.error[:_WORDS]
    if outcome.gone:
        _is_not_there(lead, now, again=again)
        return "gone"
    if not newest:  # another value may be taken
        return "retry"
    if not outcome.retry or lead.write_attempts >= MAX_ATTEMPTS:
        lead.dead = (DEAD + (outcome.error or "refused"))[:_WORDS]
        return "dead"
    lead.write_at = now + _pause(lead.write_attempts, rng)
    return "retry"


def _pause(attempt: int, rng: random.Random) -> timedelta:
    """Full jitter over a doubling window, at least a second."""
    window = min(FIRST_RETRY_S * 2.0 ** min(max(attempt, 1) - 1, 12), MAX_RETRY_S)
    return timedelta(seconds=max(1.0, rng.uniform(0, window)))


def _release(lead: CrmLead) -> None:
    lead.write_lease_owner, lead.write_lease_until = "", None


def _of(session: Session, connection: str, writes: Sequence[ScoreWrite]) -> Sequence[CrmLead]:
    return _named(session, connection, [write.object_id for write in writes])


def _named(session: Session, connection: str, names: Sequence[str]) -> Sequence[CrmLead]:
    query = select(CrmLead).where(CrmLead.connection == connection, CrmLead.object_id.in_(names))
    return session.scalars(query.order_by(CrmLead.object_id).with_for_update()).all()


def _turns(
    connection: str, now: datetime, terms: Terms
) -> Sequence[tuple[ColumnElement[bool], ...]]:
    """Conditions of what may be written now, in the order in which it goes; each is a stretch of an index."""
    due = (
        CrmLead.connection == connection, CrmLead.write_at <= now, CrmLead.dead == "",
        CrmLead.state != storing.GONE, is_free(CrmLead.write_lease_until, LEASE, now),
    )  # fmt: skip
    turns = [(*due, CrmLead.write_behind.is_(False)), (*due, CrmLead.write_behind.is_(True))]
    return turns if terms.behind else turns[:1]


def _next(
    session: Session, turns: Sequence[tuple[ColumnElement[bool], ...]], limit: int
) -> list[CrmLead]:
    last = CrmLead.write_at.desc(), CrmLead.object_id.desc()
    longest = CrmLead.write_at.asc(), CrmLead.object_id.asc()
    leads = in_turn(session, turns[0], last=last, longest=longest, limit=limit)
    for behind in turns[1:]:
        if len(leads) < limit:  # a sweep comes by the newest first: in this order they were scored
            leads += in_order(session, behind, longest, limit - len(leads))
    return leads


def _some(session: Session, wanted: Sequence[ColumnElement[bool]]) -> bool:
    return session.scalar(select(CrmLead.object_id).where(*wanted).limit(1)) is not None
