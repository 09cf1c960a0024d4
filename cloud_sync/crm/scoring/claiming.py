"""Which leads are due, and whose turn they are: queries and leases. What is done with them is `loop.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from cloud_sync.crm.client import breaker
from cloud_sync.crm.order import refer_to, take_every
from cloud_sync.crm.scoring import storing
from cloud_sync.crm.scoring.rescoring import Backlog, found_later, make_due
from cloud_sync.crm.scoring.turns import in_turn
from cloud_sync.hub import Hub
from cloud_sync.spans import is_free
from cloud_sync.store.db import changed_by
from cloud_sync.store.models import CrmConnection, CrmLead, CrmScore

LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A lead that is being scored, and its mark when it was claimed.

    Attributes:
        muted: it is read only (`storing.is_muted`).
        behind: nothing happened to it, it is scored in the background (`rescoring.py`).
    """

    object_id: str
    mark: int
    muted: bool = False
    behind: bool = False


def any_due(hub: Hub, connection: str, bundle: str, backlog: Backlog, now: datetime) -> bool:
    """Whether there is anything to be claimed; looks only."""
    with hub.database.session() as session:
        for wanted in (_due(connection, now), found_later(connection)):
            if session.scalar(select(CrmLead.object_id).where(*wanted).limit(1)) is not None:
                return True
        return backlog.waits(session, connection, bundle, now)


def claim(
    hub: Hub,
    seen: CrmConnection,
    limit: int,
    bundle: str,
    owner: str,
    now: datetime,
    *,
    spare: bool = True,
) -> list[Claimed]:
    """Takes what is due for a while, then what is done in the background; empty: nothing, or the CRM is left alone.

    Args:
        seen: the connection as its CRM was opened.
        spare: False: nothing is done in the background now.
    """
    due = _due(seen.name, now)
    with hub.database.transaction() as session:
        if not breaker.may_try(session, seen, now):
            return []
        # of those that are due alike, what happened last: a lead that has just come is worth most
        latest = CrmLead.seen_at.desc().nulls_last()
        rows = in_turn(
            session, due, last=(CrmLead.due_at.desc(), latest), longest=(CrmLead.due_at.asc(), latest),
            limit=limit,
        )  # fmt: skip
        came = len(rows)
        if spare and came < limit:
            rows += make_due(session, seen.name, bundle, limit - came, now)
        for row in rows:
            row.lease_owner, row.lease_until = owner, now + LEASE
        return [
            Claimed(row.object_id, row.due_mark, storing.is_muted(row), behind=place >= came)
            for place, row in enumerate(rows)
        ]


def give_back(hub: Hub, connection: str, claimed: Sequence[Claimed], owner: str) -> None:
    """What was claimed and not scored is as due as before."""
    with hub.database.transaction() as session:
        refer_to(session, connection)
        let_go(session, connection, claimed, owner)


def let_go(session: Session, connection: str, claimed: Sequence[Claimed], owner: str) -> None:
    """The same, within a transaction that has taken the connection or refers to it."""
    for lead in held(session, connection, claimed, owner):
        if lead.lease_owner == owner:
            lead.lease_owner, lead.lease_until = "", None


def end_leases(session: Session, owners: Sequence[str]) -> int:
    """What these were scoring is as due as before; how many leads that are."""
    take_every(session)
    ending = update(CrmLead).where(CrmLead.due_at.is_not(None), CrmLead.lease_owner.in_(owners))
    return changed_by(session.execute(ending.values(lease_owner="", lease_until=None)))


def held(
    session: Session, connection: str, claimed: Sequence[Claimed], owner: str
) -> Sequence[CrmLead]:
    """What this owner holds, and what it held and nobody stored since, nor did an event come.

    A lease may have passed to another while the CRM took its time. If what was read then counted for nothing, two
    processes could take each other's leads away for ever.
    """
    marks = {one.object_id: one.mark for one in claimed}
    query = select(CrmLead).where(
        CrmLead.connection == connection, CrmLead.object_id.in_(list(marks))
    )
    rows = session.scalars(query.order_by(CrmLead.object_id).with_for_update()).all()
    return [
        row
        for row in rows
        if row.lease_owner == owner
        or (row.due_at is not None and row.due_mark == marks[row.object_id])
    ]


def courses(
    session: Session, connection: str, names: Sequence[str], bundle: str
) -> Mapping[str, list[int]]:
    """The last points of leads by a bundle, the newest first: what another one said tells nothing of a lead's course."""
    near = CrmScore.version > CrmLead.version - storing.REMEMBERED
    query = (
        select(CrmScore.object_id, CrmScore.points)
        .join(
            CrmLead,
            (CrmLead.connection == CrmScore.connection) & (CrmLead.object_id == CrmScore.object_id),
        )
        .where(CrmScore.connection == connection, CrmScore.object_id.in_(names), near)
        .where(CrmScore.points.is_not(None), CrmScore.bundle == bundle)
        .order_by(CrmScore.object_id, CrmScore.version.desc())
    )
    found: dict[str, list[int]] = {}
    for name, points in session.execute(query):
        if points is not None:
            found.setdefault(name, []).append(points)
    return found


def _due(connection: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    free = is_free(CrmLead.lease_until, LEASE, now)
    return CrmLead.connection == connection, CrmLead.due_at <= now, free
