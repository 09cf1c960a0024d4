"""Drift: can the latest leads be told from earlier ones, by which columns, and how did the base rate go?

An adversarial check (latest fifth against the rest) with the yardstick of `yardstick.py`. That a column moved at all is
tested against simulated draws of leads that did not; that it moved much is its AUC. Both are needed: of 40,000 leads
every column moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kits.core.stats import Estimate, proportion
from kits.lead_scoring._court.columns import Codes, Column, Floats
from kits.lead_scoring._court.measures import alone
from kits.lead_scoring._court.verdicts import Judgement, Period, Removal
from kits.lead_scoring._court.yardstick import Sums, Yardstick

LATEST = 0.2
_TELLS, _LEANS = 0.65, 0.58
"""Lower end of the AUC of a column that tells the period, or leans to."""
_SETTLED = 0.60
"""AUC of all the rest from which no column needs to go."""
_MOST_REMOVALS = 10
_DRAWS, _MOST_DRAWS = 100, 6_000
"""Per column, and in all; beyond 60 columns false charges are a little more frequent than said."""
_PERIODS = 10
_SHOWN = 2
_SHUFFLES = 200
_CLOCK = 0.98
"""Rank correlation with time of a column that only counts: days since the lead came, at the day of the export."""


@dataclass(frozen=True)
class Moved:
    """How one column moved.

    Attributes:
        own: AUC of the latest leads against earlier ones by this column alone.
        distance: half the sum of differences of shares per bin, 0 to 1 (total variation).
        chance: what it and all others stay under in 99 of 100 tables that did not move.
        sentences: evidence.
    """

    column: str
    own: Estimate
    distance: float
    chance: float
    sentences: tuple[str, ...]

    @property
    def judgement(self) -> Judgement:
        if self.distance <= self.chance:
            return "cleared"
        if self.own.low >= _TELLS:
            return "guilty"
        return "suspicious" if self.own.low >= _LEANS else "cleared"


@dataclass(frozen=True)
class Drift:
    """Everything about drift.

    Attributes:
        auc: of all columns together; None where there are none.
    """

    moved: tuple[Moved, ...]
    auc: Estimate | None
    removals: tuple[Removal, ...]


def latest_of(rows: int) -> Floats:
    """(rows,) 1 for the latest fifth of leads in order of time."""
    return (np.arange(rows) >= rows - max(round(LATEST * rows), 1)).astype(np.float64)


def find_moved(columns: Sequence[Column], folds: Codes, seed: int) -> tuple[Moved, ...]:
    """How each column moved from earlier leads to the latest fifth.

    Args:
        columns: rows in order of time.
        folds: (rows,) by lot.
    """
    period = latest_of(len(folds))
    return tuple(
        _moved(column, period, folds, len(columns), np.random.default_rng([seed, number]))
        for number, column in enumerate(columns)
    )


def find_drift(moved: tuple[Moved, ...], names: Sequence[str], sums: Sums, rows: int) -> Drift:
    """Latest leads against earlier ones by all columns together, and as the most telling ones go.

    Args:
        moved: columns that may be learned from.
        names: columns of the sums, in their order.
        rows: leads in all, of which the sums know some.
    """
    place = {name: number for number, name in enumerate(names)}
    known = [one for one in moved if one.column in place]
    if not known:
        return Drift(moved, None, ())
    period = latest_of(rows)[sums.rows]
    yardstick = Yardstick(sums, period, [place[one.column] for one in known])
    auc = yardstick.auc()
    removals: list[Removal] = []
    gone: list[int] = []
    rest = auc
    for one in sorted(known, key=lambda one: -one.own.value)[:_MOST_REMOVALS]:
        if rest.value < _SETTLED or one.own.low < _LEANS or len(gone) + 1 == len(known):
            break
        gone.append(place[one.column])
        rest = yardstick.auc(without=gone)
        removals.append(Removal(one.column, one.own, rest))
    return Drift(moved, auc, tuple(removals))


def _moved(
    column: Column, period: Floats, folds: Codes, columns: int, rng: np.random.Generator
) -> Moved:
    own = alone(column.codes, column.bins, period, folds)
    late = np.bincount(column.codes, weights=period, minlength=column.bins)
    n = np.bincount(column.codes, minlength=column.bins).astype(np.float64)
    before, now = (n - late) / (n - late).sum(), late / late.sum()
    distance = float(np.abs(now - before).sum() / 2)
    chance = _chance(n / n.sum(), int((n - late).sum()), int(late.sum()), columns, rng)
    order = sorted(range(column.bins), key=lambda k: -abs(now[k] - before[k]))[:_SHOWN]
    shares = ", ".join(
        f"“{column.labels[k][:40]}” {before[k]:.0%} before, {now[k]:.0%} in the latest fifth"
        for k in order
    )
    clock = follows_clock(column)
    return Moved(
        column.name,
        own,
        distance,
        chance,
        (
            *([f"it goes with time (rank correlation {clock:.3f})"] if clock >= _CLOCK else []),
            f"alone it tells the latest fifth from earlier leads with an AUC of {own.text()}",
            f"{shares}; shares moved by {distance:.3f}, chance stays under {chance:.3f}",
        ),
    )


def _chance(shares: Floats, before: int, now: int, columns: int, rng: np.random.Generator) -> float:
    """Limit of the distance when nothing moved: the largest of a hundred simulated draws for each column there is.

    So in one of a hundred tables that did not move, some column passes it.
    """
    draws = min(_DRAWS * columns, _MOST_DRAWS)
    one = rng.multinomial(before, shares, draws) / before
    two = rng.multinomial(now, shares, draws) / now
    return float((np.abs(one - two).sum(1) / 2).max())


def course_of(order: Floats, won: Floats) -> tuple[Period, ...]:
    """Share won by tenths of the leads in order of time."""
    rows = len(won)
    cuts = np.linspace(0, rows, min(_PERIODS, max(rows // 30, 1)) + 1).astype(int)
    return tuple(
        Period(
            float(order[start]),
            float(order[end - 1]),
            proportion(int(won[start:end].sum()), int(end - start)),
        )
        for start, end in pairwise(cuts)
    )


def course_p(won: Floats, seed: int) -> float:
    """How seldom outcomes in any order add up so far from their mean as these do (CUSUM; Page 1954, by shuffles).

    Args:
        won: (rows,) in order of time.
    """
    rng = np.random.default_rng([seed, 29])
    centred = won - won.mean()
    seen = float(np.abs(np.cumsum(centred)).max())
    reached = sum(
        float(np.abs(np.cumsum(rng.permutation(centred))).max()) >= seen for _ in range(_SHUFFLES)
    )
    return (1 + reached) / (_SHUFFLES + 1)


def follows_clock(column: Column) -> float:
    """How nearly a column rises or falls with time, row by row: rank correlation, 0 to 1.

    Args:
        column: rows in order of time.
    """
    known = np.flatnonzero(np.isfinite(column.numbers))
    if len(known) < 50:
        return 0.0
    values = column.numbers[known]
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(counts) < 20:
        return 0.0
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    return float(abs(np.corrcoef(ranks, np.arange(len(known)))[0, 1]))
