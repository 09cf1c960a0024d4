"""Rule about the time of year: more leads are won in some months than in others, each year again.

No model of this kit knows the month in which a lead comes, so its probabilities are of the whole year.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import Finding
from kits.core.stats import Estimate, proportion
from kits.lead_scoring._checking.times import times_of
from kits.lead_scoring._learning.newton import logistic_fit
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

Floats = NDArray[np.float64]
_YEAR = 365.2425 * 86_400.0
_YEARS = 2
"""Whole years from which on a season is told from what happened once."""
_FEW = 40
"""Won or lost leads of a year under which it tells nothing."""
_SLIGHT = 0.12
"""Swing in log-odds, to either side of the year's mean, that is not worth a word."""
_SURE = 1.6
"""Standard errors by which each year must swing as the others do."""
_SELDOM = 0.001
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@dataclass(frozen=True)
class Season:
    """A swing that comes each year.

    Attributes:
        peak: the month in the middle of the best quarter, from 1 on.
        years: whole years that were looked at.
        best: share won of leads that came in the three months about it.
        worst: the same half a year from it.
    """

    peak: int
    years: int
    best: Estimate
    worst: Estimate


def seasons(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Whether the share won swings with the year."""
    at, won = times_of(table)[0], table.won
    dated = np.isfinite(at) & np.isfinite(won)
    found = season_of(at[dated], won[dated])
    if found is None:
        return
    yield Finding(
        "seasons", "warn",
        f"more leads are won at one time of the year than at another, in each of {found.years} years: of those that came from "
        f"{_quarter(found.peak)} {_share(found.best)}, from {_quarter(found.peak + 6)} {_share(found.worst)}; probabilities are "
        "of the whole year unless a column tells the season: too low in the one, too high in the other",
        fix="call leads by their order, which this does not change; a quarter's sales are not the sum of its probabilities",
    )  # fmt: skip


def season_note(table: LeadTable, config: Config) -> tuple[str, ...]:
    """The same for a run: who reads probabilities reads it beside the figures."""
    found = seasons(table, config)
    return tuple(f"season: {one.text}; {one.fix}" for one in found)


def season_of(at: Floats, won: Floats) -> Season | None:
    """A wave of a year's length that whole years have in common; None where they do not.

    Every year must swing as the mean of the others does, so that a step, a hump or a trend is none: of a hundred made-up firms
    without seasons 0 to 2 have one then, and up to 8 where the share won wanders from month to month.

    Args:
        at: (rows,) when leads came, seconds since 1970.
        won: (rows,) 0 or 1.
    """
    years = _years(at, won)
    if len(years) < _YEARS:
        return None
    rows = np.logical_or.reduce(years)
    at, won = at[rows], won[rows]
    each = np.stack([year[rows] for year in years], axis=1).astype(np.float64)
    angle = 2 * np.pi * at / _YEAR
    wave = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    flat = np.column_stack([each[:, 1:], (at - at.mean()) / _YEAR])
    swings = [wave * each[:, [number]] for number in range(len(years))]
    own, unsure = _fit(np.column_stack([flat, *swings]), won)
    first = 1 + flat.shape[1]
    of_year = own[first:].reshape(len(years), 2)
    for number in range(len(years)):
        others = np.delete(of_year, number, axis=0).mean(axis=0)
        towards = others / max(float(np.hypot(*others)), 1e-12)
        place = slice(first + 2 * number, first + 2 * number + 2)
        error = math.sqrt(float(towards @ unsure[place, place] @ towards))
        if float(of_year[number] @ towards) < _SURE * error:
            return None
    common, spread = _fit(np.column_stack([flat, wave]), won)
    swing = common[-2:]
    # Wald's test of both together: chi-squared with two degrees of freedom
    chance = math.exp(-float(swing @ np.linalg.solve(spread[-2:, -2:], swing)) / 2)
    if chance > _SELDOM or float(np.hypot(*swing)) < _SLIGHT:
        return None
    peak = _month(float(np.arctan2(swing[1], swing[0])) / (2 * np.pi) * _YEAR)
    months = np.array([_month(moment) for moment in at])
    best, worst = (_won_in(months, won, middle) for middle in (peak, peak + 6))
    return Season(peak, len(years), best, worst)


def _years(at: Floats, won: Floats) -> list[NDArray[np.bool_]]:
    """(rows,) each whole year, counted back from the latest lead; none where one of them has too few outcomes."""
    if not len(at):
        return []
    end = float(at.max()) + 1
    whole = int((end - float(at.min())) / _YEAR + 0.1)
    found = [(at >= end - (n + 1) * _YEAR) & (at < end - n * _YEAR) for n in range(whole)]
    enough = all(min(won[rows].sum(), (1 - won[rows]).sum()) >= _FEW for rows in found)
    return found if enough else []


def _fit(columns: Floats, won: Floats) -> tuple[Floats, Floats]:
    """Intercept and weights, and their covariance."""
    found = np.array(logistic_fit(columns, won))
    design = np.column_stack([np.ones(len(won)), columns])
    chances = 1.0 / (1.0 + np.exp(-np.clip(design @ found, -500.0, 500.0)))
    curvature = (design * (chances * (1 - chances))[:, None]).T @ design
    return found, np.linalg.pinv(curvature)


def _won_in(months: NDArray[np.int_], won: Floats, middle: int) -> Estimate:
    """Share won in the three months about one."""
    rows = np.isin(months, [(middle - 1 + step) % 12 + 1 for step in (-1, 0, 1)])
    return proportion(int(won[rows].sum()), int(rows.sum()))


def _month(seconds: float) -> int:
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)).month


def _quarter(middle: int) -> str:
    """The three months about one: `June to August`."""
    return f"{_MONTHS[(middle - 2) % 12]} to {_MONTHS[middle % 12]}"


def _share(share: Estimate) -> str:
    return f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]"
