"""Frames without the hub's answer: how many may fly, how long silence may last. It sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kits.core.events import EventClass

MAX_FRAMES = 20
MAX_BYTES = 2 << 20
_MAX_SILENCE_S = 60.0
_LONG_SILENCE_S = 10.0
_SMOOTHING = 0.2


@dataclass
class Sent:
    """One frame.

    Attributes:
        seqs: the rows of it that the hub has not acknowledged.
        at: when it went out the last time, monotonic seconds.
        due: when it goes out again.
        patience: how often the time until then was doubled.
    """

    klass: EventClass
    seqs: set[int]
    size: int
    at: float
    due: float
    patience: int
    tries: int = 1


class Flight:
    """All frames in flight.

    How long an answer takes is measured on frames that went out once. Of one that went out again nobody
    knows which one was answered, so its longer patience is kept for new frames until one of them is
    answered in time (Karn and Partridge 1987); else a hub that takes longer than `resend_s` would get
    every frame twice for ever.

    Args:
        resend_s: silence is never shorter than this, seconds.
    """

    def __init__(self, resend_s: float) -> None:
        self._resend_s = resend_s
        self._frames: dict[int, Sent] = {}
        self._bytes = 0
        self._heard_at: float | None = None
        self._patience = 1
        self.rtt_s = 0.0

    def crowded(self, extra: int = 0) -> bool:
        """Whether nothing more may fly; `extra` frames are for alerts.

        The broker's answers do not count: they say nothing about the hub.
        """
        return len(self._frames) >= MAX_FRAMES + extra or self._bytes >= MAX_BYTES

    def sent(self, klass: EventClass, seqs: set[int], size: int, now: float) -> None:
        """A frame went out."""
        due = now + self.silence_s(self._patience)
        self._frames[min(seqs)] = Sent(klass, seqs, size, now, due, self._patience)
        self._bytes += size

    def again(self, key: int, seqs: set[int], size: int, now: float) -> None:
        """Frame `key` went out again with only `seqs`; the rest of it becomes a frame of its own."""
        old = self._frames.pop(key)
        left = old.seqs - seqs
        self._bytes += size - old.size
        tries = old.tries + 1
        patience = old.patience + 1
        self._patience = max(self._patience, patience)
        due = now + self.silence_s(patience)
        self._frames[min(seqs)] = Sent(old.klass, seqs, size, now, due, patience, tries)
        if left:
            due = now + self.silence_s(old.patience)
            rest = Sent(old.klass, left, 0, now, due, old.patience, old.tries)
            self._frames[min(left)] = rest

    def drop(self, key: int) -> None:
        """Nothing of a frame is waited for any more."""
        self._bytes -= self._frames.pop(key).size

    def clear(self) -> None:
        """Nothing that was in flight may be relied on."""
        self._frames.clear()
        self._bytes = 0
        self._patience = 1

    def acknowledged(self, ranges: Sequence[tuple[int, int]], now: float) -> None:
        """The hub has these rows. After a long silence all others are due soon: it is back."""
        if self._heard_at is None or now - self._heard_at > _LONG_SILENCE_S:
            for frame in self._frames.values():
                frame.due = min(frame.due, now + self.silence_s(1))
        self._heard_at = now
        for key, frame in list(self._frames.items()):
            before = len(frame.seqs)
            first, last = min(frame.seqs), max(frame.seqs)
            for low, high in ranges:
                if low <= first and last <= high:
                    frame.seqs.clear()
                    break
                if low <= last and first <= high:
                    frame.seqs.difference_update(range(max(low, first), min(high, last) + 1))
            if len(frame.seqs) < before and frame.tries == 1:
                took = now - frame.at
                self.rtt_s += (_SMOOTHING if self.rtt_s else 1.0) * (took - self.rtt_s)
                self._patience = 1
            if not frame.seqs:
                self.drop(key)

    def heard_since(self, at: float) -> bool:
        """Whether the hub acknowledged anything after `at`."""
        return self._heard_at is not None and self._heard_at > at

    def silence_s(self, patience: int) -> float:
        """How long to wait for an answer: three round trips, doubled with each try."""
        base = max(self._resend_s, 3 * self.rtt_s)
        return min(base * float(1 << min(patience - 1, 10)), max(base, _MAX_SILENCE_S))

    def late(self, now: float) -> list[tuple[int, Sent]]:
        """Frames that waited too long."""
        return [(key, frame) for key, frame in self._frames.items() if now > frame.due]
