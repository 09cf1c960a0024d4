"""Rows that a person coloured by hand in a spreadsheet: what colours, and when they say nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.core.row_sources import Opened, open_rows
from kits.core.spreadsheets.workbook import SheetTable
from tests.sheets import ods, ods_row, rewritten

pytest.importorskip("python_calamine")

GREEN, RED, YELLOW = "#92D050", "#FF0000", "#FFFF00"
_HEADER = ["Nr", "Firma", "Ort"]
_STYLES = "xl/styles.xml"
_ROWS = 30

Paint = Callable[[int, int], str]
"""Colour of a cell by its row (0: the first lead) and column; empty: none."""


def coloured_xlsx(path: Path, paint: Paint, *, rows: int = _ROWS, header: str = "") -> Path:
    """A list whose cells have colours of their own."""
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("Leads")
    formats: dict[str, object] = {"": None}

    def of(colour: str) -> object:
        if colour not in formats:
            formats[colour] = book.add_format({"bg_color": colour})
        return formats[colour]

    for column, name in enumerate(_HEADER):
        sheet.write(0, column, name, of(header))
    for row in range(rows):
        for column, cell in enumerate((row + 100, f"Firma {row * 7 % 23}", "Ulm")):
            sheet.write(row + 1, column, cell, of(paint(row, column)))
    book.close()
    return path


def _read(path: Path) -> Opened:
    return open_rows(path, path.name, named=True, wanted=lambda _: None, fix="")


def _colours(path: Path) -> Mapping[int, str]:
    [source] = _read(path).sources
    assert isinstance(source.rows, SheetTable)
    return source.rows.colours


def _thirds(row: int, _: int) -> str:
    return (GREEN, RED, "")[row // 3 % 3]


def test_rows_have_the_colour_that_a_person_gave_them(tmp_path: Path) -> None:
    found = _colours(coloured_xlsx(tmp_path / "e.xlsx", _thirds, header="#4472C4"))
    assert {row: found.get(row, "") for row in range(2, 13)} == dict(
        zip(range(2, 13), ["green"] * 3 + ["red"] * 3 + [""] * 3 + ["green"] * 2)
    )
    [told] = [f for f in _read(tmp_path / "e.xlsx").findings if f.check == "sheet-colours"]
    assert "21 rows are coloured by hand (green 12, red 9)" in told.text


def test_one_coloured_cell_in_a_row_is_enough(tmp_path: Path) -> None:
    found = _colours(
        coloured_xlsx(tmp_path / "e.xlsx", lambda r, c: _thirds(r, c) if c == 1 else "")
    )
    assert (found[2], found[5], 8 in found) == ("green", "red", False)


def test_a_column_that_is_coloured_throughout_is_a_design(tmp_path: Path) -> None:
    def paint(row: int, column: int) -> str:
        return YELLOW if column == 0 else _thirds(row, column)

    assert set(_colours(coloured_xlsx(tmp_path / "e.xlsx", paint)).values()) == {"green", "red"}
    assert not _colours(coloured_xlsx(tmp_path / "d.xlsx", lambda _, c: YELLOW if c == 0 else ""))


@pytest.mark.parametrize("second", ["", "#DDEBF7"])
def test_rows_coloured_by_turns_say_nothing(tmp_path: Path, second: str) -> None:
    found = _read(coloured_xlsx(tmp_path / "e.xlsx", lambda r, _: "#BDD7EE" if r % 2 else second))
    assert not [f for f in found.findings if f.check == "sheet-colours"]


def test_two_shades_of_a_name_are_told_apart(tmp_path: Path) -> None:
    path = coloured_xlsx(
        tmp_path / "e.xlsx", lambda r, _: (GREEN, "#C6EFCE", "#FFC7CE")[r // 3 % 3]
    )
    assert set(_colours(path).values()) == {"green 92D050", "green C6EFCE", "red"}


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("#FFC000", "orange"), ("#FFFF00", "yellow"), ("#FFEB9C", "yellow"), ("#00B050", "green"), ("#C6EFCE", "green"), ("#FFC7CE", "red"),
        ("#C00000", "red"), ("#00B0F0", "turquoise"), ("#0070C0", "blue"), ("#7030A0", "purple"), ("#FF66CC", "pink"), ("#BFBFBF", "grey"), ("#000000", "black"),
    ],
)  # fmt: skip
def test_colours_are_called_as_people_call_them(tmp_path: Path, colour: str, name: str) -> None:
    path = coloured_xlsx(tmp_path / "e.xlsx", lambda r, _: colour if r // 5 % 2 else "")
    assert set(_colours(path).values()) == {name}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('indexed="11"', "green"),
        ('indexed="3"', "green"),
        ('indexed="57"', "green"),
        ('theme="9" tint="0.3999755851924192"', "orange"),
        ('theme="7" tint="-0.249977111117893"', "purple"),
        ('theme="0"', ""),
        ('indexed="64"', ""),
        ('theme="99"', ""),
        ('rgb="nonsense"', ""),
        ('rgb="FF92D050" tint="nan"', "green"),
        ('rgb="FF92D050" tint="much"', "green"),
        ('rgb="FFFFFFFF"', ""),
        ("", ""),
    ],
)
def test_colours_by_number_by_theme_and_none(tmp_path: Path, written: str, name: str) -> None:
    path = coloured_xlsx(tmp_path / "e.xlsx", lambda r, _: GREEN if r // 5 % 2 else "")
    rewritten(path, _STYLES, '<fgColor rgb="FF92D050"/>', f"<fgColor {written}/>")
    assert set(_colours(path).values()) == ({name} - {""})


def _ods_style(name: str, colour: str, family: str = "table-cell") -> str:
    return (
        f'<style:style style:name="{name}" style:family="{family}">'
        f'<style:table-cell-properties fo:background-color="{colour}"/></style:style>'
    )


def _ods_cell(text: str, style: str = "", times: int = 1) -> str:
    named = f' table:style-name="{style}"' if style else ""
    return (
        f'<table:table-cell{named} table:number-columns-repeated="{times}" office:value-type="string">'
        f"<text:p>{text}</text:p></table:table-cell>"
    )


def test_rows_of_an_ods_have_the_colour_of_cells_of_rows_and_of_columns(tmp_path: Path) -> None:
    """What most cells of a column have LibreOffice writes once, as what the column has."""
    styles = "".join(
        (
            _ods_style("g", "#92d050"), _ods_style("r", "#FF0000"), _ods_style("w", "#ffffff"), _ods_style("t", "transparent"),
            _ods_style("row", "#ffff00", family="table-row"),
        )
    )  # fmt: skip
    columns = (
        '<table:table-column table:number-columns-repeated="2" table:default-cell-style-name="r"/>'
        '<table:table-column table:default-cell-style-name="Default"/>'
    )
    rows = [
        columns,
        ods_row([_ods_cell("Nr"), _ods_cell("Firma", "w"), _ods_cell("Ort")]),
        *(ods_row([_ods_cell(f"lost {n}"), _ods_cell("a"), _ods_cell("b")]) for n in range(4)),
        *(ods_row([_ods_cell(f"won {n}", "g"), _ods_cell("a", "g", 2)]) for n in range(3)),
        ods_row([_ods_cell("won 4"), _ods_cell("a"), _ods_cell("b")], 'table:default-cell-style-name="g"'),
        *(ods_row([_ods_cell(f"open {n}", "t"), _ods_cell("a", "w"), _ods_cell("row", "row")]) for n in range(3)),
        ods_row([_ods_cell("more"), _ods_cell("a", "w", 2)], 'table:number-rows-repeated="2"'),
    ]  # fmt: skip
    found = _colours(ods(tmp_path / "e.ods", {"Leads": rows}, styles))
    assert [found.get(row, "") for row in range(2, 15)] == [
        *["red"] * 4, *["green"] * 4, *[""] * 3, *["red"] * 2,
    ]  # fmt: skip


@pytest.mark.parametrize("number", ["9" * 5_000, "²"])
def test_styles_that_no_program_writes_are_a_damaged_file(tmp_path: Path, number: str) -> None:
    path = coloured_xlsx(tmp_path / "e.xlsx", _thirds)
    rewritten(path, _STYLES, 'fillId="2"', f'fillId="{number}"')
    with pytest.raises(DataError, match="damaged"):
        _read(path)


def test_a_sheet_of_very_many_coloured_cells_keeps_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kits.core.spreadsheets.marks._MOST_COLOURED", 40)
    assert not _colours(coloured_xlsx(tmp_path / "e.xlsx", _thirds))
    small: Sequence[str] = list(
        _colours(coloured_xlsx(tmp_path / "s.xlsx", _thirds, rows=12)).values()
    )
    assert small.count("green") == 6
