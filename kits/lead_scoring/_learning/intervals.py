"""How sure a probability is: what became of leads that were scored alike by models that had not seen them.

For a score the interval holds, at its confidence, the share of won among such leads (Jeffreys' interval on nearest
neighbours in score). Folds that were farther off than chance allows widen it: the next period may be off as well, and by
more than those which the calibrator was learned from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import beta_quantile
from kits.lead_scoring._learning.calibration import Slice
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._models.spec import CalibratorSpec, IntervalSpec

Floats = NDArray[np.float64]
_PLACES = (0, 0.01, 0.03, *(n / 16 for n in range(1, 16)), 0.97, 0.99, 1)
"""Shares of leads scored lower, at which intervals are computed."""
_NEIGHBOURS = 0.1
_LEAST_NEIGHBOURS = 50
_CONFIDENCE = 0.9
_LEAST_SHARE = 1e-6
_GROUPS = 5


def interval_of(slices: Sequence[Slice], calibrator: CalibratorSpec) -> IntervalSpec:
    """Intervals along the scores.

    Args:
        slices: the latest folds, uncalibrated.
    """
    logits = np.concatenate([calibrated(one.margins, calibrator) for one in slices])
    won = np.concatenate([one.won for one in slices])
    if not len(won):
        return IntervalSpec()
    order = np.argsort(logits, kind="stable")
    logits, won = logits[order], won[order]
    near = min(len(won), max(_LEAST_NEIGHBOURS, round(_NEIGHBOURS * len(won))))
    excess = _excess(slices, calibrator, near)
    knots: list[float] = []
    low: list[float] = []
    high: list[float] = []
    for place in np.unique((np.array(_PLACES) * (len(won) - 1)).round().astype(int)).tolist():
        if knots and logits[place] <= knots[-1]:
            continue
        start = min(max(0, place - near // 2), len(won) - near)
        part, own = won[start : start + near], logits[start : start + near]
        # neighbours are not quite alike: each counts for what it deviates from its own probability
        shift = float(probability(np.array([logits[place]]))[0] - probability(own).mean())
        rate = float(np.clip(part.mean() + shift, 0.0, 1.0))
        count = near / excess
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


def _log_odds(shares: Floats) -> list[float]:
    inside = np.clip(shares, _LEAST_SHARE, 1 - _LEAST_SHARE)
    return [float(one) for one in np.log(inside / (1 - inside))]


def _excess(slices: Sequence[Slice], calibrator: CalibratorSpec, near: int) -> float:
    """How many times chance a share of so many neighbours in the next period may deviate by; at least 1.

    Folds are looked at by parts of the scores. What they are off by beyond chance, more neighbours do not make less; and
    where the calibrator stands in their midst, a period to come is farther off: (n + 1) / (n - 1) times, as squares go.
    """
    off: list[float] = []
    sizes: list[int] = []
    for one in slices:
        chances = probability(calibrated(one.margins, calibrator))
        for part in np.array_split(np.argsort(chances), _GROUPS):
            expected, spread = chances[part].sum(), (chances[part] * (1 - chances[part])).sum()
            if spread > 1:
                off.append(float((one.won[part].sum() - expected) ** 2 / spread))
                sizes.append(len(part))
    beyond = float(np.mean(off)) - 1.0 if off else 0.0
    if beyond <= math.sqrt(
        2 / max(len(off), 1)
    ):  # the standard error of a mean of squares by chance alone
        return 1.0 + max(0.0, beyond)
    to_come = (len(slices) + 1) / (len(slices) - 1) if len(slices) > 1 else 1.0
    return 1.0 + beyond * max(1.0, near / float(np.mean(sizes)) * to_come)
