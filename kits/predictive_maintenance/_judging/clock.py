"""The one clock on which recordings of the past lie: time where all of them say it, else life or readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timezone

from kits.core.dataset import DatasetItem
from kits.core.kit import EvaluateTask
from kits.predictive_maintenance._learning.recordings import (
    Recording,
    load,
    order_of,
)
from kits.predictive_maintenance.runtime import MachineRuntime

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


@dataclass(frozen=True)
class Fact:
    """What the clock must know of a recording, without its readings.

    Attributes:
        started_s: seconds since 1970; None: it does not say.
        life_position: in the unit of remaining life; None: it does not say.
    """

    asset: str
    order: tuple[str, str, float, str]
    rate_hz: float
    started_s: float | None
    life_position: float | None


def in_order(task: EvaluateTask) -> list[tuple[DatasetItem, Fact]]:
    """Items by asset and time. One recording is in memory at a time."""
    found = []
    task.progress.begin("reading recordings", len(task.items))
    for item in task.items:
        task.progress.advance()
        one = load(task.dataset, [item])[0]
        found.append((item, _fact(one)))
    task.progress.end()
    return sorted(found, key=lambda pair: pair[1].order)


def _fact(one: Recording) -> Fact:
    started = one.window.started_at
    if started is not None and started.tzinfo is None:
        started = started.replace(tzinfo=timezone.utc)
    position = one.window.attributes.get("life_position")
    return Fact(
        one.asset,
        order_of(one),
        one.rate_hz,
        started.timestamp() if started is not None else None,
        float(position) if isinstance(position, int | float) else None,
    )


@dataclass(frozen=True)
class Clock:
    """Seconds since 1970 where all recordings say when they began; else seconds, life or readings from the start."""

    unit: str
    timed: bool
    per_row: float = 1.0

    def start(self, fact: Fact, end_s: float) -> float:
        """When a recording begins: what is not in time follows on the one before, which ended at `end_s`."""
        if self.timed and fact.started_s is not None:
            return fact.started_s
        if self.unit != "s" and fact.life_position is not None:
            return fact.life_position
        return end_s

    def life(self, unit: str) -> float:
        """What a unit of life is on this clock."""
        return _SECONDS.get(unit, 1.0) if self.unit == "s" else 1.0

    def scale(self, rate_hz: float) -> float:
        """Of a trace's own time."""
        return 1.0 if rate_hz else self.per_row


def clock_of(runtime: MachineRuntime, facts: Sequence[Fact]) -> Clock:
    """The clock that suits all recordings."""
    in_time = all(fact.rate_hz > 0 for fact in facts)
    if in_time and all(fact.started_s is not None for fact in facts):
        return Clock("s", True)
    spec = runtime.spec.remaining
    if spec is not None and (not in_time or any(f.life_position is not None for f in facts)):
        return Clock(spec.unit, False, spec.per_row)
    return Clock("s" if in_time else "readings", False)
