"""Cells that no spreadsheet takes for a formula, and that come back as they were."""

from __future__ import annotations

import pytest

from kits.toolchain.sheet_rows import COLUMNS, sheet_cells
from kits.toolchain.spreadsheet_cells import marked_cell, shown_cell, unmarked

FORMULAS = (
    "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "＝1", "'=1", "''-x",
)  # fmt: skip
TEXTS = ("", "a", "'a", "a=1", "it's", "-12.5", "+3", "-1,5e-07", "5-3", "a;=1")


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_is_text(text: str) -> None:
    assert marked_cell(text) == f"'{text}"
    assert shown_cell(text).startswith("'")


@pytest.mark.parametrize("text", (*FORMULAS, *TEXTS))
def test_a_marked_cell_comes_back_as_it_was(text: str) -> None:
    assert unmarked(marked_cell(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_words_and_numbers_stay_as_they_are(text: str) -> None:
    assert marked_cell(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a;=1", "a;'=1"), ("a; +1", "a;' +1"), ('a;"-x', "a;'\"-x"), ("a\n@x", "a\n'@x"), ("a\r\n=1", "a\r\n'=1"),
        ("a\t＝1", "a\t'＝1"), ("a; b\nc - d", "a; b\nc - d"), ("a;\n\n=1", "a;\n\n'=1"),
    ],
)  # fmt: skip
def test_no_part_of_what_is_shown_is_a_formula(text: str, shown: str) -> None:
    assert shown_cell(text) == shown


def test_a_prediction_for_a_spreadsheet_keeps_its_numbers_and_no_formula() -> None:
    row = {
        "sample": "-17", "score": -2.5e-7, "verdict": "act", "error": "no; =1", "path": "=x.eml",
        "prediction": {"reasons": [{"text": "=HYPERLINK(1)", "direction": ""}]},
    }  # fmt: skip
    cells = dict(zip(COLUMNS, sheet_cells(row), strict=True))
    assert (cells["sample"], cells["score"]) == ("-17", "-2.5e-07")
    assert (cells["error"], cells["path"]) == ("no;' =1", "'=x.eml")
    assert cells["reasons"].startswith("'=")
