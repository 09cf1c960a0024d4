"""Scoring anew, in the background, what an earlier bundle scored: a few at a time, what happened last first.

No more than one batch is made due at once, and only where nothing newer waits: events are never held up by it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from cloud_sync.crm.storing import OPEN
from cloud_sync.store.models import CrmLead


def older(connection: str, bundle: str) -> tuple[ColumnElement[bool], ...]:
    """Conditions: open leads whose score is another bundle's and that nothing else makes due."""
    return (
        CrmLead.connection == connection,
        CrmLead.state == OPEN,
        CrmLead.due_at.is_(None),
        CrmLead.dead == "",
        CrmLead.points.is_not(None),
        CrmLead.bundle != bundle,
    )


def make_due(session: Session, connection: str, bundle: str, limit: int, now: datetime) -> int:
    """Makes some of them due; how many."""
    query = select(CrmLead).where(*older(connection, bundle)).order_by(CrmLead.seen_at.desc())
    rows = session.scalars(query.limit(limit).with_for_update(skip_locked=True)).all()
    for row in rows:
        row.due_at = now
    return len(rows)
