"""Leads in spreadsheets: as from a CSV, each sheet a table, and rows named as the spreadsheet counts them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kits.core.errors import ConfigError, DataError
from kits.lead_scoring import data
from tests.lead_scoring.reading.lead_files import put, read, source, table
from tests.sheets import rewritten, xls, xlsx

pytest.importorskip("python_calamine")
HEADER = ["Lead ID", "Created", "Land", "Umsatz", "Newsletter", "Converted"]
ROWS: list[list[object]] = [
    ["L1", date(2025, 1, 2), "Österreich", 1200.5, True, 1],
    ["L2", date(2025, 1, 3), "Schweiz", 80, False, 0],
    ["L3", date(2025, 1, 5), 'Öland; "Süd"\nund Nord', None, True, 0],
]


def test_a_sheet_gives_the_leads_of_its_csv(tmp_path: Path) -> None:
    plain = [["" if cell is None else cell for cell in row] for row in ROWS]
    whole = read(put(tmp_path / "e.csv", table(HEADER, plain)))
    for path in (
        xlsx(tmp_path / "e.xlsx", [HEADER, *ROWS]),
        xls(tmp_path / "e.xls", {"Export": [HEADER, *ROWS]}),
    ):
        assert data.detect_format(path) == "csv"
        found = read(path)
        assert [s.content for s in found.samples] == [s.content for s in whole.samples]
        assert [s.key for s in found.samples] == [s.key for s in whole.samples]
        assert found.samples[0].source == f'{path.name}, sheet "Export"#L1'


def test_rows_are_named_as_the_spreadsheet_counts_them(tmp_path: Path) -> None:
    made = xlsx(
        tmp_path / "leads.xlsx",
        [["Leads, 2025"], [], HEADER, *ROWS, [], ["Vertraulich, nur intern"]],
    )
    found = read(made)
    (note,) = [f for f in found.findings if 'leads.xlsx, sheet "Export", row 8' in f.evidence]
    assert note.check == "notes" and len(found.leads) == 3
    nameless = xlsx(tmp_path / "n.xlsx", [HEADER[1:], *(row[1:] for row in ROWS)])
    assert [s.source for s in read(nameless).samples] == [
        f'n.xlsx, sheet "Export"#{n}' for n in (2, 3, 4)
    ]


def test_numbers_of_a_sheet_are_never_taken_for_thousands(tmp_path: Path) -> None:
    """A column of numbers that all have three decimals would be thousands in a German text."""
    header = ["id", "gewicht", "status"]
    rows = [[n, 1.125 + n, "Won" if n % 2 else "Lost"] for n in range(1, 9)]
    found = read(xlsx(tmp_path / "e.xlsx", [header, *rows]))
    assert found.column("gewicht") == [1.125 + n for n in range(1, 9)]
    stacked = xlsx(
        tmp_path / "both.xlsx", {"2024": [header, *rows[:4]], "2025": [header, *rows[4:]]}
    )
    assert read(stacked).column("gewicht") == [1.125 + n for n in range(1, 9)]


LEADS = [
    ["lead_id", "firm", "status"],
    *([f"L{n}", f"F{n % 5}", "Won" if n % 3 else "Lost"] for n in range(30)),
]
FIRMS = [["firm", "employees"], *([f"F{n}", 10 * n + 1] for n in range(5))]
NOTES = [["Exported on Monday"], ["by M."]]


def test_each_sheet_is_a_table_and_joined_as_files_are(tmp_path: Path) -> None:
    made = xlsx(tmp_path / "crm.xlsx", {"Notes": NOTES, "Accounts": FIRMS, "Leads": LEADS})
    found = read(made)
    assert found.by_id["L7"].fields["Accounts.employees"] == 21.0
    assert 'crm.xlsx, sheet "Accounts" joined' in found.told("joined")
    assert 'crm.xlsx, sheet "Notes" was passed over' in found.told("file-passed-over")


def test_sheets_with_the_same_columns_are_one_table_and_name_splits(tmp_path: Path) -> None:
    made = xlsx(tmp_path / "e.xlsx", {"Train": LEADS[:21], "Test": [LEADS[0], *LEADS[21:]]})
    found = read(made)
    assert len(found.leads) == 30
    assert [s.split for s in found.samples].count("test") == 10


def test_a_sheet_is_stated_by_its_title(tmp_path: Path) -> None:
    other = [
        ["lead_id", "firm", "result"],
        *([f"L{n}", "F1", "Won" if n % 2 else "Lost"] for n in range(30)),
    ]
    made = xlsx(tmp_path / "e.xlsx", {"A": LEADS, "B": other})
    stated = [
        {"file": "e.xlsx", "sheet": "B", "role": "leads"},
        {"file": "e.xlsx", "sheet": "A", "role": "ignore"},
    ]
    assert read(made, source(tables=stated)).labels.count("won") == 15
    with pytest.raises(ConfigError, match="no readable table") as error:
        read(made, source(tables=[{"file": "e.xlsx", "sheet": "C", "role": "leads"}]))
    assert 'e.xlsx, sheet "C"' in error.value.what and 'sheet "A"' in error.value.fix


def test_errors_in_a_sheet_are_missing_values_that_are_told(tmp_path: Path) -> None:
    made = xlsx(
        tmp_path / "e.xlsx", [HEADER, *ROWS[:2], ["L3", ROWS[2][1], "Wien", "=NA()", True, 0]]
    )
    rewritten(
        made,
        "xl/worksheets/sheet1.xml",
        '<c r="D4"><f>NA()</f><v>0</v></c>',
        '<c r="D4" t="e"><f>NA()</f><v>#N/A</v></c>',
    )
    found = read(made)
    assert "Umsatz" not in found.by_id["L3"].fields
    assert "(1 #N/A)" in found.told("sheet-errors")


def test_percentages_of_a_sheet_are_those_of_its_csv(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "e.xlsx"))
    sheet = book.add_worksheet()
    percent = book.add_format({"num_format": "0%"})
    sheet.write_row(0, 0, ["id", "Probability", "status"])
    for row in range(1, 9):
        sheet.write_row(row, 0, [f"L{row}", None, "Won" if row % 2 else "Lost"])
        sheet.write_number(row, 1, row / 10, percent)
    book.close()
    assert read(tmp_path / "e.xlsx").column("Probability") == [10.0 * n for n in range(1, 9)]


def test_a_damaged_spreadsheet_in_a_folder_costs_only_itself(tmp_path: Path) -> None:
    put(tmp_path / "leads.csv", table(["lead_id", "status"], [["L1", "Won"], ["L2", "Lost"]]))
    put(tmp_path / "broken.xlsx", b"PK\x03\x04 and no more")
    put(tmp_path / "~$leads.xlsx", b"M")
    found = read(tmp_path)
    assert "broken.xlsx was passed over: a damaged spreadsheet" in found.told("file-passed-over")
    assert "~$" not in found.told("file-passed-over") and len(found.leads) == 2
    with pytest.raises(DataError, match="a damaged spreadsheet"):
        read(tmp_path / "broken.xlsx")


def test_amounts_that_are_texts_among_numbers_are_read_by_their_own_sign(tmp_path: Path) -> None:
    rows = [[f"D{n}", 1000.5 + n if n % 3 else f"{n + 1}\u00a0{100 + n},25 €"] for n in range(60)]
    found = read(xlsx(tmp_path / "e.xlsx", [["Lead ID", "Budget"], *rows]))
    assert found.column("Budget")[:4] == [1100.25, 1001.5, 1002.5, 4103.25]
    assert not found.told("words-between")
