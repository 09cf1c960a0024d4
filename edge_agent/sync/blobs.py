"""One blob on its way: which chunks are missing, which are in flight, when to try again.

Pure bookkeeping; `uploads.py` moves the bytes. A hub that has part of a blob already says so in its
acknowledgements, and only what is missing travels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kits.core.frames import CHUNK_BYTES, MIN_CHUNK_BYTES, BlobAck

_TIMEOUTS_UNTIL_HALVED = 2
_ASK_AGAIN_S, _MAX_ASK_AGAIN_S = 30.0, 300.0
"""A hub that has all of a blob stores it by itself and says so; its storage may be away for hours."""


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
    ask_at: float = 0.0
    ask_pause_s: float = _ASK_AGAIN_S

    @property
    def count(self) -> int:
        """Number of chunks at the present chunk size."""
        return -(-len(self.content) // self.chunk_bytes)

    @property
    def in_flight_bytes(self) -> int:
        """Bytes of chunks without an answer."""
        return len(self.sent_at) * min(self.chunk_bytes, len(self.content))

    @property
    def complete(self) -> bool:
        """Whether the hub has all chunks; it may not have stored them yet."""
        return len(self.have) == self.count

    def next_chunk(self, now: float) -> int | None:
        """The first chunk that is neither there nor in flight.

        When the hub has all chunks but never said `done`, chunk 0 asks now and then for its answer.
        """
        if self.complete:
            return 0 if now >= self.ask_at else None
        for number in range(self.count):
            if number not in self.have and number not in self.sent_at:
                return number
        return None

    def sent(self, number: int, now: float) -> None:
        """A chunk went out. One that only asks is not waited for: it can not be late."""
        if self.complete:
            self._ask_later(now)
        else:
            self.sent_at[number] = now

    def _ask_later(self, now: float) -> None:
        self.ask_at = now + self.ask_pause_s
        self.ask_pause_s = min(2 * self.ask_pause_s, _MAX_ASK_AGAIN_S)

    def resume(self) -> None:
        """A new connection: nothing in flight may be relied on, and an answer may have been lost."""
        self.sent_at.clear()
        self.ask_at = 0.0

    def acknowledged(self, ack: BlobAck, now: float) -> bool:
        """Takes the hub's word for what it has; True when the blob is complete there."""
        if ack.done:
            return True
        if ack.chunk_bytes != self.chunk_bytes:
            if self.halved or not MIN_CHUNK_BYTES <= ack.chunk_bytes <= self.largest:
                return False
            self._resize(ack.chunk_bytes)
        before = self.complete
        self.have = {n for n in range(self.count) if any(a <= n <= b for a, b in ack.have)}
        for number in self.have:
            self.sent_at.pop(number, None)
        if self.complete and not before:
            self._ask_later(now)
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
