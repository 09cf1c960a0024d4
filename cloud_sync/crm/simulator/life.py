"""What happens in a pretended CRM by itself: new leads, visits, and after some weeks each is won or lost.

Time here runs faster than outside, so that the circle closes while somebody watches; the level of all leads rises
with it. The same seed gives the same life. When it is called is not known here.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from typing import Literal

from cloud_sync.crm.simulator.simulator import Simulator
from cloud_sync.crm.simulator.values import Held

DECIDED_DAYS = 20.0
"""From a lead's creation until it is won or lost, on average."""
VISIT_DAYS = 5.0
"""Between two things that an open lead does, on average."""
Deed = Literal["new", "visit", "decide"]


class Life:
    """The life of one pretended CRM.

    Args:
        leads_per_day: new ones, on average.
        told: gets a line about each thing that happens.
    """

    def __init__(
        self,
        simulator: Simulator,
        leads_per_day: float = 10.0,
        told: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self._simulator = simulator
        self._leads_per_day = leads_per_day
        self._told = told
        self._random = random.Random(f"life:{simulator.seed}")  # noqa: S311 - made-up people
        self._numbers = itertools.count()
        self._heap: list[tuple[float, int, Deed, Held | None]] = []
        self.day = 0.0
        """Days that have passed."""
        for held in simulator.records:
            if not held.outcome and not held.deleted:
                self._expect(held)
        if leads_per_day > 0:
            self._push("new", self._wait(1 / leads_per_day), None)

    def advance(self, days: float) -> int:
        """Lets so many days pass; how many things happened."""
        end = self.day + days
        happened = 0
        while self._heap and self._heap[0][0] <= end:
            self.day, _, deed, held = heapq.heappop(self._heap)
            self._simulator.days_ahead = self.day
            self._do(deed, held)
            happened += 1
        self.day = self._simulator.days_ahead = end
        return happened

    def _do(self, deed: Deed, held: Held | None) -> None:
        if held is None:
            for fresh in self._simulator.make(1):
                self._told(f"{fresh.object_id} is new (true chance {fresh.truth:.0%})")
                self._expect(fresh)
            self._push("new", self._wait(1 / self._leads_per_day), None)
        elif held.deleted or held.outcome:
            return
        elif deed == "visit":
            if held.columns:
                self._simulator.step(held)
                self._told(f"{held.object_id} came back (true chance {held.truth:.0%})")
                self._push("visit", self._wait(VISIT_DAYS), held)
        else:
            self._simulator.settle(held)
            self._told(f"{held.object_id} is {held.outcome} (true chance was {held.truth:.0%})")

    def _expect(self, held: Held) -> None:
        self._push("visit", self._wait(VISIT_DAYS), held)
        self._push("decide", self._wait(DECIDED_DAYS), held)

    def _wait(self, mean: float) -> float:
        return self._random.expovariate(1 / mean)

    def _push(self, deed: Deed, wait: float, held: Held | None) -> None:
        heapq.heappush(self._heap, (self.day + wait, next(self._numbers), deed, held))
