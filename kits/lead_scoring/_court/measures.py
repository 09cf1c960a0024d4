"""How much a column tells of an outcome: AUC with its interval, from counts per bin, each fold scored by the others."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import Estimate
from kits.lead_scoring._court.columns import Codes, Floats

_SMOOTHING = 20.0
"""Leads at the base rate that are added to each bin."""
_Z = 1.959964


def auc_of_counts(ones: Floats, others: Floats) -> tuple[float, float]:
    """AUC and its variance (DeLong et al. 1988) from counts per score, scores rising.

    Returns:
        (NaN, NaN) where one side is empty.
    """
    n_ones, n_others = float(ones.sum()), float(others.sum())
    if n_ones == 0 or n_others == 0:
        return math.nan, math.nan
    below = (np.cumsum(others) - others / 2) / n_others
    above = 1 - (np.cumsum(ones) - ones / 2) / n_ones
    auc = float((ones * below).sum() / n_ones)
    spread_ones = float((ones * (below - auc) ** 2).sum()) / n_ones
    spread_others = float((others * (above - auc) ** 2).sum()) / n_others
    variance = spread_ones / max(n_ones - 1, 1) + spread_others / max(n_others - 1, 1)
    return auc, variance


def auc_of(scores: Floats, ones: NDArray[np.bool_]) -> Estimate:
    """AUC of scores with its interval."""
    _, place = np.unique(scores, return_inverse=True)
    size = int(place.max()) + 1 if len(place) else 0
    counts: Floats = np.asarray(np.bincount(place, minlength=size), dtype=np.float64)
    hits: Floats = np.asarray(np.bincount(place[ones], minlength=size), dtype=np.float64)
    rest: Floats = counts - hits
    return _estimate(*auc_of_counts(hits, rest), len(scores))


def auc_within(scores: Floats, ones: NDArray[np.bool_], near: Codes) -> Estimate:
    """AUC of scores among leads of the same stretch of time: pairs of different times say nothing of who buys.

    Args:
        near: (rows,) number of each lead's stretch.
    """
    figures: list[tuple[float, float, float]] = []
    for stretch in np.unique(near):
        mine = near == stretch
        _, place = np.unique(scores[mine], return_inverse=True)
        counts = np.bincount(place).astype(np.float64)
        hits = np.bincount(place[ones[mine]], minlength=len(counts)).astype(np.float64)
        auc, variance = auc_of_counts(hits, counts - hits)
        if math.isfinite(auc):
            figures.append((auc, variance, min(float(hits.sum()), float((counts - hits).sum()))))
    return _pooled(figures, len(scores))


def _estimate(auc: float, variance: float, n: int) -> Estimate:
    """With an interval; at the ends, where DeLong's has no width, one of Hanley and McNeil's is not claimed either."""
    if not math.isfinite(auc):
        return Estimate(value=0.5, low=0.0, high=1.0, n=n, method="one outcome only")
    reach = _Z * math.sqrt(max(variance, 0.0)) + (1.5 / max(n, 1) if variance <= 0 else 0.0)
    return Estimate(
        value=auc, low=max(0.0, auc - reach), high=min(1.0, auc + reach), n=n, method="DeLong"
    )


def alone(codes: Codes, bins: int, outcome: Floats, folds: Codes) -> Estimate:
    """AUC of one column: each fold is scored by the other folds' rates per bin, and ranked within itself.

    Ranks within a fold, so that a column which only tells the period gains nothing where folds are periods.
    """
    count = int(folds.max()) + 1
    at = folds * bins + codes
    n = np.bincount(at, minlength=count * bins).reshape(count, bins).astype(np.float64)
    hits = np.bincount(at, weights=outcome, minlength=count * bins).reshape(count, bins)
    base = float(outcome.mean())
    figures: list[tuple[float, float, float]] = []
    for fold in range(count):
        rate = (hits.sum(0) - hits[fold] + base * _SMOOTHING) / (n.sum(0) - n[fold] + _SMOOTHING)
        ranks, place = np.unique(rate, return_inverse=True)
        ones: Floats = np.zeros(len(ranks))
        rest: Floats = np.zeros(len(ranks))
        np.add.at(ones, place, hits[fold])
        np.add.at(rest, place, n[fold] - hits[fold])
        auc, variance = auc_of_counts(ones, rest)
        if math.isfinite(auc):
            figures.append((auc, variance, min(float(ones.sum()), float(rest.sum()))))
    return _pooled(figures, len(codes))


def _pooled(figures: Sequence[tuple[float, float, float]], n: int) -> Estimate:
    """Mean of folds by the size of the smaller outcome."""
    if not figures:
        return _estimate(math.nan, 0.0, n)
    aucs, variances, sizes = (np.array(part) for part in zip(*figures))
    weights = sizes / sizes.sum()
    return _estimate(float(weights @ aucs), float(weights**2 @ variances), n)
