"""Ingest: messages from devices into the database, acknowledged after the commit.

One thread takes messages from the link in batches, writes each batch in one transaction, and only
then tells the device (and the broker) what is safe. Whatever a device sends can at worst be
refused and counted: a batch that fails while the database answers is divided until the culprit is
alone. The database being away, or its disk being full, stops the acknowledgements, not the thread.
Any number of processes may do this at the same time: the key of a row decides.
"""

from __future__ import annotations

import gc
import logging
import queue
from collections.abc import Sequence

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.hub import Hub
from cloud_sync.intake.answers import Answers, Done
from cloud_sync.intake.batch import BatchWriter
from cloud_sync.intake.decode import Incoming, Refused, decode
from cloud_sync.intake.finishing import Finisher
from cloud_sync.intake.link import Message, MqttLink
from cloud_sync.intake.parts import Parts
from cloud_sync.intake.space import DiskGuard
from cloud_sync.loop import Loop, doubling
from cloud_sync.store.trouble import is_away
from kits.core.topics import parse_up

log = logging.getLogger(__name__)

DEAF = "hub-not-listening"
BATCH = 500
BATCH_BYTES = 8 << 20
"""A commit costs the same for one message and for many, but blobs shall not fill the memory."""
IDLE_S = 0.5
MAX_BACKOFF_S = 30.0


class Ingest:
    """The thread that writes.

    Args:
        hub: where to.
        link: where from; started and stopped with the ingest.

    Attributes:
        finisher: what happens to pictures once all of their bytes are here.
    """

    def __init__(self, hub: Hub, link: MqttLink) -> None:
        self._hub = hub
        self._link = link
        self._parts = Parts(hub)
        self._writer = BatchWriter(hub, self._parts)
        self._disk = DiskGuard(hub)
        self._answers = Answers(hub, link, self._parts)
        self.finisher = Finisher(hub, link, self._parts.whole)
        # what the alert says; unknown after a start: one of the life before may be open
        self._told: str | None = None
        self._batch: list[Message] = []
        self._loop = Loop(
            "ingest", self._turn, hub.metrics, after_fault=doubling(IDLE_S, MAX_BACKOFF_S)
        )

    def start(self) -> None:
        """Connects and begins."""
        tune_collector()
        self.finisher.start()
        self._loop.start()
        self._link.start()

    def stop(self) -> None:
        """Finishes the batch at hand; the rest comes again at the next start."""
        self._link.stop()
        self._loop.stop()
        self.finisher.stop()

    def _turn(self) -> float:
        """A batch that could not be taken is tried again before anything newer."""
        self._look_at_link()
        self._batch = self._batch or self._next_batch()
        self.process(self._batch)
        self._batch = []
        return 0.0

    def _look_at_link(self) -> None:
        """A hub that hears nothing must say so: no row arrives that could show it."""
        self._link.listen_again()
        trouble = self._link.trouble
        if trouble == self._told or not (trouble or self._link.listening):
            return
        with self._hub.database.transaction() as session:
            if self._told or not trouble:
                close_alert(session, DEAF)
            if trouble:
                raise_alert(session, self._hub.config.notify, DEAF, "error", trouble)
        self._told = trouble

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

        Raises:
            SQLAlchemyError: the database is away; nothing more was acknowledged.
            DiskFullError: there is no room; nothing was acknowledged.
        """
        self._disk.check()
        self._commit(batch)

    def _commit(self, batch: Sequence[Message]) -> None:
        done = self._attempt(batch, [decode(m.topic, m.payload) for m in batch])
        if isinstance(done, Done):
            self._answer(batch, done)
        elif len(batch) > 1:
            # one of them is bad: halves go on by themselves until it is alone
            middle = len(batch) // 2
            self._commit(batch[:middle])
            self._commit(batch[middle:])
        else:
            self._take_what_goes(batch[0])

    def _take_what_goes(self, message: Message) -> None:
        """A message that no table takes as a whole: row by row, or else kept for a person."""
        done = self._attempt([message], [decode(message.topic, message.payload)], row_by_row=True)
        if not isinstance(done, Done):
            refused = Refused("database", str(done)[:300], parse_up(message.topic))
            done = self._attempt([message], [refused])
            done = done if isinstance(done, Done) else Done(refused=[refused])
        self._answer([message], done)

    def _attempt(
        self,
        batch: Sequence[Message],
        decoded: Sequence[Incoming | Refused],
        *,
        row_by_row: bool = False,
    ) -> Done | Exception:
        """One transaction; its error, when the messages are to blame and not the database."""
        try:
            return self._writer.write(batch, decoded, row_by_row=row_by_row)
        except Exception as error:  # nothing that a device sends may end the loop
            self._writer.forget()
            if is_away(self._hub.database, error):
                raise
            self._hub.metrics.loop_errors.labels("ingest").inc()
            log.warning("event=batch_not_taken messages=%d error=%r", len(batch), str(error)[:300])
            return error

    def _answer(self, batch: Sequence[Message], done: Done) -> None:
        """The rows are safe: an answer that cannot be given is asked for again by its device."""
        self.finisher.submit(self._parts.completed())
        try:
            self._answers.give(batch, done)
        except Exception as error:  # noqa: BLE001  (must not bring the batch again for ever)
            self._hub.metrics.loop_errors.labels("answers").inc()
            log.error("event=answer_failed error=%r", str(error)[:300])


def tune_collector() -> None:
    """Spares the garbage collector what was loaded until now: it stays, and a frame of 200 rows
    makes thousands of objects that live for a moment. Halves the time per row."""
    gc.freeze()
    gc.set_threshold(5_000, 50, 100)
