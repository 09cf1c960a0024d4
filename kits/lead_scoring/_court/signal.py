"""Whether what is left tells who buys at all: a permutation test, and an AUC with the band that chance gives.

An AUC of 0.55 may be much or nothing, it depends on how many leads and columns there are. So outcomes are shuffled
within stretches of time in which the base rate hardly moves (`stretches.py`), and what shuffles reach says what the
outcomes as they are are worth: inside such a stretch, what a column tells is not the time.

What is compared is a score test of all columns together (Goeman et al. 2004, with a ridge): one quadratic form, in which
no folds by lot play a part. The AUC that is told beside it is of leads left out, of the same linear model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import Estimate
from kits.lead_scoring._court.columns import Codes, Column, Floats
from kits.lead_scoring._court.stretches import stretches
from kits.lead_scoring._court.verdicts import Signal
from kits.lead_scoring._court.yardstick import design

SHUFFLES, _BAND = 400, 200
"""Of the test, and those of them that the band of chance is made of, which costs more and need not be as exact."""
_PENALTY = 300.0
"""Of the linear model, in leads: of 30, 100, 300, 1,000 the one whose errors on made-up tables were the fewest."""
_ROWS = 20_000
_ALPHA = 0.05
_HARDLY = 0.52
"""Trees that are surely above this see a signal too, in combinations a linear model has no eye for."""
_VISIBLE = 0.56
"""An AUC that would be worth having: where it cannot be ruled out, there are too few leads to say that there is none."""


def find_signal(
    columns: Sequence[Column], won: Floats, lot: Codes, timed: bool, seed: int
) -> Signal | None:
    """The test; None where there is nothing to test.

    Args:
        columns: without leaks; rows in order of time where `timed`.
        lot: (rows,) folds by lot.
    """
    if not columns:
        return None
    rng = np.random.default_rng([seed, 17])
    picked = np.sort(rng.permutation(len(won))[:_ROWS])
    won, lot = won[picked], lot[picked]
    near = stretches(won) if timed else np.zeros(len(won), dtype=np.intp)
    matrix = design(columns, picked)
    outcomes = _shuffled(won, near, rng)
    aucs, reach = _left_out(matrix, outcomes[:, : 1 + _BAND], lot, near, rng)
    low, high = (float(end) for end in np.quantile(aucs[1:], [0.025, 0.975]))
    estimate = Estimate(
        value=float(aucs[0]),
        low=max(0.0, float(aucs[0]) - reach),
        high=min(1.0, float(aucs[0]) + reach),
        n=len(won),
        method="Hanley-McNeil, left out, within stretches of time",
    )
    told = _told(matrix, outcomes, near)
    p_value = float((1 + (told[1:] >= told[0]).sum()) / len(told))
    return Signal(estimate, low, high, p_value, SHUFFLES)


def _shuffled(won: Floats, near: Codes, rng: np.random.Generator) -> NDArray[np.float32]:
    """(rows, 1 + shuffles): the outcomes as they are, then shuffled within stretches."""
    out = np.empty((len(won), SHUFFLES + 1), dtype=np.float32)
    out[:, 0] = won
    for stretch in range(int(near.max()) + 1):
        rows = np.flatnonzero(near == stretch)
        for shuffle in range(1, SHUFFLES + 1):
            out[rows, shuffle] = won[rng.permutation(rows)]
    return out


def _told(matrix: NDArray[np.float32], outcomes: NDArray[np.float32], near: Codes) -> Floats:
    """(1 + shuffles,) how much of the outcomes a ridge on the bins explains inside stretches."""
    starts = np.flatnonzero(np.diff(near, prepend=-1))
    sizes = np.bincount(near)[:, None]
    means = np.add.reduceat(matrix, starts, axis=0, dtype=np.float64) / sizes
    inside = (matrix - means[near]).astype(np.float32)
    gram = (inside.T @ inside).astype(np.float64) + _PENALTY * np.eye(matrix.shape[1])
    target = (inside.T @ outcomes).astype(np.float64)
    told: Floats = (target * np.linalg.solve(gram, target)).sum(0)
    return told


def _left_out(
    matrix: NDArray[np.float32],
    outcomes: NDArray[np.float32],
    lot: Codes,
    near: Codes,
    rng: np.random.Generator,
) -> tuple[Floats, float]:
    """(1 + shuffles,) mean AUC within stretches, each fold scored by the others; half the width of the first's interval."""
    sums, weights = np.zeros(outcomes.shape[1]), np.zeros(outcomes.shape[1])
    variance = 0.0
    for fold in range(int(lot.max()) + 1):
        # in any order: leads that score alike must not be ranked by their time
        asked = rng.permutation(np.flatnonzero(lot == fold))
        known = lot != fold
        scores = _learned(matrix[known], outcomes[known], matrix[asked])
        for stretch in np.unique(near[asked]):
            within = near[asked] == stretch
            truth = outcomes[asked[within]] == 1
            ones = truth.sum(0).astype(np.float64)
            size = np.minimum(ones, len(truth) - ones)
            aucs = _aucs(scores[within], truth)
            sums += size * aucs
            weights += size
            first, others = float(ones[0]), float(len(truth) - ones[0])
            variance += float(size[0]) ** 2 * _variance(float(aucs[0]), first, others)
    found: Floats = np.where(weights > 0, sums / np.maximum(weights, 1.0), 0.5)
    return found, 1.96 * float(np.sqrt(variance)) / max(float(weights[0]), 1.0)


def silence(signal: Signal | None, trees: Estimate | None) -> str:
    """The sentence when nothing tells who buys; empty when something does.

    Args:
        trees: AUC of boosted trees within stretches of later leads, as a second witness.
    """
    if signal is None:
        return "no signal: nothing is left to learn from once what came after the outcome is gone"
    if signal.p_value <= _ALPHA or (trees is not None and trees.low > _HARDLY):
        return ""
    few = " found in so few leads" if signal.auc.high > _VISIBLE else ""
    seen = f"; trees reach {trees.text()} there" if trees is not None else ""
    return (
        f"no signal{few}: what is known before the outcome does not tell who buys (AUC {signal.auc.text()}, n="
        f"{signal.auc.n}; with outcomes shuffled 95 % lie within {signal.chance_low:.3f} to {signal.chance_high:.3f}, "
        f"p = {signal.p_value:.2f}{seen})"
    )


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
