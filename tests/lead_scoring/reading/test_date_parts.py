"""Dates in parts, in columns of their own, and periods (`202401`, `KW 12/2024`, `Jan-24`): leads have their place in time by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import Read, put, read, source, table

_GERMAN = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
_FRENCH = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
_ROWS = 40
Cells = Callable[[date], Sequence[object]]


def _days() -> list[date]:
    return [date(2023, 11, 6) + timedelta(days=17 * n) for n in range(_ROWS)]


def _read(tmp_path: Path, columns: Sequence[str], cells: Cells, **stated: object) -> Read:
    rows = [[f"L{7 * n}", *cells(day), "web", n % 3 == 0] for n, day in enumerate(_days())]
    text = table(["id", *columns, "origin", "won"], rows)
    return read(put(tmp_path / "e.csv", text), source(**stated))


def _came(found: Read) -> list[date | None]:
    return [lead.at and lead.at.date() for lead in found.leads]


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        (["year", "month", "day"], lambda d: [d.year, d.month, d.day]),
        (["arrival_date_year", "arrival_date_month", "arrival_date_day_of_month"], lambda d: [d.year, d.strftime("%B"), d.day]),
        (["Jahr", "Monat", "Tag"], lambda d: [d.year, _GERMAN[d.month - 1], d.day]),
        (["Année", "Mois", "Jour du mois"], lambda d: [d.year, _FRENCH[d.month - 1], d.day]),
        (["Contact Day", "Contact Month", "Contact Year"], lambda d: [d.day, d.strftime("%b"), f"{d.year}.0"]),
    ],
)  # fmt: skip
def test_a_year_a_month_and_a_day_are_one_date(
    tmp_path: Path, columns: Sequence[str], cells: Cells
) -> None:
    found = _read(tmp_path, columns, cells)
    assert _came(found) == _days()
    assert {name for lead in found.leads for name in lead.fields} == {"origin"}
    assert f"{columns[0]}" in found.told("dates-in-parts")


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        (["year", "month"], lambda d: [d.year, d.month]),
        (["year", "month", "day"], lambda d: [d.year, d.month, d.strftime("%A")]),
        (["Period"], lambda d: [d.strftime("%Y%m")]),
        (["Month"], lambda d: [d.strftime("%b-%y")]),
        (["Monat"], lambda d: [f"{_GERMAN[d.month - 1][:3]} {d:%y}"]),
        (["cohort"], lambda d: [d.strftime("%YM%m")]),
    ],
)  # fmt: skip
def test_months_without_days(tmp_path: Path, columns: Sequence[str], cells: Cells) -> None:
    found = _read(tmp_path, columns, cells)
    assert _came(found) == [day.replace(day=1) for day in _days()]
    assert "tells months without days" in found.told("assumed")


@pytest.mark.parametrize(
    "form", ["KW {week}/{year}", "{year}-W{week:02}", "CW{week} {year}", "{year} KW {week}", "Semaine {week}, {year}"]
)  # fmt: skip
def test_weeks_are_their_mondays(tmp_path: Path, form: str) -> None:
    def cells(day: date) -> list[str]:
        year, week, _ = day.isocalendar()
        return [form.format(week=week, year=year)]

    found = _read(tmp_path, ["Eingang"], cells)
    assert _came(found) == [day - timedelta(days=day.weekday()) for day in _days()]


@pytest.mark.parametrize("name", ["Angelegt", "Créé"])
def test_a_week_beside_the_day_on_which_a_lead_was_entered_is_no_time(
    tmp_path: Path, name: str
) -> None:
    def cells(day: date) -> list[str]:
        year, week, _ = day.isocalendar()
        return [f"{day:%d.%m.%Y}", f"{week}/{year % 100}"]

    found = _read(tmp_path, [name, "KW"], cells)
    assert _came(found) == _days() and not found.told("assumed")


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        (["year built", "month"], lambda d: [1900 + d.day, d.month]),
        (["year", "month"], lambda d: [d.year, d.day + 40]),
        (["year", "lead month"], lambda d: [d.year, d.month]),
        (["area"], lambda d: [d.strftime("%Y%m")]),
        (["date"], lambda d: [f"May-{20 + d.day % 7}"]),
        (["size"], lambda d: [d.strftime("%b-%y")]),
        (["floor"], lambda d: [f"W{d.day}/20"]),
    ],
)  # fmt: skip
def test_what_is_no_date_stays(tmp_path: Path, columns: Sequence[str], cells: Cells) -> None:
    found = _read(tmp_path, columns, cells)
    assert found.told("dates-in-parts") == ""
    assert set(_came(found)) == {None}


def test_months_that_a_spreadsheet_holds_as_their_first_day_are_months(tmp_path: Path) -> None:
    months = _read(tmp_path, ["Monat"], lambda d: [d.replace(day=1)])
    assert _came(months) == [day.replace(day=1) for day in _days()]
    assert "Monat tells months without days" in months.told("assumed")
    parts = _read(tmp_path, ["Jahr", "Monat"], lambda d: [d.year, f"{d:01.%m.%Y}"])
    assert _came(parts) == _came(months)
    assert {name for lead in parts.leads for name in lead.fields} == {"origin"}
    days = _read(tmp_path, ["Monat"], lambda d: [d])
    assert _came(days) == _days()


def test_a_day_that_its_month_has_not_counts_as_the_month(tmp_path: Path) -> None:
    found = _read(
        tmp_path, ["year", "month", "day"], lambda d: [d.year, 2, 30 if d.month == 5 and d.year == 2025 else d.day % 28 + 1]
    )  # fmt: skip
    assert None not in _came(found)


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        (["Eingangsjahr", "Eingangsmonat"], "eingangsdatum"),
        (["Anfragejahr", "Anfrage-Monat"], "anfragedatum"),
        (["Aanmaakjaar", "Aanmaakmaand"], "aanmaakdatum"),
    ],
)
def test_parts_whose_names_are_one_word_make_a_date(
    tmp_path: Path, columns: Sequence[str], name: str
) -> None:
    found = _read(tmp_path, columns, lambda d: [d.year, d.month])
    assert _came(found) == [day.replace(day=1) for day in _days()]
    assert f"as one date, {name}" in found.told("dates-in-parts")


@pytest.mark.parametrize("month", ["Anfragemonat", "Baumonat"])
def test_parts_of_different_things_or_of_no_known_date_make_none(
    tmp_path: Path, month: str
) -> None:
    found = _read(tmp_path, ["Baujahr", month], lambda d: [d.year - 20, d.month])
    assert found.told("dates-in-parts") == ""


def test_a_part_that_a_person_named_stays(tmp_path: Path) -> None:
    found = _read(tmp_path, ["year", "month"], lambda d: [d.year, d.month], order="year")
    assert found.told("dates-in-parts") == ""


def test_a_date_of_that_name_is_not_written_over(tmp_path: Path) -> None:
    found = _read(tmp_path, ["date", "year", "month"], lambda d: [d, 2020, d.month])
    assert _came(found) == _days()
    assert "date (in parts)" in found.told("dates-in-parts")


@pytest.mark.parametrize(
    ("columns", "cells", "hour"),
    [
        (["Date", "Time"], lambda d: [d.strftime("%m/%d/%Y"), "02:30 PM"], 14),
        (["Datum", "Uhrzeit"], lambda d: [d.strftime("%d.%m.%Y"), "9:05 Uhr"], 9),
        (["Call date", "Call time"], lambda d: [d, "16:20:05"], 16),
        (["Heure demande", "Date demande"], lambda d: ["8h45", d.strftime("%d/%m/%Y")], 8),
        (["year", "month", "day", "time"], lambda d: [d.year, d.month, d.day, "23:59"], 23),
    ],
)  # fmt: skip
def test_a_time_of_day_beside_its_date_is_part_of_it(
    tmp_path: Path, columns: Sequence[str], cells: Cells, hour: int
) -> None:
    found = _read(tmp_path, columns, cells)
    assert [lead.at and lead.at.hour for lead in found.leads] == [hour] * _ROWS
    assert _came(found) == _days()
    assert {name for lead in found.leads for name in lead.fields} == {"origin"}
    assert "as the time of day of" in found.told("dates-in-parts")


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        (["Date", "Preferred time"], lambda d: [d, "14:30"]),
        (["Date", "Time"], lambda d: [f"{d} 10:00", "14:30"]),
        (["Date", "Time"], lambda d: [d, d.day]),
        (["Date", "Time"], lambda d: [d, "in the morning"]),
    ],
)
def test_another_time_is_not_put_behind_a_date(
    tmp_path: Path, columns: Sequence[str], cells: Cells
) -> None:
    found = _read(tmp_path, columns, cells)
    assert found.told("dates-in-parts") == ""
    assert _came(found) == _days()


def test_a_lead_without_a_time_has_its_day(tmp_path: Path) -> None:
    found = _read(tmp_path, ["Date", "Time"], lambda d: [d, "" if d.month == 12 else "07:15"])
    assert {lead.at.hour if lead.at else None for lead in found.leads} == {0, 7}
