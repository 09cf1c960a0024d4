"""Rule about the time of year: more leads are won in some months than in others, each year again."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import Finding
from kits.core.stats import Estimate, proportion
from kits.lead_scoring._checking.times import times_of
from kits.lead_scoring._learning.delays import delays_of
from kits.lead_scoring._learning.season import swing_of, years_that_swing
from kits.lead_scoring._models.season import month_of, peak_of, quarter_of
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

Floats = NDArray[np.float64]


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

    @property
    def told(self) -> str:
        """Both shares in words."""
        return (
            f"more leads are won at one time of the year than at another, in each of {self.years} years: of those that came "
            f"from {_quarter(self.peak)} {_share(self.best)}, from {_quarter(self.peak + 6)} {_share(self.worst)}"
        )


def seasons(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Whether the share won swings with the year."""
    found = _season(table)
    if found is None:
        return
    yield Finding(
        "seasons", "warn",
        f"{found.told}; a training adds the time of year to probabilities, so more leads score high in the one than in the other",
        fix="plan calls by the season; the order of leads that come together is not changed by it",
    )  # fmt: skip


def season_note(table: LeadTable, *, learned: bool) -> tuple[str, ...]:
    """The same for a run: who reads probabilities reads it beside the figures.

    Args:
        learned: whether the model adds the time of year.
    """
    found = _season(table)
    if found is None:
        return ()
    if learned:
        return (f"season: {found.told}; the model adds the time of year to probabilities",)
    return (
        f"season: {found.told}; the model does not add the time of year, as the decided leads it learned from do not show it "
        "beyond what their columns tell: where these do not, probabilities are too low in the one and too high in the other",
    )  # fmt: skip


def season_of(at: Floats, won: Floats, beside: Floats | None = None) -> Season | None:
    """A wave of a year's length that whole years have in common; None where they do not.

    Args:
        at: (rows,) when leads came, seconds since 1970.
        won: (rows,) 0 or 1.
        beside: (rows,) what log-odds have more, as leads were decided early; None: nothing.
    """
    years = years_that_swing(at, won, beside)
    if not years:
        return None
    peak = peak_of(*swing_of(at, won, years, beside=beside))
    rows = np.logical_or.reduce(years)
    months = np.array([month_of(moment) for moment in at[rows]])
    best, worst = (_won_in(months, won[rows], middle) for middle in (peak, peak + 6))
    return Season(peak, len(years), best, worst)


def _season(table: LeadTable) -> Season | None:
    decided = table.decided
    at, won = times_of(decided)[0], decided.won
    delays = delays_of(table.items, table.order, table.won)
    dated = np.isfinite(at)
    return season_of(at[dated], won[dated], None if delays is None else delays.lean()[dated])


def _won_in(months: NDArray[np.int_], won: Floats, middle: int) -> Estimate:
    """Share won in the three months about one."""
    rows = np.isin(months, quarter_of(middle, middle))
    return proportion(int(won[rows].sum()), int(rows.sum()))


def _quarter(middle: int) -> str:
    """The three months about one: `June to August`."""
    first, _, last = quarter_of(middle, middle)
    return f"{calendar.month_name[first]} to {calendar.month_name[last]}"


def _share(share: Estimate) -> str:
    return f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]"
