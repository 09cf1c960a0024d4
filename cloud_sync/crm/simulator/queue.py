"""What a pretended CRM still has to tell the hub: events by the moment they are due, copies and delays included.

Bounded: what does not fit is lost, as with a CRM that gives up, and counted. How a message looks and is sent is not
known here.
"""

from __future__ import annotations

import heapq
import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cloud_sync.crm.simulator.values import SimEvent

MAX_WAITING = 2_000_000


@dataclass(frozen=True, slots=True)
class Noise:
    """What the way through the internet does to events.

    Attributes:
        duplicates: how often each is sent once more, on average: 9 sends it ten times.
        reorder: share of copies that are held back, so that later ones overtake them.
        delay_s: by up to so long, seconds.
    """

    duplicates: float = 0.0
    reorder: float = 0.0
    delay_s: float = 0.0


@dataclass(slots=True)
class Waiting:
    """One event in the queue.

    Attributes:
        left: copies that are sent after this one.
        attempt: 1 for the first.
        taken: a copy before was.
    """

    event: SimEvent
    left: int
    attempt: int = 1
    taken: bool = False


class EventQueue:
    """Events by due time; any number of threads may take from it.

    Args:
        clock: seconds, only ever rising.
    """

    def __init__(
        self, noise: Noise, rng: random.Random, clock: Callable[[], float], limit: int = MAX_WAITING
    ) -> None:
        self.noise = noise
        self.counts: Counter[str] = Counter()
        self._rng = rng
        self._clock = clock
        self.limit = limit
        self._heap: list[tuple[float, int, Waiting]] = []
        self._number = 0
        self._flying = 0
        self._ended = False
        self._changed = threading.Condition()

    def offer(self, events: Sequence[SimEvent]) -> None:
        """Takes events in, the copies they will have included."""
        with self._changed:
            for event in events:
                self.counts["events"] += 1
                if self._ended or len(self._heap) >= self.limit:
                    self.counts["lost_ended" if self._ended else "lost_full"] += 1
                    continue
                self._push(Waiting(event, self._copies()), self._delay())
            self._changed.notify_all()

    def take(self, most: int) -> list[Waiting]:
        """What is due, at most so many; waits for it. Empty when the queue was closed."""
        with self._changed:
            while not self._ended:
                now = self._clock()
                if self._heap and self._heap[0][0] <= now:
                    return self._pop(most, now)
                self._changed.wait(self._heap[0][0] - now if self._heap else None)
            return []

    def _pop(self, most: int, now: float) -> list[Waiting]:
        found: list[Waiting] = []
        while self._heap and len(found) < most and self._heap[0][0] <= now:
            found.append(heapq.heappop(self._heap)[2])
        self._flying += len(found)
        return found

    def done(self, waiting: Sequence[Waiting]) -> None:
        """They were delivered: their next copies follow."""
        with self._changed:
            self._flying -= len(waiting)
            for one in waiting:
                if one.left:
                    self.counts["duplicates"] += 1
                    self._push(Waiting(one.event, one.left - 1, taken=True), self._delay())
            self._changed.notify_all()

    def again(self, waiting: Sequence[Waiting], wait_s: float) -> None:
        """They were not taken, and are tried again after so long."""
        with self._changed:
            self._flying -= len(waiting)
            for one in waiting:
                self._push(replace(one, attempt=one.attempt + 1), wait_s)
            self._changed.notify_all()

    def lost(self, waiting: Sequence[Waiting], why: str) -> None:
        """They are given up, with the copies they would have had; lost are those of which none was taken."""
        with self._changed:
            self._flying -= len(waiting)
            self._give_up(waiting, why)
            self._changed.notify_all()

    def clear(self, why: str) -> None:
        """Gives up all that waits."""
        with self._changed:
            self._give_up([waiting for _due, _number, waiting in self._heap], why)
            self._heap.clear()
            self._changed.notify_all()

    def count(self, name: str, n: int = 1) -> None:
        """Counts something."""
        with self._changed:
            self.counts[name] += n

    def hurry(self) -> None:
        """All that waits is due now, whatever wait was before it."""
        with self._changed:
            self._heap = [(self._clock(), number, one) for _due, number, one in self._heap]
            heapq.heapify(self._heap)
            self._changed.notify_all()

    def drained(self, timeout_s: float) -> bool:
        """Waits until nothing is to be sent any more; whether it came to that."""
        end = self._clock() + timeout_s
        with self._changed:
            while (self._heap or self._flying) and (left := end - self._clock()) > 0:
                self._changed.wait(left)
            return not self._heap and not self._flying

    def close(self) -> None:
        """Wakes who waits in `take`; they get nothing more."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._heap)

    def _give_up(self, waiting: Sequence[Waiting], why: str) -> None:
        self.counts.update("copies_given_up" if one.taken else why for one in waiting)

    def _push(self, waiting: Waiting, wait_s: float) -> None:
        self._number += 1
        heapq.heappush(self._heap, (self._clock() + wait_s, self._number, waiting))

    def _copies(self) -> int:
        whole = int(self.noise.duplicates)
        part = self.noise.duplicates - whole
        return whole + (part > 0 and self._rng.random() < part)

    def _delay(self) -> float:
        if self.noise.reorder and self._rng.random() < self.noise.reorder:
            return self._rng.random() * self.noise.delay_s
        return 0.0
