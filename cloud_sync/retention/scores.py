"""Scores that were in force once: which of a lead's course may go.

Its latest ones stay, from which a trend is told, and so does whatever a person said. Outcomes and the watches over them
need none of these: what was said when a score was asked for stands with the lead and its sample.

Whether one may go only its lead tells, and most stay for long; so each turn looks at a stretch of the table, and the next
one goes on there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, and_, cast, delete, false, func, or_, select
from sqlalchemy.orm import Session

from cloud_sync.crm.scoring.storing import REMEMBERED
from cloud_sync.retention.rules import Rules
from cloud_sync.store.db import changed_by, insert_once
from cloud_sync.store.models import CrmLead, CrmScore, Setting

AT_ONCE = 10_000
"""So many are looked at in one reading of the table, which locks nobody out."""
READINGS = 10
"""So many readings that find nothing end a turn: of a large table one sees a part."""
SETTING = "retention_scores"
_AFTER = "after"
_OF_LEAD = and_(CrmLead.connection == CrmScore.connection, CrmLead.object_id == CrmScore.object_id)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one reading found: numbers of scores that may go; the next one begins after `end`, 0: at the beginning."""

    old: Sequence[int]
    end: int


def place(session: Session) -> int:
    """The score after which the next reading begins."""
    row = session.get(Setting, SETTING)
    after = row.value[_AFTER] if row is not None else 0
    return after if isinstance(after, int) else 0


def keep_place(session: Session, after: int) -> None:
    """Notes it for the next turn, whichever process has it."""
    insert_once(session, Setting, [{"key": SETTING, "value": {}}])
    session.get_one(Setting, SETTING, with_for_update=True).value = {_AFTER: after}


def find_old(session: Session, rules: Rules, most: int, after: int) -> Stretch:
    """Looks at the next `AT_ONCE` scores.

    Args:
        most: entries of one lead that stay; 0: all that are young enough.
        after: where the reading before ended.
    """
    number = CrmScore.id
    here = select(number).where(number > after).order_by(number)
    end = session.scalar(here.offset(AT_ONCE - 1).limit(1))
    query = select(number).join(CrmLead, _OF_LEAD).where(number > after, *_old(rules, most))
    found = session.scalars(query if end is None else query.where(number <= end))
    return Stretch(found.all(), end or 0)


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
