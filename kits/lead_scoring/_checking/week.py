"""Rules about the time of the week: more of the leads are won that come on some days or at some hours, by whose clock."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import Finding
from kits.core.stats import Estimate, proportion
from kits.lead_scoring._checking.times import times_of
from kits.lead_scoring._features.arrivals import has_hours, times_of_arrival
from kits.lead_scoring._features.spec import Week
from kits.lead_scoring._features.week import HOURS, TOGETHER, hours_of, told_of
from kits.lead_scoring._learning.week import week_of
from kits.lead_scoring._roles import ROLES
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring._written import WRITTEN, written_from
from kits.lead_scoring.config import Config

Floats = NDArray[np.float64]
_FEW = 50
"""Leads of a part of the week under which it is not told."""


def week(table: LeadTable, config: Config) -> Iterator[Finding]:
    """Whether the time of the week tells who buys."""
    decided = table.decided
    came = times_of_arrival(times_of(decided)[0])
    found = week_of(came, decided.won, config.source.timezone) if config.week else None
    if found is None:
        return
    told = _parts(came, decided.won, found)
    what = "the hour" if found.hours else "the day of the week"
    yield Finding(
        "week", "warn",
        f"{what} at which a lead comes tells who buys, in the earlier half of the leads as in the later one; a training learns it",
        tuple(f"{name}: {share.value:.1%} [{share.low:.1%}, {share.high:.1%}] won" for name, share in told),
        "if that tells who entered a lead rather than when somebody asked: model.week: false"
        + ("" if found.zone else "; if their times are those of a local clock, as in most exports, while a CRM sends UTC: "
           "model.source.timezone, such as Europe/Berlin, and import them anew with --replace"),
    )  # fmt: skip


def zones(table: LeadTable, config: Config) -> Iterator[Finding]:
    """Whether leads of tables were read by the clock that is stated; what a CRM sent needs none."""
    at = times_of(table)[0]
    if not has_hours(at[np.isfinite(at)]):
        return
    metas = (item.sample.meta for item in table.items)
    noted = (written_from(meta.get(WRITTEN)) for meta in metas if ROLES in meta)
    by = Counter(found.timezone if found is not None else "" for found in noted)
    stated = config.source.timezone
    count = by.total() - by[stated]
    if count:
        yield Finding(
            "other-zone", "warn",
            f"model.source.timezone is {stated or 'not stated'}, and the times of {count} leads were read by another clock",
            tuple(f"{zone or 'UTC'}: {n} leads" for zone, n in by.most_common()),
            "import the tables again with --replace",
        )  # fmt: skip


def _parts(came: Floats, won: Floats, found: Week) -> list[tuple[str, Estimate]]:
    """Parts of the week with the share won of their leads, the best first."""
    dated = np.isfinite(came)
    hours = hours_of(came[dated], found.zone)
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
