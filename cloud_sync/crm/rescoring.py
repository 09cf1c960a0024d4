"""What is read and scored in the background: leads that a sweep found, then those whose score is not what it would be now,
because an earlier bundle made it or a clock that was wrong, the newest first.

No more than one batch is made due at once, and only where nothing newer waits: events are never held up by it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from cloud_sync.crm.storing import AHEAD, OPEN
from cloud_sync.store.models import CrmLead


def older(connection: str, bundle: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Conditions: open leads whose score is another bundle's, or of a time that lies ahead, and that nothing else makes due.

    How old a lead is counts in its score: what was scored while the clock was years ahead is scored again.
    """
    return (
        CrmLead.connection == connection,
        CrmLead.state == OPEN,
        CrmLead.due_at.is_(None),
        CrmLead.dead == "",
        CrmLead.points.is_not(None),
        or_(CrmLead.bundle != bundle, CrmLead.scored_at > now + AHEAD),
    )


def found_later(connection: str) -> tuple[ColumnElement[bool], ...]:
    """Conditions: leads of which a sweep found news and that nothing else makes due."""
    return (
        CrmLead.connection == connection,
        CrmLead.later_at.is_not(None),
        CrmLead.due_at.is_(None),
    )


def make_due(session: Session, connection: str, bundle: str, limit: int, now: datetime) -> int:
    """Makes some of them due; how many."""
    # a sweep comes by the newest first
    found = select(CrmLead).where(*found_later(connection)).order_by(CrmLead.later_at)
    rows = list(session.scalars(found.limit(limit).with_for_update(skip_locked=True)))
    if len(rows) < limit:
        query = select(CrmLead).where(*older(connection, bundle, now), CrmLead.later_at.is_(None))
        query = query.order_by(CrmLead.seen_at.desc().nulls_last()).limit(limit - len(rows))
        rows += session.scalars(query.with_for_update(skip_locked=True))
    for row in rows:
        row.due_at, row.later_at = now, None
    return len(rows)
