"""Scores that were in force once: which of a lead's course may go.

Its latest ones stay, from which a trend is told, and so does whatever a person said. Outcomes and the watches over them
need none of these: what was said when a score was asked for stands with the lead and its sample.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, String, and_, cast, delete, false, func, or_, select
from sqlalchemy.orm import Session

from cloud_sync.crm.storing import REMEMBERED
from cloud_sync.retention.rules import Rules
from cloud_sync.store.db import changed_by
from cloud_sync.store.models import CrmLead, CrmScore

AT_ONCE = 20_000
"""So many are looked for in one reading of the table, which locks nobody out."""
_OF_LEAD = and_(CrmLead.connection == CrmScore.connection, CrmLead.object_id == CrmScore.object_id)


def find_old(session: Session, rules: Rules, most: int) -> Sequence[int]:
    """Numbers of scores that may go, at most `AT_ONCE`.

    Args:
        most: entries of one lead that stay; 0: all that are young enough.
    """
    query = select(CrmScore.id).join(CrmLead, _OF_LEAD).where(*_old(rules, most))
    return session.scalars(query.limit(AT_ONCE)).all()


def count_old(session: Session, rules: Rules, most: int) -> int:
    """How many may go."""
    query = select(func.count(CrmScore.id)).join(CrmLead, _OF_LEAD)
    return session.scalar(query.where(*_old(rules, most))) or 0


def remove(session: Session, numbers: Sequence[int]) -> int:
    """Removes them; how many were still there. None of them can have become one that stays: versions only rise."""
    done = session.execute(delete(CrmScore).where(CrmScore.id.in_(numbers)))
    return changed_by(done)


def _old(rules: Rules, most: int) -> tuple[ColumnElement[bool], ...]:
    """Conditions on a score beside its lead."""
    aged = CrmScore.at < rules.crm_scores if rules.crm_scores else false()
    crowded = CrmScore.version <= CrmLead.version - max(most, REMEMBERED) if most else false()
    return (
        CrmScore.version <= CrmLead.version - REMEMBERED,
        or_(aged, crowded),
        cast(CrmScore.override, String) == "{}",
    )
