"""The loss ledger: of every outbox what was expected, arrived, was given up and is still missing.

Numbers in an outbox have no holes, so `1 .. highest` is what there must be, and every number is
exactly one of: arrived, declared lost by the device (a gap row), or missing without a word. The
three add up to what was expected, always, also when events were pruned since: what arrived stays
counted. Read-only, in one snapshot; `watch.py` tells of what is missing for long.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice

from sqlalchemy import ColumnElement, Select, UnaryExpression, exists, func, select
from sqlalchemy.orm import Session

from cloud_sync.intake.clock import to_time
from cloud_sync.intake.matching import Declared, Explained, Run, explain
from cloud_sync.intake.numbers import Missing
from cloud_sync.intake.sealing import missing_of
from cloud_sync.store.bulk import in_portions
from cloud_sync.store.models import BootClock, Epoch, Event, Gap
from kits.core.events import EVENT_CLASSES

SHOWN_RUNS = 20
DATED_GAPS = 50
"""Of how many declarations per outbox, the newest, the times around them are looked up."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """One declaration; `rows` of the `declared` ones are not here.

    `since` and `until` are the times of the rows around it, as far as there are any (`dated`).
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

    `expected` = sum of `arrived` + sum of `given_up` + `missing`. `pruned` is what arrived and was
    removed since, by the hub's own rules.
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
    pruned: dict[str, int]

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


@dataclass(frozen=True, slots=True)
class Totals:
    """All outboxes together; `expected` = `here` + `lost` + `missing`."""

    outboxes: int
    expected: int
    here: int
    lost: int
    missing: int
    pruned: int


def totals(session: Session, device: str = "", counted: Sequence[Account] = ()) -> Totals:
    """Sums, added up here: a device may count as far as it likes, a database may not.

    Args:
        counted: accounts of some of them; for the others what the last look explained counts.
    """
    exact = {(account.device, account.epoch): account.lost for account in counted}
    pruned = Epoch.pruned_a + Epoch.pruned_s + Epoch.pruned_t
    query = select(
        Epoch.device, Epoch.epoch, Epoch.highest_seq, Epoch.rows, Epoch.explained, pruned
    )
    rows = session.execute(query.where(Epoch.device == device) if device else query).all()
    expected, here = sum(row[2] for row in rows), sum(row[3] for row in rows)
    lost = sum(exact.get((row[0], row[1]), min(row[4], row[2] - row[3])) for row in rows)
    return Totals(
        len(rows), expected, here, lost, expected - here - lost, sum(row[5] for row in rows)
    )


def accounts(session: Session, device: str = "") -> list[Account]:
    """All outboxes of a device, or of all devices; a device's outboxes in the order they began."""
    return _accounts(session, _numbered(device).order_by(Epoch.device, "number"))


def accounts_after(session: Session, device: str, limit: int) -> tuple[list[Account], str]:
    """All outboxes of the next devices in the order of names.

    Args:
        device: they come after this one.
        limit: devices.

    Returns:
        the accounts, and the last device when there are more.
    """
    later = select(Epoch.device).distinct().where(Epoch.device > device).order_by(Epoch.device)
    names = session.scalars(later.limit(limit + 1)).all()
    page = names[:limit]
    query = _numbered().where(Epoch.device.in_(page)).order_by(Epoch.device, "number")
    return _accounts(session, query), (page[-1] if len(names) > limit else "")


def worst_accounts(session: Session, limit: int, device: str = "") -> list[Account]:
    """Outboxes with missing rows first, then those with losses, then the complete ones."""
    declared = exists().where(Gap.device == Epoch.device, Gap.epoch == Epoch.epoch)
    query = _numbered(device).order_by(
        (Epoch.missing > 0).desc(), (Epoch.rows < Epoch.highest_seq).desc(), declared.desc(),
        Epoch.device, "number",
    )  # fmt: skip
    return _accounts(session, query.limit(limit))


def undated_accounts(session: Session, devices: Collection[str]) -> list[Account]:
    """All outboxes of many devices, without the times of what was given up."""
    return [
        account
        for names in in_portions(devices)
        for account in _accounts(session, _numbered().where(Epoch.device.in_(names)), timed=0)
    ]


def account_of(session: Session, row: Epoch) -> Account:
    """The account of one outbox; its `number` is not counted."""
    return _account(session, row, 0, _gaps_of(session, row.device, row.epoch), DATED_GAPS)


def dated(session: Session, account: Account, gap: GivenUp) -> GivenUp:
    """The same declaration with the times of the rows around it."""
    outbox = (account.device, account.epoch)
    return replace(
        gap,
        since=_time_near(session, outbox, Event.seq < gap.first_seq, Event.seq.desc()),
        until=_time_near(session, outbox, Event.seq > gap.last_seq, Event.seq.asc()),
    )


def _numbered(device: str = "") -> Select[Epoch, int]:
    number = func.row_number().over(
        partition_by=Epoch.device, order_by=(Epoch.first_at, Epoch.epoch)
    )
    query = select(Epoch, number.label("number"))
    return query.where(Epoch.device == device) if device else query


def _accounts(
    session: Session, query: Select[Epoch, int], timed: int = DATED_GAPS
) -> list[Account]:
    rows = session.execute(query).all()
    told: defaultdict[tuple[str, str], list[Gap]] = defaultdict(list)
    for names in in_portions({row.device for row, _ in rows}):
        for gap in session.scalars(select(Gap).where(Gap.device.in_(names)).order_by(Gap.seq)):
            told[gap.device, gap.epoch].append(gap)
    return [
        _account(session, row, number, told.get((row.device, row.epoch), ()), timed)
        for row, number in rows
    ]


def _gaps_of(session: Session, device: str, epoch: str) -> Sequence[Gap]:
    query = select(Gap).where(Gap.device == device, Gap.epoch == epoch)
    return session.scalars(query.order_by(Gap.seq)).all()


def _explained(missing: Missing, gaps: Sequence[Gap]) -> Explained:
    """Counted in missing numbers only: the n-th of them, the ranks, have no holes between them."""
    told = [
        Declared(missing.rank(gap.first_seq - 1) + 1, missing.rank(gap.last_seq), gap.rows)
        for gap in gaps
    ]
    return explain([(1, missing.total)] if missing.total else [], told)


def _account(
    session: Session, epoch: Epoch, number: int, gaps: Sequence[Gap], timed: int
) -> Account:
    missing = missing_of(session, epoch)
    explained = _explained(missing, gaps)
    given_up: dict[str, int] = dict.fromkeys(map(str, EVENT_CLASSES), 0)
    for gap, rows in zip(gaps, explained.rows):
        given_up[gap.klass] += rows
    kept = [(gap, rows) for gap, rows in zip(gaps, explained.rows) if rows or gap.blobs]
    runs = chain.from_iterable(missing.runs(first, last) for first, last in explained.left)
    account = Account(
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
        missing_runs=tuple(islice(runs, SHOWN_RUNS)),
        gaps=tuple(_given_up(gap, rows) for gap, rows in kept),
        duplicates=epoch.duplicates,
        pruned={klass: getattr(epoch, f"pruned_{klass}", 0) for klass in EVENT_CLASSES},
    )
    first = max(0, len(kept) - timed)
    newest = (dated(session, account, gap) for gap in account.gaps[first:])
    return replace(account, gaps=(*account.gaps[:first], *newest))


def _given_up(gap: Gap, rows: int) -> GivenUp:
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
        since=None,
        until=None,
    )


def _time_near(
    session: Session,
    outbox: tuple[str, str],
    side: ColumnElement[bool],
    order: UnaryExpression[int],
) -> datetime | None:
    """When the row next to a gap was made, by the hub's knowledge of the device's clock."""
    query = (
        select(Event.wall, Event.trust, Event.mono_ns, BootClock.offset_ns)
        .outerjoin(BootClock, (BootClock.device == Event.device) & (BootClock.boot == Event.boot))
        .where(Event.device == outbox[0], Event.epoch == outbox[1], side)
    )
    row = session.execute(query.order_by(order).limit(1)).first()
    if row is None:
        return None
    wall, trust, mono_ns, offset_ns = row
    if trust == "ntp" or offset_ns is None:
        return wall
    return to_time(offset_ns + mono_ns)
