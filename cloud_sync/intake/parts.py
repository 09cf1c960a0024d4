"""Blobs that arrive in chunks: part files, what of them is there, and the check at the end.

Only bytes that a committed row announced are taken, and only up to a bound on disk. What has
arrived is persisted with its ranges, so a restart of the hub or the device goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.intake.decode import ChunkIn
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Blob, BlobPart, Sample
from kits.core.frames import BlobAck, Chunk, to_ranges
from kits.core.sample import utc_now

ACK_EVERY_CHUNKS = 8
ACK_EVERY_S = 2.0


@dataclass
class _Part:
    """An upload in progress; `unacked` counts chunks since the device last heard of it."""

    device: str
    digest: str
    epoch: str
    size: int
    media_type: str
    chunk_bytes: int
    path: Path
    have: set[int] = field(default_factory=set)
    unacked: int = 0
    acked_at: float = 0.0

    @property
    def count(self) -> int:
        return -(-self.size // self.chunk_bytes)

    def length(self, number: int) -> int:
        """Bytes that chunk `number` must have."""
        return min(self.chunk_bytes, self.size - number * self.chunk_bytes)

    def ack(self) -> BlobAck:
        return BlobAck(chunk_bytes=self.chunk_bytes, have=to_ranges(list(self.have)))


@dataclass(frozen=True, slots=True)
class PartAck:
    """What a device should hear about one of its blobs."""

    device: str
    epoch: str
    digest: str
    ack: BlobAck


class Parts:
    """All uploads in progress of one hub.

    Args:
        hub: storage, limits and metrics.
        clock: monotonic seconds.
    """

    def __init__(self, hub: Hub, clock: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._clock = clock
        self._folder = hub.config.parts_dir
        self._open: dict[tuple[str, str], _Part] = {}
        self._touched: dict[tuple[str, str], _Part] = {}

    def take(self, session: Session, item: ChunkIn) -> PartAck | str:
        """Stores one chunk.

        Returns:
            an acknowledgement that is due at once, an empty string when it can wait, or the
            reason of a refusal.
        """
        device, digest = item.topic.device, item.topic.digest
        part = self._find(session, device, digest, item.chunk)
        if isinstance(part, str | PartAck):
            return part
        number = item.topic.number
        if item.chunk.blob_bytes != part.size or number >= part.count:
            return "chunk"
        if len(item.chunk.body) != part.length(number):
            return "chunk"
        self._write(part, number, item.chunk.body)
        self._hub.metrics.chunks.inc()
        if len(part.have) == part.count:
            return self._finish(session, part)
        return ""

    def persist(self, session: Session) -> None:
        """Makes what was taken since the last call durable: bytes first, then the ranges."""
        for part in self._touched.values():
            with open(part.path, "rb") as file:
                os.fsync(file.fileno())
            have: list[JsonValue] = [list(span) for span in to_ranges(list(part.have))]
            session.execute(
                update(BlobPart)
                .where(BlobPart.device == part.device, BlobPart.digest == part.digest)
                .values(have=have, chunk_bytes=part.chunk_bytes, updated_at=utc_now())
            )
        self._touched.clear()

    def due(self) -> list[PartAck]:
        """Acknowledgements that are due: every 8 chunks or 2 s."""
        now = self._clock()
        acks = []
        for part in self._open.values():
            old = part.unacked and now - part.acked_at >= ACK_EVERY_S
            if part.unacked >= ACK_EVERY_CHUNKS or old:
                part.unacked, part.acked_at = 0, now
                acks.append(PartAck(part.device, part.epoch, part.digest, part.ack()))
        return acks

    def state(self, session: Session, device: str, epoch: str, digest: str) -> PartAck | None:
        """What a device that announces a blob should know: stored, refused, or what is here."""
        if session.get(Blob, digest) is not None:
            return PartAck(device, epoch, digest, BlobAck(done=True))
        part = self._open.get((device, digest)) or self._load(session, device, digest, epoch)
        if part is None:
            refused = _refusal(_announcing(session, device, digest))
            return PartAck(device, epoch, digest, BlobAck(refused=refused)) if refused else None
        part.epoch = epoch
        return PartAck(device, epoch, digest, part.ack())

    def forget(self) -> None:
        """After a rollback: what is in memory may be ahead of the tables, so it is read again."""
        self._open.clear()
        self._touched.clear()

    def _find(
        self, session: Session, device: str, digest: str, chunk: Chunk
    ) -> _Part | PartAck | str:
        part = self._open.get((device, digest))
        if part is None:
            sample = _announcing(session, device, digest)
            refused = _refusal(sample)
            if sample is None or refused:
                return PartAck(device, "", digest, BlobAck(refused=refused))
            if session.get(Blob, digest) is not None:
                return PartAck(device, sample.epoch, digest, BlobAck(done=True))
            part = self._load(session, device, digest, sample.epoch)
            part = part or self._create(session, sample, chunk)
            if part is None:
                return "parts full"
        if part.chunk_bytes != chunk.chunk_bytes:
            # the device halves its chunks on a thin link: numbers mean other bytes from here on
            part.chunk_bytes = chunk.chunk_bytes
            part.have.clear()
        return part

    def _load(self, session: Session, device: str, digest: str, epoch: str) -> _Part | None:
        row = session.get(BlobPart, (device, digest))
        if row is None:
            return None
        part = _Part(
            device, digest, epoch, row.size, row.media_type, row.chunk_bytes,
            self._path(device, digest), acked_at=self._clock(),
        )  # fmt: skip
        if part.path.exists():
            part.have = _numbers(row.have)
        self._open[device, digest] = part
        return part

    def _create(self, session: Session, sample: Sample, chunk: Chunk) -> _Part | None:
        used = session.scalar(select(func.coalesce(func.sum(BlobPart.size), 0))) or 0
        if used + sample.blob_size > self._hub.config.limits.parts_bytes:
            return None
        session.add(
            BlobPart(
                device=sample.device,
                digest=sample.blob,
                size=sample.blob_size,
                media_type=sample.media_type,
                chunk_bytes=chunk.chunk_bytes,
            )
        )
        session.flush()
        part = _Part(
            sample.device, sample.blob, sample.epoch, sample.blob_size, sample.media_type,
            chunk.chunk_bytes, self._path(sample.device, sample.blob), acked_at=self._clock(),
        )  # fmt: skip
        self._open[sample.device, sample.blob] = part
        return part

    def _write(self, part: _Part, number: int, body: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(part.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, body, number * part.chunk_bytes)
        finally:
            os.close(descriptor)
        part.have.add(number)
        part.unacked += 1
        self._touched[part.device, part.digest] = part

    def _finish(self, session: Session, part: _Part) -> PartAck:
        key = (part.device, part.digest)
        self._touched.pop(key, None)
        part.unacked = 0
        os.truncate(part.path, part.size)
        with open(part.path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != part.digest:
            return self._start_over(session, part)
        self._hub.storage.put_file(part.path, part.digest)
        row = {"digest": part.digest, "size": part.size, "media_type": part.media_type}
        insert_once(session, Blob, [row])
        session.execute(
            update(Sample).where(Sample.blob == part.digest).values(blob_state="stored")
        )
        self._remove_row(session, part)
        del self._open[key]
        part.path.unlink()
        self._hub.metrics.blobs.labels("stored").inc()
        return PartAck(part.device, part.epoch, part.digest, BlobAck(done=True))

    def _start_over(self, session: Session, part: _Part) -> PartAck:
        """The bytes are not those that were announced: nothing of them is kept."""
        self._hub.metrics.blobs.labels("wrong digest").inc()
        part.path.unlink()
        part.have.clear()
        self._remove_row(session, part)
        del self._open[part.device, part.digest]
        return PartAck(part.device, part.epoch, part.digest, part.ack())

    def _remove_row(self, session: Session, part: _Part) -> None:
        session.execute(
            delete(BlobPart).where(BlobPart.device == part.device, BlobPart.digest == part.digest)
        )

    def _path(self, device: str, digest: str) -> Path:
        return self._folder / f"{device}-{digest}"


def _announcing(session: Session, device: str, digest: str) -> Sample | None:
    """A sample of the device that names a blob, one whose bytes are wanted before any other."""
    query = select(Sample).where(Sample.blob == digest, Sample.device == device)
    return session.scalar(query.order_by(Sample.blob_state == "none").limit(1))


def _refusal(sample: Sample | None) -> str:
    """Why the bytes of a sample will never be taken, or an empty string."""
    if sample is None:
        return "no sample of this device names it"
    return "larger than this hub takes" if sample.blob_state == "none" else ""


def _numbers(ranges: list[JsonValue]) -> set[int]:
    have: set[int] = set()
    for span in ranges:
        assert isinstance(span, list)
        first, last = span
        assert isinstance(first, int)
        assert isinstance(last, int)
        have.update(range(first, last + 1))
    return have
