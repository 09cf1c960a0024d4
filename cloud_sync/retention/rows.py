"""Pruning the rows of outboxes, a portion at a time, in the order of their numbers.

Only sealed rows go (`intake/sealing.py`): the ledger still knows that they arrived, and one that is
sent again is still known. Each class of an outbox has a mark up to which it has been pruned; rows
below the mark are not looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cloud_sync.store.bulk import AT_ONCE
from cloud_sync.store.db import changed_by
from cloud_sync.store.models import Epoch, Event

PORTION = 5000
"""Rows looked at in one transaction, while the ingest of this outbox may have to wait."""
CHOSEN = 500
"""So many of them where each may be spared: a sample is looked for in other tables, and stands in many indexes."""


@dataclass(frozen=True, slots=True)
class Old:
    """A row that may go."""

    seq: int
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One portion: how many rows went, and whether there may be more."""

    pruned: int
    more: bool


Choose = Callable[[Sequence[Old]], Sequence[int]]
"""Which of some rows really go."""


def due(session: Session, klass: str, before: datetime) -> list[tuple[str, str]]:
    """Outboxes in which pruning a class has something to do, in random order.

    One seek in each: as long as the first row after the mark is not old, nothing behind it goes.
    Where a turn has no time for all of them, each gets its turn some time.
    """
    first = (
        select(Event.received_at)
        .where(Event.device == Epoch.device, Event.epoch == Epoch.epoch)
        .where(Event.seq > getattr(Epoch, f"pruned_to_{klass}"))
        .order_by(Event.seq)
        .limit(1)
        .scalar_subquery()
    )
    query = select(Epoch.device, Epoch.epoch).where(Epoch.first_at < before, first < before)
    rows = session.execute(query.order_by(func.random()))
    return [(device, epoch) for device, epoch in rows]


def prune_portion(
    session: Session,
    device: str,
    epoch: str,
    klass: str,
    before: datetime | None,
    *,
    quota: int = 0,
    choose: Choose | None = None,
) -> Step:
    """Removes the next rows of one class of an outbox.

    Args:
        before: rows that came before this time go.
        quota: so many rows go whenever they came.
        choose: may spare some of them; None: all go.
    """
    lock: Any = {"key_share": True}
    row = session.get(Epoch, (device, epoch), with_for_update=lock, populate_existing=True)
    if row is None:
        return Step(0, False)
    mark = getattr(row, f"pruned_to_{klass}")
    most = PORTION if choose is None else CHOSEN
    old, last, more = _walk(session, row, klass, mark, before, quota, most)
    if last == mark:
        return Step(0, False)
    if choose is None:
        pruned = _delete(session, row, klass, mark, last) if old else 0
    else:
        pruned = _delete_some(session, row, choose(old))
    setattr(row, f"pruned_to_{klass}", last)
    setattr(row, f"pruned_{klass}", getattr(row, f"pruned_{klass}") + pruned)
    return Step(pruned, more)


def _walk(
    session: Session,
    row: Epoch,
    klass: str,
    mark: int,
    before: datetime | None,
    quota: int,
    most: int,
) -> tuple[list[Old], int, bool]:
    """Old rows after the mark, the new mark, and whether the portion ended before the old rows."""
    body = Event.body if klass == "s" else Event.seq
    age = Event.received_at < before if before is not None else Event.seq < 0
    query = (
        select(Event.seq, Event.klass, Event.kind, age, body)
        .where(Event.device == row.device, Event.epoch == row.epoch)
        .where(Event.seq > mark, Event.seq <= row.sealed_seq)
        .order_by(Event.seq)
        .limit(PORTION)
    )
    old: list[Old] = []
    seen, last = 0, mark
    for seq, of, kind, is_old, content in session.execute(query):
        if of == klass:
            if not (is_old or len(old) < quota):
                return old, last, False
            old.append(Old(seq, kind, content if isinstance(content, dict) else {}))
        seen, last = seen + 1, seq
        if len(old) == most:
            return old, last, True
    return old, last, seen == PORTION


def _delete(session: Session, row: Epoch, klass: str, mark: int, last: int) -> int:
    done = session.execute(
        delete(Event)
        .where(Event.device == row.device, Event.epoch == row.epoch, Event.klass == klass)
        .where(Event.seq > mark, Event.seq <= last)
    )
    return changed_by(done)


def _delete_some(session: Session, row: Epoch, seqs: Sequence[int]) -> int:
    for first in range(0, len(seqs), AT_ONCE):
        session.execute(
            delete(Event)
            .where(Event.device == row.device, Event.epoch == row.epoch)
            .where(Event.seq.in_(seqs[first : first + AT_ONCE]))
        )
    return len(seqs)
