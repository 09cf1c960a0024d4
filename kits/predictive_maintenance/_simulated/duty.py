"""What a pump is asked to do and what befalls it: regimes, shifts of a plant, faults with their times.

Responsible for the plan of a history, in seconds from its start; how the pump answers is computed in
`_simulated/pump.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._simulated.shaft import Rng, Signal

PumpFault = Literal["cavitation", "clogged-inlet", "seal-wear", "bearing-wear"]


@dataclass(frozen=True, slots=True)
class Regime:
    """A way of running: speed as share of the rated one, and how far the consumers' valves are open."""

    speed: float
    opening: float


REGIMES: Mapping[str, Regime] = {
    "idle": Regime(0.0, 0.5),
    "throttled": Regime(1.0, 0.6),
    "part-load": Regime(0.82, 0.85),
    "full-load": Regime(1.0, 1.0),
    "flushing": Regime(1.12, 1.45),
}
"""`flushing` is no part of the usual shifts: a person calls it normal, a model has not seen it."""

_SHIFT_SHARES = {"throttled": 0.25, "part-load": 0.35, "full-load": 0.35, "idle": 0.05}
_DWELL_S, _SHORTEST_S = 2_100.0, 300.0
_SHIFT_HOURS = (6, 22)


@dataclass(frozen=True, slots=True)
class Phase:
    """From `start_s` on the pump runs in this regime."""

    start_s: float
    regime: str


@dataclass(frozen=True, slots=True)
class Event:
    """A fault with its times.

    Attributes:
        severity: at `end_s`, 0 to 1.
        growth: power with which it grows from 0 at `start_s`; 0: it is there at once.
        fails: the pump trips at `end_s` and stands still from then on.
    """

    fault: PumpFault
    start_s: float
    end_s: float
    severity: float = 1.0
    growth: float = 0.0
    fails: bool = False

    def severities(self, time_s: Signal) -> Signal:
        """Severity at each moment; 0 before and after the event."""
        share = (time_s - self.start_s) / (self.end_s - self.start_s)
        inside = (share >= 0) & (share < 1)
        grown: Signal = self.severity * np.clip(share, 0, 1) ** self.growth * inside
        return grown


def shifts(rng: Rng, hours: float, started_at: datetime) -> list[Phase]:
    """The usual duty: two shifts on working days with changing load, idle at night and on weekends.

    Changes of load last from five minutes to some hours (log-normal, median 35 minutes).
    """
    phases = [Phase(0.0, "idle")]
    now_s, names = 0.0, list(_SHIFT_SHARES)
    while now_s < hours * 3_600:
        at = started_at + timedelta(seconds=now_s)
        if _works(at):
            regime = names[rng.choice(len(names), p=list(_SHIFT_SHARES.values()))]
            length_s = max(_SHORTEST_S, float(rng.lognormal(np.log(_DWELL_S), 0.6)))
            length_s = min(length_s, _until(at, _SHIFT_HOURS[1]))
        else:
            regime, length_s = "idle", _until(at, _SHIFT_HOURS[0])
        phases.append(Phase(now_s, regime))
        now_s += length_s
    return phases[1:]


def demanded(phases: Sequence[Phase], time_s: Signal) -> tuple[Signal, Signal]:
    """Speed and opening asked for at each moment."""
    starts = np.array([phase.start_s for phase in phases])
    table = np.array([(REGIMES[p.regime].speed, REGIMES[p.regime].opening) for p in phases])
    now: NDArray[np.intp] = np.maximum(np.searchsorted(starts, time_s, side="right") - 1, 0)
    return table[now, 0], table[now, 1]


def _works(at: datetime) -> bool:
    return at.weekday() < 5 and _SHIFT_HOURS[0] <= at.hour < _SHIFT_HOURS[1]


def _until(at: datetime, hour: int) -> float:
    """Seconds to the next time the clock shows `hour`."""
    then = at.replace(hour=hour, minute=0, second=0, microsecond=0)
    if then <= at:
        then += timedelta(days=1)
    return (then - at).total_seconds()
