"""What an ODS file says beside its values. One pass over its XML, in little memory."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from pathlib import Path

from kits.core.spreadsheets.colours import name_of
from kits.core.spreadsheets.marks import Marks, refuse_many
from kits.core.spreadsheets.naming import told_of
from kits.core.spreadsheets.package import MAX_PART_BYTES, Package, damaged, pairs

_CONTENT = "content.xml"
_ERROR = re.compile(r"#(?:N/A|NV|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)|Err:\d{3}")
_MOST = 40
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_WORDS = frozenset({"p", "span", "a", "s"})
"""Elements within which a cell's text stands."""


def marks_of(path: Path, wanted: Callable[[str], bool]) -> dict[str, Marks]:
    """Sheet → what stands beside its values.

    Args:
        wanted: not asked: all sheets are one file, and read together.

    Raises:
        DataError: damaged, forged, or larger than is read.
    """
    del wanted
    scan = _Scan(path.name)
    with Package(path) as package:
        try:
            package.parse(_CONTENT, scan.start, scan.text, MAX_PART_BYTES)
            scan.close()
        except ValueError as error:
            raise damaged(path, error) from error
    refuse_many(scan.found.values(), path.name)
    return scan.found


class _Scan:
    """Goes through the elements: `style`; `table`, in it `table-row`, in it `table-cell`, each of which may stand for many."""

    def __init__(self, file: str) -> None:
        self.found: dict[str, Marks] = {}
        self._file = file
        self._sheet = ""
        self._marks = Marks()
        self._row = self._column = 0
        self._rows = self._columns = 1
        self._type = ""
        self._formula = self._counted = self._hidden = False
        self._said: str | None = None
        self._fills: dict[str, str] = {}
        self._named = ""
        self._of_row = ""
        self._of_columns: list[tuple[int, str]] = []

    def start(self, name: str, attributes: list[str]) -> bool:
        """An element begins; texts of cells are wanted."""
        if name in _WORDS:
            return True
        self._begin(name, pairs(attributes))
        return False

    def _begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in ("table-cell", "covered-table-cell"):
            self._close()
            self._cell(
                {key.partition(":")[2]: value for key, value in attributes.items()}, attributes
            )
        elif name == "table-row":
            self._close()
            self._row += self._rows
            self._rows = _times(attributes.get("table:number-rows-repeated"))
            self._column, self._counted = 0, False
            self._of_row = attributes.get("table:default-cell-style-name", "")
            self._hidden = attributes.get("table:visibility") in ("collapse", "filter")
        elif name == "table-column":
            self._columns_begin(attributes)
        elif name == "table" and "table:name" in attributes:
            self._close()
            self._sheet, self._marks = attributes["table:name"], Marks()
            self.found[self._sheet] = self._marks
            self._row, self._rows, self._of_columns = 0, 0, []
        elif name in ("style", "table-cell-properties"):
            self._style(name, attributes)

    def _style(self, name: str, attributes: Mapping[str, str]) -> None:
        """A style of cells, or what it looks like."""
        if name == "style":
            cells = attributes.get("style:family") == "table-cell"
            self._named = attributes.get("style:name", "") if cells else ""
            return
        colour = attributes.get("fo:background-color", "")
        if self._named and _COLOUR.fullmatch(colour) and name_of(colour[1:]):
            self._fills[self._named] = colour[1:].upper()

    def _columns_begin(self, attributes: Mapping[str, str]) -> None:
        times = _times(attributes.get("table:number-columns-repeated"))
        if attributes.get("table:visibility") in ("collapse", "filter"):
            self._marks.hidden_columns += times
        before = self._of_columns[-1][0] if self._of_columns else 0
        style = attributes.get("table:default-cell-style-name", "")
        self._of_columns.append((before + times, style))

    def _colour(self, stated: str) -> None:
        """Colours of cells that stand for many: by their own style, else their row's, else their columns'."""
        for column in range(self._column, self._column + self._columns):
            style = stated or self._of_row or self._of_column(column)
            if style in self._fills:
                self._marks.colour(self._row, column, self._fills[style], self._rows)

    def _of_column(self, column: int) -> str:
        place = bisect_right(self._of_columns, column, key=lambda one: one[0])
        return self._of_columns[place][1] if place < len(self._of_columns) else ""

    def _cell(self, bare: Mapping[str, str], attributes: Mapping[str, str]) -> None:
        self._columns = _times(bare.get("number-columns-repeated"))
        self._type = attributes.get("office:value-type", "")
        self._formula = "formula" in bare
        failed = attributes.get("calcext:value-type") == "error"
        self._said = "" if failed or (self._formula and self._type == "string") else None
        if self._type:
            self._told(self._fill)
            if self._fills:
                self._colour(bare.get("style-name", ""))
            if self._type == "percentage":
                for column in range(self._column, self._column + self._columns):
                    self._marks.percent(self._row, column, self._rows)
        elif self._formula:
            self._marks.uncalculated(self._row, self._column)
        self._column += self._columns

    def _told(self, mark: Callable[[], None]) -> None:
        told_of(self._file, self._sheet, mark)

    def _fill(self) -> None:
        last = self._column + self._columns - 1
        self._marks.fill(self._row, self._column, last, self._columns, self._rows)
        if self._hidden and not self._counted:
            self._counted = True
            self._marks.hidden_rows += self._rows

    def text(self, text: str) -> None:
        """What stands in a cell."""
        self._told(lambda: self._marks.write(len(text) * self._rows * self._columns))
        if self._said is not None and len(self._said) < _MOST:
            self._said += text[:_MOST]

    def _close(self) -> None:
        """A cell is over."""
        if self._said is not None:
            said, self._said = self._said.strip(), None
            if _ERROR.fullmatch(said):
                column = self._column - self._columns
                self._marks.error(self._row, column, said, self._rows * self._columns)

    def close(self) -> None:
        """The file is over."""
        self._close()


def _times(stated: str | None) -> int:
    return max(1, int(stated)) if stated else 1
