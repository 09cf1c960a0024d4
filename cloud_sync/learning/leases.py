"""Leases on review samples, so that two people at the queue do not look at the same picture.

In memory and short: a lost lease costs one picture seen twice, never a wrong record, because
submitting a review is idempotent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

LEASE_S = 300.0


class Leases:
    """Who looks at which sample. Expired leases are dropped as others are taken.

    Args:
        clock: monotonic seconds.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, lease_s: float = LEASE_S
    ) -> None:
        self._clock = clock
        self._lease_s = lease_s
        self._held: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def taken_by_others(self, person_id: int) -> set[str]:
        """Samples that other people look at now."""
        with self._lock:
            self._drop_expired()
            return {s for s, (holder, _) in self._held.items() if holder != person_id}

    def take(self, person_id: int, samples: Iterable[str]) -> None:
        """Leases samples to a person; those another holds stay with them."""
        with self._lock:
            until = self._clock() + self._lease_s
            for sample in samples:
                holder = self._held.get(sample)
                if holder is None or holder[0] == person_id or holder[1] <= self._clock():
                    self._held[sample] = (person_id, until)

    def release(self, sample: str) -> None:
        """The sample has been decided."""
        with self._lock:
            self._held.pop(sample, None)

    def _drop_expired(self) -> None:
        now = self._clock()
        self._held = {s: held for s, held in self._held.items() if held[1] > now}
