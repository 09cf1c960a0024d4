"""Intervals of several figures from one set of resamples, whole groups together (cluster bootstrap, percentiles).

The figures take weights, not rows, so that one draw serves them all; `stats.bootstrap` is for a single figure of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import MIN_GROUPS, SINGLY, Estimate, of_draws

Floats = NDArray[np.float64]
Figure: TypeAlias = Callable[[Floats], float]
"""(samples,) how often each was drawn → the figure; NaN where the draw does not allow it."""

ROUNDS = 500
CONFIDENCE = 0.95


def estimates(
    figures: Mapping[str, Figure],
    groups: Sequence[str],
    *,
    seed: int,
    rounds: int = ROUNDS,
    each: Floats | None = None,
) -> dict[str, Estimate]:
    """Each figure with its interval; those that the data does not allow at all are left out.

    Args:
        groups: per sample; samples of one group are drawn together.
        each: (samples,) how many each stands for, whenever it is drawn; None: one.
    """
    n = len(groups)
    whole = np.ones(n) if each is None else each
    values = {name: figure(whole) for name, figure in figures.items()} if n else {}
    known = {name: value for name, value in values.items() if math.isfinite(value)}
    if not known:
        return {}
    drawn: dict[str, list[float]] = {name: [] for name in known}
    numbers, method = _numbered(groups)
    rng = np.random.default_rng(seed)
    count = int(numbers.max()) + 1
    for _ in range(rounds):
        picks = np.bincount(rng.integers(count, size=count), minlength=count)
        weight = picks[numbers] * whole
        for name in known:
            drawn[name].append(figures[name](weight))
    return {
        name: of_draws(value, drawn[name], n, method, CONFIDENCE) for name, value in known.items()
    }


def _numbered(groups: Sequence[str]) -> tuple[NDArray[np.intp], str]:
    different: dict[str, int] = {}
    numbers = np.array([different.setdefault(group, len(different)) for group in groups], np.intp)
    if len(different) < MIN_GROUPS:
        return np.arange(len(groups)), SINGLY
    return numbers, f"bootstrap of {len(different)} groups"
