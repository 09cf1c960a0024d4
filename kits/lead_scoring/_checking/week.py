"""Rule about the time of the week: more of the leads are won that come on some days or at some hours."""

from __future__ import annotations

import calendar
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import Finding
from kits.core.stats import Estimate, proportion
from kits.lead_scoring._checking.times import times_of
from kits.lead_scoring._features.arrivals import times_of_arrival
from kits.lead_scoring._features.spec import Week
from kits.lead_scoring._features.week import HOURS, TOGETHER, hours_of, told_of
from kits.lead_scoring._learning.week import week_of
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

Floats = NDArray[np.float64]
_FEW = 50
"""Leads of a part of the week under which it is not told."""


def week(table: LeadTable, config: Config) -> Iterator[Finding]:
    """Whether the time of the week tells who buys."""
    decided = table.decided
    came = times_of_arrival(times_of(decided)[0])
    found = week_of(came, decided.won) if config.week else None
    if found is None:
        return
    told = _parts(came, decided.won, found)
    what = "the hour" if found.hours else "the day of the week"
    yield Finding(
        "week", "warn",
        f"{what} at which a lead comes tells who buys, in the earlier half of the leads as in the later one; a training learns it",
        tuple(f"{name}: {share.value:.1%} [{share.low:.1%}, {share.high:.1%}] won" for name, share in told),
        "if that tells who entered a lead rather than when somebody asked: model.week: false. New leads must come with times of "
        "the same zone as these",
    )  # fmt: skip


def _parts(came: Floats, won: Floats, found: Week) -> list[tuple[str, Estimate]]:
    """Parts of the week with the share won of their leads, the best first."""
    dated = np.isfinite(came)
    hours = hours_of(came[dated])
    keys = np.array([told_of(hour, hours=found.hours) for hour in hours.tolist()])
    shares = []
    for key in np.unique(keys):
        mine = keys == key
        if mine.sum() >= _FEW:
            share = proportion(int(won[dated][mine].sum()), int(mine.sum()))
            shares.append((_called(int(hours[mine][0]), found), share))
    return sorted(shares, key=lambda pair: -pair[1].value)


def _called(hour: int, found: Week) -> str:
    day, own = divmod(hour, HOURS)
    if not found.hours:
        return calendar.day_name[day]
    low = own - own % TOGETHER
    days = "Saturday and Sunday" if day >= calendar.SATURDAY else "Monday to Friday"
    return f"{days}, {low}:00 to {low + TOGETHER}:00"
