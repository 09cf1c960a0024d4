"""Figures over machines of which each counts as one, with intervals that hold for few of them, too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import Estimate, beta_quantile, bootstrap, student_quantile, widened
from kits.predictive_maintenance._judging.judged import ROUNDS

Floats = NDArray[np.float64]


def root_mean_square(squares: Sequence[float], groups: Sequence[str], seed: int) -> Estimate:
    """The root of a mean of squares, one for each machine, however long its history is.

    Few machines drawn again are hardly ever as different as machines are: Student's interval of the mean stands beside.
    """
    values = np.array(squares)

    def root(rows: NDArray[np.intp]) -> float:
        return float(np.sqrt(values[rows].mean()))

    found = bootstrap(root, groups, seed=seed, rounds=ROUNDS)
    own = _by_group(values, groups)
    if len(own) < 2:
        return found
    reach = student_quantile(0.975, len(own) - 1) * float(own.std(ddof=1)) / len(own) ** 0.5
    low, high = (float(np.sqrt(max(own.mean() + x, 0.0))) for x in (-reach, reach))
    return widened(found, low, high, f"bootstrap and Student's t of {len(own)} groups")


def mean_share(shares: Sequence[float], groups: Sequence[str]) -> Estimate:
    """A mean of shares between 0 and 1, one for each machine: never further apart than as many hits and misses.

    So the exact interval of these holds (Clopper & Pearson 1934, with a fraction of hits). Of machines drawn again that are
    all covered none would ever be missed.
    """
    own = _by_group(np.array(shares), groups)
    hits, count = float(own.sum()), own.size
    low = beta_quantile(0.025, hits, count - hits + 1) if hits > 0 else 0.0
    high = beta_quantile(0.975, hits + 1, count - hits) if hits < count else 1.0
    value = float(np.mean(shares))
    method = f"clopper-pearson on {count} groups"
    return Estimate(
        value=value, low=min(low, value), high=max(high, value), n=len(shares), method=method
    )


def _by_group(values: Floats, groups: Sequence[str]) -> Floats:
    """The mean of each group."""
    names = np.array(groups)
    return np.array([values[names == name].mean() for name in dict.fromkeys(groups)])
