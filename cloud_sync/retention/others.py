"""Pruning tables that no ledger counts: alerts, effects, CRM events, the audit log, the clocks of old boots.

Each is a row of one table here: which rows may go, by which key they are taken in portions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select, tuple_
from sqlalchemy.orm import Session

from cloud_sync.effects import letters
from cloud_sync.retention.rules import ALERTS, AUDIT_LOG, CLOCKS, CRM_EVENTS, EFFECTS, Rules
from cloud_sync.store.models import (
    Alert,
    AuditLog,
    BootClock,
    CrmConnection,
    CrmEvent,
    Effect,
    Sample,
)
from cloud_sync.store.types import Base

PORTION = 500


@dataclass(frozen=True, slots=True)
class OldRows:
    """Rows of a table that may go; `key` is its primary key.

    Attributes:
        oldest_first: an order that an index has, so that of a large table the first that is too young ends the search.
        prune: removes a portion of so many by an index of its own, where there is one.
    """

    kind: str
    table: type[Base]
    key: Sequence[Any]
    condition: ColumnElement[bool]
    oldest_first: Sequence[Any] = ()
    prune: Callable[[Session, int], int] | None = None


def old_rows(rules: Rules) -> Iterator[OldRows]:
    """What may go by the rules, table by table."""
    if rules.alerts:
        over = (Alert.at < rules.alerts) & (Alert.seen_at < rules.alerts)
        yield OldRows(ALERTS, Alert, [Alert.id], over, [Alert.at, Alert.id])
    if rules.effects:
        for state in letters.FINAL:
            over = (Effect.state == state) & (Effect.next_at < rules.effects)
            prune = partial(_prune_effects, state, rules.effects)
            yield OldRows(EFFECTS, Effect, [Effect.id], over, prune=prune)
    if rules.crm_events:
        old = CrmEvent.received_at < rules.crm_events
        key = [CrmEvent.connection, CrmEvent.event_id]
        prune = partial(_prune_crm_events, rules.crm_events)
        yield OldRows(CRM_EVENTS, CrmEvent, key, old, prune=prune)
    if rules.audit_log:
        aged, oldest_first = AuditLog.at < rules.audit_log, [AuditLog.at, AuditLog.id]
        yield OldRows(AUDIT_LOG, AuditLog, [AuditLog.id], aged, oldest_first)
    used = exists().where(Sample.device == BootClock.device, Sample.boot == BootClock.boot)
    yield OldRows(
        CLOCKS,
        BootClock,
        [BootClock.device, BootClock.boot],
        (BootClock.updated_at < rules.clocks) & ~used,
    )


def prune_some(session: Session, rows: OldRows) -> int:
    """Removes a portion; how many went."""
    if rows.prune is not None:
        return rows.prune(session, PORTION)
    some = select(*rows.key).where(rows.condition).limit(PORTION)
    some = some.order_by(*(rows.oldest_first or rows.key))
    found = [tuple(row) for row in session.execute(some)]
    if found:
        session.execute(delete(rows.table).where(tuple_(*rows.key).in_(found)))
    return len(found)


def _prune_effects(state: str, before: datetime, session: Session, limit: int) -> int:
    return letters.prune(session, state, before, limit)


def _prune_crm_events(before: datetime, session: Session, limit: int) -> int:
    """By the index of each connection's last ones: nearly all of a large table is younger."""
    count = 0
    for name in session.scalars(select(CrmConnection.name).order_by(CrmConnection.name)).all():
        mine = CrmEvent.connection == name
        some = select(CrmEvent.event_id).where(mine, CrmEvent.received_at < before)
        some = some.order_by(CrmEvent.received_at).limit(limit - count)
        found = session.scalars(some).all()
        if found:
            # not as pairs, a condition each: PostgreSQL takes a tenth of a second to plan 500
            session.execute(delete(CrmEvent).where(mine, CrmEvent.event_id.in_(found)))
        count += len(found)
    return count


def count_old(session: Session, rows: OldRows) -> int:
    """How many would go."""
    query = select(func.count()).select_from(rows.table).where(rows.condition)
    return session.scalar(query) or 0
