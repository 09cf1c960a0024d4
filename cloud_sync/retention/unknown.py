"""Leads that a message named and that the CRM never showed: rows of which nothing is known but the number.

Whoever knows a connection's secret can name as many as they like, and so does a CRM of records that its hub's user may
not see. What was ever read, scored, learned from or said of a lead keeps its row; an event that names one of these again
makes it a row again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, delete, func, select, tuple_
from sqlalchemy.orm import Session

from cloud_sync.crm.scoring.storing import GONE
from cloud_sync.retention.rows import Step
from cloud_sync.store.db import changed_by
from cloud_sync.store.models import CrmLead

PORTION = 500


def count_old(session: Session, before: datetime | None, most: int) -> int:
    """How many may go.

    Args:
        before: those that were named first before that; None: none for its age.
        most: so many may stay, the oldest go first; 0: all that are young enough.
    """
    every = session.scalar(select(func.count()).select_from(CrmLead).where(_nothing_known())) or 0
    old = 0
    if before is not None:
        query = select(func.count()).select_from(CrmLead)
        old = session.scalar(query.where(_nothing_known(), CrmLead.created_at < before)) or 0
    return max(old, every - most if most else 0)


def prune(session: Session, before: datetime | None, most: int) -> Step:
    """Removes a portion, the oldest first; arguments as of `count_old`."""
    limit = min(PORTION, count_old(session, before, most))
    key = (CrmLead.connection, CrmLead.object_id)
    oldest = select(*key).where(_nothing_known()).order_by(CrmLead.created_at).limit(limit)
    found = [tuple(row) for row in session.execute(oldest.with_for_update(skip_locked=True))]
    if not found:
        return Step(0, False)
    # an event may have named one meanwhile
    done = session.execute(delete(CrmLead).where(tuple_(*key).in_(found), _nothing_known()))
    return Step(changed_by(done), len(found) == PORTION)


def _nothing_known() -> ColumnElement[bool]:
    # the first two as the index of these has it
    return and_(
        CrmLead.state == GONE, CrmLead.record_at.is_(None), CrmLead.version == 0, CrmLead.sample_id == "", CrmLead.opted_out.is_(False),
        cast(CrmLead.override, String) == "{}", CrmLead.due_at.is_(None),
        CrmLead.later_at.is_(None), CrmLead.lease_owner == "",
    )  # fmt: skip
