"""A sheet's cells as python-calamine gives them, row by row, with what merged cells below the first one hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, cast

from kits.core.spreadsheets.values import Value

Area = tuple[tuple[int, int], tuple[int, int]]
"""First and last (row, column) of merged cells, from 0."""
Cells = list[Value]


class Loaded(Protocol):
    """A sheet of python-calamine."""

    @property
    def start(self) -> tuple[int, int] | None: ...
    @property
    def merged_cell_ranges(self) -> Sequence[Area] | None: ...
    def iter_rows(self) -> Iterator[Sequence[object]]: ...


@dataclass(frozen=True)
class Grid:
    """A sheet in memory.

    Attributes:
        left: the first column with something in it, from 0; cells are counted from there.
    """

    loaded: Loaded
    left: int

    @cached_property
    def merged(self) -> tuple[Area, ...]:
        """Merged cells, their columns counted from `left`."""
        return tuple(
            ((top, first - self.left), (bottom, last - self.left))
            for (top, first), (bottom, last) in self.loaded.merged_cell_ranges or ()
        )

    def rows(self, below: int = 0) -> Iterator[tuple[int, Cells]]:
        """(row from 0, cells) of the rows that are not empty, from a row on; what merged cells hold, each of their rows does.

        Args:
            below: cells merged above it stay as they are.
        """
        if self.loaded.start is None:
            return
        falling: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for (top, column), (bottom, _) in self.merged:
            if bottom > top >= below and column >= 0:
                falling[top].append((column, bottom))
        held: dict[int, tuple[int, Value]] = {}
        for number, found in enumerate(self.loaded.iter_rows()):
            if number < below:
                continue
            cells = cast(Cells, found)
            for column, bottom in falling.get(number, ()):
                if column < len(cells):
                    held[column] = (bottom, cells[column])
            if held:
                held = {c: (end, value) for c, (end, value) in held.items() if end >= number}
                for column, (_, value) in held.items():
                    cells[column] = value
            if any(cell != "" for cell in cells):
                yield number, cells
