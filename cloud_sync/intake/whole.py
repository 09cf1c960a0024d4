"""Blobs that come in one piece: from the message into the storage, without a part file.

Most pictures fit one chunk. They are held in memory until they are stored, up to a bound of which no
device may have all, and are acknowledged only then: whatever happens before, the device still has
them and sends them again. What finds no room here, and everything while the storage is in trouble,
goes the way of larger blobs (`parts.py`).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.intake.decode import ChunkIn
from cloud_sync.store.bulk import in_portions
from cloud_sync.store.models import Blob, BlobPart, Sample

MAX_BYTES = 32 << 20
MAX_DEVICE_BYTES = 8 << 20
Key = tuple[str, str]
"""Device and digest."""


@dataclass(frozen=True, slots=True)
class Whole:
    """One of them; `epoch` is the outbox that the answer goes to."""

    device: str
    digest: str
    epoch: str
    size: int
    media_type: str
    chunk_bytes: int
    content: bytes

    @property
    def key(self) -> Key:
        return self.device, self.digest


@dataclass
class _Held:
    blob: Whole
    at: float
    said: bool = False


class WholeBlobs:
    """Those that are on their way into the storage. Used by two threads.

    Args:
        clock: monotonic seconds.

    Attributes:
        in_use: false while the storage is in trouble.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[Key, _Held] = {}
        self._by_device: Counter[str] = Counter()
        self.in_use = True

    def take(self, session: Session, items: Sequence[ChunkIn]) -> tuple[list[Whole], list[ChunkIn]]:
        """Those that can go this way, and the chunks that cannot.

        What is taken is held until it is released. One that is held already is neither: its
        answer comes.
        """
        pieces = {_key(item): item for item in items if _is_whole(item)} if self.in_use else {}
        announced = _announced(session, pieces) if pieces else {}
        taken, others = [], [item for item in items if _key(item) not in announced]
        for key, (epoch, size, media_type) in announced.items():
            item = pieces[key]
            if size != item.chunk.blob_bytes:
                others.append(item)
            elif key not in self._held:
                chunk = item.chunk
                blob = Whole(*key, epoch, size, media_type, chunk.chunk_bytes, chunk.body)
                if self._hold(blob):
                    taken.append(blob)
                else:
                    others.append(item)
        return taken, others

    def slow(self, limit_s: float) -> list[Whole]:
        """Those that are held for longer, each once: their devices should know that they are here.

        A device that takes this for more than it is, because the hub died since, asks again by
        sending the one piece there is.
        """
        now = self._clock()
        with self._lock:
            found = [h for h in self._held.values() if not h.said and now - h.at >= limit_s]
            for held in found:
                held.said = True
        return [held.blob for held in found]

    def release(self, blobs: Iterable[Whole]) -> None:
        """These are stored, or given up: their device sends them again."""
        with self._lock:
            for blob in blobs:
                if self._held.pop(blob.key, None) is not None:
                    self._by_device[blob.device] -= blob.size
                if not self._by_device[blob.device]:
                    del self._by_device[blob.device]

    def _hold(self, blob: Whole) -> bool:
        with self._lock:
            mine = self._by_device[blob.device] + blob.size
            if mine > MAX_DEVICE_BYTES or self._by_device.total() + blob.size > MAX_BYTES:
                return False
            self._held[blob.key] = _Held(blob, self._clock())
            self._by_device[blob.device] = mine
        return True


def _key(item: ChunkIn) -> Key:
    return item.topic.device, item.topic.digest


def _is_whole(item: ChunkIn) -> bool:
    return item.topic.number == 0 and len(item.chunk.body) == item.chunk.blob_bytes


def _announced(session: Session, keys: Collection[Key]) -> dict[Key, tuple[str, int, str]]:
    """Epoch, size and media type of those that are expected and of which nothing is here."""
    found: dict[Key, tuple[str, int, str]] = {}
    for some in in_portions({digest for _, digest in keys}):
        here = set(session.scalars(select(Blob.digest).where(Blob.digest.in_(some))))
        begun = select(BlobPart.device, BlobPart.digest).where(BlobPart.digest.in_(some))
        known = {(device, digest) for device, digest in session.execute(begun)}
        query = select(
            Sample.device, Sample.blob, Sample.epoch, Sample.blob_size, Sample.media_type
        ).where(Sample.blob.in_(some), Sample.blob_state == "expected")
        for device, digest, epoch, size, media_type in session.execute(query):
            key = device, digest
            if key in keys and key not in known and digest not in here:
                found[key] = epoch, size, media_type
    return found
