"""One transaction of the ingest: a batch of messages into the tables, all of it or nothing.

What it did is in `Done`, to be told after the commit (`answers.py`). A frame that no table takes as
a whole can be written row by row. When to do which, and what to do when the database is away, is
decided in `ingest.py`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from pydantic_core import to_json
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import outbox_for
from cloud_sync.fleet import deployments
from cloud_sync.hub import Hub
from cloud_sync.intake import quarantine
from cloud_sync.intake.answers import Done
from cloud_sync.intake.clock import ClockBook
from cloud_sync.intake.decode import (
    MAX_SPOILED_BYTES,
    ChunkIn,
    FrameIn,
    Incoming,
    OnlineIn,
    Refused,
    ReportedIn,
    Spoiled,
)
from cloud_sync.intake.link import Message
from cloud_sync.intake.parts import PartAck, Parts
from cloud_sync.intake.rows import Outcome, write_frames
from cloud_sync.store.bulk import in_portions
from cloud_sync.store.models import Device
from kits.core.events import CaseBody, DraftBody, Event, HealthBody
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

SEEN_EVERY = timedelta(seconds=5)
"""How exactly the hub knows when it last heard of a device."""


class BatchWriter:
    """Writes batches.

    Args:
        hub: where to.
        parts: takes pieces of blobs.
    """

    def __init__(self, hub: Hub, parts: Parts) -> None:
        self._hub = hub
        self._parts = parts
        self._clocks = ClockBook()
        config = hub.config
        self._effects = outbox_for(config.notify, config.cmms, config.url)

    def forget(self) -> None:
        """After a rollback: what was touched did not happen."""
        self._parts.forget()
        self._clocks.forget()

    def write(
        self,
        batch: Sequence[Message],
        decoded: Sequence[Incoming | Refused],
        *,
        row_by_row: bool = False,
    ) -> Done:
        """Commits a batch; `decoded` is what its messages say.

        Args:
            row_by_row: rows that no table takes are kept as unreadable, the others go on.

        Raises:
            SQLAlchemyError: the database is away, or does not take what was sent.
        """
        done = Done()
        if not batch:
            return done
        started, received_ns = time.monotonic(), time.time_ns()
        write = self._write_apart if row_by_row else self._write_together
        with self._hub.database.transaction() as session:
            known = self._admit(session, batch, decoded, done)
            self._quarantine(session, batch, decoded, done)
            frames = [item for item in known if isinstance(item, FrameIn)]
            done.outcome = write(session, frames, received_ns)
            quarantine.tell_of_rows(session, self._hub.config.notify, done.outcome.unreadable)
            for frame in frames:
                done.seqs[frame.topic.device, frame.frame.epoch] += frame.seqs
            done.blobs += self._parts.states(session, done.outcome.announced)
            self._take_states(session, known)
            self._take_chunks(session, known, done)
            self._parts.persist(session)
        self._hub.metrics.commits.observe(time.monotonic() - started)
        return done

    def _write_together(
        self, session: Session, frames: Sequence[FrameIn], received_ns: int
    ) -> Outcome:
        return write_frames(
            session,
            frames,
            blob_limit=self._hub.config.limits.blob_bytes,
            clocks=self._clocks,
            effects=self._effects,
            received_ns=received_ns,
        )

    def _write_apart(
        self, session: Session, frames: Sequence[FrameIn], received_ns: int
    ) -> Outcome:
        """One bad row must not hold up its neighbours, nor its device for ever."""
        total = Outcome()
        for frame in frames:
            rows: tuple[Event | Spoiled, ...] = (*frame.frame.rows, *frame.spoiled)
            for row in rows:
                try:
                    with session.begin_nested():
                        part = self._write_together(session, [frame.only(row)], received_ns)
                except Exception as error:  # noqa: BLE001  (whatever it was, the row is kept as it came)
                    log.warning("event=row_not_taken error=%r", str(error)[:300])
                    self._clocks.forget()
                    kept = frame.only(_as_it_came(row, error))
                    part = self._write_together(session, [kept], received_ns)
                total.add(part)
        return total

    def _admit(
        self,
        session: Session,
        batch: Sequence[Message],
        decoded: Sequence[Incoming | Refused],
        done: Done,
    ) -> list[Incoming]:
        """The messages of devices that may speak; notes that they were heard."""
        items = [item for item in decoded if not isinstance(item, Refused)]
        done.refused += [item for item in decoded if isinstance(item, Refused)]
        names = {item.topic.device for item in items}
        names |= {item.topic.device for item in done.refused if item.topic}
        alive = {
            item.topic.device for message, item in zip(batch, decoded)
            if item.topic and _is_sign_of_life(message, item)
        }  # fmt: skip
        query = select(Device.name, Device.site, Device.last_seen_at)
        now, seen = utc_now(), set()
        for some in in_portions(names):
            wanted = query.where(Device.name.in_(some), Device.revoked_at.is_(None))
            for name, site, last in session.execute(wanted):
                done.sites[name] = site
                if name in alive and (last is None or now - last >= SEEN_EVERY):
                    seen.add(name)
        admitted = []
        for item in items:
            if done.sites.get(item.topic.device) == item.topic.site:
                admitted.append(item)
            else:
                where = f"{item.topic.site}/{item.topic.device}"
                done.refused.append(Refused("unknown device", where))
        self._hold(session, seen | {i.topic.device for i in admitted if _changes_device(i)})
        if seen:
            heard = [{"name": name, "last_seen_at": now} for name in sorted(seen)]
            session.execute(update(Device), heard)
        return admitted

    def _hold(self, session: Session, names: set[str]) -> None:
        """Locks the devices that will change, in order: later, two workers would meet crosswise.

        SQLite has one writer, and nothing to lock.
        """
        if session.get_bind().dialect.name == "sqlite":
            return
        for some in in_portions(names):
            query = select(Device.name).where(Device.name.in_(some)).order_by(Device.name)
            session.execute(query.with_for_update(key_share=True)).all()

    def _quarantine(
        self,
        session: Session,
        batch: Sequence[Message],
        decoded: Sequence[Incoming | Refused],
        done: Done,
    ) -> None:
        """Keeps what known devices sent and nobody can read."""
        kept = 0
        for message, item in zip(batch, decoded):
            if not isinstance(item, Refused) or item.topic is None:
                continue
            if done.sites.get(item.topic.device) != item.topic.site:
                continue
            if kept < quarantine.MAX_PER_BATCH:
                kept += 1
                quarantine.keep(
                    session, self._hub.config.notify, item.topic, message.payload,
                    reason=item.reason, detail=item.detail,
                    limit_bytes=self._hub.config.limits.quarantine_bytes,
                )  # fmt: skip
            done.quarantined += 1

    def _take_states(self, session: Session, items: Sequence[Incoming]) -> None:
        for item in items:
            if isinstance(item, OnlineIn):
                session.get_one(Device, item.topic.device).online = item.online
            elif isinstance(item, ReportedIn):
                deployments.apply_report(session, item.topic.device, item.reported)

    def _take_chunks(self, session: Session, items: Sequence[Incoming], done: Done) -> None:
        """In the order of devices and blobs, in which other workers take them, too."""
        chunks = [item for item in items if isinstance(item, ChunkIn)]
        chunks = self._parts.take_whole(session, chunks) if chunks else []
        for item in sorted(chunks, key=lambda item: (item.topic.device, item.topic.digest)):
            taken = self._parts.take(session, item)
            if isinstance(taken, PartAck):
                done.blobs.append(taken)
                if taken.ack.refused:
                    done.refused.append(Refused("blob", taken.ack.refused))
            elif taken:
                done.refused.append(Refused(taken, f"{item.topic.device} {item.topic.digest}"))


def _is_sign_of_life(message: Message, item: Incoming | Refused) -> bool:
    """Whether a device is there: what the broker kept is old, and a last will is the broker's word."""
    return not message.retained and not (isinstance(item, OnlineIn) and not item.online)


def _changes_device(item: Incoming) -> bool:
    if isinstance(item, FrameIn):
        # steps of a case, and words about one draft, are told apart by the lock of their device
        told = HealthBody | CaseBody | DraftBody
        return any(isinstance(row.body, told) for row in item.frame.rows)
    return isinstance(item, OnlineIn | ReportedIn)


def _as_it_came(row: Event | Spoiled, error: Exception) -> Spoiled:
    if isinstance(row, Spoiled):
        return Spoiled(row.seq, row.klass, row.reason, "")
    raw = to_json(row, inf_nan_mode="null").decode()
    return Spoiled(row.seq, row.klass, type(error).__name__, raw[:MAX_SPOILED_BYTES])
