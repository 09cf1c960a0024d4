"""A sheet of predictions: what no XML may hold, what has no number, and how many rows there may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from kits.core.errors import DataError
from kits.toolchain import sheet_file
from kits.toolchain.sheet_file import SheetRows


def rows_of(sheet: SheetRows, path: Path) -> list[dict[str, object]]:
    sheet.write(path)
    names, *found = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    return [dict(zip(map(str, names), row)) for row in found]


def test_texts_of_others_stay_texts_and_break_no_sheet(tmp_path: Path) -> None:
    sheet = SheetRows()
    sheet.add({"path": "a<b&c.csv", "sample": "a#0017", "error": "no\x00 \x1b[31m", "score": None})
    (row,) = rows_of(sheet, tmp_path / "s.xlsx")
    assert (row["path"], row["id"], row["score"]) == ("a<b&c.csv", "0017", "")
    assert row["error"] == "no\ufffd \ufffd[31m"


def test_without_bands_rows_stay_in_the_order_of_the_input(tmp_path: Path) -> None:
    sheet = SheetRows()
    for score in (0.1, 0.9, 0.5):
        sheet.add({"path": "x.png", "score": score, "verdict": "pass"})
    assert [row["score"] for row in rows_of(sheet, tmp_path / "s.xlsx")] == [0.1, 0.9, 0.5]


def test_more_than_a_sheet_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_file, "MOST_ROWS", 1)
    sheet = SheetRows()
    sheet.add({"path": "x"})
    with pytest.raises(DataError, match="a sheet holds 1 rows"):
        sheet.add({"path": "x"})
