"""Blobs that arrive in chunks: part files, and what of them is there.

Only bytes that a committed row announced are taken, and only up to a bound on disk, of which no
device may have all. The truth is in the table `blob_part`, not here: chunks of one blob may come to
several workers, each merges what it got under the row's lock, and a restart goes on where it was.
Workers share the folder. What is complete is checked and stored elsewhere (`finishing.py`), so that
rows never wait for the storage.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.intake.decode import ChunkIn
from cloud_sync.intake.spans import Spans, add_span, covers, from_json, to_json, whole_chunks
from cloud_sync.intake.whole import Key, Whole, WholeBlobs
from cloud_sync.store.bulk import in_portions
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Blob, BlobPart, Sample
from kits.core.frames import BlobAck, Chunk
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

ACK_EVERY_CHUNKS = 8
ACK_EVERY_S = 2.0


def part_path(hub: Hub, key: Key) -> Path:
    """Where the bytes of an unfinished upload lie."""
    return hub.config.parts_dir / f"{key[0]}-{key[1]}"


@dataclass
class _Part:
    """An upload in progress, as it is within one transaction."""

    device: str
    digest: str
    epoch: str
    size: int
    media_type: str
    chunk_bytes: int
    have: Spans

    @property
    def key(self) -> Key:
        return self.device, self.digest

    @property
    def complete(self) -> bool:
        return covers(self.have, self.size)

    def ack(self) -> PartAck:
        have = whole_chunks(self.have, self.size, self.chunk_bytes)
        ack = BlobAck(chunk_bytes=self.chunk_bytes, have=have)
        return PartAck(self.device, self.epoch, self.digest, ack)


@dataclass(frozen=True, slots=True)
class PartAck:
    """What a device should hear about one of its blobs."""

    device: str
    epoch: str
    digest: str
    ack: BlobAck


@dataclass
class _Unsaid:
    """What the device does not know yet: chunks this process took since it last said so."""

    said_at: float
    chunks: int = 0


class Parts:
    """All uploads in progress, as one worker sees them.

    Args:
        hub: storage, limits and metrics.
        clock: monotonic seconds.
    """

    def __init__(self, hub: Hub, clock: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._clock = clock
        self._touched: dict[Key, _Part] = {}
        self._unsaid: dict[Key, _Unsaid] = {}
        self._complete: list[Key] = []
        self._whole: list[Whole] = []
        self.whole = WholeBlobs(clock)

    def take_whole(self, session: Session, items: Sequence[ChunkIn]) -> list[ChunkIn]:
        """Takes blobs that came in one piece; returns the chunks that are for `take`."""
        taken, others = self.whole.take(session, items)
        self._whole += taken
        self._hub.metrics.chunks.inc(len(taken))
        return others

    def take(self, session: Session, item: ChunkIn) -> PartAck | str:
        """Stores one chunk.

        Returns:
            an acknowledgement that is due at once, an empty string when it can wait, or the
            reason of a refusal.
        """
        part = self._find(session, item.topic.device, item.topic.digest, item.chunk)
        if isinstance(part, str | PartAck):
            return part
        if part.complete:
            # it is being stored, or who should have done it has died; who asks hears it in a while
            self._complete.append(part.key)
            self._unsaid.setdefault(part.key, _Unsaid(self._clock()))
            return ""
        first = item.topic.number * item.chunk.chunk_bytes
        wanted = min(item.chunk.chunk_bytes, part.size - first)
        if item.chunk.blob_bytes != part.size or wanted <= 0 or len(item.chunk.body) != wanted:
            return "chunk"
        try:
            self._write(part, first, item.chunk.body)
        except OSError as error:
            log.error("event=chunk_not_written error=%r", str(error))
            return "parts folder"
        part.chunk_bytes = item.chunk.chunk_bytes
        self._hub.metrics.chunks.inc()
        if covers(part.have, part.size):
            self._complete.append(part.key)
            self._unsaid[part.key] = _Unsaid(self._clock())
        return ""

    def persist(self, session: Session) -> None:
        """Makes what was taken since the last call durable: bytes first, then the table."""
        for part in self._touched.values():
            try:
                _sync(part_path(self._hub, part.key))
            except OSError as error:
                # not acknowledged, so it is sent again; rows do not wait for it
                log.error("event=chunk_not_synced error=%r", str(error))
                continue
            session.execute(
                update(BlobPart)
                .where(BlobPart.device == part.device, BlobPart.digest == part.digest)
                .values(have=to_json(part.have), chunk_bytes=part.chunk_bytes, updated_at=utc_now())
            )
        self._touched.clear()

    def completed(self) -> list[Key | Whole]:
        """Uploads that became complete since the last call; call it after the commit."""
        done: list[Key | Whole] = [*self._complete, *self._whole]
        self._complete, self._whole = [], []
        return done

    def due(self) -> list[PartAck]:
        """Acknowledgements that are due, every 8 chunks or 2 s; call it after the commit."""
        now = self._clock()
        acks = [_here(blob) for blob in self.whole.slow(ACK_EVERY_S)]
        keys = [
            key
            for key, unsaid in self._unsaid.items()
            if unsaid.chunks >= ACK_EVERY_CHUNKS or now - unsaid.said_at >= ACK_EVERY_S
        ]
        if not keys:
            return acks
        with self._hub.database.session() as session:
            for key in keys:
                del self._unsaid[key]
                part = self._load(session, key)
                acks += [part.ack()] if part else []
        return acks

    def states(self, session: Session, announced: Sequence[tuple[str, str, str]]) -> list[PartAck]:
        """What devices that announce blobs should know: stored, refused, or what is here.

        Args:
            announced: (device, epoch, digest); those of which nothing is to be said are left out.
        """
        digests = {digest for _, _, digest in announced}
        if not digests:
            return []
        stored, begun, refused = set[str](), set[str](), set[str]()
        for some in in_portions(digests):
            stored |= set(session.scalars(select(Blob.digest).where(Blob.digest.in_(some))))
            begun |= set(session.scalars(select(BlobPart.digest).where(BlobPart.digest.in_(some))))
            unwanted = select(Sample.blob).where(Sample.blob.in_(some), Sample.blob_state == "none")
            refused |= set(session.scalars(unwanted))
        states = []
        for device, epoch, digest in dict.fromkeys(announced):
            if digest in stored:
                states.append(PartAck(device, epoch, digest, BlobAck(done=True)))
            elif digest in begun and (part := self._load(session, (device, digest))):
                part.epoch = epoch
                states.append(part.ack())
            elif digest in refused and (why := _refusal(_announcing(session, device, digest))):
                states.append(PartAck(device, epoch, digest, BlobAck(refused=why)))
        return states

    def forget(self) -> None:
        """After a rollback: what was touched did not happen; the table knows what did."""
        self._touched.clear()
        self._complete.clear()
        self.whole.release(self._whole)
        self._whole.clear()

    def _find(
        self, session: Session, device: str, digest: str, chunk: Chunk
    ) -> _Part | PartAck | str:
        part = self._touched.get((device, digest))
        if part is not None:
            return part
        sample = _announcing(session, device, digest)
        refused = _refusal(sample)
        if sample is None or refused:
            return PartAck(device, "", digest, BlobAck(refused=refused))
        stored = session.get(Blob, digest)
        if stored is not None:
            if stored.size == sample.blob_size:
                sample.blob_state = "stored"
            return PartAck(device, sample.epoch, digest, BlobAck(done=True))
        part = self._load(session, (device, digest), lock=True)
        if part is None:
            if not self._create(session, sample, chunk):
                return "parts full"
            part = self._load(session, (device, digest), lock=True)
        if part is None:  # another worker has finished it between our two looks
            return ""
        part.epoch = sample.epoch
        return part

    def _load(self, session: Session, key: Key, *, lock: bool = False) -> _Part | None:
        row = session.get(BlobPart, key, populate_existing=True, with_for_update=lock or None)
        if row is None:
            return None
        have = from_json(row.have) if part_path(self._hub, key).exists() else ()
        return _Part(*key, row.epoch, row.size, row.media_type, row.chunk_bytes, have)

    def _create(self, session: Session, sample: Sample, chunk: Chunk) -> bool:
        """Makes the row; False when unfinished uploads take all the room they may, or it may."""
        limits = self._hub.config.limits
        used = select(func.coalesce(func.sum(BlobPart.size), 0))
        mine = used.where(BlobPart.device == sample.device)
        for query, limit in ((used, limits.parts_bytes), (mine, limits.parts_device_bytes)):
            if (session.scalar(query) or 0) + sample.blob_size > limit:
                return False
        row = {
            "device": sample.device, "digest": sample.blob, "epoch": sample.epoch,
            "size": sample.blob_size, "media_type": sample.media_type,
            "chunk_bytes": chunk.chunk_bytes, "have": [],
        }  # fmt: skip
        insert_once(session, BlobPart, [row])
        return True

    def _write(self, part: _Part, first: int, body: bytes) -> None:
        path = part_path(self._hub, part.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            written = 0
            while written < len(body):
                written += os.pwrite(descriptor, body[written:], first + written)
        finally:
            os.close(descriptor)
        part.have = add_span(part.have, first, first + len(body))
        self._touched[part.key] = part
        self._unsaid.setdefault(part.key, _Unsaid(self._clock())).chunks += 1


def _here(blob: Whole) -> PartAck:
    """All of it came, and it is not stored yet."""
    return PartAck(
        blob.device, blob.epoch, blob.digest, BlobAck(chunk_bytes=blob.chunk_bytes, have=((0, 0),))
    )


def _sync(path: Path) -> None:
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _announcing(session: Session, device: str, digest: str) -> Sample | None:
    """A sample of the device that names a blob, one whose bytes are wanted before any other."""
    query = select(Sample).where(Sample.blob == digest, Sample.device == device)
    return session.scalar(query.order_by(Sample.blob_state == "none").limit(1))


def _refusal(sample: Sample | None) -> str:
    """Why the bytes of a sample will never be taken, or an empty string."""
    if sample is None:
        return "no sample of this device names it"
    return "larger than this hub takes" if sample.blob_state == "none" else ""
