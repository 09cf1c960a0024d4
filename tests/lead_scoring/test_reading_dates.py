"""Dates in forms that few languages have, and those that cannot be read."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.lead_scoring.lead_files import Read, put, read, table

DAY = date(2024, 3, 1)


def made(folder: Path, form: str) -> Read:
    """Sixty leads, one a day; those that ended have a second date."""
    rows = [
        [f"P-{n}", said(DAY + timedelta(n), form), ("Won", "Lost", "Open")[n % 3], said(DAY + timedelta(n + 20), form) if n % 3 < 2 else ""]
        for n in range(60)
    ]  # fmt: skip
    return read(put(folder / "e.csv", table(["Lead ID", "Prejeto", "Status", "Odgovor"], rows)))


def said(day: date, form: str) -> str:
    return form.format(d=day.day, m=day.month, y=day.year, hr=("ožujka", "travnja", "svibnja")[day.month - 3] if day.month < 6 else "lipnja")  # fmt: skip


@pytest.mark.parametrize("form", ["{d}. {m}. {y}", "{d:02}.{m:02}.{y}.", "{d}.{m}.{y} г."])
def test_when_leads_came_is_read_from_points_with_blanks_and_ends(
    tmp_path: Path, form: str
) -> None:
    found = made(tmp_path, form)
    assert "decided_at=Prejeto" in found.told("columns")
    assert [lead.at.date() for lead in found.leads if lead.at] == [
        DAY + timedelta(n) for n in range(60)
    ]
    assert not found.told("unread-dates")


def test_dates_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    found = made(tmp_path, "{d}. {hr} {y}.")
    assert found.levels("unread-dates") == {"warn"}
    assert "2 columns look like dates that could not be read" in found.told("unread-dates")
    told = next(one for one in found.findings if one.check == "unread-dates")
    assert told.evidence[0].startswith("Prejeto: ")


def test_numbers_of_quotes_with_a_year_are_no_dates(tmp_path: Path) -> None:
    rows = [[f"AN-2024-{n:04}", f"2024/{n + 100}", ("Won", "Lost")[n % 2], n] for n in range(40)]
    found = read(put(tmp_path / "e.csv", table(["Quote", "Ref. 2", "Status", "Visits"], rows)))
    assert not found.told("unread-dates")
