"""Whether what is left tells who buys at all: a permutation test, with the band that chance gives.

An AUC of 0.55 may be much or nothing, it depends on how many leads and columns there are. So outcomes are shuffled
within their period (the course of the base rate stays as it is), the same model is learned again, and what shuffles
reach says what the AUC is worth. The model is linear in bins: its solution for all shuffles costs one matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import Estimate
from kits.lead_scoring._court.columns import Codes, Column, Floats
from kits.lead_scoring._court.verdicts import Signal
from kits.lead_scoring._court.yardstick import design

SHUFFLES = 200
_PENALTY = 30.0
_ROWS = 8_000
_ALPHA = 0.05
_HARDLY = 0.52
"""Trees that are surely above this see a signal too, in combinations a linear model has no eye for."""


def find_signal(
    columns: Sequence[Column], won: Floats, folds: Codes, timed: bool, seed: int
) -> Signal | None:
    """The test; None where there is nothing to test.

    Args:
        columns: without leaks.
        folds: (rows,) periods in a row where `timed`, else by lot.
    """
    if not columns:
        return None
    rng = np.random.default_rng([seed, 17])
    picked = np.sort(rng.permutation(len(won))[:_ROWS])
    matrix = design(columns, picked)
    won, folds = won[picked], folds[picked]
    count = int(folds.max()) + 1
    outcomes = _shuffled(won, folds if timed else np.zeros_like(folds), rng)
    sums = np.zeros(SHUFFLES + 1)
    variance, weight = 0.0, 0.0
    for fold in range(1 if timed else 0, count):
        here = folds == fold
        known = folds < fold if timed else ~here
        ones = float(won[here].sum())
        size = min(ones, float(here.sum()) - ones)
        if size < 1 or won[known].min(initial=1.0) == won[known].max(initial=0.0):
            continue
        # in any order: leads that score alike must not be ranked by their time
        asked = rng.permutation(np.flatnonzero(here))
        scores = _learned(matrix[known], outcomes[known], matrix[asked])
        aucs = _aucs(scores, outcomes[asked] == 1)
        sums += size * aucs
        weight += size
        variance += size**2 * _variance(float(aucs[0]), ones, float(here.sum()) - ones)
    if weight == 0:
        return None
    drawn = sums / weight
    reach = 1.96 * float(np.sqrt(variance)) / weight
    value = float(drawn[0])
    low, high = (float(end) for end in np.quantile(drawn[1:], [0.025, 0.975]))
    estimate = Estimate(
        value=value,
        low=max(0.0, value - reach),
        high=min(1.0, value + reach),
        n=len(won),
        method="Hanley-McNeil, forward in time" if timed else "Hanley-McNeil, left out",
    )
    p_value = float((1 + (drawn[1:] >= value).sum()) / (SHUFFLES + 1))
    return Signal(estimate, low, high, p_value, SHUFFLES)


def silence(signal: Signal | None, trees: Estimate | None) -> str:
    """The sentence when nothing tells who buys; empty when something does.

    Args:
        trees: AUC of boosted trees on leads they had not seen, as a second witness.
    """
    if signal is None:
        return "no signal: nothing is left to learn from once what came after the outcome is gone"
    if signal.p_value <= _ALPHA or (trees is not None and trees.low > _HARDLY):
        return ""
    seen = f"; trees reach {trees.text()}" if trees is not None else ""
    return (
        f"no signal: what is known before the outcome does not tell who buys (AUC {signal.auc.text()}, n="
        f"{signal.auc.n}; with outcomes shuffled 95 % lie within {signal.chance_low:.3f} to {signal.chance_high:.3f}, "
        f"p = {signal.p_value:.2f}{seen})"
    )


def _shuffled(won: Floats, periods: Codes, rng: np.random.Generator) -> NDArray[np.float32]:
    """(rows, 1 + shuffles): the outcomes as they are, then shuffled within periods."""
    out = np.empty((len(won), SHUFFLES + 1), dtype=np.float32)
    out[:, 0] = won
    for period in range(int(periods.max()) + 1):
        rows = np.flatnonzero(periods == period)
        for shuffle in range(1, SHUFFLES + 1):
            out[rows, shuffle] = won[rng.permutation(rows)]
    return out


def _learned(
    known: NDArray[np.float32], outcomes: NDArray[np.float32], asked: NDArray[np.float32]
) -> Floats:
    mean = known.mean(0, dtype=np.float64)
    gram = (known.T @ known).astype(np.float64) - len(known) * np.outer(mean, mean)
    target = (known.T @ outcomes).astype(np.float64)
    target -= len(known) * np.outer(mean, outcomes.mean(0, dtype=np.float64))
    weights = np.linalg.solve(gram + _PENALTY * np.eye(len(gram)), target)
    scores: Floats = asked.astype(np.float64) @ weights
    return scores


def _aucs(scores: Floats, ones: NDArray[np.bool_]) -> Floats:
    """(shuffles,) AUC of each column of scores; ties are counted by their order, which is by lot."""
    ranks = np.empty_like(scores)
    order = np.argsort(scores, axis=0, kind="stable")
    np.put_along_axis(ranks, order, np.arange(1.0, len(scores) + 1)[:, None], axis=0)
    n = ones.sum(0).astype(np.float64)
    found: Floats = ((ranks * ones).sum(0) - n * (n + 1) / 2) / np.maximum(
        n * (len(scores) - n), 1.0
    )
    return found


def _variance(auc: float, ones: float, others: float) -> float:
    """Hanley and McNeil 1982."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = (auc * (1 - auc) + (ones - 1) * (q1 - auc**2) + (others - 1) * (q2 - auc**2)) / max(
        ones * others, 1.0
    )
    return max(spread, 0.0)
