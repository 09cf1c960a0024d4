"""What the pages of others say of leads: how many wait for whom, and which leads a bundle scores. Read-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm.leads.hotlist import LeadFilter, count
from cloud_sync.crm.leads.waiting import leads_waiting
from cloud_sync.crm.scoring.models import in_force
from cloud_sync.crm.scoring.projects import KIT
from cloud_sync.store.models import Bundle, CrmConnection


@dataclass(frozen=True, slots=True)
class LeadCounts:
    """How many leads are hot, wait to be written to their CRM, and wait for a person."""

    hot: int
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class Scores:
    """What a bundle of leads does here.

    Attributes:
        connections: whose leads it scores.
        since: it does so; None: another one does, or none.
        refused: why it did not take effect here; empty: it was not refused.
    """

    connections: Sequence[str]
    since: datetime | None
    refused: str


def lead_counts(session: Session) -> LeadCounts | None:
    """Of all CRMs; None where none is connected."""
    if session.scalar(select(CrmConnection.name).limit(1)) is None:
        return None
    waits = leads_waiting(session)
    return LeadCounts(
        count(session, LeadFilter(band="hot")),
        sum(waits.writing.values()),
        sum(waits.person.values()),
    )


def scores_of(session: Session, bundle: Bundle) -> Scores | None:
    """What a bundle does for leads; None for one of another kit, which devices run."""
    if bundle.kit != KIT:
        return None
    query = select(CrmConnection.name).where(CrmConnection.project == bundle.project)
    names = session.scalars(query.order_by(CrmConnection.name)).all()
    row = in_force(session, bundle.project)
    since = row.at if row is not None and row.bundle == bundle.id else None
    return Scores(names, since, str(row.refused.get(bundle.id, "")) if row is not None else "")
