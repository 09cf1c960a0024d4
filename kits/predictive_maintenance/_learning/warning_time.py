"""From remaining life to a warning: below how much life left an alarm pays, by money, on units left out.

The dial is the lead: a large one misses nothing and throws life away, a small one comes too late for a planned
stop. Costs are those of the project: an unplanned stop, and a stop that came before it had to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.operating_point import Costs
from kits.predictive_maintenance._device.remaining import RemainingSpec, shown
from kits.predictive_maintenance._learning.intervals import Life
from kits.predictive_maintenance.config import Config

Floats = NDArray[np.float64]
IN_A_ROW = 3
"""Rows that must stand below the lead: one low prediction is no reason to stop a machine."""
HOURS = "h"
_STEPS = 24
_TWENTIETH = 20


@dataclass(frozen=True)
class Policy:
    """The lead that was chosen, and what it does on units left out.

    Attributes:
        lead: an alarm comes when no more life than this is predicted, `IN_A_ROW` times.
        missed: units without an alarm before they needed it.
        lead_times: life left when the alarm came, of the units that had one.
    """

    lead: float
    needed: float
    missed: int
    units: int
    lead_times: tuple[float, ...]
    unit: str

    @property
    def text(self) -> str:
        times = np.array(self.lead_times)
        if not times.size:
            return f"an alarm at {self.lead:g} {self.unit} left would come in no case"
        middle, spread = spread_of(self.lead_times)
        return (
            f"an alarm at {self.lead:.3g} {self.unit} left: {self.missed} of {self.units} machines left out get none "
            f"with {self.needed:.3g} {self.unit} to spare; warning time {middle} {self.unit} "
            f"({spread})"
        )

    def figures(self) -> dict[str, float]:
        """For the run's record."""
        times = np.array(self.lead_times) if self.lead_times else np.array([np.nan])
        return {
            "alarm_lead": self.lead,
            "alarm_missed": float(self.missed),
            "alarm_units": float(self.units),
            "lead_time_median": float(np.median(times)),
        }


def choose_lead(
    held_out: Sequence[tuple[Life, Floats]], spec: RemainingSpec, config: Config, costs: Costs
) -> Policy:
    """The lead of least expected cost among units that the models had not seen.

    A unit without an alarm `needed` before its end costs `escape`; one stopped early costs `overkill`, and the share
    of its life that was thrown away times the same.
    """
    needed = config.life.lead or spec.cap / 12
    runs = [(life, found) for life, found in held_out if life.left.min(initial=np.inf) < needed]
    best: tuple[float, Policy] | None = None
    for lead in np.linspace(needed, 0.6 * spec.cap, _STEPS):
        policy = _policy(runs, float(lead), needed, spec)
        wasted = sum(max(t - needed, 0.0) for t in policy.lead_times) / spec.cap
        cost = costs.escape * policy.missed + costs.overkill * (len(policy.lead_times) + wasted)
        if best is None or cost < best[0]:
            best = cost, policy
    assert best is not None
    return best[1]


def spread_of(times: Sequence[float]) -> tuple[str, str]:
    """The median in words, and how far times lie apart; of fewer than twenty nobody knows a twentieth."""
    if len(times) < _TWENTIETH:
        least, most = shown(min(times)), shown(max(times))
        apart = (
            f"from {least} to {most} of {len(times)} machines"
            if len(times) > 1
            else "of one machine"
        )
    else:
        low, high = (shown(t) for t in np.quantile(times, [0.05, 0.95]))
        apart = f"5 % under {low}, 5 % over {high}"
    return shown(float(np.median(times))), apart


def rows_below(spec: RemainingSpec) -> int:
    """How many rows must stand below the lead.

    One where rows are captures and nothing says how long it is between them: a delay has to be told in seconds.
    """
    return IN_A_ROW if spec.history or spec.unit == HOURS else 1


def _policy(
    runs: Sequence[tuple[Life, Floats]], lead: float, needed: float, spec: RemainingSpec
) -> Policy:
    missed, times = 0, []
    for life, found in runs:
        place = first_run(found <= lead, rows_below(spec))
        if place is None or life.left[place] < needed:
            missed += 1
        if place is not None:
            times.append(float(life.left[place]))
    return Policy(lead, needed, missed, len(runs), tuple(times), spec.unit)


def first_run(mask: NDArray[np.bool_], length: int) -> int | None:
    """Where the first `length` true values in a row end; None when there are none."""
    if mask.size < length:
        return None
    whole = np.lib.stride_tricks.sliding_window_view(mask, length).all(axis=1)
    return int(whole.argmax()) + length - 1 if whole.any() else None
