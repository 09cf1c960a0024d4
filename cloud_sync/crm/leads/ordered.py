"""Keys of leads in the two orders of the hot list, each read as a stretch of an index from where the last page ended.

Of open leads every connection has a stretch of its own, whose order an index has; they are joined here. The keys
of others, which few ask for, are sorted each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import ColumnElement, SQLColumnExpression, TextClause, func, literal, select, tuple_
from sqlalchemy.orm import Session

from cloud_sync.store.models import CrmLead

NEVER = -1.0
"""In place of the probability of a lead that was never scored."""
Key = tuple[str, str]
"""Connection and id."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some of the leads.

    Attributes:
        connection: empty: of all.
        wanted: which of them.
        share: of them that stands by lot, and so in no other place.
        scored: none of them is without a probability.
    """

    connection: str
    wanted: Sequence[ColumnElement[bool] | TextClause]
    share: float
    scored: bool

    @property
    def chance(self) -> SQLColumnExpression[float | None]:
        """Their probability."""
        return CrmLead.probability if self.scored else func.coalesce(CrmLead.probability, NEVER)


def by_heat(
    session: Session, stretches: Sequence[Stretch], last: Sequence[JsonValue], limit: int
) -> list[Key]:
    """Hot before warm before cold, and the most probable first; ties by connection and id, the last first.

    Args:
        last: heat, probability, connection and id of the last one that was shown; empty: it begins.
    """
    found: list[tuple[int, float, str, str]] = []
    for some in stretches:
        order = (CrmLead.heat, some.chance, CrmLead.connection, CrmLead.object_id)
        query = select(*order).where(*some.wanted)
        if some.share:
            # a sum, which no index has: by that of lots nearly all would be read, and sorted
            query = query.where(CrmLead.lot + 0.0 >= some.share)
        if last:
            query = query.where(_below(some, last))
        query = query.order_by(*(column.desc() for column in order)).limit(limit)
        rows = session.execute(query)
        found += [(heat, NEVER if p is None else p, owner, name) for heat, p, owner, name in rows]
    if len(stretches) > 1:  # within each, ids stand as the database has them
        found.sort(key=lambda one: one[:3], reverse=True)
    return [(connection, name) for _heat, _chance, connection, name in found[:limit]]


def _below(some: Stretch, last: Sequence[JsonValue]) -> ColumnElement[bool]:
    heat, chance, connection, name = (literal(value) for value in last)
    ahead = tuple_(CrmLead.heat, some.chance), tuple_(heat, chance)
    if not some.connection:
        mine = tuple_(CrmLead.heat, some.chance, CrmLead.connection, CrmLead.object_id)
        return mine < tuple_(heat, chance, connection, name)
    if some.connection == last[2]:
        return tuple_(CrmLead.heat, some.chance, CrmLead.object_id) < tuple_(heat, chance, name)
    return ahead[0] <= ahead[1] if some.connection < str(last[2]) else ahead[0] < ahead[1]


def by_lot(
    session: Session, stretches: Sequence[Stretch], last: Sequence[JsonValue], limit: int
) -> list[Key]:
    """Those that stand by lot, in random order.

    Args:
        last: lot, connection and id of the last one that was shown; empty: it begins.
    """
    found: list[tuple[float, str, str]] = []
    for some in stretches:
        if not some.share:
            continue
        order = (CrmLead.lot, CrmLead.connection, CrmLead.object_id)
        query = select(*order).where(*some.wanted, CrmLead.lot < some.share)
        if last:
            query = query.where(_above(some.connection, last))
        rows = session.execute(query.order_by(*order).limit(limit))
        found += [(drawn, owner, name) for drawn, owner, name in rows]
    if len(stretches) > 1:
        found.sort(key=lambda one: one[:2])
    return [(connection, name) for _lot, connection, name in found[:limit]]


def _above(connection: str, last: Sequence[JsonValue]) -> ColumnElement[bool]:
    lot, before, name = last
    if connection == before:
        return tuple_(CrmLead.lot, CrmLead.object_id) > tuple_(literal(lot), literal(name))
    return CrmLead.lot >= lot if connection > str(before) else CrmLead.lot > lot
