"""Tables made for people: reports grouped by a column, a second line of names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.lead_scoring.lead_files import put, read, table
from tests.sheets import xlsx

HEADER = ["Stage  ↑", "Opportunity No", "Created", "Amount", "Source"]
SIZES = {"Closed Won": 12, "Closed Lost": 20, "Demo": 8}


def groups() -> list[list[list[object]]]:
    """Rows of each group; its name stands in the first one alone."""
    found: list[list[list[object]]] = []
    for name, size in SIZES.items():
        rows: list[list[object]] = [
            ["", f"O{name[-3:]}{n}", "2025-02-01", n * 10, "web" if n % 2 else "fair"]
            for n in range(size)
        ]
        rows[0][0] = name
        found.append(rows)
    return found


@pytest.mark.parametrize("by", ["counts", "totals"])
def test_a_stage_that_a_report_tells_once_for_each_group_is_that_of_all_its_rows(
    tmp_path: Path, by: str
) -> None:
    rows: list[list[object]] = []
    for group in groups():
        if by == "counts":
            group[0][0] = f"{group[0][0]} ({len(group)})"
        else:
            group.append(["Subtotal", "", "", 990, ""])
        rows += group
    if by == "totals":
        rows.append(["Total", "", "", 2990, ""])
    found = read(put(tmp_path / "report.csv", table(HEADER, rows)))
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [12, 20, 8]
    assert found.told("grouped").startswith("1 column is told once for each group")


def test_a_cell_that_is_filled_in_now_and_then_is_not_told_for_the_rows_below(
    tmp_path: Path,
) -> None:
    rows = [
        [f"L{n}", "2025-02-01", "VIP (2)" if n % 10 == 0 else "", "Won" if n % 3 else "Lost"]
        for n in range(40)
    ]
    found = read(put(tmp_path / "e.csv", table(["lead_id", "created", "note", "status"], rows)))
    assert found.column("note").count("VIP (2)") == 4
    assert not found.told("grouped")


def test_a_second_line_of_names_is_no_lead_and_does_not_hide_dates(tmp_path: Path) -> None:
    start = (date(2024, 1, 1) - date(1899, 12, 30)).days
    rows: list[list[object]] = [
        [f"L{n}", start + n, n * 5, "Closed Won" if n % 3 else "Closed Lost"] for n in range(40)
    ]
    units = ["code", "date", "EUR", "text"]
    path = xlsx(tmp_path / "crm.xlsx", [["Lead ID", "Created", "Amount", "Stage"], units, *rows])
    found = read(path)
    assert len(found.leads) == 40 and found.labels.count("lost") == 14
    assert found.leads[3].at is not None and found.leads[3].at.date() == date(2024, 1, 4)
    assert "a second line of names or units (1)" in found.told("no-leads")


def test_a_first_lead_of_which_no_number_is_known_stays(tmp_path: Path) -> None:
    rows = [["Ann", "", "", "Won"], *([f"Bob{n}", n, n + 3, "Lost"] for n in range(40))]
    found = read(put(tmp_path / "e.csv", table(["Name", "size", "age", "status"], rows)))
    assert len(found.leads) == 41 and not found.told("no-leads")
