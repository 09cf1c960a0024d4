"""XML of Excel 2003 (SpreadsheetML), which programs export as `.xls` or `.xml`: values and what stands beside them, in one pass.

Source: Microsoft, XML Spreadsheet Reference (2001). A cell stands one to the right of the one before, and a row one below, but
for those that state their `Index`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from xml.parsers import expat

from kits.core.spreadsheets.grid import Area, Cells
from kits.core.spreadsheets.marks import MAX_COLUMNS, MAX_ROWS, Marks, address, refuse_many
from kits.core.spreadsheets.naming import told_of
from kits.core.spreadsheets.office_xml import shows_percent
from kits.core.spreadsheets.package import damaged
from kits.core.spreadsheets.values import Value

_CHUNK = 1 << 18
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")
_LONGEST_NUMBER = 400
_LAST_YEAR = 9999
_MOST_DIGITS = 7
"""Of a place or a number of cells."""
_TIMES_OF_DAY = ("1899-12-30T", "1899-12-31T", "1904-01-01T")
"""Days on which a time without a day is written."""


@dataclass
class XmlSheet:
    """A worksheet in memory, as `Grid` reads one.

    Attributes:
        filled: row → its first column and the values from there.
        merged_cell_ranges: cells that are one.
    """

    name: str
    visible: bool = True
    marks: Marks = field(default_factory=Marks)
    merged_cell_ranges: list[Area] = field(default_factory=list)
    filled: dict[int, tuple[int, Cells]] = field(default_factory=dict)

    @property
    def start(self) -> tuple[int, int] | None:
        """The first row and column with something in it."""
        return self.marks.first if self.marks.filled else None

    def iter_rows(self) -> Iterator[Cells]:
        """All rows from the first of the sheet, from column `start` on, equally wide."""
        left, (last, right) = self.marks.first[1], self.marks.last
        for row in range(last + 1):
            first, cells = self.filled.get(row, (left, []))
            before, after = first - left, right + 1 - first - len(cells)
            yield [""] * before + cells + [""] * after


def load_sheets(path: Path) -> list[XmlSheet]:
    """The worksheets of a file.

    Raises:
        DataError: no well-formed XML, one that declares entities, or larger than is read.
    """
    reader = _Reader(path)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        with path.open("rb") as stream:
            # a line break before the declaration, which programs forget to leave out
            chunk = stream.read(_CHUNK).lstrip()
            while chunk:
                parser.Parse(chunk, False)
                chunk = stream.read(_CHUNK)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        # an encoding that nobody knows is a LookupError
        raise damaged(path, error) from error
    refuse_many((sheet.marks for sheet in reader.sheets), path.name)
    return reader.sheets


class _Reader:
    """Goes through the elements: `Worksheet`, in it `Table`, `Row`, `Cell`, and in this one `Data`; a `Comment` has `Data`, too."""

    def __init__(self, path: Path) -> None:
        self.sheets: list[XmlSheet] = []
        self._path = path
        self._sheet = XmlSheet("")
        self._styles: dict[str, bool] = {}
        """Style → whether it shows a percentage."""
        self._style = ""
        self._of_columns: dict[int, str] = {}
        self._row, self._next_row, self._of_row, self._hidden = -1, 0, "", False
        self._column, self._next_column = -1, 0
        self._cells: list[tuple[int, Value]] = []
        self._cell: Mapping[str, str] | None = None
        self._comment = self._valued = False
        self._type: str | None = None
        self._texts: list[str] = []
        self._ends: dict[str, Callable[[], None]] = {
            "Data": self._end_data, "Cell": self._end_cell, "Row": self._end_row, "Comment": self._end_comment,
            "Visible": self._end_visible,
        }  # fmt: skip
        self._begins: dict[str, Callable[[Mapping[str, str]], None]] = {
            "Cell": self._begin_cell, "Data": self._begin_data, "Row": self._begin_row, "Comment": self._begin_comment,
            "Column": self._begin_column, "Worksheet": self._begin_sheet, "Style": self._begin_style,
            "NumberFormat": self._begin_format, "Visible": self._begin_text,
        }  # fmt: skip

    def refuse(self, *_: object) -> None:
        """No spreadsheet declares entities."""
        raise damaged(self._path, "it declares a document type")

    def begin(self, element: str, told: dict[str, str]) -> None:
        """An element begins."""
        begin = self._begins.get(element.rpartition(":")[2])
        if begin is not None:
            begin({key.rpartition(":")[2]: value for key, value in told.items()})

    def end(self, element: str) -> None:
        """An element is over."""
        end = self._ends.get(element.rpartition(":")[2])
        if end is not None:
            end()

    def text(self, text: str) -> None:
        """What stands in an element; only that of values is kept."""
        if self._type is not None:
            self._texts.append(text)

    # -- styles, sheets and columns --

    def _begin_style(self, told: Mapping[str, str]) -> None:
        self._style = told.get("ID", "")
        self._styles[self._style] = self._styles.get(told.get("Parent", ""), False)

    def _begin_format(self, told: Mapping[str, str]) -> None:
        stated = told.get("Format", "")
        self._styles[self._style] = stated == "Percent" or shows_percent(stated)

    def _begin_sheet(self, told: Mapping[str, str]) -> None:
        refuse_many((sheet.marks for sheet in self.sheets), self._path.name)
        self._sheet = XmlSheet(told.get("Name") or f"Sheet{len(self.sheets) + 1}")
        self.sheets.append(self._sheet)
        self._of_columns, self._next_row, self._next_column = {}, 0, 0

    def _begin_column(self, told: Mapping[str, str]) -> None:
        first = _index(told, self._next_column)
        more = _count(told, "Span")
        self._next_column = first + more + 1
        if told.get("Hidden") == "1" and self._next_column < MAX_COLUMNS:
            self._sheet.marks.hidden_columns += more + 1
        if self._styles.get(told.get("StyleID", "")):
            columns = range(first, min(self._next_column, MAX_COLUMNS))
            self._of_columns |= dict.fromkeys(columns, told["StyleID"])

    # -- rows and cells --

    def _begin_row(self, told: Mapping[str, str]) -> None:
        self._row = _index(told, self._next_row)
        self._next_row = self._row + _count(told, "Span") + 1
        self._of_row, self._hidden = told.get("StyleID", ""), told.get("Hidden") == "1"
        self._next_column, self._cells = 0, []

    def _begin_cell(self, told: Mapping[str, str]) -> None:
        column = _index(told, self._next_column)
        if self._row < 0 or column < self._next_column:
            raise ValueError(f"a cell without its place in row {self._row + 1}")
        self._cell, self._column, self._valued = told, column, False
        across, down = _count(told, "MergeAcross"), _count(told, "MergeDown")
        self._next_column = column + across + 1
        if (across or down) and self._next_column <= MAX_COLUMNS:
            last = min(self._row + down, MAX_ROWS), column + across
            self._sheet.merged_cell_ranges.append(((self._row, column), last))

    def _end_cell(self) -> None:
        if self._cell is not None and "Formula" in self._cell and not self._valued:
            self._sheet.marks.uncalculated(self._row, self._column)
        self._cell = None

    def _begin_data(self, told: Mapping[str, str]) -> None:
        if self._cell is not None and not self._comment:
            self._begin_text(told)

    def _begin_text(self, told: Mapping[str, str]) -> None:
        self._type, self._texts = told.get("Type", ""), []

    def _begin_comment(self, _: Mapping[str, str]) -> None:
        self._comment = True

    def _end_comment(self) -> None:
        self._comment = False

    def _end_visible(self) -> None:
        self._sheet.visible = "".join(self._texts).strip() not in ("SheetHidden", "SheetVeryHidden")
        self._type = None

    def _end_data(self) -> None:
        if self._cell is None or self._comment or self._type is None:
            return
        text, kind = "".join(self._texts), self._type
        self._type, self._valued = None, True
        if kind == "Error":
            self._sheet.marks.error(self._row, self._column, text.strip())
        elif text:
            self._put(_value(text, kind), self._cell.get("StyleID"))

    def _put(self, value: Value, style: str | None) -> None:
        if self._cells and self._cells[-1][0] == self._column:
            raise ValueError(f"two values in {address(self._row, self._column)}")
        self._cells.append((self._column, value))
        if isinstance(value, str):
            self._told(lambda: self._sheet.marks.write(len(value)))
        elif isinstance(value, float):
            style = style or self._of_row or self._of_columns.get(self._column, "")
            if self._styles.get(style):
                self._sheet.marks.percent(self._row, self._column)

    def _end_row(self) -> None:
        row, cells = self._row, self._cells
        self._row, self._cells = -1, []
        if not cells:
            return
        first, last = cells[0][0], cells[-1][0]
        self._told(lambda: self._sheet.marks.fill(row, first, last, len(cells)))
        self._sheet.marks.hidden_rows += self._hidden
        if row in self._sheet.filled:
            raise ValueError(f"two rows {row + 1}")
        values: Cells = [""] * (last - first + 1)
        for column, value in cells:
            values[column - first] = value
        self._sheet.filled[row] = (first, values)

    def _told(self, mark: Callable[[], None]) -> None:
        told_of(self._path.name, self._sheet.name, mark)


def _count(told: Mapping[str, str], key: str) -> int:
    """So many more cells, as an element states; 0 where it does not."""
    stated = told.get(key, "0").strip()
    if not stated.isdecimal() or len(stated) > _MOST_DIGITS:
        raise ValueError(f"{key} is {stated[:20]!r}")
    return int(stated)


def _index(told: Mapping[str, str], following: int) -> int:
    """The place that an element states, from 0; else the one after the last."""
    return _count(told, "Index") - 1 if "Index" in told else following


def _value(text: str, kind: str) -> Value:
    """A value by the type that is stated; what does not fit it stays a text."""
    bare = text.strip()
    if kind == "Number" and len(bare) <= _LONGEST_NUMBER and _NUMBER.fullmatch(bare):
        return number if math.isfinite(number := float(bare)) else text
    if kind == "Boolean" and bare in ("0", "1"):
        return bare == "1"
    return _moment(bare) or text if kind == "DateTime" else text


def _moment(text: str) -> datetime | time | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if text.startswith(_TIMES_OF_DAY):
        return moment.time()
    return moment if moment.year < _LAST_YEAR else None
