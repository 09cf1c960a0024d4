"""The time of the week at which a lead came, by what became of others: of that day, and of those hours of a working day or a weekend.

By the clock of the firm's place, where a person stated it, else by UTC.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kits.core.zones import ahead_s
from kits.lead_scoring._features.spec import Week

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
WEEK = "(time of the week)"
"""Stands for it where contributions are named by columns."""
DAYS, FIRST_OF_WEEKEND, HOURS = 7, 5, 24
TOGETHER = 4
"""Hours that are looked at, and told, together."""
PARTS = 2 * HOURS // TOGETHER
_HOUR_S, _DAY_S = 3_600.0, 86_400.0
_SINCE_MONDAY = 72
"""Hours since Monday as 1970 began, on a Thursday."""


def local(at: float, zone: str) -> float:
    """What a clock of `zone` shows at a finite moment, seconds since 1970; a day alone, which midnight is, stays itself."""
    return at + ahead_s(int(at // _HOUR_S), zone) if zone and has_hour(at) else at


def locals_of(at: Floats, zone: str) -> Floats:
    """`local` of (n,) finite moments."""
    if not zone:
        return at
    hours, place = np.unique(at // _HOUR_S, return_inverse=True)
    ahead = np.array([ahead_s(int(hour), zone) for hour in hours])[place]
    return np.where(at % _DAY_S != 0, at + ahead, at)


def has_hour(at: float) -> bool:
    """Whether a moment, seconds since 1970, is nearer than a day."""
    return at % _DAY_S != 0


def hours_of(at: Floats, zone: str = "") -> Ints:
    """(n,) whole hours since Monday began, at (n,) finite seconds since 1970."""
    shown = locals_of(at, zone)
    return (np.floor(shown / _HOUR_S).astype(np.intp) + _SINCE_MONDAY) % (DAYS * HOURS)


def hour_of(at: float, zone: str = "") -> int:
    """`hours_of` one moment."""
    return (int(local(at, zone) // _HOUR_S) + _SINCE_MONDAY) % (DAYS * HOURS)


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
    """(columns,) of one moment, seconds since 1970; NaN where it is not known, or has no hour and hours tell."""
    if math.isnan(at) or (week.hours and not has_hour(at)):
        return [math.nan] * (2 if week.hours else 1)
    hour = hour_of(at, week.zone)
    day = week.days[hour // HOURS]
    return [day, week.parts[part_of_week(hour)]] if week.hours else [day]


def rates(at: Floats, week: Week) -> Floats:
    """(n, columns) of (n,) moments."""
    known = np.isfinite(at) & ((at % _DAY_S != 0) | (not week.hours))
    found = np.full((len(at), len(labels(week))), np.nan)
    for column, (place, own) in enumerate(
        zip(places_of(at[known], week.zone), (week.days, week.parts))
    ):
        if own:
            found[known, column] = np.array(own)[place]
    return found


def places_of(at: Floats, zone: str = "") -> tuple[Ints, Ints]:
    """Which day, and which part of the week, (n,) finite moments lie in."""
    hours = hours_of(at, zone)
    parts = np.array([part_of_week(hour) for hour in range(DAYS * HOURS)])
    return hours // HOURS, parts[hours]
