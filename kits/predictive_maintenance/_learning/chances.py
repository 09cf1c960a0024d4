"""What chances are worth: those of rows made as sure as they were right, and whether they tell faults at all.

By what was said of recordings that were left out. It is not responsible for how they are left out (`_learning/faults.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._learning.linear import Linear, cross_entropy, minimised, softmax

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
FLOOR = 1e-6
_PENALTY = 3.0
"""Of a sharpness that is not 1, beside the sum over all rows: few faults do not tell how sure to be."""
_LEAST_GROUPS = 3
_CHANCE = 1.645
"""Standard deviations above chance, one in twenty by luck."""


@dataclass(frozen=True)
class Calibration:
    """Softmax of `sharpness · log chances + levels`.

    Attributes:
        levels: (classes,).
    """

    sharpness: float
    levels: Floats

    def __call__(self, chances: Floats) -> Floats:
        """(rows, classes) as sure as chances like these were right."""
        return softmax(self.sharpness * np.log(np.maximum(chances, FLOOR)) + self.levels)

    def linear(self, model: Linear) -> Linear:
        """The linear classifier that says so itself."""
        weights, bias = self.sharpness * model.weights, self.sharpness * model.bias + self.levels
        return Linear(model.mean, model.scale, weights, bias)


def calibrated(chances: Floats, labels: Ints) -> Calibration:
    """By which the chances of rows left out are as often right as they say (Platt 1999; Guo et al. 2017).

    Each row counts as one, so classes come as often as they do among the rows.
    """
    logs, classes = np.log(np.maximum(chances, FLOOR)), chances.shape[1]
    penalty = _PENALTY / len(labels)
    weights = np.ones(len(labels))

    def loss(parameters: Floats) -> tuple[float, Floats]:
        sharpness, levels = parameters[0], parameters[1:]
        spent, slope = cross_entropy(sharpness * logs + levels, labels, weights)
        off = sharpness - 1
        uphill = float((slope * logs).sum()) + 2 * penalty * off
        return spent + penalty * off**2, np.array([uphill, *slope.sum(axis=0)])

    found = minimised(loss, np.array([1.0, *np.zeros(classes)]))
    return Calibration(max(float(found[0]), 0.0), found[1:])


def tells_faults(score: Floats, faulty: NDArray[np.bool_], groups: Sequence[str]) -> bool | None:
    """Whether faults scored higher than what is normal, beyond chance (Mann & Whitney 1947); None: too few of either.

    Recordings of one machine in one condition count as one.
    """
    means: dict[tuple[str, bool], list[float]] = {}
    for one, bad, group in zip(score.tolist(), faulty.tolist(), groups):
        means.setdefault((group, bad), []).append(one)
    high = np.array([np.mean(found) for (_, bad), found in means.items() if bad])
    low = np.array([np.mean(found) for (_, bad), found in means.items() if not bad])
    if min(high.size, low.size) < _LEAST_GROUPS:
        return None
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, "left") + np.searchsorted(ordered, high, "right")
    area = float(below.mean()) / (2 * low.size)
    spread = ((high.size + low.size + 1) / (12 * high.size * low.size)) ** 0.5
    return bool(area - 0.5 > _CHANCE * spread)
