"""Figures of merit of a ranking or a classification, as numbers without intervals; those are `evaluate.py`'s."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def average_precision(truth: NDArray[np.bool_], score: Floats) -> float:
    """Area under precision and recall, as a sum over ranks; ties count at their mean. NaN without positives."""
    positives = int(truth.sum())
    if not positives:
        return float("nan")
    values, place = np.unique(-score, return_inverse=True)
    hits = np.bincount(place, weights=truth, minlength=values.size)
    seen = np.bincount(place, minlength=values.size)
    found, total = np.cumsum(hits), np.cumsum(seen)
    return float((hits / positives * found / total).sum())


def macro_f1(truth: Ints, said: Ints, classes: int) -> float:
    """Mean F1 over the classes that occur in the truth or in what was said."""
    scores = []
    for k in range(classes):
        right = int(((truth == k) & (said == k)).sum())
        whole = int((truth == k).sum() + (said == k).sum())
        if whole:
            scores.append(2 * right / whole)
    return float(np.mean(scores)) if scores else float("nan")


def nasa_score(error: Floats) -> float:
    """Sum of the asymmetric penalties of Saxena et al. 2008; error = said − true life: late costs more."""
    return float(np.where(error < 0, np.expm1(-error / 13), np.expm1(error / 10)).sum())
