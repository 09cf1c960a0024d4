"""Learns what the time of year adds to a lead's log-odds, beyond what its columns tell.

It is learned where the share won swings each year again; what happened once is none. Where there is one is asked of the
leads alone, how large it is beside what a model says of them: a season that the columns tell is not counted twice.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._learning.newton import logistic_fit
from kits.lead_scoring._models.season import YEAR_S, waves

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_YEARS = 2
"""Whole years from which on a season is told from what happened once."""
_FEW = 40
"""Won or lost leads of a year under which it tells nothing."""
_SLIGHT = 0.12
"""Swing in log-odds, to either side of the year's mean, that is not worth a word."""
_SURE = 1.6
"""Standard errors by which each year must swing as the others do."""
_SELDOM = 0.001
_DIRECTIONS = 2


def years_that_swing(at: Floats, won: Floats, beside: Floats | None = None) -> list[Flags]:
    """(rows,) each whole year, counted back from the latest lead, if they have a wave of a year's length in common; else none.

    Every year must swing as the mean of the others does, so that a step, a hump or a trend is none: of a hundred made-up firms
    without seasons 0 to 2 have one then, and up to 8 where the share won wanders from month to month.

    Args:
        at: (rows,) when leads came, seconds since 1970.
        won: (rows,) 0 or 1.
        beside: (rows,) what is known to add to log-odds; None: nothing.
    """
    years = _years(at, won)
    if len(years) < _YEARS:
        return []
    rows = np.logical_or.reduce(years)
    each = np.stack([year[rows] for year in years], axis=1).astype(np.float64)
    wave, flat = waves(at[rows]), _flat(at, years)
    swings = [wave * each[:, [number]] for number in range(len(years))]
    own, unsure = _fit(np.column_stack([flat, *swings]), won[rows], _of(beside, rows))
    first = 1 + flat.shape[1]
    of_year = own[first:].reshape(len(years), _DIRECTIONS)
    for number in range(len(years)):
        others = np.delete(of_year, number, axis=0).mean(axis=0)
        towards = others / max(float(np.hypot(*others)), 1e-12)
        place = slice(first + 2 * number, first + 2 * number + 2)
        error = math.sqrt(float(towards @ unsure[place, place] @ towards))
        if float(of_year[number] @ towards) < _SURE * error:
            return []
    swing, spread = _common(at, won, years, beside=beside)
    # Wald's test of both directions together: chi-squared with two degrees of freedom
    if math.exp(-_wald(swing, spread) / 2) > _SELDOM or float(np.hypot(*swing)) < _SLIGHT:
        return []
    return years


def swing_of(
    at: Floats,
    won: Floats,
    years: list[Flags],
    margins: Floats | None = None,
    beside: Floats | None = None,
) -> tuple[float, float]:
    """Cosine and sine, in log-odds, of the wave that years have in common.

    Args:
        years: as `years_that_swing` found them.
        margins: (rows,) log-odds by a model that does not know the time of year: the wave is what it lacks, drawn to nothing
            by as much as chance makes of it (James & Stein 1961).
        beside: (rows,) what is known to add to log-odds; None: nothing.
    """
    found, spread = _common(at, won, years, margins, beside)
    if margins is not None:
        found = found * max(0.0, 1.0 - _DIRECTIONS / max(_wald(found, spread), 1e-12))
    return float(found[0]), float(found[1])


def _common(
    at: Floats,
    won: Floats,
    years: list[Flags],
    margins: Floats | None = None,
    beside: Floats | None = None,
) -> tuple[Floats, Floats]:
    rows = np.logical_or.reduce(years)
    known = [] if margins is None else [margins[rows]]
    columns = np.column_stack([*known, _flat(at, years), waves(at[rows])])
    found, spread = _fit(columns, won[rows], _of(beside, rows))
    return found[-_DIRECTIONS:], spread[-_DIRECTIONS:, -_DIRECTIONS:]


def _flat(at: Floats, years: list[Flags]) -> Floats:
    """(rows of years, years) what is no season: the level of each year but the first, and a trend."""
    rows = np.logical_or.reduce(years)
    levels = [year[rows] for year in years[1:]]
    return np.column_stack([*levels, (at[rows] - at[rows].mean()) / YEAR_S]).astype(np.float64)


def _wald(found: Floats, spread: Floats) -> float:
    return float(found @ np.linalg.pinv(spread) @ found)


def _years(at: Floats, won: Floats) -> list[Flags]:
    """(rows,) each whole year, counted back from the latest lead; none where one of them has too few outcomes."""
    if not len(at):
        return []
    end = float(at.max()) + 1
    whole = int((end - float(at.min())) / YEAR_S + 0.1)
    found = [(at >= end - (n + 1) * YEAR_S) & (at < end - n * YEAR_S) for n in range(whole)]
    enough = all(min(won[rows].sum(), (1 - won[rows]).sum()) >= _FEW for rows in found)
    return found if enough else []


def _of(beside: Floats | None, rows: Flags) -> Floats:
    found: Floats = np.zeros(int(rows.sum())) if beside is None else beside[rows]
    return found


def _fit(columns: Floats, won: Floats, beside: Floats) -> tuple[Floats, Floats]:
    """Intercept and weights, and their covariance."""
    found = np.array(logistic_fit(columns, won, beside))
    design = np.column_stack([np.ones(len(won)), columns])
    chances = 1.0 / (1.0 + np.exp(-np.clip(design @ found + beside, -500.0, 500.0)))
    curvature = (design * (chances * (1 - chances))[:, None]).T @ design
    return found, np.linalg.pinv(curvature)
