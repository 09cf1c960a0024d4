"""How sure a probability is: what became of leads that were scored alike by models that had not seen them.

For a score the interval holds, at its confidence, the share of won among such leads (Jeffreys' interval on nearest
neighbours in score). Two things widen it: the level of the next period, which is as far from the others as these are from
each other, more than chance explains; and scores that folds tell differently.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import beta_quantile
from kits.lead_scoring._learning.calibration import Slice
from kits.lead_scoring._learning.newton import shift_fit
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._models.spec import CalibratorSpec, IntervalSpec

Floats = NDArray[np.float64]
_PLACES = (0, 0.01, 0.03, *(n / 16 for n in range(1, 16)), 0.97, 0.99, 1)
"""Shares of leads scored lower, at which intervals are computed."""
_NEIGHBOURS = 0.1
_LEAST_NEIGHBOURS = 50
_CONFIDENCE = 0.9
_LEAST_SHARE = 1e-6
_LEAST_TOLD = 0.05
"""What a lead tells at least."""
_GROUPS = 5
_SURE = 2.0
"""Standard errors from which on steps count as told apart beyond chance."""
_FEWEST = 2
"""Degrees of freedom that are taken for known: with two steps alone an interval would hold anything."""


def interval_of(
    slices: Sequence[Slice], calibrator: CalibratorSpec, past: Sequence[Floats] = ()
) -> IntervalSpec:
    """Intervals along the scores.

    Args:
        slices: the latest folds, uncalibrated.
        past: (leads,) of each, what their log-odds had more than those of leads to come will have; none: nothing.
    """
    logits = np.concatenate([calibrated(one.margins, calibrator) for one in slices])
    won = np.concatenate([one.won for one in slices])
    more = np.concatenate([one.more for one in slices])
    if not len(won):
        return IntervalSpec()
    if past:
        more = more + np.concatenate(past)
    order = np.argsort(logits, kind="stable")
    logits, won, more = logits[order], won[order], more[order]
    near = min(len(won), max(_LEAST_NEIGHBOURS, round(_NEIGHBOURS * len(won))))
    offsets, noise = _offsets(slices, calibrator)
    level, excess = _level(offsets, noise), _excess(slices, calibrator, offsets, near)
    knots: list[float] = []
    low: list[float] = []
    high: list[float] = []
    for place in np.unique((np.array(_PLACES) * (len(won) - 1)).round().astype(int)).tolist():
        if knots and logits[place] <= knots[-1]:
            continue
        start = min(max(0, place - near // 2), len(won) - near)
        beside = slice(start, start + near)
        # neighbours are not quite alike: each counts for what it deviates from its own probability
        off, told = _deviation(logits[beside], more[beside], won[beside])
        own = float(probability(np.array([logits[place]]))[0])
        rate = float(np.clip(own + off, 0.0, 1.0))
        count = near * told / (excess + near * told * rate * (1 - rate) * level)
        low.append(
            beta_quantile((1 - _CONFIDENCE) / 2, rate * count + 0.5, (1 - rate) * count + 0.5)
        )
        high.append(
            beta_quantile((1 + _CONFIDENCE) / 2, rate * count + 0.5, (1 - rate) * count + 0.5)
        )
        knots.append(float(logits[place]))
    return IntervalSpec(
        knots=tuple(knots),
        low=tuple(_log_odds(np.minimum.accumulate(low[::-1])[::-1])),
        high=tuple(_log_odds(np.maximum.accumulate(high))),
        confidence=_CONFIDENCE,
    )


def _deviation(logits: Floats, more: Floats, won: Floats) -> tuple[float, float]:
    """By how much more of some leads are won than is said, and how much each tells of it.

    Leads that were decided early (`more`) tell as much as the curvature of log-loss at what is expected of them.
    """
    said, expected = probability(logits), probability(logits + more)
    told = float((expected * (1 - expected)).sum() / max((said * (1 - said)).sum(), _LEAST_SHARE))
    told = max(told, _LEAST_TOLD)
    return float((won - expected).mean()) / told, told


def _log_odds(shares: Floats) -> list[float]:
    inside = np.clip(shares, _LEAST_SHARE, 1 - _LEAST_SHARE)
    return [float(one) for one in np.log(inside / (1 - inside))]


def _offsets(slices: Sequence[Slice], calibrator: CalibratorSpec) -> tuple[Floats, Floats]:
    """(slices,) what the log-odds of each lack for its level, and the variance that chance gives to that."""
    offsets, noise = np.zeros(len(slices)), np.full(len(slices), np.nan)
    for n, one in enumerate(slices):
        if 0 < one.won.sum() < len(one.won):
            margins = calibrated(one.margins, calibrator) + one.more
            offsets[n] = shift_fit(margins, one.won)
            chances = probability(margins + offsets[n])
            noise[n] = 1 / max(float((chances * (1 - chances)).sum()), _LEAST_SHARE)
    return offsets, noise


def _level(offsets: Floats, noise: Floats) -> float:
    """The variance, in log-odds, that stands for where the level of the next period will be.

    Of levels drawn alike the next one is off the mean of n by (n + 1) / n times their variance. What n of them tell of that
    has n - 1 degrees of freedom: where it is beyond chance, it counts as much as a Student's interval is wider than a
    normal one.
    """
    told = np.isfinite(noise)
    steps = int(told.sum())
    if steps <= 1:
        return 0.0
    chance = float(noise[told].mean())
    between = max(0.0, float(offsets[told].var(ddof=1)) - chance)
    # as the standard error of a variance goes
    beyond = between > _SURE * chance * math.sqrt(2 / (steps - 1))
    normal = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)
    wider = _student(max(_FEWEST, steps - 1)) / normal if beyond else 1.0
    return between * (1 + 1 / steps) * wider**2


def _student(freedom: int) -> float:
    """The quantile of Student's distribution that an interval of this confidence reaches to."""
    share = beta_quantile(1 - _CONFIDENCE, freedom / 2, 0.5)
    return math.sqrt(freedom * (1 / share - 1))


def _excess(
    slices: Sequence[Slice], calibrator: CalibratorSpec, offsets: Floats, near: int
) -> float:
    """How many times chance a share of so many neighbours in the next period may deviate by; at least 1.

    Folds are looked at by parts of the scores, each at its own level. What these are off by beyond chance, more neighbours
    do not make less; and where the calibrator stands in their midst, a period to come is farther off: (n + 1) / (n - 1)
    times, as squares go.
    """
    off: list[float] = []
    sizes: list[int] = []
    for one, offset in zip(slices, offsets):
        chances = probability(calibrated(one.margins, calibrator) + one.more + offset)
        for part in np.array_split(np.argsort(chances), _GROUPS):
            expected, spread = chances[part].sum(), (chances[part] * (1 - chances[part])).sum()
            if spread > 1:
                off.append(float((one.won[part].sum() - expected) ** 2 / spread))
                sizes.append(len(part))
    free = (_GROUPS - 1) / _GROUPS  # of each fold, its level is taken from its parts
    beyond = float(np.mean(off)) / free - 1.0 if off else 0.0
    # the standard error of a mean of squares by chance alone
    if beyond <= _SURE * math.sqrt(2 / max(free * len(off), 1.0)):
        return 1.0 + max(0.0, beyond)
    to_come = (len(slices) + 1) / (len(slices) - 1) if len(slices) > 1 else 1.0
    return 1.0 + beyond * max(1.0, near / float(np.mean(sizes)) * to_come)
