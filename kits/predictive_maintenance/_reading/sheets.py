"""A spreadsheet → the text of its one table, with a tab between cells, so that it is read like any other export.

Of several sheets the one that is stated, else the only large one. Notes and legends beside it are said and left out.
"""

from __future__ import annotations

import csv
import fnmatch
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.core.row_sources import open_sheets
from kits.core.spreadsheets.naming import where_of
from kits.core.spreadsheets.workbook import SheetTable
from kits.predictive_maintenance._reading.text import is_header

_LARGE = 0.1
"""A sheet with this share of the largest one's cells may be the table, too."""
_BREAKS = str.maketrans("\t\n\r", "   ")


@dataclass(frozen=True)
class SheetText:
    """The table of a spreadsheet.

    Attributes:
        where: the file and the sheet.
        content: UTF-8, a line each row.
        percents: columns whose numbers are percentages; they stand there without the sign.
        findings: what should be known of it.
    """

    where: str
    content: bytes
    percents: frozenset[str]
    findings: tuple[Finding, ...]


def text_of_sheet(path: Path, stated: str) -> SheetText | None:
    """The table of a spreadsheet; None where the file is none.

    Args:
        stated: title or pattern of the sheet; empty: found out.

    Raises:
        DataError: damaged, protected by a password or too large; no table in it, or several that may be it.
        MachineError: what reads spreadsheets is not installed.
    """
    told = path.stat()
    return _text(path, stated, told.st_size, told.st_mtime_ns)


@lru_cache(maxsize=1)
def _text(path: Path, stated: str, size: int, changed_ns: int) -> SheetText | None:
    """Finding out what a folder is opens a file several times; the last one stays as it was read."""
    del size, changed_ns  # another state of the file is another entry

    def wanted(sheet: str) -> bool | None:
        return sheet == stated or fnmatch.fnmatchcase(sheet, stated) if stated else None

    opened = open_sheets(
        path,
        path.name,
        lambda rows: is_header(rows, "."),
        wanted,
        "name it in machines.yaml: sheet",
    )
    if opened is None:
        return None
    tables = [s.rows for s in opened.sources if isinstance(s.rows, SheetTable)]
    table = _one_of(tables, path.name)
    where = where_of(path.name, table.sheet)
    others = [other.sheet for other in tables if other is not table]
    findings = [one for one in opened.findings if not one.text.startswith(_names(path, others))]
    if others:
        left = ", ".join(map(repr, others[:10]))
        findings.append(Finding("table", "pass", f"the sheet {table.sheet!r} is read, not {left}"))
    return SheetText(where, _written(table), table.percents, tuple(findings))


def _names(path: Path, sheets: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{where_of(path.name, sheet)}:" for sheet in sheets)


def _one_of(tables: Sequence[SheetTable], name: str) -> SheetTable:
    largest = max(map(_cells, tables))
    likely = [table for table in tables if _cells(table) >= _LARGE * largest]
    if len(likely) > 1:
        titles = ", ".join(repr(table.sheet) for table in likely[:10])
        raise DataError(
            f"{len(likely)} sheets may be the table: {titles}",
            where=name,
            fix=f"name one in machines.yaml: sheet: {likely[0].sheet}; for all of them, save each as a file",
        )
    return likely[0]


def _cells(table: SheetTable) -> int:
    return table.found.rows * len(table.columns)


def _written(table: SheetTable) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    if table.found.header:
        writer.writerow(name.translate(_BREAKS) for name in table.columns)
    shares = [name in table.percents for name in table.columns]
    for _, row in table.rows():
        cells = (row.get(name, "").translate(_BREAKS) for name in table.columns)
        writer.writerow(
            cell.removesuffix("%") if share else cell for cell, share in zip(cells, shares)
        )
    return out.getvalue().encode()
