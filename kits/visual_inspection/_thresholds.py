"""Thresholds from scores: by expected cost when defects are known, else by a conformal bound.

A pure function of values; what a score means and which items it came from is the caller's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.operating_point import Band, Costs
from kits.core.stats import conformal_threshold, upper_bound

Floats = NDArray[np.float64]
MIN_DEFECTS = 10
MIN_GOOD = 10
_CANDIDATES = 160
_REVIEW_FACTOR = 5.0


@dataclass(frozen=True)
class Chosen:
    """A band with how it was chosen and what may be said of it."""

    band: Band
    method: str
    guarantee: str


def by_cost(good: Floats, defect: Floats, costs: Costs) -> Chosen:
    """The band of least expected cost, counting upper 95 % bounds of both error rates.

    Args:
        good, defect: scores of held-out parts.
    """
    cuts = _cuts(np.concatenate([good, defect]))
    below_defect = np.searchsorted(np.sort(defect), cuts)
    below_good = np.searchsorted(np.sort(good), cuts)
    escape = _bounds(below_defect, len(defect))
    overkill = _bounds(len(good) - below_good, len(good))
    share = costs.prevalence
    # mass of parts below each cut; the band between two cuts is reviewed
    mass = share * below_defect / len(defect) + (1 - share) * below_good / len(good)
    total = (
        share * costs.escape * escape[:, None]
        + (1 - share) * costs.overkill * overkill[None, :]
        + costs.review * (mass[None, :] - mass[:, None])
    )
    total[np.tril_indices(len(cuts), -1)] = np.inf
    low, high = np.unravel_index(int(total.argmin()), total.shape)
    band = Band(act_at=float(cuts[high]), review_from=float(cuts[low]))
    sure = (
        f"with 95 % confidence each: escape ≤ {escape[low]:.1%} "
        f"({below_defect[low]} of {len(defect)} defects), false reject ≤ {overkill[high]:.1%} "
        f"({len(good) - below_good[high]} of {len(good)} good parts); thresholds were chosen on "
        "these parts, so the test split has the last word"
    )
    return Chosen(band, "least expected cost at upper 95 % bounds of both error rates", sure)


def by_conformal(good: Floats, rate: float) -> Chosen:
    """The band from good parts alone.

    Args:
        good: scores of good parts the model did not learn from, at least one.
        rate: share of good parts that may be rejected.
    """
    reachable = max(rate, 1 / (len(good) + 1))
    threshold = _finite(conformal_threshold(good, reachable), good)
    act_at = math.nextafter(threshold, math.inf)  # only scores above the threshold are alarms
    review = _finite(conformal_threshold(good, min(0.25, _REVIEW_FACTOR * reachable)), good)
    above = int((good > threshold).sum())
    sure = upper_bound(above, len(good))
    short = "" if reachable == rate else f" ({rate:.1%} needs {math.ceil(1 / rate) - 1} good parts)"
    guarantee = (
        f"false reject ≤ {reachable:.1%} expected on parts like the {len(good)} good calibration "
        f"parts{short}; ≤ {sure:.1%} with 95 % confidence; nothing is promised about escapes"
    )
    band = Band(act_at=act_at, review_from=min(review, act_at))
    return Chosen(band, f"split-conformal rank on {len(good)} good parts", guarantee)


def _finite(threshold: float, good: Floats) -> float:
    return threshold if math.isfinite(threshold) else float(good.max())


def _cuts(scores: Floats) -> Floats:
    """Middles between neighbouring scores, thinned, with one cut below and one above all."""
    unique = np.unique(scores)
    middles = (unique[1:] + unique[:-1]) / 2
    if len(middles) > _CANDIDATES:
        middles = middles[np.unique(np.linspace(0, len(middles) - 1, _CANDIDATES).astype(int))]
    step = max(1e-6, 1e-3 * abs(float(unique[-1])))
    return np.concatenate([[unique[0] - step], middles, [unique[-1] + step]])


def _bounds(errors: NDArray[np.intp], n: int) -> Floats:
    known = {int(k): upper_bound(int(k), n) for k in np.unique(errors)}
    return np.array([known[int(k)] for k in errors])
