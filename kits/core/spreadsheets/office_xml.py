"""What an XLSX file says beside its values. One pass over each sheet's XML, in little memory."""

from __future__ import annotations

import posixpath
import re
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kits.core.errors import DataError
from kits.core.spreadsheets.colours import fills_of
from kits.core.spreadsheets.marks import (
    MAX_CELLS,
    MAX_CHARACTERS,
    MAX_COLUMNS,
    Marks,
    place,
    refuse_many,
)
from kits.core.spreadsheets.naming import where_of
from kits.core.spreadsheets.package import MAX_PART_BYTES, Package, damaged, pairs

_WORKBOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_STYLES, _TEXTS = "xl/styles.xml", "xl/sharedStrings.xml"
BUILT_IN_PERCENTS = frozenset({9, 10})
_QUOTED = re.compile(r"\"[^\"]*(?:\"|$)|\\.|\[[^\]]*(?:\]|$)|_.")
"""Of a number's format what is shown as it stands, or not at all. What is never closed goes to the end."""
_LONGEST_FORMAT = 255
"""Characters of a number's format, by Excel's own limit."""
_YES = frozenset({"1", "true"})
_MOST_SAID = 40
_TEXT_TYPES = frozenset({"str", "inlineStr"})


@dataclass(frozen=True, slots=True)
class _Listed:
    name: str
    part: str


def marks_of(path: Path, wanted: Callable[[str], bool]) -> dict[str, Marks]:
    """Sheet → what stands beside its values.

    Args:
        wanted: whether a sheet is to be read, by its title.

    Raises:
        DataError: damaged, forged, or larger than is read.
    """
    with Package(path) as package:
        percents, fills, lengths = _percents(package), fills_of(package), _lengths(package)
        found: dict[str, Marks] = {}
        for sheet in filter(lambda one: wanted(one.name), _sheets(package, path)):
            scan = _Scan(percents, fills, lengths)
            try:
                package.parse(sheet.part, scan.start, scan.text, MAX_PART_BYTES)
                scan.close()
            except DataError as error:
                where = error.where or where_of(path.name, sheet.name)
                raise DataError(error.what, where=where, fix=error.fix) from error
            except (ValueError, LookupError) as error:
                raise damaged(path, f"{sheet.part}: {error}") from error
            found[sheet.name] = scan.marks
            refuse_many(found.values(), path.name)
        return found


def _sheets(package: Package, path: Path) -> list[_Listed]:
    """Worksheets that are there, in the workbook's order; a chart or a dialog holds no cells."""
    targets: dict[str, str] = {}

    def relation(name: str, told: list[str]) -> bool:
        attributes = pairs(told)
        if name == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            joined = target[1:] if target.startswith("/") else posixpath.join("xl", target)
            targets[attributes.get("Id", "")] = posixpath.normpath(joined)
        return False

    listed: list[tuple[str, str]] = []

    def sheet(name: str, told: list[str]) -> bool:
        attributes = pairs(told)
        if name == "sheet":
            link = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
            listed.append((attributes.get("name", ""), link))
        return False

    package.parse(_RELATIONS, relation)
    package.parse(_WORKBOOK, sheet)
    absent = [
        name for name, link in listed if link in targets and targets[link] not in package.names
    ]
    if absent:
        raise damaged(path, f"it lacks the sheet {absent[0]!r}")
    return [_Listed(name, targets[link]) for name, link in listed if link in targets]


def _percents(package: Package) -> frozenset[str]:
    """Numbers of the styles that show a percentage."""
    if _STYLES not in package.names:
        return frozenset()
    own: set[int] = set()
    found: list[int] = []
    inside = [""]

    def style(name: str, told: list[str]) -> bool:
        attributes = pairs(told)
        if name in ("cellXfs", "cellStyleXfs", "dxfs", "cellStyles"):
            inside[0] = name
        elif name == "numFmt" and shows_percent(attributes.get("formatCode", "")):
            own.add(_whole(attributes.get("numFmtId")))
        elif name == "xf" and inside[0] == "cellXfs":
            found.append(_whole(attributes.get("numFmtId")))
        return False

    package.parse(_STYLES, style)
    return frozenset(
        str(number) for number, format in enumerate(found) if format in own | BUILT_IN_PERCENTS
    )


def shows_percent(format_code: str) -> bool:
    """Whether numbers in a format are shown as percentages."""
    return "%" in _QUOTED.sub("", format_code[:_LONGEST_FORMAT])


def _lengths(package: Package) -> array[int]:
    """Characters of each text that cells share."""
    found: array[int] = array("L")
    if _TEXTS not in package.names:
        return found

    def begin(name: str, _: list[str]) -> bool:
        if name == "si":
            found.append(0)
        return name == "t" and bool(found)

    def text(piece: str) -> None:
        found[-1] += len(piece)

    package.parse(_TEXTS, begin, text)
    return found


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


class _Scan:
    """Goes through a sheet's elements: `row`, in it `c`, in it `f` (formula), `v` (value) or `is` (text).

    Millions of them: what most cells need stands in `start` itself.
    """

    def __init__(
        self, percents: frozenset[str], fills: Mapping[str, str], lengths: array[int]
    ) -> None:
        self.marks = Marks()
        self._fills = fills
        self._percents = percents
        self._lengths = lengths
        # where even the longest text in each cell is little, nobody needs to know which one a cell has
        self._weighed = max(lengths, default=0) * MAX_CELLS > MAX_CHARACTERS
        self._places: dict[str, int] = {}
        self._row = self._column = -1
        self._row_said = "0"
        self._first, self._last, self._filled = MAX_COLUMNS, -1, 0
        self._type = self._style = ""
        self._hidden = self._formula = self._valued = self._listening = False
        self._said = ""

    def start(self, name: str, attributes: list[str]) -> bool:
        """An element begins; values of formulas and errors are wanted, and of long texts which it is."""
        if name in ("v", "is"):
            if not self._valued:
                self._valued = True
                self._filled += 1
                column = self._column
                self._last = max(self._last, column)
                self._first = min(self._first, column)
                if self._percents and self._style in self._percents and self._type in ("", "n"):
                    self.marks.percent(self._row, column)
                if self._fills and self._style in self._fills:
                    self.marks.colour(self._row, column, self._fills[self._style])
            return self._listening
        if name == "c":
            if self._listening:
                self._close()
            self._valued = False
            self._cell(attributes)
        elif name == "f":
            self._formula = self._listening = True
        elif name == "row":
            self._begin_row(pairs(attributes))
        elif name == "col":
            self._hide(pairs(attributes))
        return False

    def _cell(self, attributes: list[str]) -> None:
        stated = kind = style = ""
        told = iter(attributes)
        for key, value in zip(told, told):
            if key == "r":
                stated = value
            elif key == "t":
                kind = value
            elif key == "s":
                style = value
        self._type, self._style = kind, style
        # most cells stand in their own row, in a column that was met in another one
        column = self._places.get(stated[: -len(self._row_said)])
        if column is None or not stated.endswith(self._row_said):
            column = self._place(stated) if stated else self._column + 1
        self._column = column
        if kind == "e" or (kind == "s" and self._weighed):
            self._listening = True

    def _place(self, stated: str) -> int:
        """The column of an address in this row."""
        found = place(stated)
        if found is None or found[0] != self._row:
            raise ValueError(f"a cell {stated!r} in row {self._row_said}")
        self._places[stated[: -len(self._row_said)]] = found[1]
        return found[1]

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        self._end_row()
        self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
        self._row_said = str(self._row + 1)
        self._column = -1
        self._hidden = attributes.get("hidden") in _YES

    def _end_row(self) -> None:
        self._close()
        if self._filled:
            self.marks.fill(self._row, self._first, self._last, self._filled)
            self.marks.hidden_rows += self._hidden
        self._first, self._last, self._filled = MAX_COLUMNS, -1, 0

    def _hide(self, attributes: Mapping[str, str]) -> None:
        if attributes.get("hidden") in _YES:
            first, last = int(attributes["min"]), int(attributes["max"])
            # all columns to the right are hidden where a sheet is made narrow
            self.marks.hidden_columns += last - first + 1 if last < MAX_COLUMNS else 0

    def text(self, text: str) -> None:
        """What stands in a value."""
        self._said += text[:_MOST_SAID]

    def _close(self) -> None:
        """A cell is over whose value was wanted."""
        if not self._listening:
            return
        said = self._said.strip() if self._valued else ""
        if self._type == "s":
            self.marks.write(self._lengths[int(said)] if said else 0)
        elif self._type == "e" and said:
            self.marks.error(self._row, self._column, said)
        elif self._formula and not said and not (self._valued and self._type in _TEXT_TYPES):
            self.marks.uncalculated(self._row, self._column)
        self._listening = self._formula = False
        self._said = ""

    def close(self) -> None:
        """The sheet is over."""
        self._end_row()
