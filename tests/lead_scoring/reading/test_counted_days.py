"""Columns that say how long a lead took, or how old it was on the day of the export, and dates of ends by names of lists kept by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from kits.lead_scoring._court.names import said
from tests.lead_scoring.reading.lead_files import Read, put, read, table

_EXPORT = date(2026, 1, 15)


@dataclass(frozen=True)
class _Lead:
    came: date
    took: int
    won: bool | None

    @property
    def end(self) -> str:
        return "" if self.won is None else f"{self.came + timedelta(days=self.took):%d.%m.%Y}"

    @property
    def age(self) -> int:
        return (_EXPORT - self.came).days


def _leads(*, still: bool = True) -> list[_Lead]:
    chance = random.Random(4)
    found = []
    for n in range(300):
        came = date(2025, 1, 6) + timedelta(days=n)
        took, won = chance.randrange(2, 90), chance.random() < 0.4
        is_open = still and (came + timedelta(days=took) > _EXPORT or n % 8 == 0)
        found.append(_Lead(came, took, None if is_open else won))
    return found


def _read(
    tmp_path: Path,
    name: str,
    cell: Callable[[_Lead], object],
    *,
    still: bool = True,
    end: bool = False,
    keep: tuple[str, ...] = (),
) -> Read:
    words = {True: "Gewonnen", False: "Verloren", None: "Offen"}
    rows = [
        [f"A{3 * n}", f"{lead.came:%d.%m.%Y}", words[lead.won], n % 5, cell(lead), *([lead.end] if end else [])]
        for n, lead in enumerate(_leads(still=still))
    ]  # fmt: skip
    columns = ["Nr", "Eingang", "Status", "Filiale", name, *(["Geschlossen am"] if end else [])]
    path = put(tmp_path / "e.csv", table(columns, rows, ";"))
    return read(path, {"columns": {"keep": list(keep)}})


def _taught(found: Read) -> set[str]:
    return {name for lead in found.leads for name in lead.fields}


@pytest.mark.parametrize("name", ["Tage offen", "Alter", "Reife"])
def test_days_up_to_the_end_or_to_the_export_are_not_learned_from(
    tmp_path: Path, name: str
) -> None:
    found = _read(tmp_path, name, lambda one: one.age if one.won is None else one.took)
    assert _taught(found) == {"Filiale"}
    assert f"{name} counts the days from Eingang to the export, 2026-01-15" in found.told("known-later")  # fmt: skip


def test_days_up_to_the_export_of_all_leads_are_not_learned_from(tmp_path: Path) -> None:
    assert _taught(_read(tmp_path, "Reife", lambda one: one.age)) == {"Filiale"}


def test_days_to_a_day_long_after_all_that_is_known_are_asked_about(tmp_path: Path) -> None:
    fair = date(2026, 5, 1)
    asked = _read(tmp_path, "Tage bis Messe", lambda one: (fair - one.came).days, end=True)
    assert "to the export, 2026-05-01, long after" in asked.told("known-later")
    assert asked.levels("known-later") == {"warn"}
    told = _read(tmp_path, "Reife", lambda one: one.age, end=True)
    assert told.levels("known-later") == {"pass"}


def test_days_up_to_ends_that_are_known_are_not_learned_from(tmp_path: Path) -> None:
    found = _read(tmp_path, "Reife", lambda one: one.took, still=False, end=True)
    assert _taught(found) == {"Filiale"}
    assert "to when outcomes were known" in found.told("known-later")


def test_who_vouches_for_such_a_column_learns_from_it(tmp_path: Path) -> None:
    found = _read(tmp_path, "Reife", lambda one: one.age, keep=("Reife",))
    assert _taught(found) == {"Filiale", "Reife"}


@pytest.mark.parametrize(
    "cell",
    [
        lambda one: one.came.day * 7,
        lambda one: 30,
        lambda one: one.took if one.won is None else one.took + 3,
        lambda one: (date(2025, 6, 1) - one.came).days if one.came < date(2025, 6, 1) else 0,
    ],
)
def test_other_numbers_stay(tmp_path: Path, cell: Callable[[_Lead], object]) -> None:
    found = _read(tmp_path, "Zahl", cell, end=True)
    assert "Zahl" in _taught(found)
    assert found.told("known-later") == ""


@pytest.mark.parametrize(
    "name", ["Erledigt am", "Entscheidung am", "Abgeschlossen", "Date fermeture", "Décision le", "Beendet am"]
)  # fmt: skip
def test_ends_are_known_by_their_names_where_no_lead_is_open(tmp_path: Path, name: str) -> None:
    found = _read(tmp_path, name, lambda one: one.end, still=False)
    assert _taught(found) == {"Filiale"}
    assert f"outcome_at={name}" in found.told("columns")


@pytest.mark.parametrize("name", ["Tage offen", "Durchlaufzeit (Tage)", "Délai de clôture", "Lead age", "Dagen open"])  # fmt: skip
def test_the_court_knows_names_of_how_long_leads_were_open(name: str) -> None:
    assert said("worked", name) is not None
    assert said("worked", "Laufzeit in Monaten") is None


def test_a_past_end_that_open_leads_have_too_is_asked_about_and_learned_from_where_a_person_vouches(
    tmp_path: Path,
) -> None:
    name = "Beendet am"
    asked = _read(tmp_path, name, lambda one: one.came - timedelta(days=30))
    assert "though open leads have it, too" in asked.told("assumed")
    assert _taught(asked) == {"Filiale"}
    vouched = _read(tmp_path, name, lambda one: one.came - timedelta(days=30), keep=(name,))
    assert _taught(vouched) == {"Filiale", name}
    assert vouched.told("assumed") == ""


def test_ends_that_are_planned_of_open_leads_are_as_they_were(tmp_path: Path) -> None:
    planned = f"{_EXPORT + timedelta(days=90):%d.%m.%Y}"
    found = _read(tmp_path, "Beendet am", lambda one: one.end or planned)
    assert "outcome_at=Beendet am" in found.told("columns")
    assert found.told("assumed") == ""
