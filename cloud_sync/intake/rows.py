"""Frames into the event table, exactly once, inside the caller's transaction.

The event table decides what is new: its key (device, epoch, seq) takes each row once, and only
rows it took are carried on to their own tables (`carry.py`), to effects and to the counters.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic_core import to_json
from sqlalchemy import Executable, case
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from cloud_sync.effects.outbox import EffectOutbox
from cloud_sync.intake.carry import Carrier, Key
from cloud_sync.intake.clock import MAX_BOOT_LENGTH, MAX_NS, ClockBook, to_time
from cloud_sync.intake.decode import FrameIn, Spoiled
from cloud_sync.store import models
from cloud_sync.store.bulk import Value, Values, aware, insert_fresh, sql_time
from kits.core.events import EVENT_CLASSES, DecisionBody, Event, Stamp

_EVENT = (
    "device", "epoch", "seq", "klass", "kind", "wall", "boot", "mono_ns", "trust", "received_at",
    "body",
)  # fmt: skip


@dataclass
class Outcome:
    """What one transaction did; counted after its commit.

    Attributes:
        rows: class → rows that were new.
        duplicates: rows that were there already.
        odd: reasons why a new row was kept as an event only.
        announced: (device, epoch, digest) of blobs announced by new *or repeated* rows.
        newest: latest wall time among the rows.
        unknown_bundle: decisions of bundles this hub does not know.
    """

    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    duplicates: int = 0
    odd: list[str] = field(default_factory=list)
    announced: list[tuple[str, str, str]] = field(default_factory=list)
    newest: datetime | None = None
    unknown_bundle: int = 0


def write_frames(
    session: Session,
    frames: Iterable[FrameIn],
    *,
    blob_limit: int,
    clocks: ClockBook | None = None,
    effects: EffectOutbox | None = None,
    received_ns: int | None = None,
) -> Outcome:
    """Stores the rows of many frames.

    Args:
        frames: of known devices only.
        blob_limit: blobs above this size are not expected, bytes.
        clocks: learns the devices' clocks, and dates captures that they cannot date.
        effects: is told of alerts.
        received_ns: when the frames came, ns since 1970; None: now.
    """
    received_ns = received_ns or time.time_ns()
    clocks = clocks or ClockBook()
    outcome = Outcome()
    by_key: dict[Key, Event | Spoiled] = {}
    stamps: list[tuple[str, Stamp]] = []
    sent = 0
    # ordered, so that two workers never wait for each other's rows crosswise
    for item in sorted(frames, key=lambda item: (item.topic.device, item.frame.epoch)):
        stamps += _newest(item)
        device, epoch = item.topic.device, item.frame.epoch
        rows: tuple[Event | Spoiled, ...] = (*item.frame.rows, *item.spoiled)
        for row in rows:
            sent += 1
            by_key.setdefault((device, epoch, row.seq), row)
    if not by_key:
        return outcome
    clocks.observe(session, stamps, received_ns)
    fresh = _insert_events(session, by_key, received_ns)
    outcome.duplicates = sent - len(fresh)
    _note_epochs(session, by_key, fresh, received_ns)
    carrier = Carrier(session, blob_limit, clocks, effects, received_ns)
    readable = {key: row for key, row in fresh.items() if isinstance(row, Event)}
    carrier.carry(readable)
    outcome.odd = [*carrier.odd, *("unreadable row" for _ in range(len(fresh) - len(readable)))]
    outcome.unknown_bundle = carrier.unknown_bundle
    for row in fresh.values():
        outcome.rows[row.klass] += 1
    _collect(by_key, outcome)
    return outcome


def _newest(item: FrameIn) -> list[tuple[str, Stamp]]:
    """The newest row of each boot in a frame was delayed least: only it says something new."""
    newest = {row.at.boot: row.at for row in item.frame.rows}
    return [(item.topic.device, stamp) for stamp in newest.values()]


def _insert_events(
    session: Session, by_key: Mapping[Key, Event | Spoiled], received_ns: int
) -> dict[Key, Event | Spoiled]:
    to_sql = sql_time(session)
    received = to_sql(to_time(received_ns))
    rows: list[Values] = []
    for key, row in by_key.items():
        if isinstance(row, Spoiled):
            body = _text({"reason": row.reason, "raw": row.raw})
            rows.append((*key, row.klass, "unreadable", received, "", 0, "none", received, body))
            continue
        at = row.at
        rows.append(
            (
                *key, row.klass, row.body.kind, to_sql(at.wall), at.boot[:MAX_BOOT_LENGTH],
                at.mono_ns if 0 <= at.mono_ns < MAX_NS else 0, at.trust, received, _body(row),
            )
        )  # fmt: skip
    fresh = insert_fresh(session, models.Event, _EVENT, rows)
    return {key: row for (key, row), new in zip(by_key.items(), fresh) if new}


def _body(row: Event) -> Value:
    if isinstance(row.body, DecisionBody):
        return _text({"sample_id": row.body.sample_id})
    return to_json(row.body, inf_nan_mode="null").decode()


def _text(value: object) -> str:
    return to_json(value, inf_nan_mode="null").decode()


def _note_epochs(
    session: Session,
    by_key: Mapping[Key, Event | Spoiled],
    fresh: Mapping[Key, Event | Spoiled],
    received_ns: int,
) -> None:
    """Adds to the epochs' counters in one statement: two workers may do so at the same time."""
    counts: dict[tuple[str, str], _Count] = defaultdict(_Count)
    for key, row in by_key.items():
        count = counts[key[0], key[1]]
        count.highest = max(count.highest, key[2])
        if key in fresh:
            count.rows[row.klass] += 1
        else:
            count.duplicates += 1
    now = to_time(received_ns)
    values = [
        {
            "device": device, "epoch": epoch, "first_at": now, "last_at": now,
            "highest_seq": count.highest, "rows": sum(count.rows.values()),
            "duplicates": count.duplicates,
            **{f"rows_{klass}": count.rows[klass] for klass in EVENT_CLASSES},
        }
        for (device, epoch), count in counts.items()
    ]  # fmt: skip
    session.execute(_adding(session), values)


@dataclass
class _Count:
    """What one transaction adds to an epoch."""

    highest: int = 0
    duplicates: int = 0
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EVENT_CLASSES, 0))


def _adding(session: Session) -> Executable:
    """Inserts an epoch's counters or adds to them; a number computed here would lose updates."""
    make = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = make(models.Epoch)
    new, old = statement.excluded, models.Epoch
    added = {
        name: getattr(old, name) + new[name]
        for name in ("rows", "duplicates", *(f"rows_{klass}" for klass in EVENT_CLASSES))
    }
    highest = case((new.highest_seq > old.highest_seq, new.highest_seq), else_=old.highest_seq)
    return statement.on_conflict_do_update(
        index_elements=[old.device, old.epoch],
        set_={**added, "highest_seq": highest, "last_at": new.last_at},
    )


def _collect(by_key: Mapping[Key, Event | Spoiled], outcome: Outcome) -> None:
    for (device, epoch, _seq), row in by_key.items():
        if not isinstance(row, Event):
            continue
        wall = aware(row.at.wall)
        if outcome.newest is None or wall > outcome.newest:
            outcome.newest = wall
        if isinstance(row.body, DecisionBody) and row.body.blob is not None:
            outcome.announced.append((device, epoch, row.body.blob.digest))
