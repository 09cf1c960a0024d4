"""Whether what is left tells who buys at all: a permutation test, with the band that chance gives.

An AUC of 0.55 may be much or nothing, it depends on how many leads and columns there are. So outcomes are shuffled
within their stretch of time (the course of the base rate stays as it is), the same model is learned again, and what
shuffles reach says what the AUC is worth. The model is linear in bins: its solution for all shuffles costs one matrix
product.

Two statistics are tried where time is known. Each period by earlier ones, without columns that tell the period, which
mislead forward in time. And each fifth by lot by all the rest, with those columns too: within stretches so short that
the base rate hardly moves in them, what a column tells is not the time. The second sees more where few were won, and
where most that is known drifts.
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
_ROWS = 20_000
_STRETCHES, _RARER = 50, 20
"""Stretches of time at most, and leads of the rarer outcome that each shall have."""
_ALPHA = 0.05
_HARDLY = 0.52
"""Trees that are surely above this see a signal too, in combinations a linear model has no eye for."""
_VISIBLE = 0.56
"""An AUC that would be worth having: where it cannot be ruled out, there are too few leads to say that there is none."""


def find_signal(
    columns: Sequence[Column],
    lasting: Sequence[Column],
    won: Floats,
    folds: tuple[Codes, Codes],
    timed: bool,
    seed: int,
) -> Signal | None:
    """The test, of the better statistic with p times two; None where there is nothing to test.

    Args:
        columns: without leaks; rows in order of time where `timed`.
        lasting: those of them that do not tell the period.
        folds: (rows,) periods in a row (by lot where not `timed`), and fifths by lot.
    """
    if not columns:
        return None
    rng = np.random.default_rng([seed, 17])
    picked = np.sort(rng.permutation(len(won))[:_ROWS])
    won, periods, lot = won[picked], folds[0][picked], folds[1][picked]
    found: list[tuple[str, _Tested | None]] = []
    if timed:
        later = [(periods == k, periods < k) for k in range(1, int(periods.max()) + 1)]
        made = _tested(design(lasting, picked), _shuffled(won, periods, rng), later, periods, rng)
        found.append(("forward in time", made))
    count = int(lot.max()) + 1
    fifths = [(lot == k, lot != k) for k in range(count)]
    # a shuffle leaves each fifth of each stretch its outcomes: what is judged is alike in all of them
    near = (_stretches(won) if timed else np.zeros_like(periods)) * count + lot
    made = _tested(design(columns, picked), _shuffled(won, near, rng), fifths, near, rng)
    found.append(("left out", made))
    tested = [(name, one) for name, one in found if one is not None]
    if not tested:
        return None
    name, best = min(tested, key=lambda pair: pair[1].p_value)
    low, high = (float(end) for end in np.quantile(best.drawn[1:], [0.025, 0.975]))
    value = float(best.drawn[0])
    estimate = Estimate(
        value=value,
        low=max(0.0, value - best.reach),
        high=min(1.0, value + best.reach),
        n=len(won),
        method=f"Hanley-McNeil, {name}",
    )
    return Signal(estimate, low, high, min(1.0, len(tested) * best.p_value), SHUFFLES)


def _stretches(won: Floats) -> Codes:
    """(rows,) stretches of equally many leads, as many as leave enough of both outcomes in each."""
    rarer = int(min(won.sum(), (1 - won).sum()))
    count = int(np.clip(rarer // _RARER, 1, _STRETCHES))
    return np.arange(len(won)) * count // max(len(won), 1)


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
