"""The time of the week at which a lead came, by what became of others: of that day, and of those hours of a working day or a weekend.

By UTC, as all moments are read.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features.spec import Week

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
WEEK = "(time of the week)"
"""Stands for it where contributions are named by columns."""
DAYS, FIRST_OF_WEEKEND, HOURS = 7, 5, 24
TOGETHER = 4
"""Hours that are looked at, and told, together."""
PARTS = 2 * HOURS // TOGETHER
_HOUR_S = 3_600.0
_SINCE_MONDAY = 72
"""Hours since Monday as 1970 began, on a Thursday."""


def hours_of(at: Floats) -> Ints:
    """(n,) whole hours since Monday began, at (n,) finite seconds since 1970."""
    return (np.floor(at / _HOUR_S).astype(np.intp) + _SINCE_MONDAY) % (DAYS * HOURS)


def hour_of(at: float) -> int:
    """`hours_of` one moment."""
    return (int(at // _HOUR_S) + _SINCE_MONDAY) % (DAYS * HOURS)


def part_of_week(hour: int) -> int:
    """Which hours of a working day it is, or of a weekend: their number; `hour` as `hours_of` gives it."""
    day, own = divmod(hour, HOURS)
    return own // TOGETHER + (HOURS // TOGETHER if day >= FIRST_OF_WEEKEND else 0)


def told_of(hour: int, *, hours: bool) -> str:
    """What people are told of an hour of the week, as a key: a number of its day, from 0 on, or of its part of the week."""
    return str(part_of_week(hour) if hours else hour // HOURS)


def labels(week: Week) -> tuple[str, ...]:
    """What the columns of the matrix say."""
    return (f"{WEEK}: day", f"{WEEK}: hours") if week.hours else (f"{WEEK}: day",)


def rates_at(at: float, week: Week) -> list[float]:
    """(columns,) of one moment, seconds since 1970; NaN where it is not known."""
    if math.isnan(at):
        return [math.nan] * (2 if week.hours else 1)
    hour = hour_of(at)
    day = week.days[hour // HOURS]
    return [day, week.parts[part_of_week(hour)]] if week.hours else [day]


def rates(at: Floats, week: Week) -> Floats:
    """(n, columns) of (n,) moments."""
    known = np.isfinite(at)
    found = np.full((len(at), len(labels(week))), np.nan)
    for column, (place, own) in enumerate(zip(places_of(at[known]), (week.days, week.parts))):
        if own:
            found[known, column] = np.array(own)[place]
    return found


def places_of(at: Floats) -> tuple[Ints, Ints]:
    """Which day, and which part of the week, (n,) finite moments lie in."""
    hours = hours_of(at)
    parts = np.array([part_of_week(hour) for hour in range(DAYS * HOURS)])
    return hours // HOURS, parts[hours]
