"""More are won in summer than in winter, each year again: said, since probabilities are of the whole year."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kits.lead_scoring._checking.seasons import Floats, season_note, season_of, seasons
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config
from tests.lead_scoring.checked_leads import leads, only

YEAR = 365.2425
END = 20_727.0
"""Days from 1970 to 1 October 2026."""
JULY = 196.0


def firm(seed: int, years: float, swing: float = 0.0, *, what: str = "") -> tuple[Floats, Floats]:
    """When 4,000 leads came, in seconds, and which were won: most in July, with a swing in log-odds."""
    rng = np.random.default_rng([seed, 5])
    days = np.sort(rng.uniform(END - years * YEAR, END, 4_000))
    of_year = (days % YEAR - JULY) / YEAR
    place = (days - days[0]) / (days[-1] - days[0])
    odds = -1.2 + rng.normal(0, 0.6, len(days)) + swing * np.cos(2 * np.pi * of_year)
    odds += {
        "": 0.0 * place,
        "rises": 1.5 * place,
        "step": 0.7 * (place > 0.55),
        "hump": 0.6 * np.exp(-(((place - 0.4) / 0.1) ** 2)),
    }[what]
    won = rng.random(len(days)) < 1 / (1 + np.exp(-odds))
    return days * 86_400.0, won.astype(np.float64)


@pytest.mark.parametrize("years", [2.1, 3.4])
def test_a_swing_of_each_year_is_found_with_its_quarter(years: float) -> None:
    found = season_of(*firm(1, years, 0.4))
    assert found is not None
    assert found.peak in (6, 7, 8) and found.years == int(years)
    assert found.best.low > found.worst.high


@pytest.mark.parametrize("what", ["", "rises", "step", "hump"])
@pytest.mark.parametrize("years", [2.1, 3.4])
def test_what_happened_once_is_no_season(what: str, years: float) -> None:
    told = [season_of(*firm(seed, years, what=what)) is not None for seed in range(20)]
    assert sum(told) <= 2


def test_less_than_two_years_tell_none() -> None:
    assert season_of(*firm(1, 1.8, 0.8)) is None


def test_a_year_with_few_won_tells_none() -> None:
    at, won = firm(1, 2.1, 0.4)
    won[at < at[-1] - YEAR * 86_400] = 0.0
    assert season_of(at, won) is None


def of_firm(folder: Path, at: Floats, won: Floats) -> LeadTable:
    """Every second lead as a table."""
    rows = [
        [n, np.datetime64(int(second), "s").astype(str)[:10], "Won" if one else "Lost"]
        for n, (second, one) in enumerate(zip(at[::2], won[::2]))
    ]
    return leads(folder, ["id", "created_at", "status"], rows)


def test_it_is_told_by_check_and_beside_the_figures(tmp_path: Path) -> None:
    table = of_firm(tmp_path, *firm(1, 2.1, 0.5))
    found = only(list(seasons(table, Config())))
    assert found.level == "warn" and "in each of 2 years" in found.text
    (note,) = season_note(table, Config())
    assert note.startswith("season: more leads are won") and "of the whole year" in note


def test_a_firm_without_seasons_hears_nothing_of_them(tmp_path: Path) -> None:
    table = of_firm(tmp_path, *firm(3, 2.1))
    assert not list(seasons(table, Config())) and not season_note(table, Config())
