"""Intervals of remaining life from units that were left out: how much less and more the truth may be.

It is not responsible for the predictions (`_learning/remaining.py`), nor for applying an interval on the device
(`_device/remaining.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BIN_EDGES = (0.15, 0.35, 0.6, 0.9)
"""Of the cap."""


@dataclass(frozen=True)
class Life:
    """One unit's history as columns, with what was left at each row."""

    unit: str
    inputs: Floats
    left: Floats
    weight: float


def conformal(
    held_out: Sequence[tuple[Life, Floats]], cap: float, confidence: float
) -> tuple[Floats, Floats, Floats]:
    """Edges of the bins, and how much less and more the truth may be in each.

    Split conformal (Vovk et al. 2005) on units left out; every unit counts as one, because its rows are not
    independent. A bin that too few units reach takes the figures of all bins.
    """
    edges = np.array(_BIN_EDGES) * cap
    tail = (1 - confidence) / 2
    everything = _offsets(held_out, -np.inf, np.inf, tail)
    assert everything is not None
    below, above = [], []
    for low, high in zip(np.concatenate([[-np.inf], edges]), np.concatenate([edges, [np.inf]])):
        down, up = _offsets(held_out, float(low), float(high), tail) or everything
        below.append(down)
        above.append(up)
    return edges, np.array(below), np.array(above)


def _offsets(
    held_out: Sequence[tuple[Life, Floats]], low: float, high: float, tail: float
) -> tuple[float, float] | None:
    errors, weights, units = [], [], 0
    for life, predicted in held_out:
        mine = (predicted >= low) & (predicted < high)
        if mine.any():
            errors.append(life.left[mine] - predicted[mine])
            weights.append(np.full(int(mine.sum()), 1 / mine.sum()))
            units += 1
    if units < max(8, int(np.ceil(1 / tail)) // 2):
        return None if np.isfinite(low) or np.isfinite(high) else _extremes(errors)
    error, weight = np.concatenate(errors), np.concatenate(weights)
    # one unit more than were seen: the finite-sample step of conformal prediction
    level = min((1 - tail) * (units + 1) / units, 1.0)
    return (
        max(-_weighted(error, weight, 1 - level), 0.0),
        max(_weighted(error, weight, level), 0.0),
    )


def _extremes(errors: Sequence[Floats]) -> tuple[float, float]:
    joined = np.concatenate(errors)
    return max(-float(joined.min()), 0.0), max(float(joined.max()), 0.0)


def _weighted(values: Floats, weights: Floats, level: float) -> float:
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(int(np.searchsorted(share, level)), len(values) - 1)])
