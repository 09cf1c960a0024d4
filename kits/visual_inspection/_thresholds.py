"""Thresholds from scores: by expected cost when defects are known, else by a conformal bound.

A pure function of values; what a score means and which items it came from is the caller's. Three pictures of one part count as
one part, for they promise no more than one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kits.core.grouped import independent
from kits.core.operating_point import Band, Costs
from kits.core.sample import week_of
from kits.core.stats import beta_quantile

Floats = NDArray[np.float64]
MIN_DEFECTS = 10
MIN_GOOD = 10
_CANDIDATES = 160
_REVIEW_FACTOR = 5.0
_ROUNDING = 1e-12
_SHARED = 0.023
"""So that the bounds of all thresholds hold together in 95 of 100 draws: simulated, 0.024 to 0.029 for 10 to 1,000 parts."""


def worth_of(values: Floats, groups: Sequence[str], days: Sequence[str]) -> float:
    """As how many parts of spells of their own pictures count, whether a day or a week is what makes its parts alike."""
    if not any(days):
        return float(len(set(groups)))
    spells = days, [week_of(day) for day in days]
    return min(independent(values, groups, spell) for spell in spells)


@dataclass(frozen=True)
class Scores:
    """Scores of held-out pictures, and which part each shows.

    Attributes:
        values, groups: one per picture.
        days: the day of each, empty where it is not known; none: of no picture.
    """

    values: Floats
    groups: Sequence[str]
    days: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def parts(self) -> int:
        """How many parts the pictures show."""
        return len(set(self.groups))

    @cached_property
    def worth(self) -> float:
        """As how many parts of days of their own these count: those of one day are as alike as its lamp makes them."""
        return worth_of(self.values, self.groups, self.days)

    def bound(self, share: float, confidence: float = 0.95) -> float:
        """One-sided exact upper bound of a rate of which `share` is seen among the pictures, at a threshold that was there before."""
        if not self.parts or share >= 1:
            return 1.0
        seen = share * self.worth
        return beta_quantile(confidence, seen + 1, self.worth - seen)

    def bound_of_chosen(self, share: float) -> float:
        """The same with 95 % confidence at a threshold that was chosen by these very pictures, whichever it is.

        All thresholds are bounded at once: the one with k mistakes to `_SHARED` / (k + 1), so that one without any is bounded
        hardly looser than by itself.
        """
        return self.bound(share, 1 - _SHARED / (share * self.worth + 1))

    def rank(self, rate: float) -> float:
        """Smallest threshold that a picture of a new part exceeds with probability `rate` at most; infinite where parts are too few.

        Each part weighs the same, however many pictures it has (Lee, Barber & Willett 2023); of one picture each this is
        `stats.conformal_threshold`.
        """
        size = Counter(self.groups)
        order = np.argsort(self.values, kind="stable")
        scale = self.worth / (self.worth + 1) / self.parts
        weight = scale * np.array([1 / size[self.groups[i]] for i in order])
        reached = np.flatnonzero(np.cumsum(weight) >= 1 - rate - _ROUNDING)
        return float(self.values[order[reached[0]]]) if len(reached) else math.inf


@dataclass(frozen=True)
class Chosen:
    """A band with how it was chosen and what may be said of it."""

    band: Band
    method: str
    guarantee: str


def by_cost(good: Scores, defect: Scores, costs: Costs) -> Chosen:
    """The band of least expected cost, counting upper 95 % bounds of both error rates; stated are those that hold though it was chosen."""
    cuts = _cuts(np.concatenate([good.values, defect.values]))
    below_defect = np.searchsorted(np.sort(defect.values), cuts)
    below_good = np.searchsorted(np.sort(good.values), cuts)
    escape = _bounds(below_defect, defect)
    overkill = _bounds(len(good) - below_good, good)
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
    passed, rejected = int(below_defect[low]), int(len(good) - below_good[high])
    sure = (
        f"with 95 % confidence each: escape ≤ {defect.bound_of_chosen(passed / len(defect)):.1%} "
        f"({passed} of {_counted(defect, 'defects')}), false reject ≤ {good.bound_of_chosen(rejected / len(good)):.1%} "
        f"({rejected} of {_counted(good, 'good parts')}); that these parts chose the "
        "thresholds is reckoned with"
    )
    return Chosen(band, "least expected cost at upper 95 % bounds of both error rates", sure)


def _counted(scores: Scores, what: str) -> str:
    if scores.parts == len(scores):
        return f"{scores.parts} {what}{_of_days(scores)}"
    return f"{len(scores)} pictures of {scores.parts} {what}{_of_days(scores)}"


def _of_days(scores: Scores) -> str:
    days = len(set(scores.days) - {""})
    told = f" of {days} days" if days > 1 else ""
    less = scores.worth < scores.parts - 0.5
    return (
        f"{told}, as alike within days as {scores.worth:.0f} of days of their own" if less else told
    )


def by_conformal(good: Scores, rate: float) -> Chosen:
    """The band from good parts alone.

    Args:
        good: good parts the model did not learn from, at least one.
        rate: share of good parts that may be rejected.
    """
    reachable = max(rate, 1 / (good.worth + 1))
    threshold = _finite(good.rank(reachable), good)
    act_at = math.nextafter(threshold, math.inf)  # only scores above the threshold are alarms
    review = _finite(good.rank(min(0.25, _REVIEW_FACTOR * reachable)), good)
    sure = good.bound(float((good.values > threshold).mean()))
    short = "" if reachable == rate else f" ({rate:.1%} needs {math.ceil(1 / rate) - 1} good parts)"
    guarantee = (
        f"false reject ≤ {reachable:.1%} expected on parts like the {good.parts} good calibration parts{_of_days(good)}"
        f"{short}; ≤ {sure:.1%} with 95 % confidence; nothing is promised about escapes"
    )
    band = Band(act_at=act_at, review_from=min(review, act_at))
    return Chosen(band, f"split-conformal rank on {_counted(good, 'good parts')}", guarantee)


def _finite(threshold: float, good: Scores) -> float:
    return threshold if math.isfinite(threshold) else float(good.values.max())


def _cuts(scores: Floats) -> Floats:
    """Middles between neighbouring scores, thinned, with one cut below and one above all."""
    unique = np.unique(scores)
    middles = (unique[1:] + unique[:-1]) / 2
    if len(middles) > _CANDIDATES:
        middles = middles[np.unique(np.linspace(0, len(middles) - 1, _CANDIDATES).astype(int))]
    step = max(1e-6, 1e-3 * abs(float(unique[-1])))
    return np.concatenate([[unique[0] - step], middles, [unique[-1] + step]])


def _bounds(errors: NDArray[np.intp], among: Scores) -> Floats:
    known = {int(k): among.bound(int(k) / len(among)) for k in np.unique(errors)}
    return np.array([known[int(k)] for k in errors])
