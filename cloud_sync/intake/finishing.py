"""Complete uploads: checked, stored, noted, and told to their devices. A thread beside the ingest.

A storage that is slow or away holds up nothing but pictures: what is complete waits in the parts
folder, and in the table `blob_part`. Bytes are stored before the row that says so is committed, and
their part file goes after it; a crash in between is made up for by the next look. Any number of
processes may finish the same upload: it comes to the same.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import Delete, delete, select, update

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.hub import Hub
from cloud_sync.intake.link import MqttLink
from cloud_sync.intake.parts import Key, part_path
from cloud_sync.intake.spans import covers, from_json
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Blob, BlobPart, Device, Sample
from kits.core.errors import DataError, UnreachableError
from kits.core.frames import Ack, BlobAck, encode_ack
from kits.core.sample import utc_now
from kits.core.topics import DeviceTopics

log = logging.getLogger(__name__)

ALERT = "storage-away"
SWEEP_S = 30.0
"""How long a complete upload that nobody finishes may lie: who took its last piece has died."""
MAX_BACKOFF_S = 60.0


class Finisher:
    """The thread.

    Args:
        hub: whose storage and tables.
        link: to the devices.
    """

    def __init__(self, hub: Hub, link: MqttLink) -> None:
        self._hub = hub
        self._link = link
        self._waiting: queue.Queue[Key | None] = queue.Queue()
        self._told = False
        self._idle_s = 0.0  # at the start nobody else is known to work on what lies here
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="finishing", daemon=True)

    def start(self) -> None:
        """Starts it; what was left over from before is finished first."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the upload at hand."""
        self._stop.set()
        self._waiting.put(None)
        self._thread.join()

    def submit(self, keys: Collection[Key]) -> None:
        """These are complete; to be called after their commit."""
        for key in keys:
            self._waiting.put(key)

    def _run(self) -> None:
        backoff_s = 1.0
        while not self._stop.is_set():
            try:
                self.step(timeout_s=SWEEP_S)
                backoff_s = 1.0
            except Exception as error:  # noqa: BLE001  (top of a supervised loop)
                self._hub.metrics.loop_errors.labels("finishing").inc()
                log.error("event=finishing_failed error=%r", str(error)[:300])
                self._stop.wait(backoff_s)
                backoff_s = min(2 * backoff_s, MAX_BACKOFF_S)

    def step(self, timeout_s: float = 0.0) -> None:
        """Finishes what was submitted and what others left; waits so long for something to do.

        Raises:
            UnreachableError: the storage cannot be used; everything is there the next time.
        """
        for key in dict.fromkeys((*self._left_over(), *self._submitted(timeout_s))):
            if self._stop.is_set():
                return
            try:
                self._finish(key)
            except UnreachableError as error:
                self._tell(error.what + ": " + error.where)
                raise
            self._tell("")

    def _submitted(self, timeout_s: float) -> list[Key]:
        found: list[Key] = []
        try:
            key = self._waiting.get(timeout=timeout_s) if timeout_s else self._waiting.get_nowait()
            while True:
                found += [key] if key else []
                key = self._waiting.get_nowait()
        except queue.Empty:
            return found

    def _left_over(self) -> list[Key]:
        with self._hub.database.session() as session:
            idle = BlobPart.updated_at <= utc_now() - timedelta(seconds=self._idle_s)
            rows = session.scalars(select(BlobPart).where(idle)).all()
        self._idle_s = SWEEP_S
        return [(row.device, row.digest) for row in rows if covers(from_json(row.have), row.size)]

    def _finish(self, key: Key) -> None:
        part = self._part(key)
        if part is None:
            return  # another process was faster
        path = part_path(self._hub, key)
        try:
            if not self._stored(part.digest):
                self._hub.storage.put_file(path, part.digest)
        except (DataError, FileNotFoundError):
            if self._part(key) is not None:
                self._begin_anew(part)
            return  # or another process has just finished it, and its file is gone
        self._note(part)
        if not self._hub.storage.has(part.digest):
            # its last sample was pruned at this moment, and the bytes with it
            self._hub.storage.put_file(path, part.digest)
        path.unlink(missing_ok=True)
        self._hub.metrics.blobs.labels("stored").inc()
        self._say(part, BlobAck(done=True))

    def _part(self, key: Key) -> BlobPart | None:
        with self._hub.database.session() as session:
            return session.get(BlobPart, key)

    def _stored(self, digest: str) -> bool:
        with self._hub.database.session() as session:
            return session.get(Blob, digest) is not None

    def _note(self, part: BlobPart) -> None:
        row = {
            "digest": part.digest, "size": part.size, "media_type": part.media_type, "kept": False,
        }  # fmt: skip
        with self._hub.database.transaction() as session:
            session.execute(_row_of(part))
            insert_once(session, Blob, [row])
            session.execute(
                update(Sample).where(Sample.blob == part.digest).values(blob_state="stored")
            )

    def _begin_anew(self, part: BlobPart) -> None:
        """Not the bytes that were announced: nothing of them is kept."""
        with self._hub.database.transaction() as session:
            session.execute(_row_of(part))
            part_path(self._hub, (part.device, part.digest)).unlink(missing_ok=True)
        self._hub.metrics.blobs.labels("wrong digest").inc()
        self._say(part, BlobAck(chunk_bytes=part.chunk_bytes))

    def _say(self, part: BlobPart, blob: BlobAck) -> None:
        with self._hub.database.session() as session:
            site = session.get_one(Device, part.device).site
        ack = Ack(epoch=part.epoch, blobs={part.digest: blob})
        self._link.publish(DeviceTopics(site, part.device).ack, encode_ack(ack))

    def _tell(self, trouble: str) -> None:
        """Of a storage that cannot be used, once; and that it is over."""
        if bool(trouble) == self._told:
            return
        with self._hub.database.transaction() as session:
            if trouble:
                self._hub.metrics.blobs.labels("storage away").inc()
                text = f"pictures wait, {trouble}"[:300]
                raise_alert(session, self._hub.config.notify, ALERT, "error", text)
            else:
                close_alert(session, ALERT)
        self._told = bool(trouble)


def _row_of(part: BlobPart) -> Delete:
    return delete(BlobPart).where(BlobPart.device == part.device, BlobPart.digest == part.digest)
