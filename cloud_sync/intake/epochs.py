"""The outboxes a batch comes from: opened before its rows are written, counted after.

An open outbox cannot be sealed until the transaction ends; other ingests are not held up. Numbers
are added in the database, in a fixed order: what several workers add at a time adds up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import case, select, tuple_, update
from sqlalchemy.orm import Session

from cloud_sync.intake.sealing import take_late
from cloud_sync.store.bulk import Values, sql_time
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Epoch
from kits.core.events import EVENT_CLASSES

Outbox = tuple[str, str]
"""Device and epoch."""
Key = tuple[str, str, int]
KEYS_AT_ONCE = 200
PRUNABLE = ("a", "s", "t")


def open_outboxes(session: Session, wanted: Collection[Outbox], now: datetime) -> dict[Outbox, int]:
    """Outbox → up to which number it is sealed. Makes the rows of new ones."""
    found = _look(session, wanted)
    new = sorted(set(wanted) - found.keys())
    if new:
        rows = [
            {"device": device, "epoch": epoch, "first_at": now, "last_at": now}
            for device, epoch in new
        ]
        insert_once(session, Epoch, rows)
        found |= _look(session, new)
    return found


def _look(
    session: Session, wanted: Collection[Outbox], *, alone: bool = False
) -> dict[Outbox, int]:
    """`alone`: also other ingests of these outboxes wait until the end of the transaction."""
    ordered, found = sorted(wanted), {}
    for start in range(0, len(ordered), KEYS_AT_ONCE):
        query = (
            select(Epoch.device, Epoch.epoch, Epoch.sealed_seq)
            .where(tuple_(Epoch.device, Epoch.epoch).in_(ordered[start : start + KEYS_AT_ONCE]))
            .order_by(Epoch.device, Epoch.epoch)
            .with_for_update(read=not alone, key_share=True)
        )
        for device, epoch, sealed in session.execute(query):
            found[device, epoch] = sealed
    return found


def late_rows(
    session: Session, keys: Iterable[Key], sealed: Mapping[Outbox, int]
) -> tuple[set[Key], set[Key]]:
    """Rows whose number was sealed before they came: all of them, and those that are new.

    Rare: a row that was sent again, or one that was on its way for very long.
    """
    late: dict[Outbox, list[int]] = defaultdict(list)
    for device, epoch, seq in keys:
        if seq <= sealed[device, epoch]:
            late[device, epoch].append(seq)
    if not late:
        return set(), set()
    # all outboxes of the batch, so that two workers take them in the same order
    _look(session, sealed, alone=True)
    every, fresh = set(), set()
    for (device, epoch), numbers in sorted(late.items()):
        every |= {(device, epoch, number) for number in numbers}
        fresh |= {(device, epoch, number) for number in take_late(session, device, epoch, numbers)}
    return every, fresh


@dataclass
class Count:
    """What one transaction adds to an outbox; `late` are the lowest new numbers below the seal."""

    highest: int = 0
    duplicates: int = 0
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EVENT_CLASSES, 0))
    late: dict[str, int] = field(default_factory=dict)


def count_rows(session: Session, counts: Mapping[Outbox, Count], now: datetime) -> None:
    """Adds to the outboxes' counters."""
    ordered = sorted(counts.items())
    at = sql_time(session)(now)
    connection = session.connection()
    # past SQLAlchemy: a thousand devices may each send a row a second
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    values: list[Values] = [
        (
            count.highest, count.highest, at, sum(count.rows.values()), count.duplicates,
            *(count.rows[klass] for klass in EVENT_CLASSES), *outbox,
        )
        for outbox, count in ordered
    ]  # fmt: skip
    connection.exec_driver_sql(_ADD.replace("?", mark), values)
    _note_late(session, [(key, count) for key, count in ordered if count.late])


_ADD = (
    "UPDATE epoch SET highest_seq = CASE WHEN ? > highest_seq THEN ? ELSE highest_seq END, "  # noqa: S608  (constants)
    "last_at = ?, rows = rows + ?, duplicates = duplicates + ?, "
    + ", ".join(f"rows_{klass} = rows_{klass} + ?" for klass in EVENT_CLASSES)
    + " WHERE device = ? AND epoch = ?"
)


def _note_late(session: Session, late: Sequence[tuple[Outbox, Count]]) -> None:
    """A hole below the seal was filled: look at it again, and prune from there again."""
    for (device, epoch), count in late:
        changed: dict[str, object] = {"explained": 0}
        for klass, lowest in count.late.items():
            if klass in PRUNABLE:
                column = getattr(Epoch, f"pruned_to_{klass}")
                changed[f"pruned_to_{klass}"] = case((column >= lowest, lowest - 1), else_=column)
        session.execute(
            update(Epoch).where(Epoch.device == device, Epoch.epoch == epoch).values(**changed)
        )
