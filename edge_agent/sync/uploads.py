"""Blobs from the spool to the hub, in chunks, below every row in priority.

Chooses which blobs are on their way, how large their chunks are and when one may go out. The chunk size
belongs to the link: a blob whose chunks time out halves it for those after it, and each blob that
arrives without a time-out doubles it again, up to the configured size. A blob never changes to a larger
size half-way, because the hub would have to begin anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_agent.log import warn
from edge_agent.sync.bandwidth import Pace
from edge_agent.sync.blobs import Transfer
from edge_agent.sync.outbox import Outbox
from edge_agent.sync.transport import Transport
from kits.core.errors import DataError
from kits.core.frames import MIN_CHUNK_BYTES, BlobAck, encode_chunk
from kits.core.topics import DeviceTopics

_TRANSFERS = 4
_CHUNKS_IN_FLIGHT = 8
_BYTES_IN_FLIGHT = 2 << 20
_RESERVED_SLOTS = 2  # of the window, for alerts
_CHUNK_S = 2.0  # on a capped line a chunk takes no longer than this
_MAX_REASON = 200


@dataclass
class UploadFigures:
    """Counters since the start."""

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
        self.hours = pace.hours
        self.figures = UploadFigures()

    @property
    def chunk_bytes(self) -> int:
        """The size of the next blob's chunks."""
        return self._size

    def forget(self) -> None:
        """The outbox began anew."""
        self._transfers.clear()
        self._outbox.uploading(())

    def resume(self) -> None:
        """A new connection: nothing that was in flight may be relied on."""
        for transfer in self._transfers.values():
            transfer.sent_at.clear()

    def heard(self, blobs: Mapping[str, BlobAck]) -> None:
        """What the hub says of blobs."""
        for digest, ack in blobs.items():
            if ack.refused:
                self._refused(digest, ack.refused)
                continue
            transfer = self._transfers.get(digest)
            complete = ack.done if transfer is None else transfer.acknowledged(ack)
            if complete:
                self._done(digest, transfer)

    def _done(self, digest: str, transfer: Transfer | None) -> None:
        self._transfers.pop(digest, None)
        self._outbox.blob_done(digest)
        self.figures.blobs += 1
        if transfer is not None and not transfer.halved and not transfer.timeouts:
            self._size = min(self._size * 2, self._largest)

    def _refused(self, digest: str, why: str) -> None:
        warn("blob_refused", digest=digest[:12], why=why[:_MAX_REASON])
        self._transfers.pop(digest, None)
        self._outbox.give_up_blob(digest, f"refused by the hub: {why[:_MAX_REASON]}")
        self.figures.blobs_refused += 1

    def expire(self, limit_s: float) -> None:
        """Chunks without an answer for `limit_s` are sent again."""
        now = self._clock()
        for transfer in self._transfers.values():
            self.figures.chunk_timeouts += transfer.expire(now, limit_s)
            if transfer.halved:
                self._size = min(self._size, transfer.chunk_bytes)

    def send(self) -> None:
        """Sends what window, rate and hours allow."""
        if not self.hours.allow():
            return
        self._begin()
        chunks = sum(len(t.sent_at) for t in self._transfers.values())
        size = sum(t.in_flight_bytes for t in self._transfers.values())
        for transfer in list(self._transfers.values()):
            while (
                chunks < _CHUNKS_IN_FLIGHT
                and (size < _BYTES_IN_FLIGHT or not chunks)
                and self._transport.room() > _RESERVED_SLOTS
                and self._bucket.ready()
            ):
                number = transfer.next_chunk()
                if number is None:
                    break
                if not self._publish(transfer, number):
                    return
                chunks += 1
                size += transfer.chunk_bytes

    def _publish(self, transfer: Transfer, number: int) -> bool:
        payload = encode_chunk(transfer.content, number, transfer.chunk_bytes)
        if not self._transport.publish(self._topics.chunk(transfer.digest, number), payload):
            return False
        transfer.sent_at[number] = self._clock()
        self._bucket.take(len(payload))
        self.figures.chunks += 1
        return True

    def _begin(self) -> None:
        if len(self._transfers) >= _TRANSFERS:
            return
        for digest, _ in self._outbox.ready_blobs(2 * _TRANSFERS):
            if digest in self._transfers or len(self._transfers) >= _TRANSFERS:
                continue
            try:
                content = self._outbox.spool.get(digest)
            except DataError as error:
                warn("blob_lost", digest=digest[:12], error=error.what)
                self._outbox.give_up_blob(digest, "damaged in the spool")
                continue
            self._transfers[digest] = Transfer(digest, content, self._size)
        self._outbox.uploading(self._transfers)


def _fitting(chunk_bytes: int, bytes_per_s: float) -> int:
    """The largest halving of `chunk_bytes` that a capped line sends in about two seconds."""
    size = chunk_bytes
    while bytes_per_s and size > MIN_CHUNK_BYTES and size > bytes_per_s * _CHUNK_S:
        size = max(MIN_CHUNK_BYTES, size // 2)
    return size
