"""Lists in which the colour of a row says what became of the lead: asked about, stated, and never learned from."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from kits.core.errors import DataError
from tests.lead_scoring.reading.lead_files import Read, put, read, source

_START = date(2025, 1, 6)
_COLOURS = {"won": "#92D050", "lost": "#FF0000", "": ""}


def _what(row: int) -> str:
    return ("won", "lost", "lost", "")[row // 2 % 4]


def _list(path: Path, rows: int = 48, *, coloured: bool = True) -> Path:
    """Leads five days apart, coloured by what became of them."""
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("Anfragen")
    formats = {
        (what, form): book.add_format(
            {"num_format": form} | ({"bg_color": colour} if colour else {})
        )
        for what, colour in _COLOURS.items()
        for form in ("General", "dd.mm.yyyy")
    }
    sheet.write_row(0, 0, ["Nr", "Eingang", "Quelle"])
    for row in range(rows):
        what = _what(row) if coloured else ""
        sheet.write(row + 1, 0, 1000 + 7 * row, formats[what, "General"])
        day = _START + timedelta(days=5 * row)
        sheet.write_datetime(row + 1, 1, day, formats[what, "dd.mm.yyyy"])
        sheet.write(row + 1, 2, ("Web", "Messe")[row % 2], formats[what, "General"])
    book.close()
    return path


def _asked(found: Read) -> tuple[str, str]:
    [told] = [one for one in found.findings if one.check == "outcome"]
    return "\n".join(told.evidence), told.fix


def test_colours_are_asked_about_and_not_learned_from(tmp_path: Path) -> None:
    found = read(_list(tmp_path / "e.xlsx"))
    assert set(found.labels) == {""}
    evidence, fix = _asked(found)
    assert evidence.splitlines()[0] == "row colour: red 24, green 12, none 12"
    assert (
        "model.source.outcome: row colour, model.source.won: [green], model.source.lost: [red]"
        in fix
    )
    assert {name for lead in found.leads for name in lead.fields} == {"Quelle"}


@pytest.mark.parametrize("spelt", ["row colour", "Row color"])
def test_what_was_asked_may_be_stated(tmp_path: Path, spelt: str) -> None:
    found = read(_list(tmp_path / "e.xlsx"), source(outcome=spelt, won=["green"], lost=["red"]))
    assert found.labels == [_what(row) for row in range(48)]
    assert {name for lead in found.leads for name in lead.fields} == {"Quelle"}


def test_a_colour_that_no_row_has_is_an_error_with_those_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no cell of 'row colour' is one of blue") as told:
        read(_list(tmp_path / "e.xlsx"), source(outcome="row colour", won=["blue"], lost=["red"]))
    assert "red, green" in str(told.value.fix)


def test_rows_without_colours_are_open_leads(tmp_path: Path) -> None:
    path = _list(tmp_path / "e.xlsx", coloured=False)
    found = read(path, source(outcome="row colour", won=["green"], lost=["red"]))
    assert set(found.labels) == {""}
    assert "these leads have no outcome" in found.told("outcome")


def test_colours_stay_with_their_rows_where_files_are_one_table(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    _list(folder / "2024.xlsx")
    _list(folder / "2025.xlsx", 16)
    found = read(folder, source(outcome="row colour", won=["green"], lost=["red"]))
    evidence, _ = _asked(read(folder))
    assert evidence.splitlines()[0] == "row colour: red 32, green 16, none 16"
    assert found.labels.count("won") == 16


def test_a_csv_has_no_colours(tmp_path: Path) -> None:
    path = put(tmp_path / "e.csv", "Nr,Eingang,Quelle\n" + "1,2025-01-01,Web\n2,2025-01-09,Messe\n")
    assert "row colour" not in _asked(read(path))[0]
