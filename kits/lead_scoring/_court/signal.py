"""Whether what is left tells who buys at all: a permutation test, with the band that chance gives.

An AUC of 0.55 may be much or nothing, it depends on how many leads and columns there are. So outcomes are shuffled
within their period (the course of the base rate stays as it is), the same model is learned again, and what shuffles
reach says what the AUC is worth. The model is linear in bins: its solution for all shuffles costs one matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
_VISIBLE = 0.56
"""An AUC that would be worth having: where it cannot be ruled out, there are too few leads to say that there is none."""


def find_signal(
    columns: Sequence[Column], won: Floats, folds: tuple[Codes, Codes], timed: bool, seed: int
) -> Signal | None:
    """The test; None where there is nothing to test.

    Two statistics are tried where time is known: each period by earlier ones, and each fifth by lot by all the rest.
    The second sees more where few were won. p is of the better one, times two.

    Args:
        columns: without leaks.
        folds: (rows,) periods in a row (by lot where not `timed`), and fifths by lot.
    """
    if not columns:
        return None
    rng = np.random.default_rng([seed, 17])
    picked = np.sort(rng.permutation(len(won))[:_ROWS])
    won, periods, lot = won[picked], folds[0][picked], folds[1][picked]
    groups = periods if timed else np.zeros_like(periods)
    outcomes = _shuffled(won, groups, rng)
    matrix = design(columns, picked)
    tried = []
    if timed:
        later = [(periods == k, periods < k) for k in range(1, int(periods.max()) + 1)]
        tried.append(_tested(matrix, outcomes, later, groups, rng))
    tried.append(
        _tested(
            matrix, outcomes, [(lot == k, lot != k) for k in range(int(lot.max()) + 1)], groups, rng
        )
    )
    found = [one for one in tried if one is not None]
    if not found:
        return None
    first = found[0]
    low, high = (float(end) for end in np.quantile(first.drawn[1:], [0.025, 0.975]))
    value = float(first.drawn[0])
    estimate = Estimate(
        value=value,
        low=max(0.0, value - first.reach),
        high=min(1.0, value + first.reach),
        n=len(won),
        method="Hanley-McNeil, forward in time" if timed else "Hanley-McNeil, left out",
    )
    p_value = min(1.0, len(found) * min(one.p_value for one in found))
    return Signal(estimate, low, high, p_value, SHUFFLES)


@dataclass(frozen=True)
class _Tested:
    """One statistic.

    Attributes:
        drawn: (1 + shuffles,) AUC of the outcomes as they are, then of shuffles.
        reach: half the width of its interval.
    """

    drawn: Floats
    reach: float

    @property
    def p_value(self) -> float:
        return float((1 + (self.drawn[1:] >= self.drawn[0]).sum()) / len(self.drawn))


Part = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def _tested(
    matrix: NDArray[np.float32],
    outcomes: NDArray[np.float32],
    parts: Sequence[Part],
    groups: Codes,
    rng: np.random.Generator,
) -> _Tested | None:
    """Mean AUC within groups; None where no part has both outcomes.

    Args:
        parts: (rows,) which are judged, and by which they are.
        groups: (rows,) ranks are taken within them.
    """
    sums = np.zeros(outcomes.shape[1])
    variance, weight = 0.0, 0.0
    for here, known in parts:
        if outcomes[known, 0].min(initial=1.0) == outcomes[known, 0].max(initial=0.0):
            continue
        # in any order: leads that score alike must not be ranked by their time
        asked = rng.permutation(np.flatnonzero(here))
        scores = _learned(matrix[known], outcomes[known], matrix[asked])
        for group in np.unique(groups[asked]):
            inside = groups[asked] == group
            truth = outcomes[asked[inside]] == 1
            ones, others = float(truth[:, 0].sum()), float((~truth[:, 0]).sum())
            size = min(ones, others)
            if size >= 1:
                aucs = _aucs(scores[inside], truth)
                sums += size * aucs
                weight += size
                variance += size**2 * _variance(float(aucs[0]), ones, others)
    if weight == 0:
        return None
    return _Tested(sums / weight, 1.96 * float(np.sqrt(variance)) / weight)


def silence(signal: Signal | None, trees: Estimate | None) -> str:
    """The sentence when nothing tells who buys; empty when something does.

    Args:
        trees: AUC of boosted trees on leads they had not seen, as a second witness.
    """
    if signal is None:
        return "no signal: nothing is left to learn from once what came after the outcome is gone"
    if signal.p_value <= _ALPHA or (trees is not None and trees.low > _HARDLY):
        return ""
    few = " found in so few leads" if signal.auc.high > _VISIBLE else ""
    seen = f"; trees reach {trees.text()}" if trees is not None else ""
    return (
        f"no signal{few}: what is known before the outcome does not tell who buys (AUC {signal.auc.text()}, n="
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
