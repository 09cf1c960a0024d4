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
from sqlalchemy.orm import Session

from cloud_sync.effects.outbox import EffectOutbox
from cloud_sync.intake.carry import Carrier
from cloud_sync.intake.clock import MAX_BOOT_LENGTH, MAX_NS, ClockBook, to_time
from cloud_sync.intake.decode import FrameIn, Spoiled
from cloud_sync.intake.epochs import Count, Key, Outbox, count_rows, late_rows, open_outboxes
from cloud_sync.store import models
from cloud_sync.store.bulk import Value, Values, aware, insert_fresh, sql_time
from kits.core.events import DecisionBody, DraftBody, Event, Stamp

Rows = Mapping[Key, Event | Spoiled]
_EVENT = (
    "device", "epoch", "seq", "klass", "kind", "wall", "boot", "mono_ns", "trust", "received_at",
    "body",
)  # fmt: skip
_KEY = ("device", "epoch", "seq")


@dataclass
class Outcome:
    """What one transaction did; counted after its commit.

    Attributes:
        rows: class → rows that were new.
        duplicates: rows that were there already.
        odd: reasons why a new row was kept as an event only.
        unreadable: device → why a new row of it was not understood.
        announced: (device, epoch, digest) of blobs announced by new *or repeated* rows.
        newest: latest wall time among the rows.
        unknown_bundle: decisions of bundles this hub does not know.
    """

    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    duplicates: int = 0
    odd: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    announced: list[tuple[str, str, str]] = field(default_factory=list)
    newest: datetime | None = None
    unknown_bundle: int = 0

    def add(self, other: Outcome) -> None:
        """Also what `other` did."""
        for klass, count in other.rows.items():
            self.rows[klass] += count
        self.duplicates += other.duplicates
        self.odd += other.odd
        self.unreadable |= other.unreadable
        self.announced += other.announced
        self.unknown_bundle += other.unknown_bundle
        if self.newest is None or (other.newest is not None and other.newest > self.newest):
            self.newest = other.newest


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
    by_key, stamps, sent = _unpack(frames)
    if not by_key:
        return outcome
    now = to_time(received_ns)
    sealed = open_outboxes(session, {key[:2] for key in by_key}, now)
    clocks.observe(session, stamps, received_ns)
    late, fresh_late = late_rows(session, by_key, sealed)
    fresh = _insert_events(
        session, {k: r for k, r in by_key.items() if k not in late or k in fresh_late}, received_ns
    )
    outcome.duplicates = sent - len(fresh)
    count_rows(session, _counts(by_key, fresh, fresh_late), now)
    carrier = Carrier(session, blob_limit, clocks, effects, received_ns)
    readable = {key: row for key, row in fresh.items() if isinstance(row, Event)}
    carrier.carry(readable)
    outcome.odd = [*carrier.odd, *("unreadable row" for _ in range(len(fresh) - len(readable)))]
    outcome.unknown_bundle = carrier.unknown_bundle
    for (device, _epoch, _seq), row in fresh.items():
        outcome.rows[row.klass] += 1
        if isinstance(row, Spoiled):
            outcome.unreadable[device] = row.reason
    _collect(by_key, outcome)
    return outcome


def _unpack(
    frames: Iterable[FrameIn],
) -> tuple[dict[Key, Event | Spoiled], list[tuple[str, Stamp]], int]:
    """Rows by key, the newest stamps, and how many rows there were.

    Ordered by the whole key, so that two workers with the same rows never wait for each other
    crosswise.
    """
    found: dict[Key, Event | Spoiled] = {}
    stamps: list[tuple[str, Stamp]] = []
    sent = 0
    for item in frames:
        stamps += _newest(item)
        device, epoch = item.topic.device, item.frame.epoch
        rows: tuple[Event | Spoiled, ...] = (*item.frame.rows, *item.spoiled)
        for row in rows:
            sent += 1
            found.setdefault((device, epoch, row.seq), row)
    return dict(sorted(found.items(), key=lambda item: item[0])), stamps, sent


def _newest(item: FrameIn) -> list[tuple[str, Stamp]]:
    """The newest row of each boot in a frame was delayed least: only it says something new."""
    newest = {row.at.boot: row.at for row in item.frame.rows}
    return [(item.topic.device, stamp) for stamp in newest.values()]


def _insert_events(session: Session, by_key: Rows, received_ns: int) -> dict[Key, Event | Spoiled]:
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
    fresh = insert_fresh(session, models.Event, _EVENT, rows, _KEY)
    return {key: row for (key, row), new in zip(by_key.items(), fresh) if new}


def _body(row: Event) -> Value:
    if isinstance(row.body, DecisionBody | DraftBody):
        # their own tables hold the rest
        return _text({"sample_id": row.body.sample_id})
    return to_json(row.body, inf_nan_mode="null").decode()


def _text(value: object) -> str:
    return to_json(value, inf_nan_mode="null").decode()


def _counts(by_key: Rows, fresh: Rows, late: set[Key]) -> dict[Outbox, Count]:
    counts: dict[Outbox, Count] = defaultdict(Count)
    for key, row in by_key.items():
        count = counts[key[:2]]
        count.highest = max(count.highest, key[2])
        if key not in fresh:
            count.duplicates += 1
            continue
        count.rows[row.klass] += 1
        if key in late:
            count.late[row.klass] = min(count.late.get(row.klass, key[2]), key[2])
    return counts


def _collect(by_key: Rows, outcome: Outcome) -> None:
    for (device, epoch, _seq), row in by_key.items():
        if not isinstance(row, Event):
            continue
        wall = aware(row.at.wall)
        if outcome.newest is None or wall > outcome.newest:
            outcome.newest = wall
        if isinstance(row.body, DecisionBody) and row.body.blob is not None:
            outcome.announced.append((device, epoch, row.body.blob.digest))
