"""Open leads that count as lost by their age, as those of the import did that nobody had closed.

Many firms close nothing: of contacts a CRM only says who became a customer. A bundle that learned from an export of such a one
says after how many days a lead counted as lost; leads that the hub has scored do so, too, or it would learn from those alone that
bought. They stay open in every list. One that buys after all is won. Who was older when the CRM was connected is left alone: the
import has counted it, and others as old that bought were never met here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from cloud_sync.crm.leads.lots import lots
from cloud_sync.crm.order import refer_to
from cloud_sync.crm.outcomes import outcomes
from cloud_sync.crm.scoring.freshness import SWEPT
from cloud_sync.crm.scoring.storing import CAME, OPEN
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmLead
from cloud_sync.store.models.crm import ASKED
from kits.core.ready import ReadyBundle
from kits.core.runtime import CountsAsLost

LOST = "lost"
PORTION = 200
"""Leads in one transaction."""


def look(hub: Hub, project: str, ready: ReadyBundle, now: datetime) -> int:
    """Makes samples of a project's leads that have grown so old; how many.

    Raises:
        UnreachableError: the storage cannot be used.
    """
    runtime = ready.runtime
    days = runtime.lost_after_days if isinstance(runtime, CountsAsLost) else 0.0
    if not days:
        return 0
    with hub.database.session() as session:
        mine = select(CrmConnection).where(CrmConnection.project == project)
        connections = session.scalars(mine.order_by(CrmConnection.name)).all()
    return sum(_of_connection(hub, one, timedelta(days=days), now) for one in connections)


def since(came: datetime, asked_at: datetime, met_late: bool, days: timedelta) -> datetime | None:
    """From when a lead's age counts; None: it was older than that when its score was first asked for.

    Args:
        met_late: long after the CRM was connected: a record of before became a lead then.
    """
    if came + days > asked_at:
        return came
    return asked_at if met_late else None


def _of_connection(hub: Hub, connection: CrmConnection, days: timedelta, now: datetime) -> int:
    old = _old(hub, connection, days, now)
    names, done = sorted(old), 0
    for first in range(0, len(names), PORTION):
        some = names[first : first + PORTION]
        with hub.database.session() as session:
            mine = CrmLead.connection == connection.name, CrmLead.object_id.in_(some)
            leads = session.scalars(select(CrmLead).where(*mine)).all()
        kept = outcomes.keep_bytes(hub, leads)  # with no transaction open: a storage may be slow
        done += _count(hub, connection.name, kept, {name: old[name] for name in kept}, now)
    return done


def _old(
    hub: Hub, connection: CrmConnection, days: timedelta, now: datetime
) -> dict[str, datetime]:
    """Open leads that have grown so old and are no sample yet → when they had."""
    came, asked = (CrmLead.asked[name].as_string() for name in (CAME, "at"))
    mine = (
        ASKED, CrmLead.connection == connection.name, CrmLead.state == OPEN, CrmLead.sample_id == "",
        CrmLead.opted_out.is_(False),
    )  # fmt: skip
    with hub.database.session() as session:
        rows = session.execute(
            select(CrmLead.object_id, CrmLead.created_at, came, asked).where(*mine)
        ).all()
    late, found = connection.created_at + SWEPT, dict[str, datetime]()
    for name, met_at, told, at in rows:
        asked_at = datetime.fromisoformat(at)
        first = min(datetime.fromisoformat(told), asked_at) if told else asked_at
        counted = since(first, asked_at, met_at > late, days)
        if counted is not None and counted + days <= now:
            found[name] = counted + days
    return found


def _count(
    hub: Hub,
    name: str,
    kept: dict[str, outcomes.Kept],
    old: dict[str, datetime],
    now: datetime,
) -> int:
    """Those of them that are still open; how many."""
    with hub.database.transaction() as session:
        refer_to(session, name)
        connection = session.get(CrmConnection, name)
        if connection is None:
            return 0
        outcomes.ensure_device(session, name, connection.kind, now)
        drawn = lots(session, hub.config.leads.exploration).drawn(name)
        mine = (
            ASKED, CrmLead.connection == name, CrmLead.object_id.in_(list(kept)), CrmLead.state == OPEN,
            CrmLead.sample_id == "", CrmLead.opted_out.is_(False),
        )  # fmt: skip
        query = select(CrmLead).where(*mine).order_by(CrmLead.object_id)
        leads: Sequence[CrmLead] = session.scalars(query.with_for_update()).all()
        for lead in leads:
            outcomes.note_outcome(
                session, lead, LOST, connection, kept=kept.get(lead.object_id), drawn=drawn, now=now,
                since=old[lead.object_id],
            )  # fmt: skip
        return len(leads)
