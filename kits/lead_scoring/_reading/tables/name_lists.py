"""A table that lists the columns of a file without names beside it: a dictionary of variables, no leads.

Data sets of competitions come so. Left among the tables it would be taken for the leads, of which it has as many as there are columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from kits.core.kit import Finding
from kits.core.row_sources import passed_over
from kits.lead_scoring._reading.outcome.cells import cells_by_words, known_cells
from kits.lead_scoring._reading.tables.sheets import Sheet

_DELIMITERS = "\t;|,"
_MANY = 10
"""So many times as many rows as columns has the file at least."""
_HEAD = 1 << 16


def without_lists(
    sheets: Sequence[Sheet], nameless: Mapping[str, Path]
) -> tuple[list[Sheet], list[Finding]]:
    """The tables without those that list the columns of a file without names, and what is said of these.

    Args:
        nameless: by name, files whose first row names no columns.
    """
    files = [(name, found) for name, path in nameless.items() if (found := _columns_of(path))]
    left, told = list[Sheet](), list[Finding]()
    for sheet in sheets:
        named = next((name for name, columns in files if _lists(sheet, columns)), "")
        if not named:
            left.append(sheet)
            continue
        what = f"it has as many rows as {named}, whose first row names nothing, has columns"
        fix = f"if it lists their names, write these as the first line of {named}; if it holds leads, leave {named} out of the folder"
        told.append(passed_over(sheet.name, what, fix))
    return left, told


def _lists(sheet: Sheet, columns: int) -> bool:
    """As many rows as columns, each of which one cell names, and nothing that says of some that they were won and of others lost."""
    texts = (cells for cells in sheet.cells.values() if not any(map(_is_number, cells)))
    each = any(len(set(cells)) == len(sheet) and all(cells) for cells in texts)
    return len(sheet) == columns and each and not any(map(_tells_ends, sheet.cells.values()))


def _tells_ends(cells: Sequence[str]) -> bool:
    said = cells_by_words(known_cells(cells), named=False, stage=True)
    return said is not None and bool(said.won and said.lost)


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).strip().isdecimal()


def _columns_of(path: Path) -> int:
    """How many columns a file of texts has; 0 where that is not clear, or it has few rows beside them."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = [line.rstrip("\r\n") for line in islice(file, 3)]
            if not all(0 < len(line) < _HEAD for line in lines):
                return 0
            counts = [{line.count(sign) for line in lines} for sign in _DELIMITERS]
            columns = max((max(one) for one in counts if len(one) == 1), default=0) + 1
            rows = len(lines) + sum(1 for _ in islice(file, _MANY * columns))
    except OSError:
        return 0
    return columns if columns > 1 and rows >= _MANY * columns else 0
