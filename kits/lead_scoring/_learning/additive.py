"""Fits the additive model: logistic regression on curves, with a quadratic penalty and weights that fade with age.

A number becomes a straight line and bends at its quantiles, so that the sum stays exact and readable column by column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features.encoder import Floats32
from kits.lead_scoring._learning.effort import is_large
from kits.lead_scoring._learning.newton import minimise, summed
from kits.lead_scoring._models.spec import AdditiveSpec, Term

Floats = NDArray[np.float64]
_QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
_ENDS = (0.01, 0.99)
_COARSE, _MANY_COLUMNS = (0.01, 0.5, 0.99), 120
"""Where a matrix has so many columns, each bends at its median alone."""
_LEAST_ROWS_PER_BEND = 200


@dataclass(frozen=True)
class _Basis:
    """Columns of the design that stand for one column of the matrix.

    Attributes:
        knots: where it bends.
        at_knots: (knots, functions) value of each function at each knot.
        at_missing: (functions,) and where the column is missing.
    """

    knots: Floats
    at_knots: Floats
    at_missing: Floats

    @property
    def width(self) -> int:
        """Functions."""
        return len(self.at_missing)

    def fill(self, found: Floats | Floats32, column: Floats) -> None:
        """Puts each function's values at a column into (rows, functions)."""
        for number, function in enumerate(self.at_knots.T):
            found[:, number] = np.interp(column, self.knots, function)
        found[np.isnan(column)] = self.at_missing


class Design:
    """Columns of a matrix as functions that a logistic regression weighs; made once, fitted with several weights.

    Each fit begins where the last one ended, which for other weights of the same rows is near its end.

    Args:
        matrix: (rows, columns), NaN where missing.
        straight: numbers are lines without bends, which go on beyond what was seen by as much as was seen.
    """

    def __init__(self, matrix: Floats32, *, straight: bool = False) -> None:
        quantiles = _QUANTILES if matrix.shape[1] <= _MANY_COLUMNS else _COARSE
        columns = (matrix[:, n].astype(np.float64) for n in range(matrix.shape[1]))
        self._bases = [_basis(column, () if straight else quantiles) for column in columns]
        places = np.cumsum([0, *(basis.width for basis in self._bases)])
        exact = np.float32 if is_large(matrix.size) else np.float64
        self._rows = np.empty((len(matrix), int(places[-1])), dtype=exact)
        for n, basis in enumerate(self._bases):
            own = self._rows[:, places[n] : places[n + 1]]
            basis.fill(own, matrix[:, n].astype(np.float64))
        self._start: Floats | None = None

    def fit(
        self, won: Floats, weights: Floats, penalty: float = 1.0, beside: Floats | None = None
    ) -> AdditiveSpec:
        """The curves that fit best.

        Args:
            won: (rows,) 1 or 0.
            weights: (rows,) how much each counts; 1 for all counts as so many leads.
            penalty: of the squared weights of standardised functions, as a number of leads.
            beside: (rows,) what is known to add to their log-odds; None: nothing.
        """
        found = minimise(self._rows, won, weights, penalty, self._start, beside)
        self._start = found
        mean = summed(self._rows, weights) / weights.sum()
        terms, start = [], 0
        for basis in self._bases:
            width = basis.width
            own, centre = found[1 + start : 1 + start + width], mean[start : start + width]
            terms.append(
                Term(
                    knots=tuple(map(float, basis.knots)),
                    adds=tuple(map(float, (basis.at_knots - centre) @ own)),
                    missing=float((basis.at_missing - centre) @ own),
                )
            )
            start += width
        return AdditiveSpec(intercept=float(found[0] + mean @ found[1:]), terms=tuple(terms))


def recency(places: Floats, half_life: float) -> Floats:
    """(rows,) weights that halve with each `half_life` of the whole span of rows, the latest weighing most.

    Args:
        places: (rows,) 0 for the oldest to 1 for the latest.
    """
    weights: Floats = 0.5 ** ((1.0 - places) / half_life)
    return weights


def _basis(column: Floats, quantiles: Sequence[float]) -> _Basis:
    known = column[np.isfinite(column)]
    values = np.unique(known)
    lacks = known.size < column.size
    if values.size <= 2:
        low, high = (float(values[0]), float(values[-1])) if values.size else (0.0, 1.0)
        if values.size < 2 or (low >= 0.0 and high <= 1.0):
            low, high = 0.0, 1.0
        knots, functions = np.array([low, high]), np.array([[0.0], [1.0]])
        middle = np.array([float(((known - low) / (high - low)).mean()) if known.size else 0.0])
        return _with_missing(knots, functions, middle, lacks)
    if not quantiles:
        return _with_missing(*_line(known), lacks)
    knots = np.unique(np.quantile(known, quantiles))
    if knots.size < 3:
        knots = np.unique(np.concatenate([knots, [values[0], values[-1]]]))
    if known.size < _LEAST_ROWS_PER_BEND * knots.size:
        few = max(2, known.size // _LEAST_ROWS_PER_BEND)
        knots = np.unique(knots[np.linspace(0, knots.size - 1, few).round().astype(int)])
    inside = np.clip(known, knots[0], knots[-1])
    spread = float(inside.std()) or 1.0
    line = (knots - inside.mean()) / spread
    bends = [np.maximum(knots - one, 0.0) / spread for one in knots[1:-1]]
    functions = np.stack([line, *bends], axis=1)
    middle = np.array([np.interp(known, knots, f).mean() for f in functions.T])
    return _with_missing(knots, functions, middle, lacks)


def _line(known: Floats) -> tuple[Floats, Floats, Floats]:
    """Knots, the line at them, and its mean. Beyond its ends it is level, so that no placeholder outweighs the rest."""
    low, high = np.quantile(known, _ENDS)
    if low == high:
        low, high = known.min(), known.max()
    reach = high - low
    knots = np.array([low - reach, high + reach])
    inside = np.clip(known, *knots)
    functions = ((knots - inside.mean()) / (float(inside.std()) or 1.0))[:, None]
    return knots, functions, np.array([float(np.interp(known, knots, functions[:, 0]).mean())])


def _with_missing(knots: Floats, functions: Floats, middle: Floats, lacks: bool) -> _Basis:
    """A function more that says whether the column is missing, where it ever is."""
    if not lacks:
        return _Basis(knots, functions, middle)
    blank = np.zeros((len(knots), 1))
    return _Basis(knots, np.hstack([functions, blank]), np.append(middle, 1.0))
