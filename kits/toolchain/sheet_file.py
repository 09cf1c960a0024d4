"""Rows of `kit predict --out FILE.xlsx`: a sheet that opens in Excel and LibreOffice of any country, with numbers as numbers.

A CSV has the commas and points of one country; a sheet has none. What a cell holds is text or a number and never a formula.
Who is to be called first stands first. What a prediction means is the kit's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from types import ModuleType

from pydantic import JsonValue

from kits.core.errors import DataError, MachineError
from kits.core.files import write_atomically
from kits.toolchain.sheet_rows import Value, sheet_values

MOST_ROWS = 1_048_575
"""What a sheet holds below its names."""
_COLUMNS = {
    "id": 18, "band": 10, "score": 9, "low": 9, "high": 9, "reasons": 90, "verdict": 10, "label": 12, "error": 30, "sample": 40, "path": 40,
}  # fmt: skip
"""Columns and how wide they are, in letters."""
_LONGEST = 32_767
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class SheetRows:
    """Rows that wait until all are there: who is to be called first is known then.

    Raises:
        MachineError: xlsxwriter is not installed.
    """

    def __init__(self) -> None:
        self._writer = _writer()
        self._rows: list[Mapping[str, Value]] = []

    def add(self, row: Mapping[str, JsonValue]) -> None:
        """Takes a prediction's entry, as `Predicted.as_json` gives it.

        Raises:
            DataError: a sheet holds no more.
        """
        if len(self._rows) == MOST_ROWS:
            raise DataError(
                f"a sheet holds {MOST_ROWS:,} rows, and there are more",
                fix="--out FILE.csv or FILE.jsonl, or fewer at once",
            )
        values = sheet_values(row, "\n")
        place, _, number = str(values.get("sample") or "").rpartition("#")
        self._rows.append({**values, "id": number if place else None})

    def write(self, path: Path) -> None:
        """Writes the workbook: where samples have bands the highest score first, else in the order in which they came.

        Raises:
            OSError: disk full, no permission, with the file's name; nothing of it is left there.
        """
        rows = self._rows
        if any(row.get("band") for row in rows):
            rows = sorted(rows, key=_place)
        made = BytesIO()
        with self._writer.Workbook(made, {"in_memory": True}) as book:
            sheet = book.add_worksheet("Scores")
            head = book.add_format({"bold": True})
            number = book.add_format({"num_format": "0.000", "valign": "top"})
            text = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
            for at, (name, width) in enumerate(_COLUMNS.items()):
                sheet.set_column(at, at, width)
                sheet.write_string(0, at, name, head)
            for place, row in enumerate(rows, 1):
                for at, name in enumerate(_COLUMNS):
                    value = row.get(name)
                    if isinstance(value, float) and math.isfinite(value):
                        sheet.write_number(place, at, value, number)
                    elif isinstance(value, str) and value:
                        sheet.write_string(place, at, _shown(value), text)
            # names stay in sight
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, len(rows), len(_COLUMNS) - 1)
        write_atomically(path, made.getvalue())


def _writer() -> ModuleType:
    try:
        import xlsxwriter
    except ImportError as error:
        raise MachineError(
            "xlsxwriter is not installed, which writes spreadsheets",
            fix="pip install 'kitwright[train]', or --out FILE.csv",
        ) from error
    module: ModuleType = xlsxwriter
    return module


def _place(row: Mapping[str, Value]) -> float:
    score = row.get("score")
    return -score if isinstance(score, float) and math.isfinite(score) else math.inf


def _shown(text: str) -> str:
    """What a cell can hold of a text."""
    return _NO_XML.sub("\ufffd", text[:_LONGEST])
