"""Ingest: messages from devices into the database, acknowledged after the commit.

One thread takes messages from the link in batches, writes each batch in one transaction, and only
then tells the device (and the broker) what is safe. Whatever a device sends can at worst be
refused and counted. The database being away, or its disk being full, stops the acknowledgements,
not the thread. Any number of processes may do this at the same time: the key of a row decides.
"""

from __future__ import annotations

import gc
import logging
import queue
import threading
import time
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import outbox_for
from cloud_sync.fleet import deployments
from cloud_sync.hub import Hub
from cloud_sync.intake import quarantine
from cloud_sync.intake.answers import Answers, Done
from cloud_sync.intake.clock import ClockBook
from cloud_sync.intake.decode import ChunkIn, FrameIn, Incoming, OnlineIn, Refused, decode
from cloud_sync.intake.link import Message, MqttLink
from cloud_sync.intake.parts import PartAck, Parts
from cloud_sync.intake.rows import write_frames
from cloud_sync.intake.space import DiskGuard
from cloud_sync.store.models import Device
from kits.core.sample import utc_now
from kits.core.topics import parse_up

log = logging.getLogger(__name__)

BATCH = 500
BATCH_BYTES = 8 << 20
"""A commit costs the same for one message and for many, but blobs shall not fill the memory."""
IDLE_S = 0.5
MAX_BACKOFF_S = 30.0
SEEN_EVERY = timedelta(seconds=5)
"""How exactly the hub knows when it last heard of a device."""


class Ingest:
    """The thread that writes.

    Args:
        hub: where to.
        link: where from; started and stopped with the ingest.
    """

    def __init__(self, hub: Hub, link: MqttLink) -> None:
        self._hub = hub
        self._link = link
        self._parts = Parts(hub)
        self._clocks = ClockBook()
        self._effects = outbox_for(hub.config.notify)
        self._disk = DiskGuard(hub)
        self._answers = Answers(hub, link, self._parts)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)

    def start(self) -> None:
        """Connects and begins."""
        self._thread.start()
        self._link.start()

    def stop(self) -> None:
        """Finishes the batch at hand; the rest comes again at the next start."""
        self._link.stop()
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        tune_collector()
        batch: list[Message] = []
        backoff_s = IDLE_S
        while not self._stop.is_set():
            batch = batch or self._next_batch()
            try:
                self.process(batch)
            except Exception as error:  # noqa: BLE001  (top of a supervised loop)
                self._hub.metrics.loop_errors.labels("ingest").inc()
                log.error("event=ingest_failed error=%r next_try_s=%.1f", str(error), backoff_s)
                self._stop.wait(backoff_s)
                backoff_s = min(backoff_s * 2, MAX_BACKOFF_S)
            else:
                batch, backoff_s = [], IDLE_S

    def _next_batch(self) -> list[Message]:
        """Waits for one message, then takes what else is there."""
        batch: list[Message] = []
        try:
            batch.append(self._link.messages.get(timeout=IDLE_S))
            size = len(batch[0].payload)
            while len(batch) < BATCH and size < BATCH_BYTES:
                batch.append(self._link.messages.get_nowait())
                size += len(batch[-1].payload)
        except queue.Empty:
            pass
        self._hub.metrics.queue.set(self._link.messages.qsize())
        return batch

    def process(self, batch: Sequence[Message]) -> None:
        """Commits a batch, then acknowledges it.

        A batch that the database refuses for its content is taken message by message, so that one
        bad message cannot hold up the others.

        Raises:
            SQLAlchemyError: the database is away; nothing was acknowledged.
            DiskFullError: there is no room; nothing was acknowledged.
            OSError: a file could not be written; nothing was acknowledged.
        """
        self._disk.check()
        try:
            done = self._commit(batch)
        except (DBAPIError, OverflowError, ValueError) as error:
            self._forget()
            if _is_away(error):
                raise
            for message in batch:
                self._process_alone(message)
            return
        except (SQLAlchemyError, OSError):
            self._forget()
            raise
        self._answers.give(batch, done)

    def _forget(self) -> None:
        self._parts.forget()
        self._clocks.forget()

    def _process_alone(self, message: Message) -> None:
        try:
            done = self._commit([message])
        except (DBAPIError, OverflowError, ValueError) as error:
            self._forget()
            if _is_away(error):
                raise
            refused = Refused("database", str(error)[:300], parse_up(message.topic))
            done = Done(refused=[refused])
            with self._hub.database.transaction() as session:
                self._admit(session, [refused], done)
                self._quarantine(session, [message], [refused], done)
            done.refused = [refused]
        self._answers.give([message], done)

    def _commit(self, batch: Sequence[Message]) -> Done:
        done = Done()
        if not batch:
            return done
        started, received_ns = time.monotonic(), time.time_ns()
        decoded = [decode(message.topic, message.payload) for message in batch]
        with self._hub.database.transaction() as session:
            known = self._admit(session, decoded, done)
            self._quarantine(session, batch, decoded, done)
            frames = [item for item in known if isinstance(item, FrameIn)]
            limit = self._hub.config.limits.blob_bytes
            done.outcome = write_frames(
                session,
                frames,
                blob_limit=limit,
                clocks=self._clocks,
                effects=self._effects,
                received_ns=received_ns,
            )
            for frame in frames:
                done.seqs[frame.topic.device, frame.frame.epoch] += frame.seqs
            self._take_rest(session, known, done)
            self._parts.persist(session)
        self._hub.metrics.commits.observe(time.monotonic() - started)
        return done

    def _admit(
        self, session: Session, decoded: Sequence[Incoming | Refused], done: Done
    ) -> list[Incoming]:
        """The messages of devices that may speak; notes that they were heard."""
        items = [item for item in decoded if not isinstance(item, Refused)]
        done.refused += [item for item in decoded if isinstance(item, Refused)]
        names = {item.topic.device for item in items}
        names |= {item.topic.device for item in done.refused if item.topic}
        query = select(Device.name, Device.site, Device.last_seen_at)
        now = utc_now()
        seen = []
        for name, site, last in session.execute(
            query.where(Device.name.in_(names), Device.revoked_at.is_(None))
        ):
            done.sites[name] = site
            if last is None or now - last >= SEEN_EVERY:
                seen.append(name)
        if seen:
            heard = update(Device).where(Device.name.in_(seen))
            session.execute(heard.values(last_seen_at=now))
        admitted = []
        for item in items:
            if done.sites.get(item.topic.device) == item.topic.site:
                admitted.append(item)
            else:
                where = f"{item.topic.site}/{item.topic.device}"
                done.refused.append(Refused("unknown device", where))
        return admitted

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

    def _take_rest(self, session: Session, items: Sequence[Incoming], done: Done) -> None:
        done.blobs += self._parts.states(session, done.outcome.announced)
        for item in items:
            if isinstance(item, FrameIn):
                continue
            if isinstance(item, ChunkIn):
                taken = self._parts.take(session, item)
                if isinstance(taken, PartAck):
                    done.blobs.append(taken)
                    if taken.ack.refused:
                        done.refused.append(Refused("blob", taken.ack.refused))
                elif taken:
                    done.refused.append(Refused(taken, f"{item.topic.device} {item.topic.digest}"))
            elif isinstance(item, OnlineIn):
                session.get_one(Device, item.topic.device).online = item.online
            else:
                deployments.apply_report(session, item.topic.device, item.reported)


def tune_collector() -> None:
    """Spares the garbage collector what was loaded until now: it stays, and a frame of 200 rows
    makes thousands of objects that live for a moment. Halves the time per row."""
    gc.freeze()
    gc.set_threshold(5_000, 50, 100)


def _is_away(error: Exception) -> bool:
    """Whether the database itself is the trouble (locked, full, gone), not what was written."""
    return isinstance(error, DBAPIError) and not isinstance(error, DataError | IntegrityError)
