"""A spreadsheet → the text of its one table, with a tab between cells, so that it is read like any other export.

Of several sheets the one that is stated, else the only large one; sheets with the same columns are one below the other, with their
titles as machines or as parts of one record. Notes and legends beside them are said and left out.
"""

from __future__ import annotations

import csv
import fnmatch
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.core.row_sources import open_sheets
from kits.core.spreadsheets.naming import where_of
from kits.core.spreadsheets.workbook import SheetTable
from kits.predictive_maintenance._reading.columns.names import role_of, tells_of_faults
from kits.predictive_maintenance._reading.formats.table import Column, Floats
from kits.predictive_maintenance._reading.formats.text import is_header
from kits.predictive_maintenance._reading.sidecar import TimeColumn
from kits.predictive_maintenance._reading.times.periods import without_date, without_period
from kits.predictive_maintenance._reading.times.times import read_times

_LARGE = 0.1
"""A sheet with this share of the largest one's cells may be the table, too."""
_MACHINE = "machine"
"""The column of titles."""
_UNNAMED = re.compile(
    r"|(?:sheet|tabelle|table|blatt|feuil|feuille|hoja|foglio|planilha|blad|arkusz|list|worksheet|data|daten|export)[ _]?\d*",
    re.I,
)
"""Titles that programs give."""
_DIGIT = re.compile(r"\d")
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
    taken = _of_one_kind(tables, path.name)
    where = where_of(path.name, taken[0].sheet) if len(taken) == 1 else path.name
    others = [other.sheet for other in tables if all(other is not one for one in taken)]
    findings = [one for one in opened.findings if not one.text.startswith(_names(path, others))]
    machines = machines_of(taken, path) if len(taken) > 1 else None
    if len(taken) > 1:
        findings.append(_said_of(taken, machines, path.name))
    if others:
        left = ", ".join(map(repr, others[:10]))
        read = f"the sheet {taken[0].sheet!r} is" if len(taken) == 1 else f"{len(taken)} sheets are"
        findings.append(Finding("table", "pass", f"{read} read, not {left}"))
    findings += [_list_left_out(path.name, sheet) for sheet in others if tells_of_faults(sheet)]
    return SheetText(where, _written(taken, machines), taken[0].percents, tuple(findings))


def _list_left_out(name: str, sheet: str) -> Finding:
    text = f"the sheet {sheet!r} is called as lists of faults are, and is not read"
    fix = "save it as a file of its own in the folder of the recordings"
    return Finding("labels", "warn", text, (name,), fix)


def _said_of(taken: Sequence[SheetTable], machines: Sequence[str] | None, name: str) -> Finding:
    """How several sheets were taken."""
    titles = ", ".join(repr(table.sheet) for table in taken[:10])
    if machines is None:
        text = f"{len(taken)} sheets of {name} are read one after the other: {titles}"
        return Finding("table", "pass", text)
    text = f"{len(taken)} sheets of {name} with the same columns are taken for machines: {titles}"
    fix = "is only one the recording, or are they of one machine? then name one in machines.yaml: sheet, or save each as a file"
    return Finding("asset", "warn", text, tuple(dict.fromkeys(machines)), fix)


def _names(path: Path, sheets: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{where_of(path.name, sheet)}:" for sheet in sheets)


def _of_one_kind(tables: Sequence[SheetTable], name: str) -> list[SheetTable]:
    """The only large table, or all that have the same columns as the large ones."""
    largest = max(map(_cells, tables))
    likely = [table for table in tables if _cells(table) >= _LARGE * largest]
    if len(likely) == 1:
        return likely
    if len(set(map(_kind, likely))) > 1 or not likely[0].found.header:
        raise _doubtful(likely, name)
    return [table for table in tables if _kind(table) == _kind(likely[0])]


def _kind(table: SheetTable) -> tuple[bool, frozenset[str], frozenset[str]]:
    return table.found.header, frozenset(table.columns), table.percents


def _doubtful(likely: Sequence[SheetTable], name: str) -> DataError:
    titles = ", ".join(repr(table.sheet) for table in likely[:10])
    return DataError(
        f"{len(likely)} sheets may be the table: {titles}",
        where=name,
        fix=f"name one in machines.yaml: sheet: {likely[0].sheet}; for all of them, save each as a file",
    )


def machines_of(tables: Sequence[SheetTable], path: Path) -> list[str] | None:
    """The machine of each sheet, by its title without a period; None where a column names it, or all continue one record.

    Raises:
        DataError: sheets without a name of their own have the same times.
    """
    if any(role_of(column) == "asset" for column in tables[0].columns):
        return None
    found: dict[str, list[Floats | None]] = {}
    names = []
    for table in tables:
        seconds = _times(table)
        rest = without_period(without_date(table.sheet), seconds)
        names.append("" if _UNNAMED.fullmatch(rest) else rest)
        found.setdefault(names[-1], []).append(seconds)
    if not all(map(_follow, found.values())):
        raise _doubtful(tables, path.name)
    return [name or path.stem for name in names] if set(names) != {""} else None


def _times(table: SheetTable) -> Floats | None:
    """The times of a sheet's rows; None where no column tells them."""
    name = next((column for column in table.columns if role_of(column) == "time"), None)
    if name is None:
        return None
    texts = np.array([row.get(name, "") for _, row in table.rows()], dtype=object)
    times = read_times(Column(name, "", "text", texts), TimeColumn())
    return times.seconds if times is not None and times.absolute else None


def _follow(parts: Sequence[Floats | None]) -> bool:
    """Whether none of some sheets begins before another one ends."""
    ends = [(float(np.nanmin(p)), float(np.nanmax(p))) for p in parts if p is not None and np.isfinite(p).any()]  # fmt: skip
    ends.sort()
    follow = all(one[1] <= two[0] for one, two in pairwise(ends))
    return len(parts) == 1 or (len(ends) == len(parts) and follow)


def _cells(table: SheetTable) -> int:
    return table.found.rows * len(table.columns)


def _written(tables: Sequence[SheetTable], machines: Sequence[str] | None) -> bytes:
    """Tables of the same columns one below the other.

    Args:
        machines: of each table; None: its rows need no name.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    first = tables[0]
    if first.found.header:
        titles = [name.translate(_BREAKS) for name in first.columns]
        writer.writerow([*titles, *([_MACHINE] if machines else [])])
    shares = [name in first.percents for name in first.columns]
    units = next((row for _, row in first.rows()), {})
    for number, table in enumerate(tables):
        named = [machines[number].translate(_BREAKS)] if machines else []
        for place, (_, row) in enumerate(table.rows()):
            if number and not place and row == units and not any(map(_DIGIT.search, row.values())):
                continue  # the units once more
            cells = (row.get(name, "").translate(_BREAKS) for name in first.columns)
            told = (c.removesuffix("%") if share else c for c, share in zip(cells, shares))
            writer.writerow([*told, *named])
    return out.getvalue().encode()
