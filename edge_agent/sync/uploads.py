"""Blobs from the spool to the hub, in chunks, below every row in priority.

Chooses which blobs are on their way, how large their chunks are and when one may go out. The chunk size
belongs to the link: a blob whose chunks time out halves it for those after it, and each blob that
arrives without a time-out doubles it again, up to the configured size. A blob never changes to a larger
size half-way, because the hub would have to begin anew. A blob that the disk does not give up is tried
again and then declared lost: one bad file holds up no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge_agent.log import warn
from edge_agent.sync.bandwidth import Pace
from edge_agent.sync.blobs import Transfer
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.transport import Transport
from kits.core.errors import DataError
from kits.core.frames import CHUNK_HEAD_BYTES, MIN_CHUNK_BYTES, BlobAck, encode_chunk
from kits.core.topics import DeviceTopics

_TRANSFERS = 64
_LARGE_TRANSFERS = 4
_LOADED_BYTES = 8 << 20
"""Of small blobs many are on their way at once: what an answer costs is shared by all it speaks of."""
_CHUNKS_IN_FLIGHT = 64
_BYTES_IN_FLIGHT = 2 << 20
_RESERVED_SLOTS = 2  # of the window, for alerts
_CHUNK_S = 2.0  # on a capped line a chunk takes no longer than this
_MAX_REASON = 200
_READS = 3
_READ_AGAIN_S = 30.0


@dataclass
class UploadFigures:
    """Counters since the start. Blobs count once, however often the hub answers."""

    chunks: int = 0
    chunk_timeouts: int = 0
    blobs: int = 0
    blobs_refused: int = 0


class Uploads:
    """Moves blobs.

    Args:
        pace: largest chunk, rate and hours.
    """

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        topics: DeviceTopics,
        pace: Pace,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._topics = topics
        self._largest = _fitting(pace.chunk_bytes, pace.bucket.bytes_per_s)
        self._size = self._largest
        self._bucket = pace.bucket
        self._clock = clock
        self._transfers: dict[str, Transfer] = {}
        self._unread: dict[str, _Unread] = {}
        self.hours = pace.hours
        self.figures = UploadFigures()

    @property
    def chunk_bytes(self) -> int:
        """The size of the next blob's chunks."""
        return self._size

    def forget(self) -> None:
        """The outbox began anew."""
        self._transfers.clear()
        self._unread.clear()
        self._outbox.uploading(())

    def resume(self) -> None:
        """A new connection: nothing that was in flight may be relied on."""
        for transfer in self._transfers.values():
            transfer.resume()

    def heard(self, blobs: Mapping[str, BlobAck]) -> None:
        """What the hub says of blobs."""
        done = []
        for digest, ack in blobs.items():
            if ack.refused:
                self._refused(digest, ack.refused)
                continue
            transfer = self._transfers.get(digest)
            if ack.done if transfer is None else transfer.acknowledged(ack, self._clock()):
                done.append(digest)
        if done:
            self._done(done)

    def _done(self, digests: Sequence[str]) -> None:
        """In one transaction: many small blobs arrive together."""
        ended = [self._transfers.pop(digest, None) for digest in digests]
        self.figures.blobs += self._outbox.blobs_done(digests)
        if any(one is not None and not one.halved and not one.timeouts for one in ended):
            self._size = min(self._size * 2, self._largest)

    def _refused(self, digest: str, why: str) -> None:
        self._transfers.pop(digest, None)
        if self._outbox.give_up_blob(digest, f"refused by the hub: {why[:_MAX_REASON]}"):
            warn("blob_refused", digest=digest[:12], why=why[:_MAX_REASON])
            self.figures.blobs_refused += 1

    def expire(self, limit_s: float, *, hub_away: bool = False) -> None:
        """Chunks without an answer for `limit_s` are sent again."""
        now = self._clock()
        for transfer in self._transfers.values():
            late = transfer.expire(now, limit_s, blame_size=not hub_away)
            self.figures.chunk_timeouts += late
            if transfer.halved:
                self._size = min(self._size, transfer.chunk_bytes)

    def send(self, *, at_most: int = _CHUNKS_IN_FLIGHT) -> int:
        """Sends what window, rate and hours allow; returns how many chunks."""
        largest = self._largest_chunk()
        if not largest or not self.hours.allow():
            return 0
        self._begin()
        sent = 0
        for transfer in list(self._transfers.values()):
            transfer.fit(largest)
            while sent < at_most and self._may_fly() and self._bucket.ready():
                number = transfer.next_chunk(self._clock())
                if number is None:
                    break
                if not self._publish(transfer, number):
                    return sent
                sent += 1
        return sent

    def _largest_chunk(self) -> int:
        """The largest halving of the configured size that the broker takes; 0 when it takes none."""
        size = self._largest
        while size + CHUNK_HEAD_BYTES > self._transport.max_payload:
            if size == MIN_CHUNK_BYTES:
                return 0
            size = max(MIN_CHUNK_BYTES, size // 2)
        return size

    def _may_fly(self) -> bool:
        chunks = sum(len(t.sent_at) for t in self._transfers.values())
        size = sum(t.in_flight_bytes for t in self._transfers.values())
        return (
            chunks < _CHUNKS_IN_FLIGHT
            and (size < _BYTES_IN_FLIGHT or not chunks)
            and self._transport.room() > min(_RESERVED_SLOTS, self._transport.window // 4)
        )

    def _publish(self, transfer: Transfer, number: int) -> bool:
        payload = encode_chunk(transfer.content, number, transfer.chunk_bytes)
        if not self._transport.publish(self._topics.chunk(transfer.digest, number), payload):
            return False
        transfer.sent(number, self._clock())
        self._bucket.take(len(payload))
        self.figures.chunks += 1
        return True

    def _begin(self) -> None:
        if not self._may_begin():
            return
        for digest, _ in self._outbox.ready_blobs(2 * _TRANSFERS + len(self._unread)):
            if not self._may_begin():
                break
            if digest not in self._transfers:
                content = self._read(digest)
                if content is not None:
                    self._transfers[digest] = Transfer(digest, content, self._size)
        self._outbox.uploading(self._transfers)

    def _may_begin(self) -> bool:
        loaded = sum(len(transfer.content) for transfer in self._transfers.values())
        return len(self._transfers) < (_TRANSFERS if loaded < _LOADED_BYTES else _LARGE_TRANSFERS)

    def _read(self, digest: str) -> bytes | None:
        """The bytes of a blob; None when the disk does not give them, now or ever."""
        unread = self._unread.get(digest)
        if unread is not None and self._clock() < unread.due:
            return None
        try:
            content = self._outbox.spool.get(digest)
        except DataError as error:
            self._lose(digest, "damaged in the spool", error.what)
        except OSError as error:
            tries = 1 + (unread.tries if unread is not None else 0)
            if tries < _READS:
                warn("blob_unread", digest=digest[:12], error=error, tries=tries)
                self._unread[digest] = _Unread(tries, self._clock() + _READ_AGAIN_S)
            else:
                self._lose(digest, "not readable in the spool", error)
        else:
            self._unread.pop(digest, None)
            return content
        return None

    def _lose(self, digest: str, reason: str, error: object) -> None:
        warn("blob_lost", digest=digest[:12], error=error)
        self._unread.pop(digest, None)
        self._outbox.give_up_blob(digest, reason)


@dataclass(frozen=True, slots=True)
class _Unread:
    """How often the disk did not give a blob, and when it is asked again."""

    tries: int
    due: float


def _fitting(chunk_bytes: int, bytes_per_s: float) -> int:
    """The largest halving of `chunk_bytes` that a capped line sends in about two seconds."""
    size = chunk_bytes
    while bytes_per_s and size > MIN_CHUNK_BYTES and size > bytes_per_s * _CHUNK_S:
        size = max(MIN_CHUNK_BYTES, size // 2)
    return size
