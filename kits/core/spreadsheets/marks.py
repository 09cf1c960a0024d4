"""What stands in a sheet beside its values: errors, formulas without a result, percentages, what is hidden, how far it goes."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kits.core.errors import DataError

MAX_CELLS = 50_000_000
"""Of the rectangles around all filled cells of the sheets that are read, which are held in memory: 80 bytes each."""
MAX_CHARACTERS = 4 << 30
"""Of all texts of a sheet: each cell gets a copy of its own, also of one that cells share."""
MAX_ROWS, MAX_COLUMNS = 1 << 20, 1 << 14
_SHOWN = 10
_MOST_COLOURED = 4_000_000
"""Coloured cells of a sheet; whoever colours by hand stays below it."""


@dataclass
class Marks:
    """Of one sheet. Rows and columns count from 0.

    Attributes:
        errors: `#N/A` → cells.
        shown: the first of these, with their addresses.
        unknown: formulas whose result is not stored; the addresses of the first in `unknown_at`.
        percents: column → rows whose number is shown as a percentage.
        colours: column → rows whose cell has a colour of its own, and the number of this in `palette`.
        hidden_rows: those with something in them.
        filled: cells with a value.
        characters: of all texts.
    """

    errors: Counter[str] = field(default_factory=Counter)
    shown: list[str] = field(default_factory=list)
    unknown: int = 0
    unknown_at: list[str] = field(default_factory=list)
    percents: dict[int, array[int]] = field(default_factory=dict)
    colours: dict[int, tuple[array[int], array[int]]] = field(default_factory=dict)
    palette: dict[str, int] = field(default_factory=dict)
    coloured_cells: int = 0
    hidden_rows: int = 0
    hidden_columns: int = 0
    filled: int = 0
    first: tuple[int, int] = (MAX_ROWS, MAX_COLUMNS)
    last: tuple[int, int] = (-1, -1)
    characters: int = 0

    def fill(self, row: int, first: int, last: int, cells: int, rows: int = 1) -> None:
        """Rows with values.

        Args:
            first, last: columns of the outermost ones.
            cells: with a value, in each row.

        Raises:
            DataError: the rectangle around all cells is larger than is read.
        """
        self.filled += rows * cells
        top, left = self.first
        bottom, right = self.last
        self.first = (min(top, row), min(left, first))
        self.last = (max(bottom, row + rows - 1), max(right, last))
        if self.cells > MAX_CELLS or self.last[0] >= MAX_ROWS or self.last[1] >= MAX_COLUMNS:
            raise DataError(
                f"a sheet from {address(*self.first)} to {address(*self.last)}: {self.cells:,} cells, of which at most "
                f"{MAX_CELLS:,} are read",
                fix=f"if {address(*self.last)} is a stray cell, delete its row or column; else save the sheet as CSV",
            )

    def write(self, characters: int) -> None:
        """Texts of cells.

        Raises:
            DataError: more than is read.
        """
        self.characters += characters
        if self.characters > MAX_CHARACTERS:
            raise DataError(
                f"texts of more than {MAX_CHARACTERS >> 20} MiB in one sheet",
                fix="save it as CSV, or split it",
            )

    @property
    def cells(self) -> int:
        """Of the rectangle around all that are filled."""
        (top, left), (bottom, right) = self.first, self.last
        return max(0, bottom - top + 1) * max(0, right - left + 1)

    def error(self, row: int, column: int, text: str, cells: int = 1) -> None:
        """A cell whose formula failed."""
        self.errors[text[:_SHOWN]] += cells
        if len(self.shown) < _SHOWN:
            self.shown.append(f"{address(row, column)}: {text[:20]}")

    def uncalculated(self, row: int, column: int) -> None:
        """A formula whose result nobody stored."""
        self.unknown += 1
        if len(self.unknown_at) < _SHOWN:
            self.unknown_at.append(address(row, column))

    def percent(self, row: int, column: int, rows: int = 1) -> None:
        """A number that is shown as a percentage."""
        self.percents.setdefault(column, array("I")).extend(range(row, row + rows))

    def colour(self, row: int, column: int, rgb: str, rows: int = 1) -> None:
        """Cells with a value and a colour of their own, one below the other; of a sheet with too many of them none is kept."""
        self.coloured_cells += rows
        if self.coloured_cells > _MOST_COLOURED:
            self.colours.clear()
            return
        places, colours = self.colours.setdefault(column, (array("I"), array("I")))
        places.extend(range(row, row + rows))
        colours.extend([self.palette.setdefault(rgb, len(self.palette))] * rows)

    def coloured(self, column: int) -> Iterator[tuple[int, str]]:
        """(row, colour) of a column's coloured cells."""
        called = list(self.palette)
        for row, number in zip(*self.colours.get(column, ((), ()))):
            yield row, called[number]


def refuse_many(marks: Iterable[Marks], file: str) -> None:
    """Raises DataError where sheets together are larger than is read."""
    cells = sum(one.cells for one in marks)
    if cells > MAX_CELLS:
        raise DataError(
            f"sheets of {cells:,} cells together, of which at most {MAX_CELLS:,} are read",
            where=file,
            fix="save each sheet as a file, or name those to read",
        )


def address(row: int, column: int) -> str:
    """`B17`, as spreadsheets name a cell."""
    letters = ""
    column += 1
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"


def place(reference: str) -> tuple[int, int] | None:
    """(row, column) of `B17`; None where it is none."""
    letters = reference.rstrip("0123456789")
    digits = reference[len(letters) :]
    if not digits or not letters.isascii() or not letters.isalpha() or len(letters) > 3:
        return None
    column = 0
    for letter in letters.upper():
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(digits[:9]) - 1, column - 1
