"""Tables beside pictures, text or spreadsheets, with a row per picture or per box; a first row of data is none of names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from kits.core.column_names import squeezed
from kits.core.errors import DataError
from kits.core.row_sources import RowSource, open_rows
from kits.core.tables import BadRow, Row, TableFile
from kits.visual_inspection._reading.documents import files_under
from kits.visual_inspection._reading.files import SUFFIXES as PICTURES

SUFFIXES = (".csv", ".tsv", ".xlsx", ".xls", ".ods", ".jsonl")
_MOST_ROWS = 2_000_000


@dataclass(frozen=True)
class Table:
    """Rows of a file or of a sheet.

    Attributes:
        name: of the file, with its sheet, for what is said.
        columns: their names, or `c1` … where the first row names none.
        rows: each with all columns; empty texts where a row is short.
        named: whether the first row names the columns.
        bad: rows that cannot be read, and why.
    """

    file: Path
    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    named: bool
    bad: tuple[str, ...] = ()


def tables_under(path: Path) -> list[Table]:
    """All tables below a folder; nothing of a file that is none: it may be anything that lies there."""
    return [table for file in files_under(path, SUFFIXES) for table in _tables(file, path)]


def _tables(file: Path, root: Path) -> list[Table]:
    name = str(file.relative_to(root))
    try:
        opened = open_rows(file, name, named=True)
    except (DataError, OSError):
        return []
    return [_table(file, source.name, source.rows) for source in opened.sources]


def _table(file: Path, name: str, source: RowSource) -> Table:
    named = True
    if isinstance(source, TableFile) and any(map(_is_picture, source.columns)):
        plain = tuple(f"c{n + 1}" for n in range(len(source.columns)))
        source, named = replace(source, columns=plain, header=False, skipped=0), False
    columns = tuple(source.columns)
    rows: list[Row] = []
    bad: list[str] = []
    for one in islice(source.rows(), _MOST_ROWS):
        if isinstance(one, BadRow):
            bad.append(f"{name}, row {one.line}: {one.why}")
        else:
            rows.append({column: one[1].get(column, "") for column in columns})
    return Table(file, name, columns, tuple(rows), named, tuple(bad))


def _is_picture(cell: str) -> bool:
    return Path(cell.strip()).suffix.lower() in PICTURES


def column_by(names: Sequence[str], columns: Sequence[str]) -> str:
    """The first column that is called as one of some names, apart from case and marks; empty if there is none."""
    plain = {squeezed(column): column for column in reversed(columns)}
    return next((plain[name] for name in names if name in plain), "")


def column_of_pictures(table: Table, is_picture: Callable[[str], bool]) -> str:
    """The column most of whose cells name pictures; of two the first."""
    for column in table.columns:
        cells = [row.get(column, "") for row in table.rows]
        if cells and sum(map(is_picture, cells)) * 2 > len(cells):
            return column
    return ""
