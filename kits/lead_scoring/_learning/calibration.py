"""Learns how log-odds of leads that a model had not seen are to be corrected, and refuses corrections that do harm.

What is learned is how far a model is off in the next period, the change of the base rate included. A straight
correction is a posterior mode: slope and offset are drawn towards no correction (MacKay 1992), so that it is taken
unless later leads contradict it. A curve must pay on a later slice than it was learned from, beyond chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import auroc
from kits.lead_scoring._learning.newton import line_fit, logistic_fit, shift_fit
from kits.lead_scoring._models.calibrator import calibrated
from kits.lead_scoring._models.spec import CalibratorSpec
from kits.lead_scoring.config import Calibrator

Floats = NDArray[np.float64]
_METHODS: tuple[Calibrator, ...] = ("none", "platt", "beta", "isotonic")
_LEAST_WON = {"platt": 20, "beta": 60, "isotonic": 300}
"""Won leads, and lost ones, that each needs."""
_WHY: Mapping[Calibrator, str] = {
    "platt": "shrunk towards none, and the latest leads do not contradict",
    "beta": "it lowered log-loss on the latest leads beyond chance",
    "isotonic": "it lowered log-loss on the latest leads beyond chance",
}
_RANK_LOST = 0.002
"""So much AUC may a correction cost: ties of isotonic steps."""
_MOST = math.log(10.0)
"""Logarithm of how many leads one stands for at most."""
_FLAT = 0.05
"""A slope below it would turn the order into noise."""
_SLOPE_KNOWN, _OFFSET_KNOWN = 0.1, 0.32
"""Standard deviations, in log-odds, of what a model may be off by before anything was seen: of all that were tried on
rolling folds of ten kinds of data the ones of least log-loss; half or twice as much changes it in the fourth digit."""


@dataclass(frozen=True)
class Slice:
    """Log-odds of leads that the model had not seen, and what became of them.

    Attributes:
        beside: (leads,) what corrected log-odds have more, as the leads were decided early; None: nothing.
    """

    margins: Floats
    won: Floats
    beside: Floats | None = None

    @property
    def more(self) -> Floats:
        """(leads,) the same as numbers."""
        found: Floats = np.zeros(len(self.won)) if self.beside is None else self.beside
        return found

    @property
    def each(self) -> Floats:
        """(leads,) how many each stands for beside those of the other outcome, where leads are counted and not fitted."""
        found: Floats = np.exp(np.clip(np.where(self.won > 0, -self.more, self.more), 0.0, _MOST))
        return found


def calibrate(slices: Sequence[Slice], wanted: Calibrator) -> tuple[CalibratorSpec, str]:
    """A calibrator from the latest slices, and a sentence that says why it.

    Args:
        slices: the earliest first; the last one decides what pays.
    """
    if wanted == "none" or not slices:
        return CalibratorSpec(), "not calibrated: the configuration says so" if slices else ""
    everything = _joined(slices)
    methods = _METHODS[1:] if wanted == "auto" else (wanted,)
    fitted = {name: fit(name, everything) for name in methods}
    if wanted != "auto":
        made = fitted[wanted]
        if made is None or _loses_rank(made, everything):
            return CalibratorSpec(), f"{wanted} was refused: too few leads, or it loses rank"
        return made, f"calibrated by {wanted}, as configured"
    if len(slices) < 2:
        return CalibratorSpec(), "not calibrated: too few leads to tell whether it pays"
    chosen = _that_pays(_joined(slices[:-1]), slices[-1])
    made = fitted.get(chosen)
    if chosen == "none" or made is None or _loses_rank(made, everything):
        return CalibratorSpec(), "not calibrated: no correction paid on the latest leads"
    return made, f"calibrated by {chosen}: {_WHY[chosen]}"


def _that_pays(earlier: Slice, latest: Slice) -> Calibrator:
    """Of the corrections within one standard error of the best on the latest slice the simplest, none if all are worse."""
    losses: dict[Calibrator, Floats] = {}
    for name in _METHODS:
        made = fit(name, earlier)
        if made is not None and not _loses_rank(made, latest):
            losses[name] = _losses(calibrated(latest.margins, made) + latest.more, latest.won)
    best = min(losses.values(), key=lambda one: float(one.mean()))
    for name, own in losses.items():  # in order of simplicity
        if name != "none" and _within(own, best):
            return name
    return "none"


def _within(own: Floats, best: Floats) -> bool:
    """Whether losses lie within one standard error of the best ones (Breiman et al. 1984), lead by lead."""
    gap = own - best
    return bool(gap.mean() <= gap.std() / np.sqrt(len(gap)))


def fit(method: Calibrator, data: Slice) -> CalibratorSpec | None:
    """A calibrator of one kind; None where there are too few leads, or it would turn the order round."""
    won = int(data.won.sum())
    if min(won, len(data.won) - won) < _LEAST_WON.get(method, 0):
        return None
    if method == "none":
        return CalibratorSpec()
    if method == "platt":
        certain = 1 / _SLOPE_KNOWN**2, 1 / _OFFSET_KNOWN**2
        a, b = line_fit(data.margins, data.won, certain, data.more)
        return CalibratorSpec(method="platt", a=a, b=b) if a > _FLAT else None
    if method == "beta":
        return _beta(data)
    return _isotonic(data)


def rescaled(data: Slice) -> Floats:
    """Log-odds after their best straight calibration on the same leads; level where order says nothing."""
    b, a = logistic_fit(data.margins[:, None], data.won, data.more)
    if a <= 0:
        return data.more + shift_fit(data.more, data.won)
    found: Floats = a * data.margins + b + data.more
    return found


def levelled(data: Slice) -> Floats:
    """Log-odds shifted to as many won as there were, their slope as it is."""
    margins = data.margins + data.more
    found: Floats = margins + shift_fit(margins, data.won)
    return found


def _beta(data: Slice) -> CalibratorSpec | None:
    parts = np.stack([-np.logaddexp(0, -data.margins), np.logaddexp(0, data.margins)], axis=1)
    b, a, c = logistic_fit(parts, data.won, data.more)
    if a < 0 or c < 0:
        return None
    return CalibratorSpec(method="beta", a=a, c=c, b=b)


def _isotonic(data: Slice) -> CalibratorSpec:
    """Pooled adjacent violators (Ayer 1955), with lines between the middles of the pools.

    Leads of equal log-odds are one pool from the start: a correction cannot tell them apart.
    """
    margins, place = np.unique(data.margins, return_inverse=True)
    each = data.each
    won, leads = (np.bincount(place, weights=one) for one in (each * data.won, each))
    pools: list[list[float]] = []
    for pool in zip(won.tolist(), leads.tolist(), (margins * leads).tolist()):
        pools.append(list(pool))
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = [one + other for one, other in zip(pools[-1], last)]
    wins, counts, sums = np.array(pools).T
    rate = (wins + 0.5) / (counts + 1.0)
    values = np.maximum.accumulate(np.log(rate / (1 - rate)))
    knots = np.maximum.accumulate(sums / counts)
    # pools of a few leads at the ends are no evidence
    kept = counts >= max(10.0, 0.002 * len(data.won))
    if kept.sum() < 2:
        kept = np.ones(len(counts), np.bool_)
    return CalibratorSpec(
        method="isotonic",
        knots=tuple(map(float, knots[kept])),
        values=tuple(map(float, values[kept])),
    )


def _loses_rank(made: CalibratorSpec, data: Slice) -> bool:
    before = auroc(data.margins, data.won > 0)
    after = auroc(calibrated(data.margins, made), data.won > 0)
    return bool(after < before - _RANK_LOST)


def _losses(logits: Floats, won: Floats) -> Floats:
    found: Floats = np.logaddexp(0.0, np.where(won > 0, -logits, logits))
    return found


def _joined(slices: Sequence[Slice]) -> Slice:
    return Slice(
        np.concatenate([one.margins for one in slices]),
        np.concatenate([one.won for one in slices]),
        np.concatenate([one.more for one in slices]),
    )
