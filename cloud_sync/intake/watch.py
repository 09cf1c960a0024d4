"""What the hub looks after in what arrived: clocks, holes, leftovers. A loop beside the ingest.

Every step is idempotent and may run in several processes at the same time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Row, bindparam, delete, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.fleet.silence import look_for_silent
from cloud_sync.hub import Hub
from cloud_sync.intake.clock import to_time
from cloud_sync.intake.ledger import Account, account_of
from cloud_sync.intake.parts import part_path
from cloud_sync.intake.sealing import seal
from cloud_sync.intake.words import duration_words
from cloud_sync.loop import Loop, Looping, always
from cloud_sync.store.bulk import hold_in_order
from cloud_sync.store.giving_way import GivingWay
from cloud_sync.store.models import BlobPart, BootClock, Epoch, Sample
from cloud_sync.store.models.intake import HERE
from cloud_sync.store.types import UtcDateTime
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

HOLE_ALERT = "rows-missing"
POLL_S = 10.0
HOLES_EVERY_S = 60.0
CLEAN_EVERY_S = 3600.0
LOOK_S = 20.0
"""One look lasts no longer; what is left is for the next one."""
SEAL_AFTER = timedelta(hours=1)
"""Rows that came this long ago are sealed: what is still to come has mostly come by then."""
MOVED_NS = 500_000_000
"""An offset that got better by this much dates the samples of its boot again."""
REDATE_ROWS = 1000
BOOTS_AT_ONCE = 100
HEARD_WITHIN_S = 1800.0
"""After so long at work the hub has heard of every device that is there, however long it was off."""
PART_DAYS = 14
LEFTOVER_S = 86_400.0
_REDATE = (
    update(Sample)
    .where(Sample.id == bindparam("name"))
    .values(captured_at=bindparam("at", type_=UtcDateTime()))
)
"""By the table, not by the ORM: that a sample was pruned meanwhile is no error."""


class IntakeWatch(Looping):
    """The loop.

    Args:
        hub: whose tables.
        now: UTC.
    """

    def __init__(self, hub: Hub, *, now: Callable[[], datetime] = utc_now) -> None:
        self._hub = hub
        self._now = now
        self._looked_at = float("-inf")
        self._cleaned_at = float("-inf")
        self._listens_since = time.monotonic()
        self._loop = Loop(
            "intake-watch", self._turn, hub.metrics, after_fault=always(POLL_S), first_s=POLL_S
        )

    def _turn(self) -> float:
        self.step(time.monotonic())
        return POLL_S

    def step(self, monotonic_s: float) -> None:
        """One look."""
        redate(self._hub)
        if monotonic_s - self._looked_at >= HOLES_EVERY_S:
            self._looked_at = monotonic_s
            look_for_holes(self._hub, self._now())
        if monotonic_s - self._cleaned_at >= CLEAN_EVERY_S:
            self._cleaned_at = monotonic_s
            look_for_holes(self._hub, self._now(), every=True)
            clean(self._hub, self._now())
            if monotonic_s - self._listens_since >= HEARD_WITHIN_S:
                look_for_silent(self._hub, self._now())


def redate(hub: Hub) -> int:
    """Dates samples again whose boot's clock is known better now; how many."""
    moved, giving_way = 0, GivingWay()
    with hub.database.session() as session:
        changed = or_(
            BootClock.applied_ns.is_(None),
            BootClock.applied_ns - BootClock.offset_ns > MOVED_NS,
            BootClock.offset_ns - BootClock.applied_ns > MOVED_NS,
        )
        boots = session.execute(
            select(BootClock.device, BootClock.boot, BootClock.offset_ns).where(changed)
        ).all()
    unsettled = []
    for start in range(0, len(boots), BOOTS_AT_ONCE):
        unsettled += _settle(hub, boots[start : start + BOOTS_AT_ONCE], giving_way)
    for device, boot, offset_ns in unsettled:
        moved += _redate_boot(hub, device, boot, offset_ns, giving_way)
        with hub.database.transaction() as session:
            session.execute(
                update(BootClock)
                .where(BootClock.device == device, BootClock.boot == boot)
                .values(applied_ns=offset_ns)
            )
        giving_way.rest()
    return moved


def _settle(
    hub: Hub, boots: Sequence[Row[str, str, int]], giving_way: GivingWay
) -> list[tuple[str, str, int]]:
    """Notes boots all of whose samples were dated by synchronised clocks; returns the others."""
    keys = [(device, boot) for device, boot, _ in boots]
    query = (
        select(Sample.device, Sample.boot)
        .distinct()
        .where(Sample.trust != "ntp", tuple_(Sample.device, Sample.boot).in_(keys))
    )
    with hub.database.session() as session:
        odd = {(device, boot) for device, boot in session.execute(query)}
    settled = [
        {"device": device, "boot": boot, "applied_ns": offset_ns}
        for device, boot, offset_ns in boots
        if (device, boot) not in odd
    ]
    if settled:
        with hub.database.transaction() as session:
            session.execute(update(BootClock), settled)
        giving_way.rest()
    return [(device, boot, ns) for device, boot, ns in boots if (device, boot) in odd]


def _redate_boot(hub: Hub, device: str, boot: str, offset_ns: int, giving_way: GivingWay) -> int:
    """Portion by portion in the order of ids; how many changed.

    Only writing takes a transaction: a boot may have millions of samples, most of them right.
    """
    moved, after = 0, ""
    query = (
        select(Sample.id, Sample.tick_ns, Sample.captured_at, Sample.trust)
        .where(Sample.device == device, Sample.boot == boot)
        .order_by(Sample.id)
        .limit(REDATE_ROWS)
    )
    while True:
        with hub.database.session() as session:
            rows = session.execute(query.where(Sample.id > after)).all()
        changes = [
            {"name": name, "at": at}
            for name, tick_ns, before, trust in rows
            if trust != "ntp" and (at := to_time(offset_ns + tick_ns)) != before
        ]
        if changes:
            with hub.database.transaction() as session:
                session.connection().execute(_REDATE, changes)
            giving_way.rest()
        moved += len(changes)
        if len(rows) < REDATE_ROWS:
            return moved
        after = rows[-1].id


def look_for_holes(hub: Hub, now: datetime, *, every: bool = False) -> list[Account]:
    """Notes since when rows are missing without a word, and raises an alert when that lasts.

    Looks at outboxes with more holes than were explained the last time, or at `every` one with
    holes. One that has much to be sealed first is looked at when that is done.
    """
    found, started, giving_way = [], time.monotonic(), GivingWay()
    with hub.database.session() as session:
        wanted = _suspects(session, every=every)
    for device, epoch in wanted:
        account = None
        while account is None and time.monotonic() - started < LOOK_S:
            with hub.database.transaction() as session:
                account = _look_at(session, hub, device, epoch, now)
            giving_way.rest()
        if account is not None and account.missing:
            found.append(account)
    with hub.database.session() as session:
        missing = session.scalars(select(Epoch.missing).where(Epoch.missing > 0)).all()
    hub.metrics.rows_missing.set(sum(missing))
    return found


def _suspects(session: Session, *, every: bool) -> list[tuple[str, str]]:
    absent = Epoch.highest_seq - Epoch.rows
    changed = absent > (0 if every else Epoch.explained)
    query = select(Epoch.device, Epoch.epoch).where(or_(changed, Epoch.missing_since.is_not(None)))
    query = query.order_by(func.random())  # where a look has no time for all, each gets its turn
    return [(row[0], row[1]) for row in session.execute(query)]


def _look_at(session: Session, hub: Hub, device: str, epoch: str, now: datetime) -> Account | None:
    """Seals, counts and notes; None while there is more to seal.

    Within this transaction the ingest of this outbox waits, so the numbers do not change.
    """
    if seal(session, device, epoch, now - SEAL_AFTER):
        return None
    row = session.get_one(Epoch, (device, epoch), with_for_update=True, populate_existing=True)
    account = account_of(session, row)
    row.explained, row.missing = account.lost, account.missing
    patience = timedelta(minutes=hub.config.limits.hole_alert_min)
    _note_hole(session, hub, row, account, now, patience)
    return account


def _note_hole(
    session: Session, hub: Hub, row: Epoch, account: Account, now: datetime, patience: timedelta
) -> None:
    if not account.missing:
        if row.missing_since is not None:
            row.missing_since = row.missing_told_at = row.missing_grew_at = None
            row.missing_told = 0
            close_alert(session, HOLE_ALERT, device=account.device, where=account.epoch)
        return
    row.missing_since = row.missing_since or now
    row.missing_told = min(row.missing_told, account.missing)
    if account.missing == row.missing_told:
        row.missing_grew_at = None
        return
    row.missing_grew_at = row.missing_grew_at or now
    if now - row.missing_grew_at < patience:
        return
    text = (
        f"{account.missing:,} rows of {account.device} are missing for "
        f"{duration_words(now - row.missing_since)} and were not declared lost"
    )
    if row.missing_told:
        text += (
            f"; {account.missing - row.missing_told:,} of them were not yet when it was told before"
        )
    row.missing_told, row.missing_told_at, row.missing_grew_at = account.missing, now, None
    raise_alert(
        session, hub.config.notify, HOLE_ALERT, "error", text,
        device=account.device, where=account.epoch,
    )  # fmt: skip


def clean(hub: Hub, now: datetime) -> None:
    """Removes uploads nobody goes on with, and what they left behind."""
    with hub.database.transaction() as session:
        # announced at the very moment at which the bytes were stored for another sample
        late = Sample.blob_state == "expected", HERE
        hold_in_order(session, Sample.id, *late)
        here = update(Sample).where(*late).values(blob_state="stored")
        session.execute(here, execution_options={"synchronize_session": False})
        old = BlobPart.updated_at < now - timedelta(days=PART_DAYS)
        parts = session.execute(select(BlobPart.device, BlobPart.digest).where(old)).all()
        session.execute(delete(BlobPart).where(old))
    for device, digest in parts:
        part_path(hub, (device, digest)).unlink(missing_ok=True)
        log.warning("event=upload_forgotten device=%s digest=%s", device, digest)
    _clear_folder(hub, now)


def _clear_folder(hub: Hub, now: datetime) -> None:
    """Files that belong to no upload: a process was killed before it could remove them."""
    with hub.database.session() as session:
        rows = session.execute(select(BlobPart.device, BlobPart.digest))
        known = {part_path(hub, (device, digest)).name for device, digest in rows}
    folder = hub.config.parts_dir
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # finished at this moment
            if path.name not in known and now.timestamp() - path.stat().st_mtime > LEFTOVER_S:
                path.unlink()
                log.warning("event=leftover_removed name=%s", path.name)
