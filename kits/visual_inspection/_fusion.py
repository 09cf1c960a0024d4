"""Labelled defects join the score: a regularised logistic head, fused with the bank, cross-validated.

Accepted only when it beats the bank alone on pictures it was not fitted to. Numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.operating_point import Costs
from kits.core.stats import auroc
from kits.visual_inspection._head import Head

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_STRENGTHS = (10.0, 100.0, 1000.0)
_FOLDS = 5


@dataclass(frozen=True)
class Fusion:
    """A head, and what cross-validation says of it beside the bank alone."""

    head: Head
    auroc: float
    bank_auroc: float
    cost: float
    bank_cost: float

    @property
    def better(self) -> bool:
        """Whether the fused score may decide."""
        return self.auroc > self.bank_auroc and self.cost <= self.bank_cost


def fit(
    pooled: Floats, bank: Floats, defect: Flags, groups: list[str], costs: Costs, seed: int
) -> Fusion:
    """Fits head and fusion.

    Args:
        pooled: (n, features); bank: (n,) scores of a bank that did not hold the picture.
        defect: (n,).
        groups: pictures of one group stay in one fold.
    """
    folds = _folds(groups, defect, seed)
    strength, logits = max(
        ((s, _held_out_logits(pooled, defect, folds, s)) for s in _STRENGTHS),
        key=lambda pair: auroc(pair[1], defect),
    )
    both = np.column_stack([np.log(np.maximum(bank, 1e-6)), logits])
    fused = np.zeros(len(bank))
    for fold in range(_FOLDS):
        held = folds == fold
        fused[held] = _apply(_positive_fit(both[~held], defect[~held]), both[held])
    bias, first, second = _positive_fit(both, defect)
    mean, spread = pooled.mean(0), pooled.std(0) + 1e-6
    weights = _logistic((pooled - mean) / spread, defect, strength, balanced=True)
    head = Head(
        mean=_rounded(mean),
        spread=_rounded(spread),
        weights=_rounded(weights[1:]),
        bias=float(weights[0]),
        fuse=(bias, first, second),
    )
    return Fusion(
        head,
        auroc(fused, defect),
        auroc(bank, defect),
        _least_cost(fused, defect, costs),
        _least_cost(bank, defect, costs),
    )


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(float(f"{v:.7g}") for v in values)


def _folds(groups: list[str], defect: Flags, seed: int) -> NDArray[np.intp]:
    """A fold per sample; groups stay together, defects are spread evenly."""
    rng = np.random.default_rng(seed)
    folds = np.zeros(len(groups), dtype=np.intp)
    names = np.asarray(groups)
    for wanted in (True, False):
        unique = sorted({g for g, d in zip(groups, defect) if bool(d) is wanted})
        for turn, name in enumerate(rng.permutation(unique)):
            folds[names == name] = turn % _FOLDS
    return folds


def _held_out_logits(
    pooled: Floats, defect: Flags, folds: NDArray[np.intp], strength: float
) -> Floats:
    logits = np.zeros(len(pooled))
    for fold in range(_FOLDS):
        held = folds == fold
        mean, spread = pooled[~held].mean(0), pooled[~held].std(0) + 1e-6
        fitted = _logistic((pooled[~held] - mean) / spread, defect[~held], strength, balanced=True)
        logits[held] = _apply(fitted, (pooled[held] - mean) / spread)
    return logits


def _apply(weights: Floats | tuple[float, ...], values: Floats) -> Floats:
    fitted = np.asarray(weights)
    return np.asarray(values @ fitted[1:] + fitted[0])


def _positive_fit(both: Floats, defect: Flags) -> tuple[float, float, float]:
    """Bias and weights of (log bank, head logit); a weight below zero is set to zero."""
    used = [0, 1]
    while used:
        fitted = _logistic(both[:, used], defect, 1e-2, balanced=False)
        negative = [column for column, w in zip(used, fitted[1:]) if w < 0]
        if not negative:
            full = np.zeros(3)
            full[[0, *(column + 1 for column in used)]] = fitted
            return float(full[0]), float(full[1]), float(full[2])
        used = [column for column in used if column not in negative]
    return 0.0, 1.0, 0.0


def _logistic(values: Floats, positive: Flags, strength: float, *, balanced: bool) -> Floats:
    """L2-regularised logistic regression by damped Newton steps; (bias, weights…)."""
    design = np.column_stack([np.ones(len(values)), values])
    target = positive.astype(float)
    share = float(target.mean())
    case = np.ones(len(target))
    if balanced:
        case = np.where(positive, 0.5 / share, 0.5 / (1 - share))
    ridge = np.full(design.shape[1], strength)
    ridge[0] = 1e-6
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (case * (chance - target)) + ridge * weights
        curve = (design.T * (case * chance * (1 - chance) + 1e-9)) @ design + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        weights -= step * min(1.0, 10.0 / (float(np.abs(step).max()) + 1e-12))
        if float(np.abs(step).max()) < 1e-6:
            break
    return weights


def _least_cost(scores: Floats, defect: Flags, costs: Costs) -> float:
    """Smallest expected cost per part over all thresholds, at the project's prevalence."""
    order = np.argsort(scores)
    escapes = np.concatenate([[0], np.cumsum(defect[order])]) / max(int(defect.sum()), 1)
    good = ~defect
    rejected = 1 - np.concatenate([[0], np.cumsum(good[order])]) / max(int(good.sum()), 1)
    spent = (
        costs.escape * costs.prevalence * escapes
        + costs.overkill * (1 - costs.prevalence) * rejected
    )
    return float(spent.min())
