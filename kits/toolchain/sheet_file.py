"""Rows of `kit predict --out FILE.xlsx`: a sheet that opens in Excel and LibreOffice of any country, with numbers as numbers.

A CSV has the commas and points of one country; a sheet has none. What a cell holds is text or a number and never a formula.
Who is to be called first stands first. What a prediction means is the kit's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from pydantic import JsonValue

from kits.core.errors import DataError
from kits.toolchain.sheet_rows import Value, sheet_values

MOST_ROWS = 1_048_575
"""What a sheet holds below its names."""
_COLUMNS = {
    "id": 18, "band": 10, "score": 9, "low": 9, "high": 9, "reasons": 90, "verdict": 10, "label": 12, "error": 30, "sample": 40, "path": 40,
}  # fmt: skip
"""Columns and how wide they are, in letters."""
_LONGEST = 32_767
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HEAD, _NUMBER, _TEXT = 1, 2, 3
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATED}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATED}">'
    '<sheets><sheet name="Scores" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATED}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_RELATED}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="0.000"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top"/></xf>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1">'
    '<alignment vertical="top" wrapText="1"/></xf></cellXfs></styleSheet>',
}  # fmt: skip
"""All of a workbook but the sheet."""


class SheetRows:
    """Rows that wait until all are there: who is to be called first is known then."""

    def __init__(self) -> None:
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
        """Writes the workbook: where samples have bands the highest score first, else in the order in which they came."""
        rows = self._rows
        if any(row.get("band") for row in rows):
            rows = sorted(rows, key=_place)
        with ZipFile(path, "w", ZIP_DEFLATED) as file:
            for name, content in _PARTS.items():
                file.writestr(name, _XML + content)
            with file.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
                sheet.write(_opening(len(rows)).encode())
                for number, row in enumerate(rows, 2):
                    line = [_cell(row.get(name)) for name in _COLUMNS]
                    sheet.write(f'<row r="{number}">{"".join(line)}</row>'.encode())
                sheet.write(
                    f'</sheetData><autoFilter ref="{_area(len(rows))}"/></worksheet>'.encode()
                )


def _place(row: Mapping[str, Value]) -> float:
    score = row.get("score")
    return -score if isinstance(score, float) and math.isfinite(score) else math.inf


def _opening(rows: int) -> str:
    """The sheet up to its names: they stay in sight, and columns are as wide as what stands in them."""
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>'
        for n, width in enumerate(_COLUMNS.values(), 1)
    )
    names = "".join(_text(name, _HEAD) for name in _COLUMNS)
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><dimension ref="{_area(rows)}"/><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols>{widths}</cols><sheetData><row r="1">{names}</row>'
    )  # fmt: skip


def _area(rows: int) -> str:
    return f"A1:{chr(ord('A') + len(_COLUMNS) - 1)}{rows + 1}"


def _cell(value: Value) -> str:
    if isinstance(value, float):
        return f'<c s="{_NUMBER}"><v>{value!r}</v></c>' if math.isfinite(value) else "<c/>"
    return _text(value, _TEXT) if value else "<c/>"


def _text(value: str, style: int) -> str:
    """A text in the cell itself: it is never taken for a formula, nor an id for a number."""
    clean = escape(_NO_XML.sub("\ufffd", value[:_LONGEST]))
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{clean}</t></is></c>'
