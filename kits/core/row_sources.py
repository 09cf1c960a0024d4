"""A file of rows → its tables, whatever form it has: text, JSON lines, or a spreadsheet with a table in each sheet.

The one seam by which kits read tables; the forms are told apart by the first bytes, not by the name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kits.core import page_tables, table_heads, tables
from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.core.spreadsheets import package, workbook
from kits.core.spreadsheets.naming import where_of
from kits.core.spreadsheets.survey import IsHeader
from kits.core.tables import BadRow, Row

SUFFIXES = tables.SUFFIXES | workbook.SUFFIXES
_BOMS = b"\xef\xbb\xbf\xff\xfe"


class RowSource(Protocol):
    """A table: a file's, or a sheet's.

    Attributes:
        numeric: columns whose numbers are no texts, so that their decimal sign is no question.
        cuts_rows: whether a row may lack its last cells by a fault; in a sheet these are just empty.
    """

    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def form(self) -> str: ...
    @property
    def numeric(self) -> frozenset[str]: ...
    @property
    def cuts_rows(self) -> bool: ...
    def rows(self) -> Iterator[tuple[int, Row] | BadRow]: ...
    def head(self, most: int) -> list[Row]: ...


@dataclass(frozen=True)
class Source:
    """One table.

    Attributes:
        name: of the file, or of the file and the sheet.
        sheet: its title; empty: the file is one table.
    """

    name: str
    sheet: str
    rows: RowSource


@dataclass(frozen=True)
class Opened:
    """The tables of a file.

    Attributes:
        findings: what should be known of its sheets, those too that are not read.
    """

    sources: tuple[Source, ...]
    findings: tuple[Finding, ...] = ()


def is_spreadsheet(path: Path) -> bool:
    """Whether a file is a spreadsheet by its suffix, or XML that is one."""
    suffix = path.suffix.lower()
    if suffix != ".xml":
        return suffix in workbook.SUFFIXES
    try:
        with path.open("rb") as stream:
            return package.is_xml_workbook(stream.read(package.BEGIN))
    except OSError:
        return False


def open_rows(
    path: Path,
    name: str,
    *,
    named: bool = False,
    wanted: Callable[[str], bool | None] = lambda _: None,
    fix: str = "",
) -> Opened:
    """The tables of a file; of a spreadsheet one for each sheet that is not hidden.

    Args:
        name: how the file is called, relative to what is imported.
        named: the columns have names, however these look; lines of a title may stand above them.
        wanted: whether a sheet is to be read, by its title; None: nobody said so.
        fix: how a sheet that is hidden is stated.

    Raises:
        DataError: no rows and columns in it, damaged, protected by a password, or larger than is read.
        MachineError: what reads spreadsheets is not installed.
    """
    if path.suffix.lower() in workbook.SUFFIXES and page_tables.is_page(path):
        return Opened((Source(name, "", page_tables.open_page(path, named=named)),))
    sheets = open_sheets(path, name, None if named else table_heads.is_header, wanted, fix)
    return sheets or Opened((Source(name, "", tables.open_table(path, named=named)),))


def open_sheets(
    path: Path,
    name: str,
    is_header: IsHeader | None,
    wanted: Callable[[str], bool | None],
    fix: str,
) -> Opened | None:
    """The tables of a spreadsheet, each a `SheetTable`; None where the file is none. As `open_rows`.

    Args:
        is_header: tells whether the first of some rows names the columns; None: it does.
    """
    form = package.form_of(path)
    if form is None:
        _refuse_page(path)
        return None
    found = workbook.open_workbook(
        path,
        name,
        form,
        tables.column_names,
        is_header,
        lambda sheet: wanted(sheet) is not False,
    )
    sources: list[Source] = []
    findings = [
        passed_over(where_of(name, sheet), why, "nothing to do if it holds no table")
        for sheet, why in found.left_out.items()
    ]
    for table in found.tables:
        where = where_of(name, table.sheet)
        if table.sheet in found.hidden and not wanted(table.sheet):
            findings.append(passed_over(where, "it is hidden", fix))
            continue
        sources.append(Source(where, table.sheet, table))
        findings.extend(table.findings)
    if not sources:
        raise _without_tables(name, found, fix)
    return Opened(tuple(sources), tuple(findings))


def _without_tables(name: str, found: workbook.Sheets, fix: str) -> DataError:
    told = [f"{sheet!r}: {why}" for sheet, why in found.left_out.items()]
    told += [f"{sheet!r} is hidden" for sheet in found.hidden]
    told += [f"{sheet!r} is not stated" for sheet in found.unwanted]
    what = f"no sheet with a table in it{': ' + ', '.join(told[:10]) if told else ''}"
    stated = fix if found.hidden or found.unwanted else ""
    return DataError(what, where=name, fix=stated or "a line of column names with rows below it")


def passed_over(name: str, why: str, fix: str) -> Finding:
    """What is said of a file or a sheet that is not read."""
    said = f"{name} was passed over: {why}"
    return Finding("file-passed-over", "warn", said, (name,), fix, unread=True)


def _refuse_page(path: Path) -> None:
    """Programs call web pages and XML `.xls`, which spreadsheets open."""
    if path.suffix.lower() not in workbook.SUFFIXES:
        return
    with path.open("rb") as stream:
        start = stream.read(64)
    if start.lstrip(_BOMS).lstrip().startswith(b"<"):
        raise DataError(
            "a web page or XML that is named as a spreadsheet",
            where=path.name,
            fix="open it in a spreadsheet and save it as .xlsx or CSV",
        )
