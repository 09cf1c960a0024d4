"""One blob on its way: which chunks are missing, which are in flight, when to try again.

Pure bookkeeping; `uploads.py` moves the bytes. A hub that has part of a blob already says so in its
acknowledgements, and only what is missing travels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kits.core.frames import CHUNK_BYTES, MIN_CHUNK_BYTES, BlobAck

_TIMEOUTS_UNTIL_HALVED = 2


@dataclass
class Transfer:
    """One blob. `content` is read once, when its first chunk goes out."""

    digest: str
    content: bytes
    chunk_bytes: int = CHUNK_BYTES
    largest: int = CHUNK_BYTES
    have: set[int] = field(default_factory=set)
    sent_at: dict[int, float] = field(default_factory=dict)
    timeouts: int = 0
    halved: bool = False

    @property
    def count(self) -> int:
        """Number of chunks at the present chunk size."""
        return -(-len(self.content) // self.chunk_bytes)

    @property
    def in_flight_bytes(self) -> int:
        """Bytes of chunks without an answer."""
        return len(self.sent_at) * min(self.chunk_bytes, len(self.content))

    def next_chunk(self) -> int | None:
        """The first chunk that is neither there nor in flight.

        When the hub has all chunks but never said `done`, chunk 0 asks for its answer again.
        """
        for number in range(self.count):
            if number not in self.have and number not in self.sent_at:
                return number
        return 0 if not self.sent_at else None

    def acknowledged(self, ack: BlobAck) -> bool:
        """Takes the hub's word for what it has; True when the blob is complete there."""
        if ack.done:
            return True
        if ack.chunk_bytes != self.chunk_bytes:
            if self.halved or not MIN_CHUNK_BYTES <= ack.chunk_bytes <= self.largest:
                return False
            self._resize(ack.chunk_bytes)
        self.have = {n for first, last in ack.have for n in range(first, min(last, self.count) + 1)}
        for number in self.have:
            self.sent_at.pop(number, None)
        self.timeouts = 0
        return False

    def expire(self, now: float, limit_s: float, *, blame_size: bool = True) -> int:
        """Forgets chunks in flight for longer than `limit_s`; halves the size when it repeats.

        Args:
            blame_size: false while the hub is known to be away.

        Returns:
            How many chunks timed out.
        """
        late = [number for number, at in self.sent_at.items() if now - at > limit_s]
        for number in late:
            del self.sent_at[number]
        if late and blame_size:
            self.timeouts += 1
            if self.timeouts >= _TIMEOUTS_UNTIL_HALVED and self.chunk_bytes > MIN_CHUNK_BYTES:
                self._resize(max(MIN_CHUNK_BYTES, self.chunk_bytes // 2))
                self.halved = True
        return len(late)

    def fit(self, largest: int) -> None:
        """No chunk larger than this from now on, even if the hub has to begin anew."""
        self.largest = largest
        if self.chunk_bytes > largest:
            self._resize(largest)

    def _resize(self, chunk_bytes: int) -> None:
        self.chunk_bytes = chunk_bytes
        self.have.clear()
        self.sent_at.clear()
        self.timeouts = 0
