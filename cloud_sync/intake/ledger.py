"""The loss ledger: of every outbox what was expected, arrived, was given up and is still missing.

Numbers in an outbox have no holes, so `1 .. highest` is what there must be, and every number is
exactly one of: here, declared lost by the device (a gap row), or missing without a word. The three
add up to what was expected, always. Read-only; `watch.py` tells of what is missing for long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from cloud_sync.intake.clock import to_time
from cloud_sync.intake.matching import Declared, Run, explain
from cloud_sync.store.models import BootClock, Epoch, Event, Gap
from kits.core.events import EVENT_CLASSES

SHOWN_RUNS = 20
DATED_GAPS = 50
"""Of how many declarations per outbox, the newest, the times around them are looked up."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """One declaration; `rows` of the `declared` ones are not here.

    `since` and `until` are the times of the rows around it, as far as there are any.
    """

    klass: str
    reason: str
    declared: int
    rows: int
    blobs: int
    bytes: int
    first_seq: int
    last_seq: int
    told_at: datetime
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """One outbox (epoch) of a device. `number` counts the device's outboxes from 1.

    `expected` = sum of `arrived` + sum of `given_up` + `missing`.
    """

    device: str
    epoch: str
    number: int
    first_at: datetime
    last_at: datetime
    expected: int
    arrived: dict[str, int]
    given_up: dict[str, int]
    missing: int
    missing_since: datetime | None
    missing_runs: tuple[Run, ...]
    gaps: tuple[GivenUp, ...]
    duplicates: int

    @property
    def here(self) -> int:
        """Rows of all classes that arrived."""
        return sum(self.arrived.values())

    @property
    def lost(self) -> int:
        """Rows of all classes that were given up."""
        return sum(self.given_up.values())

    @property
    def blobs(self) -> int:
        """Pictures and other bytes that were given up."""
        return sum(gap.blobs for gap in self.gaps)

    @property
    def complete(self) -> bool:
        """Whether everything arrived."""
        return self.here == self.expected and not self.blobs


def accounts(session: Session, device: str = "") -> list[Account]:
    """All outboxes of a device, or of all devices; a device's outboxes in the order they began."""
    query = select(Epoch).order_by(Epoch.device, Epoch.first_at, Epoch.epoch)
    gaps = select(Gap).order_by(Gap.device, Gap.epoch, Gap.seq)
    if device:
        query, gaps = query.where(Epoch.device == device), gaps.where(Gap.device == device)
    by_epoch: dict[tuple[str, str], list[Gap]] = {}
    for gap in session.scalars(gaps):
        by_epoch.setdefault((gap.device, gap.epoch), []).append(gap)
    numbers: dict[str, int] = {}
    found = []
    for row in session.scalars(query):
        numbers[row.device] = numbers.get(row.device, 0) + 1
        declared = by_epoch.get((row.device, row.epoch), [])
        found.append(_account(session, row, numbers[row.device], declared))
    return found


def suspects(session: Session) -> list[tuple[str, str]]:
    """(device, epoch) of outboxes that may miss rows without a word: cheap, to look closer then.

    One that declared by mistake as many rows as it silently lost is not among them; its account
    shows it all the same.
    """
    declared = (
        select(Gap.device, Gap.epoch, func.sum(Gap.rows).label("rows"))
        .group_by(Gap.device, Gap.epoch)
        .subquery()
    )
    absent = Epoch.highest_seq - Epoch.rows
    query = (
        select(Epoch.device, Epoch.epoch)
        .outerjoin(
            declared, (declared.c.device == Epoch.device) & (declared.c.epoch == Epoch.epoch)
        )
        .where(or_(absent > func.coalesce(declared.c.rows, 0), Epoch.missing_since.is_not(None)))
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def missing_runs(session: Session, epoch: Epoch) -> list[Run]:
    """Runs of numbers that are not here; no query when nothing is."""
    if epoch.rows == epoch.highest_seq:
        return []
    before = func.lag(Event.seq, 1, 0).over(order_by=Event.seq)
    seen = (
        select(Event.seq.label("seq"), before.label("before"))
        .where(Event.device == epoch.device, Event.epoch == epoch.epoch)
        .subquery()
    )
    holes = select(seen.c.before + 1, seen.c.seq - 1).where(seen.c.seq > seen.c.before + 1)
    return [(row[0], row[1]) for row in session.execute(holes.order_by(seen.c.seq))]


def _account(session: Session, epoch: Epoch, number: int, gaps: Sequence[Gap]) -> Account:
    missing = missing_runs(session, epoch)
    told = [Declared(gap.first_seq, gap.last_seq, gap.rows) for gap in gaps]
    explained = explain(missing, told)
    given_up: dict[str, int] = dict.fromkeys(map(str, EVENT_CLASSES), 0)
    for gap, rows in zip(gaps, explained.rows):
        given_up[gap.klass] += rows
    kept = [(gap, rows) for gap, rows in zip(gaps, explained.rows) if rows or gap.blobs]
    return Account(
        device=epoch.device,
        epoch=epoch.epoch,
        number=number,
        first_at=epoch.first_at,
        last_at=epoch.last_at,
        expected=epoch.highest_seq,
        arrived={klass: getattr(epoch, f"rows_{klass}") for klass in EVENT_CLASSES},
        given_up=given_up,
        missing=sum(last - first + 1 for first, last in explained.left),
        missing_since=epoch.missing_since,
        missing_runs=explained.left[:SHOWN_RUNS],
        gaps=tuple(
            _given_up(session, gap, rows, dated=number >= len(kept) - DATED_GAPS)
            for number, (gap, rows) in enumerate(kept)
        ),
        duplicates=epoch.duplicates,
    )


def _given_up(session: Session, gap: Gap, rows: int, *, dated: bool) -> GivenUp:
    return GivenUp(
        klass=gap.klass,
        reason=gap.reason,
        declared=gap.rows,
        rows=rows,
        blobs=gap.blobs,
        bytes=gap.bytes,
        first_seq=gap.first_seq,
        last_seq=gap.last_seq,
        told_at=gap.at,
        since=_time_near(session, gap, before=True) if dated else None,
        until=_time_near(session, gap, before=False) if dated else None,
    )


def _time_near(session: Session, gap: Gap, *, before: bool) -> datetime | None:
    """When the row next to a gap was made, by the hub's knowledge of the device's clock."""
    query = (
        select(Event.wall, Event.trust, Event.mono_ns, BootClock.offset_ns)
        .outerjoin(BootClock, (BootClock.device == Event.device) & (BootClock.boot == Event.boot))
        .where(Event.device == gap.device, Event.epoch == gap.epoch)
    )
    if before:
        query = query.where(Event.seq < gap.first_seq).order_by(Event.seq.desc())
    else:
        query = query.where(Event.seq > gap.last_seq).order_by(Event.seq)
    row = session.execute(query.limit(1)).first()
    if row is None:
        return None
    wall, trust, mono_ns, offset_ns = row
    if trust == "ntp" or offset_ns is None:
        return wall
    return to_time(offset_ns + mono_ns)
