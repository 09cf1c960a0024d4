"""Columns for some of whose values probabilities do not hold, as of one that came to mean something else: a priority that was
turned around, a list that was sorted anew.

Each value's leads are held against all the others, so that a base rate that moved charges no column.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._judging.judged import Judged
from kits.lead_scoring._judging.slices import columns_of_few_values
from kits.lead_scoring._reasons.values import plain

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_FALSE_ALARMS = 0.01
"""Of one judging in which all probabilities are true."""
_LEAST_WON = 5.0
"""Wins and losses expected of a value, below which no normal distribution tells what chance can do."""
_APART = 0.03
"""Distance of what was won from what was said, below which nobody acts on it."""
_SHOWN, _VALUES, _NAME = 3, 2, 60
_MOST_COLUMNS = 500


@dataclass(frozen=True)
class Missed:
    """A value of a column whose leads were won more or less often than was said."""

    column: str
    value: str
    n: int
    said: float
    won: float
    beyond: float

    @property
    def told(self) -> str:
        """`“3”: 19 % of 310 won, 8 % were said`."""
        return f"“{plain(self.value, _NAME)}”: {self.won:.0%} of {self.n:,} won, {self.said:.0%} were said"


def misjudged(judged: Judged, barred: Sequence[str] = ()) -> Iterator[str]:
    """A note for each column of which some values were won so much more or less often than was said that chance does not explain
    it, the worst first.

    Args:
        barred: columns that are not told of.
    """
    tested, found = _missed(judged, barred)
    bound = NormalDist().inv_cdf(1 - _FALSE_ALARMS / (2 * max(1, tested)))
    worst: dict[str, list[Missed]] = {}
    for one in sorted(found, key=lambda one: -one.beyond):
        if one.beyond > bound and abs(one.won - one.said) >= _APART:
            worst.setdefault(one.column, []).append(one)
    for column, values in list(worst.items())[:_SHOWN]:
        told = "; ".join(one.told for one in values[:_VALUES])
        yield (
            f"misjudged: probabilities do not hold by {plain(column, _NAME)}, beyond chance: {told}; has it come to mean something "
            "else? Then leave it out (model.columns.exclude) and train again; where leads since that day are many, bring these alone"
        )
    if len(worst) > _SHOWN:
        yield f"misjudged: probabilities do not hold by {len(worst) - _SHOWN} more, beyond chance: see the slices"


def _missed(judged: Judged, barred: Sequence[str]) -> tuple[int, list[Missed]]:
    """How many values were looked at, and how far each lies from the others."""
    left = judged.won.astype(np.float64) - judged.chance
    # leads of one account say less than as many of their own
    spread = judged.chance * (1 - judged.chance) * len(judged) / max(1, judged.alone)
    found = []
    for column, value, mine in columns_of_few_values(judged, barred, _MOST_COLUMNS):
        said, n = float(judged.chance[mine].sum()), int(mine.sum())
        if n == len(judged) or min(said, n - said) < _LEAST_WON:
            continue
        (gap, own), (others, rest) = (_mean(left, spread, judged.each, on) for on in (mine, ~mine))
        beyond = abs(gap - others) / math.sqrt(own + rest)
        share, won = (
            float(np.average(one[mine], weights=judged.each[mine]))
            for one in (judged.chance, judged.won)
        )
        found.append(Missed(column, value, n, share, won, beyond))
    return len(found), found


def _mean(values: Floats, spread: Floats, each: Floats, mine: Flags) -> tuple[float, float]:
    """The mean of some leads, as many as each stands for, and its variance."""
    total = float(each[mine].sum())
    return float(each[mine] @ values[mine]) / total, float(
        each[mine] ** 2 @ spread[mine]
    ) / total**2
