"""Rates of samples that come in groups: three pictures of one part prove less than pictures of three parts.

Numpy only, as `stats`; there a rate of independent samples is found.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import Estimate, beta_quantile, proportion

ENOUGH_GROUPS = 5
"""So many groups with and without a hit can show how alike the samples of one group are."""


def grouped_proportion(
    hits: Sequence[bool], groups: Sequence[str], confidence: float = 0.95
) -> Estimate:
    """A rate with its exact interval at the number of independent samples that these are worth (Korn & Graubard 1998).

    Args:
        hits: whether each sample is one.
        groups: of each sample. Where each is its own, this is `stats.proportion`.
    """
    exact = proportion(sum(hits), len(hits), confidence)
    count = len(set(groups))
    if count == len(hits):
        return exact
    worth = effective(hits, groups)
    x, tail = exact.value * worth, (1 - confidence) / 2
    low = 0.0 if exact.value == 0 else beta_quantile(tail, x, worth - x + 1)
    high = 1.0 if exact.value == 1 else beta_quantile(1 - tail, x + 1, worth - x)
    method = f"{exact.method}, {count} groups worth {worth:.1f} samples"
    return exact.model_copy(update={"low": low, "high": high, "method": method})


def effective(hits: Sequence[bool], groups: Sequence[str]) -> float:
    """As how many independent samples those of some groups count for their rate: from the number of groups to that of samples.

    By how much the rates of the groups vary beyond chance. Where few have a hit, or few have none, nobody can tell: then
    each group counts once.
    """
    n = len(hits)
    names = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    member = np.array([names[group] for group in groups], dtype=np.intp)
    size, hit = np.zeros(len(names)), np.zeros(len(names))
    np.add.at(size, member, 1.0)
    np.add.at(hit, member, np.asarray(hits, np.float64))
    if min(int((hit > 0).sum()), int((hit < size).sum())) < ENOUGH_GROUPS:
        return float(len(names))
    rate = float(hit.sum()) / n
    return float(np.clip(n / _design_effect(size, hit, rate), len(names), n))


def _design_effect(size: NDArray[np.float64], hit: NDArray[np.float64], rate: float) -> float:
    """Variance of the rate by its groups, over that of as many independent samples."""
    n, count = float(size.sum()), len(size)
    between = count / (count - 1) * float(((hit - rate * size) ** 2).sum()) / n**2
    return max(between / (rate * (1 - rate) / n), 1e-9)
