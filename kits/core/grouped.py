"""Rates of samples that come in groups: three pictures of one part prove less than pictures of three parts.

Numpy only, as `stats`; there a rate of independent samples is found.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import Estimate, beta_quantile, proportion

Floats = NDArray[np.float64]
ENOUGH_GROUPS = 5
"""So many groups with and without a hit can show how alike the samples of one group are."""


def grouped_proportion(
    hits: Sequence[bool],
    groups: Sequence[str],
    confidence: float = 0.95,
    *,
    share: float = 1.0,
) -> Estimate:
    """A rate with its exact interval at the number of independent samples that these are worth (Korn & Graubard 1998).

    Args:
        hits: whether each sample is one.
        groups: of each sample. Where each is its own, this is `stats.proportion`.
        share: of the groups that they are worth, since days hold several; see `independent`.
    """
    exact = proportion(sum(hits), len(hits), confidence)
    count = len(set(groups))
    if count == len(hits) and share >= 1:
        return exact
    worth = share * (len(hits) if count == len(hits) else effective(hits, groups))
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


def independent(values: Floats, parts: Sequence[str], days: Sequence[str]) -> float:
    """As how many parts of days of their own those of these days count: from the number of days to that of parts.

    By how alike the ranks of the values are within days (one-way analysis of variance, Fisher 1925, unequal sizes after Donner
    1986). Parts of a single day say nothing of others, and count as they are.

    Args:
        values: of each sample, the larger the nearer to a mistake.
        parts: of each sample; values of one part are taken together.
        days: of each sample; empty: its part's own.
    """
    day_of = {part: day or f"part {part}" for part, day in zip(parts, days)}
    names = {part: number for number, part in enumerate(day_of)}
    member = np.array([names[part] for part in parts], dtype=np.intp)
    sums = np.bincount(member, np.asarray(values, np.float64))
    means = sums / np.bincount(member)
    cells = np.unique([day_of[part] for part in names], return_inverse=True)[1]
    n, count = len(names), int(cells.max()) + 1 if names else 0
    if count in (n, 1, 0):
        return float(n)
    size = np.bincount(cells).astype(np.float64)
    uneven = float((size**2).sum()) / n
    return float(np.clip(n / (1 + (uneven - 1) * _alike(_ranks(means), cells, size)), count, n))


def _ranks(values: Floats) -> Floats:
    """From 0 on, equal values their middle one."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    middles: Floats = np.cumsum(counts) - (counts + 1) / 2
    found: Floats = middles[places]
    return found


def _alike(values: Floats, cells: NDArray[np.intp], size: Floats) -> float:
    """Share of the variance that lies between cells, 0 to 1."""
    n, count = len(values), len(size)
    means = np.bincount(cells, values) / size
    between = float((size * (means - values.mean()) ** 2).sum()) / (count - 1)
    within = float(((values - means[cells]) ** 2).sum()) / (n - count)
    usual = (n - float((size**2).sum()) / n) / (count - 1)
    whole = between + (usual - 1) * within
    return float(np.clip((between - within) / whole, 0.0, 1.0)) if whole > 0 else 0.0


def _design_effect(size: NDArray[np.float64], hit: NDArray[np.float64], rate: float) -> float:
    """Variance of the rate by its groups, over that of as many independent samples."""
    n, count = float(size.sum()), len(size)
    between = count / (count - 1) * float(((hit - rate * size) ** 2).sum()) / n**2
    return max(between / (rate * (1 - rate) / n), 1e-9)
