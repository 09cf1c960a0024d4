"""A spreadsheet → its tables, each a `SheetTable`: rows of texts with the numbers that the spreadsheet gives them.

Which of them a kit wants, and what a column means, is decided there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np

from kits.core.kit import Finding
from kits.core.spreadsheets.colours import row_colours
from kits.core.spreadsheets.grid import Grid
from kits.core.spreadsheets.loading import LoadedSheet, load_book
from kits.core.spreadsheets.marks import Marks
from kits.core.spreadsheets.naming import where_of
from kits.core.spreadsheets.package import Form
from kits.core.spreadsheets.remarks import remarks_on, remarks_on_colours
from kits.core.spreadsheets.survey import IsHeader, Survey, survey
from kits.core.spreadsheets.values import Value, percent_of, plain_number, text_of

SUFFIXES = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})

Row = dict[str, str]
Named = Callable[[Sequence[str]], tuple[str, ...]]
"""Names of columns from the cells that name them: empty and repeated ones get a number."""
_Fix = Callable[[int, Value], str]


@dataclass(frozen=True)
class SheetTable:
    """The table of one sheet, in memory.

    Attributes:
        sheet: its title.
        columns: names; `c1`, `c2`, … where the sheet names none.
        form: how it was read, for people.
        findings: what else should be known of it.
        numeric: columns with numbers that the spreadsheet itself holds as such: no question of decimal signs.
        percents: columns with percentages.
        colours: row, by the number that the spreadsheet shows → what colour a person gave it; empty: colours tell no rows apart.
    """

    sheet: str
    columns: tuple[str, ...]
    form: str
    findings: tuple[Finding, ...]
    numeric: frozenset[str]
    percents: frozenset[str]
    found: Survey
    grid: Grid = field(repr=False)
    fixes: tuple[tuple[int, _Fix], ...] = field(repr=False)
    colours: Mapping[int, str] = field(default_factory=dict, repr=False)
    cuts_rows: ClassVar[bool] = False

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Rows with the number that the spreadsheet shows beside them; a row ends with its last cell that is filled."""
        places = self.found.columns
        for number, cells in self.grid.rows(self.found.start):
            texts = [text_of(cells[place]) for place in places]
            for at, fix in self.fixes:
                texts[at] = fix(number, cells[places[at]])
            while texts and not texts[-1].strip():
                texts.pop()
            if texts:
                yield number + 1, dict(zip(self.columns, texts))

    def head(self, most: int) -> list[Row]:
        """The first rows."""
        return [row for _, row in islice(self.rows(), most)]


@dataclass(frozen=True)
class Sheets:
    """A spreadsheet's sheets.

    Attributes:
        tables: of those that hold one.
        left_out: sheet → why it is not read; those that are empty are none of them.
        hidden: titles of tables in sheets that are hidden.
        unwanted: titles of sheets that nobody wants.
    """

    tables: tuple[SheetTable, ...]
    left_out: dict[str, str]
    hidden: frozenset[str]
    unwanted: tuple[str, ...] = ()


def open_workbook(
    path: Path,
    name: str,
    form: Form,
    names: Named,
    is_header: IsHeader | None = None,
    wanted: Callable[[str], bool] = lambda _: True,
) -> Sheets:
    """Reads a spreadsheet's sheets into memory. Macros, links and what a formula would fetch are left alone.

    Args:
        name: how the file is called in what is said of it.
        form: as `form_of` finds it.
        is_header: None: the first row of each table names its columns, however it looks.
        wanted: whether a sheet is to be read, by its title.

    Raises:
        DataError: damaged, protected by a password, or larger than is read.
        MachineError: python-calamine is not installed.
    """
    book = load_book(path, form, wanted)
    tables: list[SheetTable] = []
    left_out: dict[str, str] = {}
    for sheet in book.sheets:
        opened = _opened(name, form, sheet, names, is_header)
        if isinstance(opened, SheetTable):
            tables.append(opened)
        elif opened:
            left_out[sheet.name] = opened
    hidden = frozenset(sheet.name for sheet in book.sheets if not sheet.visible)
    with_table = frozenset(table.sheet for table in tables)
    return Sheets(tuple(tables), left_out, hidden & with_table, book.unwanted)


def _opened(
    file: str, form: Form, sheet: LoadedSheet, names: Named, is_header: IsHeader | None
) -> SheetTable | str:
    """The sheet's table, or why it holds none; empty: nothing stands in it."""
    grid, marks = sheet.grid, sheet.marks
    found = survey(grid, is_header)
    if found is None:
        return ""
    if not found.rows:
        return "no rows in it"
    if found.header:
        columns = names(found.names)
    else:
        columns = tuple(f"c{n + 1}" for n in range(len(found.columns)))
    where = where_of(file, sheet.name)
    said = f"names in row {found.start}" if found.header else "no header"
    numeric = {name for name, one in zip(columns, found.held) if one.numbers}
    shown = marks.percents if marks is not None else {}
    percents = {name for name, at in zip(columns, found.columns) if at + grid.left in shown}
    colours = _colours(grid, found, marks)
    return SheetTable(
        sheet.name,
        columns,
        f"{form}, {said}",
        (*remarks_on(where, marks, found, columns), *remarks_on_colours(where, colours)),
        frozenset(numeric),
        frozenset(percents),
        found,
        grid,
        tuple(_fixes(found, grid.left, marks)),
        colours,
    )


def _colours(grid: Grid, found: Survey, marks: Marks | None) -> dict[int, str]:
    """Row, by the number that is shown → its colour."""
    if marks is None or not marks.colours:
        return {}
    filled = {at + grid.left: held.filled for at, held in zip(found.columns, found.held)}
    rows = [number for number, _ in grid.rows(found.start)]
    return {row + 1: colour for row, colour in row_colours(marks, rows, filled).items()}


def _fixes(found: Survey, left: int, marks: Marks | None) -> Iterator[tuple[int, _Fix]]:
    """(place among the columns, how its cells become texts) of those that need more than `text_of`."""
    for at, (place, held) in enumerate(zip(found.columns, found.held)):
        percents = marks.percents.get(place + left) if marks is not None else None
        if percents:
            yield at, _percent(np.array(percents, dtype=np.int64))
        elif held.stored and held.numbers:
            yield at, _number(held.commas > 0)


def _number(commas: bool) -> _Fix:
    return lambda _, value: (
        plain_number(value, commas) if isinstance(value, str) else text_of(value)
    )


def _percent(rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> _Fix:
    shown = np.zeros(int(rows.max()) + 1, dtype=bool)
    shown[rows] = True
    return lambda row, value: (
        percent_of(value) if row < len(shown) and shown[row] else text_of(value)
    )
