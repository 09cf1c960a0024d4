"""Open leads that count as lost by their age, as those of the import did that nobody had closed.

Many firms close nothing: of contacts a CRM only says who became a customer. A bundle that learned from an export of such a one
says after how many days a lead counted as lost; leads that the hub has scored do so, too, or it would learn from those alone that
bought. They stay open in every list. One that buys after all is won.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, TextClause, select

from cloud_sync.crm import outcomes
from cloud_sync.crm.lots import lots
from cloud_sync.crm.order import refer_to
from cloud_sync.crm.storing import OPEN
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
        mine = select(CrmConnection.name).where(CrmConnection.project == project)
        names = session.scalars(mine.order_by(CrmConnection.name)).all()
    return sum(_of_connection(hub, name, timedelta(days=days), now) for name in names)


def _of_connection(hub: Hub, name: str, days: timedelta, now: datetime) -> int:
    done, portion = 0, PORTION
    while portion == PORTION:
        with hub.database.session() as session:
            leads = session.scalars(_old(name, now - days)).all()
        kept = outcomes.keep_bytes(hub, leads)  # with no transaction open: a storage may be slow
        portion = _count(hub, name, kept, days, now)
        done += portion
    return done


def _old(name: str, before: datetime, *more: ColumnElement[bool] | TextClause) -> Select[CrmLead]:
    """Open leads of a connection that were first scored by then, and are no sample yet."""
    mine = (
        ASKED, CrmLead.connection == name, CrmLead.asked_at <= before, CrmLead.state == OPEN,
        CrmLead.sample_id == "", CrmLead.opted_out.is_(False), *more,
    )  # fmt: skip
    return select(CrmLead).where(*mine).order_by(CrmLead.object_id).limit(PORTION)


def _count(
    hub: Hub, name: str, kept: dict[str, outcomes.Kept], days: timedelta, now: datetime
) -> int:
    """Those of them that are still open; how many."""
    with hub.database.transaction() as session:
        refer_to(session, name)
        connection = session.get(CrmConnection, name)
        if connection is None:
            return 0
        outcomes.ensure_device(session, name, connection.kind, now)
        drawn = lots(session, hub.config.leads.exploration).drawn(name)
        own = CrmLead.object_id.in_(list(kept))
        leads: Sequence[CrmLead] = session.scalars(
            _old(name, now - days, own).with_for_update()
        ).all()
        for lead in leads:
            outcomes.note_outcome(
                session, lead, LOST, connection, kept=kept.get(lead.object_id), drawn=drawn, now=now,
                after=days,
            )  # fmt: skip
        return len(leads)
