"""Tables made for people: reports grouped by a column, a second line of names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import put, read, source, table
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


def by_region(folder: Path) -> Path:
    """A hand-kept list of firms with one-word headings among names of one word or two."""
    rows: list[list[object]] = [
        [f"Firm {n}" if n % 2 else f"Firm{n}", "2025-02-01", n, "won" if n % 3 else "lost"]
        for n in range(40)
    ]
    rows[0:0] = [["North"]]
    rows[20:20] = [["South"]]
    header = ["Customer", "Created", "Size", "Status"]
    return xlsx(folder / "list.xlsx", [header, *[[*row, *[None] * (4 - len(row))] for row in rows]])


def test_a_row_with_one_cell_alone_is_asked_about(tmp_path: Path) -> None:
    path = by_region(tmp_path)
    found = read(path)
    assert len(found.leads) == 42
    [asked] = [one for one in found.findings if one.check == "lone-cells"]
    assert asked.level == "warn" and asked.text.startswith("2 rows have one cell alone")
    assert [row.rsplit(" ", 1)[-1] for row in asked.evidence] == ["North", "South"]
    assert "model.source.headings: leave-out" in asked.fix


@pytest.mark.parametrize(("stated", "leads"), [("leave-out", 40), ("keep", 42)])
def test_what_such_rows_are_can_be_stated(tmp_path: Path, stated: str, leads: int) -> None:
    found = read(by_region(tmp_path), source(headings=stated))
    assert len(found.leads) == leads and not found.told("lone-cells")


def test_a_heading_that_was_left_out_can_be_kept(tmp_path: Path) -> None:
    rows: list[list[object]] = [[n, "2025-02-01", "won" if n % 3 else "lost"] for n in range(40)]
    rows[20:20] = [["Bob", "", ""]]
    path = put(tmp_path / "e.csv", table(["Nr", "Created", "Status"], rows))
    found = read(path)
    assert len(found.leads) == 40
    [told] = [one for one in found.findings if one.check == "no-leads"]
    assert told.fix.startswith("if headings of these are leads: model.source.headings: keep;")
    assert len(read(path, source(headings="keep")).leads) == 41


@pytest.mark.parametrize("total", ["1.234.567,- €", "1.234.567,-- €", "1.234.567,–"])
def test_a_total_of_whole_euros_is_no_lead(tmp_path: Path, total: str) -> None:
    rows: list[list[object]] = [
        [n + 1, f"2025-02-{n % 28 + 1:02}", "Messe", f"{n + 1}.200,- €", "Auftrag" if n % 2 else "Absage"]
        for n in range(40)
    ]  # fmt: skip
    header = ["Nr.", "Anfrage am", "woher", "Summe", "Status"]
    found = read(put(tmp_path / "l.csv", table(header, [*rows, ["", "", "Summe", total, ""]], ";")))
    assert len(found.leads) == 40 and "a total" in found.told("no-leads")
