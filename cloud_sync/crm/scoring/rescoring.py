"""What is read and scored in the background: leads that a sweep found, then those whose score is not what it would be now,
because they have grown older, or an earlier bundle made it or a clock that was wrong, those that were scored last first.

No more than one batch is made due at once, and only where nothing newer waits: events are never held up by it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, TextClause, UnaryExpression, select, update
from sqlalchemy.orm import Session

from cloud_sync.crm.order import take_whole
from cloud_sync.crm.scoring.storing import AHEAD
from cloud_sync.spans import has_passed
from cloud_sync.store.models import CrmConnection, CrmLead
from cloud_sync.store.models.crm import AGAIN, DUE_LATER, SCORED

ASKED = timedelta(seconds=10)
TRIED_AGAIN = timedelta(days=1)
"""A lead that has grown older and cannot be scored then is not asked for again sooner."""
Conditions: TypeAlias = tuple[ColumnElement[bool] | TextClause, ...]
Order: TypeAlias = tuple[UnaryExpression[Any], ...]
_LAST_FIRST: Order = (CrmLead.bundle.desc(), CrmLead.scored_at.desc())


class Backlog:
    """Whether scores are to be made anew, asked for once in a while where there were none the last time."""

    def __init__(self) -> None:
        self._none: dict[str, tuple[str, datetime]] = {}  # connection → bundle, when it was asked

    def waits(self, session: Session, connection: str, bundle: str, now: datetime) -> bool:
        """Whether there are any."""
        known, at = self._none.get(connection, ("", None))
        if known == bundle and not has_passed(at, ASKED, now):
            return False
        for wanted, _order in older(connection, bundle, now):
            if session.scalar(select(CrmLead.object_id).where(*wanted).limit(1)) is not None:
                self._none.pop(connection, None)
                return True
        self._none[connection] = bundle, now
        return False


def older(connection: str, bundle: str, now: datetime) -> tuple[tuple[Conditions, Order], ...]:
    """Conditions, any of which will do, each with the order in which its leads are scored.

    They are open leads whose score is another bundle's, or of a time that lies ahead, or that are older than it holds for, and
    that nothing else makes due.

    How old a lead is counts in its score: what was scored while the clock was years ahead is scored again. Each is a
    stretch of an index; `!=` would be none.
    """
    idle = SCORED, CrmLead.connection == connection, CrmLead.due_at.is_(None), CrmLead.dead == ""
    return (
        ((*idle, CrmLead.bundle < bundle), _LAST_FIRST),
        ((*idle, CrmLead.bundle > bundle), _LAST_FIRST),
        ((*idle, CrmLead.bundle == bundle, CrmLead.scored_at > now + AHEAD), _LAST_FIRST),
        ((*idle, AGAIN, CrmLead.again_at <= now), (CrmLead.again_at.asc(),)),
    )


def found_later(connection: str) -> Conditions:
    """Conditions: leads of which a sweep found news and that nothing else makes due."""
    return DUE_LATER, CrmLead.connection == connection


def read_decided(session: Session, project: str, now: datetime) -> None:
    """Has leads read that were won or lost: they are scored no more, and may have objected where nobody listened before."""
    names = session.scalars(select(CrmConnection.name).where(CrmConnection.project == project))
    for name in sorted(names):
        take_whole(session, name)
        wanted = (
            CrmLead.connection == name, CrmLead.state.in_(("won", "lost")), CrmLead.points.is_not(None),
            CrmLead.due_at.is_(None), CrmLead.later_at.is_(None),
        )  # fmt: skip
        session.execute(update(CrmLead).where(*wanted).values(later_at=now))


def make_due(
    session: Session, connection: str, bundle: str, limit: int, now: datetime
) -> list[CrmLead]:
    """Makes some of them due, which the transaction has then."""
    # a sweep comes by the newest first
    found = select(CrmLead).where(*found_later(connection)).order_by(CrmLead.later_at)
    rows = list(session.scalars(found.limit(limit).with_for_update(skip_locked=True)))
    for wanted, order in older(connection, bundle, now):
        if len(rows) < limit:
            query = select(CrmLead).where(*wanted, CrmLead.later_at.is_(None))
            # the order of an index: sorted by anything else, all of them would be read for each batch
            query = query.order_by(*order)
            query = query.limit(limit - len(rows)).with_for_update(skip_locked=True)
            rows += session.scalars(query)
    for row in rows:
        row.due_at, row.later_at = now, None
        row.again_at = row.again_at and now + TRIED_AGAIN
    return rows
