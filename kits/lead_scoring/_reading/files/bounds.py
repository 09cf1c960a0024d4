"""How many cells an import holds in memory, and what is said of more: before they are read, where the first rows of the files
tell it. Files that bound themselves (spreadsheets, parquet, JSON) have bounds of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kits.core.errors import DataError
from kits.core.tables import TableFile, bytes_of_rows, open_table
from kits.lead_scoring._reading.tables.sheets import Sheet

MAX_CELLS = 100_000_000
"""Of an import, so of each table too: where hardly a cell comes again, some 10 GB of memory (60 million took 6)."""
FIX = (
    "write a part of it: fewer columns, without those that tell nothing, or fewer rows, the newest"
)
_FIRST_ROWS = 2_000
_SURELY = 2
"""The rows to come may be longer than the first ones: refused unread is what would have twice as many cells as are read."""
_SHOWN = 5


def refuse_large(table: TableFile, name: str) -> None:
    """Refuses a file of which its first rows tell that it is far too large.

    Raises:
        DataError: it is.
    """
    rows = _about(table)
    if rows * len(table.columns) > _SURELY * MAX_CELLS:
        about = f"about {rows:,} rows of {len(table.columns):,} columns"
        raise too_many(name, len(table.columns), about)


def refuse_large_together(files: Mapping[str, Path]) -> None:
    """The same of all texts with rows of a folder, but for those that are refused by themselves.

    Raises:
        DataError: they are.
    """
    about: dict[str, int] = {}
    for name, path in files.items():
        try:
            table = open_table(path, named=True)
        except (DataError, OSError):
            continue  # whoever reads it says so
        about[name] = _about(table) * len(table.columns)
    kept = {name: cells for name, cells in about.items() if cells <= _SURELY * MAX_CELLS}
    if sum(kept.values()) > _SURELY * MAX_CELLS:
        raise _too_many_together(kept)


def refuse_together(sheets: Sequence[Sheet]) -> None:
    """Refuses tables that have too many cells together.

    Raises:
        DataError: they have.
    """
    cells = {sheet.name: len(sheet) * len(sheet.columns) for sheet in sheets}
    if sum(cells.values()) > MAX_CELLS:
        raise _too_many_together(cells)


def too_many(name: str, columns: int, about: str = "") -> DataError:
    """Of a table with more cells than are read.

    Args:
        about: how much there is, where that is told.
    """
    rows = f"{about}, of which {MAX_CELLS // columns:,} rows are read" if about else ""
    what = f"more than {MAX_CELLS:,} cells in one table"
    return DataError(f"{what}: {rows}" if rows else what, where=name, fix=FIX)


def _too_many_together(cells: Mapping[str, int]) -> DataError:
    largest = sorted(cells, key=lambda name: -cells[name])[:_SHOWN]
    shown = ", ".join(f"{name} about {cells[name] / 1e6:,.0f}" for name in largest)
    return DataError(
        f"more than {MAX_CELLS:,} cells in all tables together (in millions: {shown})",
        fix="take tables that are not needed out of the folder, or leave them out by model.source.tables: [{file, role: ignore}]; of the "
        "others fewer columns or rows, of visits and the like those of your leads",
    )  # fmt: skip


def _about(table: TableFile) -> int:
    """How many rows a file of texts has, by the bytes of its first ones; of other files 0."""
    if table.kind != "csv":
        return 0
    rows, read = bytes_of_rows(table, _FIRST_ROWS)
    return round(table.path.stat().st_size / read * rows) if read else 0
