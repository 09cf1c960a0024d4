"""The time of the week at which a lead came, as flags: which day it was, and which two hours of a working day or a weekend.

By UTC, as all moments are read.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features.spec import Week

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]
WEEK = "(time of the week)"
"""Stands for it where contributions are named by columns."""
DAYS, FIRST_OF_WEEKEND, HOURS = 7, 5, 24
TOGETHER = 4
"""Hours of which people are told together."""
_EACH = 2
"""Hours that have a column of the matrix together."""
_PARTS = HOURS // _EACH
_HOUR_S = 3_600.0
_SINCE_MONDAY = 72
"""Hours since Monday as 1970 began, on a Thursday."""


def hours_of(at: Floats) -> Ints:
    """(n,) whole hours since Monday began, at (n,) finite seconds since 1970."""
    return (np.floor(at / _HOUR_S).astype(np.intp) + _SINCE_MONDAY) % (DAYS * HOURS)


def hour_of(at: float) -> int:
    """`hours_of` one moment."""
    return (int(at // _HOUR_S) + _SINCE_MONDAY) % (DAYS * HOURS)


def part_of_week(hour: int, each: int = _EACH) -> int:
    """Which hours of a working day it is, or of a weekend: their number; `hour` as `hours_of` gives it.

    Args:
        each: hours that are told together.
    """
    day, own = divmod(hour, HOURS)
    return own // each + (HOURS // each if day >= FIRST_OF_WEEKEND else 0)


def told_of(hour: int, *, hours: bool) -> str:
    """What people are told of an hour of the week, as a key: a number of its day, from 0 on, or of its part of the week."""
    return str(part_of_week(hour, TOGETHER) if hours else hour // HOURS)


def labels(week: Week) -> tuple[str, ...]:
    """What the flags say."""
    days = (f"{WEEK}: day {day + 1}" for day in range(DAYS))
    kinds = ("working day", "weekend") if week.hours else ()
    parts = (
        f"{WEEK}: {kind}, {_EACH * part} to {_EACH * part + _EACH}"
        for kind in kinds
        for part in range(_PARTS)
    )
    return tuple(chain(days, parts))


def flags_at(at: float, week: Week) -> list[float]:
    """(columns,) of one moment, seconds since 1970; NaN where it is not known."""
    rows = _rows(week)
    if math.isnan(at):
        return [math.nan] * len(rows[0])
    return rows[hour_of(at)]


def flags(at: Floats, week: Week) -> Floats32:
    """(n, columns) of (n,) moments."""
    table = np.array(_rows(week), dtype=np.float32)
    known = np.isfinite(at)
    found = table[hours_of(np.where(known, at, 0.0))]
    found[~known] = np.nan
    return found


@cache
def _rows(week: Week) -> list[list[float]]:
    """The flags of each hour of the week."""
    found = []
    for hour in range(DAYS * HOURS):
        day, part = hour // HOURS, part_of_week(hour)
        row = [float(one == day) for one in range(DAYS)]
        found.append(row + [float(one == part) for one in range(2 * _PARTS)] * week.hours)
    return found
