"""Whose turn it is where more leads wait than can be taken at once: mostly those that something happened to last.

A firm that puts the list of a trade fair into its CRM makes thousands of leads news. Who asks for an offer meanwhile shall
not wait behind them, so what came last goes first; what has waited longest has a share that nobody takes from it, so
that none waits for ever. In a queue that is short all are taken, and it is none of either. Adaptive LIFO, without its
switch: Maurer, "Fail at Scale", ACM Queue 13 (8), 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from cloud_sync.store.models import CrmLead

Order = tuple[ColumnElement[Any], ColumnElement[Any]]
"""Since when they wait, and the order of those that have waited alike."""
LONGEST_WAITING = 0.2
"""Share of what is taken that is of those that wait longest, at least one of several."""


def in_turn(
    session: Session,
    waiting: Sequence[ColumnElement[bool]],
    *,
    last: Order,
    longest: Order,
    limit: int,
) -> list[CrmLead]:
    """Takes so many of them, each locked; what came last stands first.

    Args:
        waiting: conditions, which an index serves in both orders.
        last: the order that begins with what came last.
        longest: the order that begins with what has waited longest.
    """
    rows = in_order(session, waiting, last, limit)
    if len(rows) < limit or limit < 2:
        return rows
    share = in_order(session, waiting, longest, max(1, round(limit * LONGEST_WAITING)))
    names = {lead.object_id for lead in share}
    others = [lead for lead in rows if lead.object_id not in names]
    return others[: limit - len(share)] + share


def in_order(
    session: Session, waiting: Sequence[ColumnElement[bool]], order: Order, limit: int
) -> list[CrmLead]:
    """Takes so many of them in this order, each locked."""
    query = select(CrmLead).where(*waiting).order_by(*order).limit(limit)
    return list(session.scalars(query.with_for_update(skip_locked=True)))
