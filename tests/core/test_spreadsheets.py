"""A sheet is read as the CSV of it would be: where its table stands, what its cells mean, what is told."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.core.row_sources import Opened, open_rows
from kits.core.spreadsheets.values import plain_number, stored_number
from kits.core.tables import Row
from tests.sheets import excel_2003, ods, ods_row, rewritten, xls, xlsx

HEADER = ["id", "land", "umsatz", "tag"]
ROWS = [
    ["L1", "Österreich", 1200.5, date(2025, 1, 2)],
    ["L2", "Schweiz", 80, date(2025, 1, 3)],
]
SHEET, STYLES = "xl/worksheets/sheet1.xml", "xl/styles.xml"
pytest.importorskip("python_calamine")


def read(path: Path, *, named: bool = True) -> Opened:
    return open_rows(path, path.name, named=named)


def rows(path: Path, *, named: bool = True) -> list[Row]:
    (source,) = read(path, named=named).sources
    return [found[1] for found in source.rows.rows() if isinstance(found, tuple)]


def told(opened: Opened, check: str) -> str:
    return "\n".join(
        f"{f.text} | {', '.join(f.evidence)}" for f in opened.findings if f.check == check
    )


EXPECTED = [
    {"id": "L1", "land": "Österreich", "umsatz": "1200.5", "tag": "2025-01-02"},
    {"id": "L2", "land": "Schweiz", "umsatz": "80", "tag": "2025-01-03"},
]


def test_each_form_gives_the_same_rows(tmp_path: Path) -> None:
    made = [
        xlsx(tmp_path / "a.xlsx", [HEADER, *ROWS]),
        xls(tmp_path / "a.xls", {"Export": [HEADER, *ROWS]}),
        ods(tmp_path / "a.ods", {"Export": [ods_row(row) for row in (HEADER, *ROWS)]}),
        excel_2003(tmp_path / "b.xls", {"Export": [HEADER, *ROWS]}),
    ]
    for path in made:
        assert rows(path) == EXPECTED, path
        assert read(path).sources[0].name == f'{path.name}, sheet "Export"'


def test_the_bytes_count_and_not_the_name(tmp_path: Path) -> None:
    made = xlsx(tmp_path / "a.xlsx", [HEADER, *ROWS])
    assert rows(made.rename(tmp_path / "leads.csv")) == EXPECTED
    text = tmp_path / "leads.xlsx"
    text.write_text("id;land\nL1;Österreich\n", encoding="utf-8")
    assert rows(text) == [{"id": "L1", "land": "Österreich"}]


def test_a_title_and_blank_rows_and_columns_around_the_table_do_not_count(tmp_path: Path) -> None:
    made = xlsx(
        tmp_path / "a.xlsx",
        [
            [None, "Leads 2025, exported by M."],
            [],
            [None, "id", None, "land", "umsatz", None],
            [],
            [None, "L1", None, "Wien", 3],
            [],
            [None, "L2", None, "Graz", None],
            [None, "", None, " ", ""],
        ],
    )
    (source,) = read(made).sources
    assert source.rows.columns == ("id", "land", "umsatz")
    assert list(source.rows.rows()) == [
        (5, {"id": "L1", "land": "Wien", "umsatz": "3"}),
        (7, {"id": "L2", "land": "Graz"}),
    ]
    assert source.rows.form == "xlsx, names in row 3"


def test_values_are_written_with_all_their_digits(tmp_path: Path) -> None:
    cells = {
        "number": (0.1 + 0.2, "0.3"),
        "third": (1 / 3, "0.333333333333333"),
        "whole": (123456789012345.0, "123456789012345"),
        "yes": (True, "true"),
        "moment": (datetime(2025, 3, 30, 2, 30), "2025-03-30T02:30:00"),  # noqa: DTZ001
        "day": (date(2024, 2, 29), "2024-02-29"),
        "text": ("=1+1"[1:], "1+1"),
        "lines": ("a\nb", "a\nb"),
    }
    made = xlsx(tmp_path / "a.xlsx", [list(cells), [value for value, _ in cells.values()]])
    assert rows(made) == [{name: text for name, (_, text) in cells.items()}]


def test_dates_are_the_same_days_in_both_epochs(tmp_path: Path) -> None:
    days = [date(1999, 12, 31), date(2024, 2, 29), date(2100, 1, 1)]
    header, body = ["a", "b", "c"], [days]
    one = rows(xlsx(tmp_path / "1900.xlsx", [header, *body]))
    other = rows(xlsx(tmp_path / "1904.xlsx", [header, *body], epoch_1904=True))
    assert one == other == [dict(zip(header, (d.isoformat() for d in days)))]


def test_times_and_durations_are_texts_of_hours(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["at", "took"])
    sheet.write_datetime(1, 0, time(8, 15), book.add_format({"num_format": "hh:mm"}))
    sheet.write_datetime(
        1, 1, timedelta(hours=26, minutes=30), book.add_format({"num_format": "[h]:mm"})
    )
    book.close()
    assert rows(tmp_path / "a.xlsx") == [{"at": "08:15:00", "took": "26:30:00"}]
    cells = [
        f'<table:table-cell office:value-type="time" office:time-value="{stated}"><text:p>x</text:p></table:table-cell>'
        for stated in ("PT08H15M00S", "PT26H30M00S")
    ]
    made = ods(tmp_path / "a.ods", {"S": [ods_row(["at", "took"]), ods_row(cells)]})
    assert rows(made) == [{"at": "08:15:00", "took": "26:30:00"}]


def test_percentages_are_what_is_shown(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    sheet = book.add_worksheet()
    percent = book.add_format({"num_format": "0.0%"})
    sheet.write_row(0, 0, ["n", "chance"])
    for row, chance in enumerate((0.125, 0.07, 1), start=1):
        sheet.write_row(row, 0, [row])
        sheet.write_number(row, 1, chance, percent if row < 3 else None)
    book.close()
    assert [row["chance"] for row in rows(tmp_path / "a.xlsx")] == ["12.5%", "7%", "1"]
    cell = '<table:table-cell office:value-type="percentage" office:value="0.125"><text:p>12,5 %</text:p></table:table-cell>'
    made = ods(tmp_path / "a.ods", {"S": [ods_row(["n", "chance"]), ods_row([1, cell])]})
    assert rows(made) == [{"n": "1", "chance": "12.5%"}]


@pytest.mark.parametrize(
    ("format_code", "shown"),
    [
        ("0.0&quot;%&quot;", "0.125"),
        ("[Red]0%", "12.5%"),
        ("0" * 254 + "%", "12.5%"),
        ("0" * 255 + "%", "0.125"),
        # brackets that are never closed were each looked for to the end: for an hour and more
        ("[" * 3_000_000 + "%", "0.125"),
    ],
    ids=["quoted", "coloured", "as long as Excel writes", "longer", "never closed"],
)
def test_a_format_is_looked_at_as_far_as_excel_writes_one(
    tmp_path: Path, format_code: str, shown: str
) -> None:
    made = xlsx(tmp_path / "a.xlsx", [["n", "chance"], [1, 0.125]])
    format = f'<numFmts><numFmt numFmtId="170" formatCode="{format_code}"/></numFmts><fonts'
    rewritten(made, STYLES, "<fonts", format)
    rewritten(made, STYLES, "</cellXfs>", '<xf numFmtId="170"/></cellXfs>')
    rewritten(made, SHEET, '<c r="B2">', '<c r="B2" s="1">')
    assert rows(made)[0]["chance"] == shown


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f"])
def test_thousands_that_a_space_parts_are_a_number(space: str) -> None:
    text = f"4{space}343,16"
    assert stored_number(text) == (True, False)
    assert plain_number(text, commas=True) == "4343.16"


def test_errors_and_formulas_without_a_result_are_told_and_empty(tmp_path: Path) -> None:
    made = xlsx(tmp_path / "a.xlsx", [["id", "a", "b"], ["L1", "=NA()", 1], ["L2", "=1+1", "=2+2"]])
    rewritten(
        made,
        SHEET,
        '<c r="B2"><f>NA()</f><v>0</v></c>',
        '<c r="B2" t="e"><f>NA()</f><v>#N/A</v></c>',
    )
    rewritten(made, SHEET, '<c r="B3"><f>1+1</f><v>0</v></c>', '<c r="B3"><f>1+1</f><v></v></c>')
    assert rows(made) == [{"id": "L1", "a": "", "b": "1"}, {"id": "L2", "a": "", "b": "0"}]
    opened = read(made)
    assert told(opened, "sheet-errors") == (
        'a.xlsx, sheet "Export": 1 cell holds an error (1 #N/A) and count as empty | B2: #N/A'
    )
    assert "1 formula has no result" in told(opened, "sheet-uncalculated")
    assert told(opened, "sheet-uncalculated").endswith("| B3")


def test_errors_of_ods_are_told(tmp_path: Path) -> None:
    failed = (
        '<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" '
        'calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
    )
    made = ods(tmp_path / "a.ods", {"S": [ods_row(["id", "a", "b"]), ods_row(["L1", failed, 2])]})
    assert rows(made) == [{"id": "L1", "a": "", "b": "2"}]
    assert told(read(made), "sheet-errors").endswith("| B2: #N/A")


def test_numbers_that_lost_digits_are_told(tmp_path: Path) -> None:
    made = xlsx(
        tmp_path / "a.xlsx",
        [["id", "phone", "n"], [4911234567890123456, "4.91E+11", 1], [5, "+49 171", 2]],
    )
    assert rows(made)[0]["id"].startswith("49112345678901")
    assert "2 cells lost digits" in told(read(made), "sheet-digits")
    assert told(read(made), "sheet-digits").endswith("| id: 1, phone: 1")


def test_numbers_stored_as_text_are_numbers_where_others_are(tmp_path: Path) -> None:
    made = xlsx(
        tmp_path / "a.xlsx",
        [
            ["id", "umsatz", "code", "nur_text"],
            [1, 10.5, 17, "1.200"],
            [2, "1.234,5", "0017", "1.300"],
            [3, "1.200", 18, "1.400"],
            [4, "unbekannt", "+49 171", "x"],
        ],
    )
    found = rows(made)
    assert [row["umsatz"] for row in found] == ["10.5", "1234.5", "1200", "unbekannt"]
    assert [row["code"] for row in found] == ["17", "0017", "18", "+49 171"]
    assert [row["nur_text"] for row in found] == ["1.200", "1.300", "1.400", "x"]
    assert told(read(made), "sheet-stored-as-text").endswith("| umsatz: 2")
    (source,) = read(made).sources
    assert source.rows.numeric == {"id", "umsatz", "code"}


def test_merged_cells_hold_for_each_of_their_rows_and_name_columns_in_two(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    sheet = book.add_worksheet("Export")
    sheet.merge_range("A1:D1", "Unsere Leads")
    sheet.merge_range("A2:A3", "Land")
    sheet.merge_range("B2:C2", "Kontakt")
    sheet.write_row("B3", ["Mail", "Telefon"])
    sheet.merge_range("D2:D3", "Wert")
    sheet.merge_range("A4:A5", "Wien")
    sheet.write_row("B4", ["a@x.example", "1", 5])
    sheet.write_row("B5", ["b@x.example", "2", 6])
    sheet.write_row("A6", ["Graz", "c@x.example", "3", 7])
    book.close()
    (source,) = read(tmp_path / "a.xlsx").sources
    assert source.rows.columns == ("Land", "Mail", "Telefon", "Wert")
    found = list(source.rows.rows())
    assert [row for row, _ in found] == [4, 5, 6]
    assert [cells["Land"] for _, cells in found] == ["Wien", "Wien", "Graz"]
    assert "1 cell is merged" in told(read(tmp_path / "a.xlsx"), "sheet-merged")


@pytest.mark.parametrize("remark", ["", "nachfassen"])
def test_names_in_two_rows_are_found_however_full_the_rows_below_are(
    tmp_path: Path, remark: str
) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    sheet = book.add_worksheet("2024")
    sheet.merge_range("A1:F1", "Angebote 2024")
    for area, text in (("A3:B3", "Angebot"), ("C3:D3", "Kunde"), ("E3:F3", "Ergebnis")):
        sheet.merge_range(area, text)
    sheet.write_row("A4", ["Nr.", "Datum", "Nr.", "Branche", "Status", "Bemerkung"])
    for row in range(9):
        sheet.write_row(row + 4, 0, [f"A{row}", "1.2.2024", f"K{row}", "Bau", "offen", remark])
    book.close()
    for named in (True, False):
        (source,) = open_rows(tmp_path / "a.xlsx", "a.xlsx", named=named).sources
        assert len(list(source.rows.rows())) == 9
    assert source.rows.columns == (
        "Angebot Nr.", "Datum", "Kunde Nr.", "Branche", "Status", "Bemerkung",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_a_row_that_counts_the_columns_above_their_names_is_none_of_names(
    tmp_path: Path, name: str
) -> None:
    import xlsxwriter

    table: list[list[object]] = [["", "X1", "X2", "X3", "X4", "X5", "Y"]]
    table.append(["ID", "LIMIT", "SEX", "AGE", "PAY_0", "BILL", "default next month"])
    table += [[row, 1000 * row, 1 + row % 2, 20 + row, -1, 7 * row, row % 2] for row in range(1, 9)]
    if name.endswith("x"):
        book = xlsxwriter.Workbook(str(tmp_path / name))
        sheet = book.add_worksheet("Data")
        for number, cells in enumerate(table):
            sheet.write_row(number, 0, cells)
        book.close()
    else:
        text = "\n".join(",".join(map(str, cells)) for cells in table)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (source,) = read(tmp_path / name).sources
    assert source.rows.columns == tuple(table[1])
    assert len(list(source.rows.rows())) == 8


def test_units_below_names_that_are_numbered_are_no_names(tmp_path: Path) -> None:
    table = [["s1", "s2", "s3", "s4", "s5"], ["degC", "bar", "mm/s", "A", "rpm"]]
    table += [[f"{row}.5"] * 5 for row in range(9)]
    (tmp_path / "a.csv").write_text("\n".join(map(",".join, table)), encoding="utf-8")
    (source,) = read(tmp_path / "a.csv").sources
    assert source.rows.columns == ("s1", "s2", "s3", "s4", "s5")


def test_hidden_rows_are_read_and_said_and_hidden_sheets_passed_over(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    for title in ("Export", "Listen", "Notizen"):
        sheet = book.add_worksheet(title)
        sheet.write_row(0, 0, ["id", "land"])
        sheet.write_row(1, 0, ["L1", "AT"])
        sheet.write_row(2, 0, ["L2", "CH"])
        if title == "Export":
            sheet.set_row(1, options={"hidden": True})
            sheet.set_column(1, 1, options={"hidden": True})
        elif title == "Listen":
            sheet.hide()
        else:
            sheet.very_hidden()
    book.close()
    opened = read(tmp_path / "a.xlsx")
    assert [source.sheet for source in opened.sources] == ["Export"]
    assert len(rows(tmp_path / "a.xlsx")) == 2
    assert "1 row and 1 column are hidden and read all the same" in told(opened, "sheet-hidden")
    assert 'sheet "Listen" was passed over: it is hidden' in told(opened, "file-passed-over")
    stated = open_rows(
        tmp_path / "a.xlsx", "a.xlsx", named=True, wanted=lambda sheet: sheet == "Listen"
    )
    assert [source.sheet for source in stated.sources] == ["Listen"]


def test_empty_sheets_and_charts_are_no_tables(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    book.add_worksheet("Export").write_row(0, 0, ["a", "b"])
    book.worksheets()[0].write_row(1, 0, [1, 2])
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=Export!$A$1:$A$2"})
    book.add_chartsheet("Bild").set_chart(chart)
    book.add_worksheet("Tabelle2")
    book.close()
    assert rows(tmp_path / "a.xlsx") == [{"a": "1", "b": "2"}]
    assert not read(tmp_path / "a.xlsx").findings
    noted = xlsx(tmp_path / "c.xlsx", {"S": [["a", "b"], [1, 2]], "Notes": [["by M."]]})
    said = told(read(noted), "file-passed-over")
    assert said.startswith('c.xlsx, sheet "Notes" was passed over: no rows in it')
    with pytest.raises(DataError, match="no sheet with a table in it: 'S': no rows in it"):
        read(xlsx(tmp_path / "b.xlsx", {"S": [["a", "b"]]}))


def test_a_sheet_without_names_gets_numbers_where_names_are_not_needed(tmp_path: Path) -> None:
    made = xlsx(tmp_path / "a.xlsx", [["where is my parcel?", 1], ["I want my money back", 2]])
    assert rows(made, named=False)[1] == {"c1": "I want my money back", "c2": "2"}


def test_titles_that_repeat_get_the_number_of_their_place(tmp_path: Path) -> None:
    made = xlsx(tmp_path / "a.xlsx", [["Mail", "Mail", ""], ["a", "b", "c"]])
    assert rows(made) == [{"Mail": "a", "Mail_2": "b", "c3": "c"}]
