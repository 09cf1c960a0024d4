"""A year and a week in columns of their own, and parts of dates beside a whole date that says the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from kits.lead_scoring._reading.values.week_parts import week_of_year, weeks_in_order
from tests.lead_scoring.reading.lead_files import Read, put, read, source, table

_ROWS = 120
Cells = Callable[[date], Sequence[object]]


def _days() -> list[date]:
    return [date(2023, 11, 7) + timedelta(days=6 * n) for n in range(_ROWS)]


def _read(tmp_path: Path, columns: Sequence[str], cells: Cells, **stated: object) -> Read:
    rows = [[f"L{7 * n}", *cells(day), "web", n % 3 == 0] for n, day in enumerate(_days())]
    text = table(["id", *columns, "origin", "won"], rows, ";")
    return read(put(tmp_path / "e.csv", text), source(**stated))


def _came(found: Read) -> list[date | None]:
    return [lead.at and lead.at.date() for lead in found.leads]


def _fields(found: Read) -> set[str]:
    return {name for lead in found.leads for name in lead.fields}


def _mondays() -> list[date]:
    return [day - timedelta(days=day.weekday()) for day in _days()]


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        (["Jahr", "KW"], lambda d: d.isocalendar()[:2]),
        (["Kalenderwoche", "Jahr"], lambda d: [f"KW {d.isocalendar()[1]}", d.isocalendar()[0]]),
        (["Year", "Week"], lambda d: [d.isocalendar()[0], f"W{d.isocalendar()[1]:02}"]),
        (["Jahr", "Monat", "KW"], lambda d: [d.year, d.month, d.isocalendar()[1]]),
        (["KW"], lambda d: ["{}{:02}".format(*d.isocalendar()[:2])]),
        (["KW"], lambda d: [f"{d.isocalendar()[1]:02}/{d.isocalendar()[0] % 100}"]),
        (["Eingang"], lambda d: [f"KW {d.isocalendar()[1]}/{d.isocalendar()[0] % 100}"]),
    ],
)  # fmt: skip
def test_a_year_and_a_week_are_the_monday(
    tmp_path: Path, columns: Sequence[str], cells: Cells
) -> None:
    found = _read(tmp_path, columns, cells)
    assert _came(found) == _mondays()
    assert _fields(found) == {"origin"}


def test_two_weeks_are_no_week_of_a_year(tmp_path: Path) -> None:
    windows = [f"KW {n}/{n + 1}" for n in (12, 14, 16, 18)]
    rows = [[f"L{7 * n}", windows[n % 4], "web", n % 3 == 0] for n in range(_ROWS)]
    found = read(put(tmp_path / "e.csv", table(["id", "Lieferung", "origin", "won"], rows, ";")))
    assert {lead.fields["Lieferung"] for lead in found.leads} == set(windows)
    # a week of which many leads are, and a part of a table that has no other
    rows = [[f"L{7 * n}", f"{40 + n // 60}/24", "web", n % 3 == 0] for n in range(480)]
    found = read(put(tmp_path / "w.csv", table(["id", "KW", "origin", "won"], rows, ";")))
    assert _came(found)[-1] == date.fromisocalendar(2024, 47, 1)


def test_a_53rd_week_that_the_year_lacks_ended_in_it(tmp_path: Path) -> None:
    # who writes the year of the day has week 53 on the 1st of January 2021
    found = _read(tmp_path, ["Jahr", "KW"], lambda d: [2021, 53 if d < date(2023, 11, 20) else d.isocalendar()[1]])  # fmt: skip
    assert _came(found)[0] == date(2020, 12, 28)


def test_the_rows_around_tell_a_week_beside_the_year_of_its_days() -> None:
    days = [date(2023, 11, 7) + timedelta(days=2 * n) for n in range(500)]
    years, weeks = [day.year for day in days], [day.isocalendar()[1] for day in days]
    mondays = [(day - timedelta(days=day.weekday())).isoformat() for day in days]
    assert weeks_in_order(years, weeks) == mondays
    assert weeks_in_order(years[::-1], weeks[::-1]) == mondays[::-1]
    # in no order, each is what it says
    shuffled = random.Random(1).sample(range(len(days)), len(days))
    as_said = [week_of_year(years[n], weeks[n]) for n in shuffled]
    assert weeks_in_order([years[n] for n in shuffled], [weeks[n] for n in shuffled]) == as_said
    # by the year of the week they are right as they are
    assert weeks_in_order([day.isocalendar()[0] for day in days], weeks) == mondays


def test_a_year_that_is_a_slip_of_the_pen_hides_no_weeks(tmp_path: Path) -> None:
    found = _read(tmp_path, ["Jahr", "KW"], lambda d: [203 if d == _days()[50] else d.isocalendar()[0], d.isocalendar()[1]])  # fmt: skip
    assert _came(found)[:50] == _mondays()[:50]
    assert _fields(found) == {"origin"}


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        (["Jahr", "KW"], lambda d: [1990 + d.day, 5 * (d.day % 4 + 1)]),  # what it was built in, and how strong
        (["Jahr", "kW"], lambda d: [1990 + d.day, d.day + 5]),
        (["year", "week"], lambda d: [d.year, d.day + 60]),
        (["Baujahr", "Woche"], lambda d: [d.year, d.isocalendar()[1]]),
        (["KW"], lambda d: [d.isocalendar()[1]]),
    ],
)  # fmt: skip
def test_what_is_no_week_of_a_year_stays(
    tmp_path: Path, columns: Sequence[str], cells: Cells
) -> None:
    found = _read(tmp_path, columns, cells)
    assert found.told("dates-in-parts") == ""
    assert _fields(found) == {*columns, "origin"}


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        (["Datum", "Jahr", "Monat"], lambda d: [f"{d:%d.%m.%Y}", d.year, d.month]),
        (["Jahr", "KW", "Datum"], lambda d: [*d.isocalendar()[:2], f"{d:%d.%m.%Y}"]),
        (["Year", "Month", "Date"], lambda d: [d.year, f"{d:%B}", d]),
        (["Eingegangen", "Jahr", "Monat", "Tag"], lambda d: [f"{d:%d.%m.%Y}", d.year, d.month, d.day]),
    ],
)  # fmt: skip
def test_parts_of_a_date_beside_them_are_left_out_and_the_date_counts(
    tmp_path: Path, columns: Sequence[str], cells: Cells
) -> None:
    found = _read(tmp_path, columns, cells)
    assert _came(found) == _days()
    assert _fields(found) == {"origin"}
    assert "and were left out" in found.told("dates-in-parts")
    assert "months without days" not in found.told("assumed")


def test_parts_of_another_date_are_a_date_of_their_own(tmp_path: Path) -> None:
    found = _read(tmp_path, ["Eingang", "Liefer Jahr", "Liefer Monat"], lambda d: [d, d.year + 1, d.month])  # fmt: skip
    assert _came(found) == _days()
    assert "read as one date, liefer_date" in found.told("dates-in-parts")


def test_years_alone_are_told_where_leads_are_split_by_lot(tmp_path: Path) -> None:
    found = _read(tmp_path, ["Jahr", "Quartal"], lambda d: [d.year, f"Q{(d.month + 2) // 3}"])
    assert "Jahr tells years alone" in found.told("assumed")


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("Quartal", lambda d: [f"Q{(d.month + 2) // 3}/{d.year}"]),
        ("Datum", lambda d: [f"{d:%d.%m.}"]),
    ],
)
def test_dates_without_a_year_or_a_month_are_told(
    tmp_path: Path, column: str, cells: Cells
) -> None:
    found = _read(tmp_path, [column], cells)
    assert "looks like dates" in found.told("unread-dates")


def test_a_few_quarters_beside_a_date_of_the_lead_are_words_as_others(tmp_path: Path) -> None:
    found = _read(
        tmp_path, ["Eingang", "Quartal"], lambda d: [d, f"Q{(d.month + 2) // 3}/{d.year}"]
    )
    assert _came(found) == _days()
    assert not found.told("unread-dates")


@pytest.mark.parametrize("years", [[2001, 2005, 2010, 2015], list(range(1990, 2020))])
def test_the_year_something_was_built_in_and_its_power_are_no_date(
    tmp_path: Path, years: list[int]
) -> None:
    found = _read(
        tmp_path,
        ["Eingang", "Jahr", "KW"],
        lambda d: [d, years[d.toordinal() % len(years)], 5 + d.toordinal() % 11],
    )
    assert _came(found) == _days()
    assert {"Jahr", "KW"} <= _fields(found)
