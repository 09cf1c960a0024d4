"""Complete uploads: checked, stored, noted, and told to their devices. A thread beside the ingest.

A storage that is slow or away holds up nothing but pictures: what is complete waits in the parts
folder, and in the table `blob_part`. Bytes are stored before the row that says so is committed, and
their part file goes after it; a crash in between is made up for by the next look. What became
complete together shares one commit and one answer. Any number of processes may finish the same
upload: it comes to the same.
"""

from __future__ import annotations

import queue
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import Delete, delete, select, tuple_, update

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.hub import Hub
from cloud_sync.intake.link import MqttLink
from cloud_sync.intake.parts import part_path
from cloud_sync.intake.spans import covers, from_json
from cloud_sync.intake.whole import Key, Whole, WholeBlobs
from cloud_sync.loop import Loop, doubling
from cloud_sync.store.bulk import hold_in_order
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Blob, BlobPart, Device, Sample
from cloud_sync.store.models.intake import HERE
from kits.core.errors import DataError, UnreachableError
from kits.core.frames import Ack, BlobAck, encode_ack
from kits.core.sample import utc_now
from kits.core.topics import DeviceTopics

ALERT = "storage-away"
SWEEP_S = 30.0
"""How long a complete upload that nobody finishes may lie: who took its last piece has died."""
MAX_BACKOFF_S = 60.0
AT_ONCE = 64
"""Uploads of one commit and one answer."""
WRITERS = 8
"""Uploads that are stored at the same time: a storage far away answers each after a while."""
SPOILED = (DataError, FileNotFoundError)
"""Errors of uploads that have to begin anew."""
Upload = BlobPart | Whole


class Finisher:
    """The thread.

    Args:
        hub: whose storage and tables.
        link: to the devices.
        whole: the blobs that are held in memory until they are stored.
    """

    def __init__(self, hub: Hub, link: MqttLink, whole: WholeBlobs | None = None) -> None:
        self._hub = hub
        self._link = link
        self._whole = whole or WholeBlobs()
        self._waiting: queue.Queue[Key | Whole | None] = queue.Queue()
        self._told: bool | None = None  # an alert may be open from before the start
        self._failed: set[Key] = set()
        self._idle_s = 0.0  # at the start nobody else is known to work on what lies here
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="storing")
        self._loop = Loop(
            "finishing", self._turn, hub.metrics, after_fault=doubling(1.0, MAX_BACKOFF_S)
        )

    def start(self) -> None:
        """Starts it; what was left over from before is finished first."""
        self._loop.start()

    def stop(self) -> None:
        """Ends after the uploads at hand."""
        self._loop.stopping.set()
        self._waiting.put(None)
        self._loop.stop()
        self._writers.shutdown()

    def submit(self, uploads: Collection[Key | Whole]) -> None:
        """These are complete; to be called after their commit."""
        for upload in uploads:
            self._waiting.put(upload)

    def _turn(self) -> float:
        self.step(timeout_s=SWEEP_S)
        return 0.0

    def step(self, timeout_s: float = 0.0) -> None:
        """Finishes what was submitted and what others left; waits so long for something to do.

        Raises:
            UnreachableError: the storage cannot be used; everything is there the next time.
            OSError: so it is for some; all others are finished.
        """
        keys, whole = self._left_over(), list[Whole]()
        for upload in self._submitted(timeout_s):
            if isinstance(upload, Whole):
                whole.append(upload)
            else:
                keys.append(upload)
        try:
            self._finish_all([*whole, *dict.fromkeys(keys)])
        finally:
            self._whole.release(whole)

    def _finish_all(self, uploads: Sequence[Key | Whole]) -> None:
        if not uploads:
            return  # how the storage is was not seen
        failure: Exception | None = None
        # what failed before comes last: it must not make the storage look away to the others
        waiting = sorted(uploads, key=lambda upload: _key_of(upload) in self._failed)
        self._failed.clear()
        for first in range(0, len(waiting), AT_ONCE):
            if self._loop.stopping.is_set():
                return
            some = waiting[first : first + AT_ONCE]
            errors = self._finish(some)
            self._failed |= errors.keys()
            failure = next(iter(errors.values()), failure)
            if len(errors) == len(some) and isinstance(failure, UnreachableError):
                break  # the others would only wait for it as well
        self._whole.in_use = failure is None
        self._tell(_in_words(failure))
        if failure is not None:
            raise failure

    def _submitted(self, timeout_s: float) -> list[Key | Whole]:
        found: list[Key | Whole] = []
        try:
            one = self._waiting.get(timeout=timeout_s) if timeout_s else self._waiting.get_nowait()
            while True:
                found += [one] if one else []
                one = self._waiting.get_nowait()
        except queue.Empty:
            return found

    def _left_over(self) -> list[Key]:
        with self._hub.database.session() as session:
            idle = BlobPart.updated_at <= utc_now() - timedelta(seconds=self._idle_s)
            rows = session.scalars(select(BlobPart).where(idle)).all()
        self._idle_s = SWEEP_S
        return [(row.device, row.digest) for row in rows if covers(from_json(row.have), row.size)]

    def _finish(self, some: Sequence[Key | Whole]) -> dict[Key, Exception]:
        """Stores, notes and tells; returns what keeps some of them from being stored."""
        whole = [upload for upload in some if isinstance(upload, Whole)]
        parts = self._parts([upload for upload in some if not isinstance(upload, Whole)])
        uploads: list[Upload] = [*whole, *parts]
        errors = self._put(self._missing(uploads))
        stored = [upload for upload in uploads if _key(upload) not in errors]
        if stored:
            self._note(stored)
            # where the last sample was pruned at this moment, the bytes went with it
            again = self._put([u for u in stored if not self._hub.storage.has(u.digest)])
            errors |= again
            self._end([upload for upload in stored if _key(upload) not in again])
        spoiled = {key for key, error in errors.items() if isinstance(error, SPOILED)}
        self._begin_anew([upload for upload in uploads if _key(upload) in spoiled])
        return {key: error for key, error in errors.items() if key not in spoiled}

    def _parts(self, keys: Sequence[Key]) -> list[BlobPart]:
        """Their rows; where there is none, another process was faster."""
        if not keys:
            return []
        query = select(BlobPart).where(tuple_(BlobPart.device, BlobPart.digest).in_(keys))
        with self._hub.database.session() as session:
            return list(session.scalars(query.order_by(BlobPart.device, BlobPart.digest)))

    def _missing(self, uploads: Sequence[Upload]) -> list[Upload]:
        """Those whose bytes are not known to be in the storage."""
        query = select(Blob.digest).where(Blob.digest.in_([upload.digest for upload in uploads]))
        with self._hub.database.session() as session:
            there = set(session.scalars(query))
        return [upload for upload in uploads if upload.digest not in there]

    def _put(self, uploads: Sequence[Upload]) -> dict[Key, Exception]:
        """Into the storage, some at the same time; the errors of those that failed."""
        results = zip(uploads, self._writers.map(self._put_one, uploads))
        return {_key(upload): error for upload, error in results if error is not None}

    def _put_one(self, upload: Upload) -> Exception | None:
        try:
            if isinstance(upload, Whole):
                self._hub.storage.put(upload.content, expected=upload.digest)
            else:
                self._hub.storage.put_file(part_path(self._hub, _key(upload)), upload.digest)
        except (DataError, UnreachableError, OSError) as error:
            return error
        return None

    def _note(self, uploads: Sequence[Upload]) -> None:
        rows = {
            upload.digest: {
                "digest": upload.digest,
                "size": upload.size,
                "media_type": upload.media_type,
                "kept": False,
            }
            for upload in uploads
        }
        of_these = Sample.blob.in_(sorted(rows))
        with self._hub.database.transaction() as session:
            hold_in_order(session, Sample.id, of_these)  # as who erases a mail does, and first
            session.execute(_rows_of(uploads))
            insert_once(session, Blob, [rows[digest] for digest in sorted(rows)])
            here = update(Sample).where(of_these, HERE).values(blob_state="stored")
            session.execute(here, execution_options={"synchronize_session": False})

    def _end(self, uploads: Sequence[Upload]) -> None:
        for upload in uploads:
            if not isinstance(upload, Whole):
                part_path(self._hub, _key(upload)).unlink(missing_ok=True)
        self._hub.metrics.blobs.labels("stored").inc(len(uploads))
        self._say({_key(upload): (upload.epoch, BlobAck(done=True)) for upload in uploads})

    def _begin_anew(self, uploads: Sequence[Upload]) -> None:
        """Not the bytes that were announced: nothing of them is kept."""
        whole = [upload for upload in uploads if isinstance(upload, Whole)]
        # what has no file may just have been finished by another process: then it has no row either
        parts = self._parts([_key(upload) for upload in uploads if not isinstance(upload, Whole)])
        if parts:
            with self._hub.database.transaction() as session:
                session.execute(_rows_of(parts))
                for part in parts:
                    part_path(self._hub, _key(part)).unlink(missing_ok=True)
        self._hub.metrics.blobs.labels("wrong digest").inc(len(parts) + len(whole))
        answers = {
            _key(part): (part.epoch, BlobAck(chunk_bytes=part.chunk_bytes)) for part in parts
        }
        self._say(answers | {one.key: (one.epoch, BlobAck()) for one in whole})

    def _say(self, answers: Mapping[Key, tuple[str, BlobAck]]) -> None:
        """One message to each outbox, whatever the number of its blobs."""
        if not answers:
            return
        together: dict[tuple[str, str], dict[str, BlobAck]] = defaultdict(dict)
        for (device, digest), (epoch, blob) in answers.items():
            together[device, epoch][digest] = blob
        query = select(Device.name, Device.site)
        with self._hub.database.session() as session:
            rows = session.execute(query.where(Device.name.in_({name for name, _ in together})))
            sites = {row.name: row.site for row in rows}
        for (device, epoch), blobs in together.items():
            ack = Ack(epoch=epoch, blobs=blobs)
            self._link.publish(DeviceTopics(sites[device], device).ack, encode_ack(ack))

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


def _key(upload: Upload) -> Key:
    return upload.device, upload.digest


def _key_of(upload: Key | Whole) -> Key:
    return upload.key if isinstance(upload, Whole) else upload


def _rows_of(uploads: Sequence[Upload]) -> Delete:
    keys = [_key(upload) for upload in uploads]
    return delete(BlobPart).where(tuple_(BlobPart.device, BlobPart.digest).in_(keys))


def _in_words(error: Exception | None) -> str:
    if isinstance(error, UnreachableError):
        return f"{error.what}: {error.where}"
    return f"a file cannot be read or written: {error}" if error is not None else ""
