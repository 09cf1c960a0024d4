"""A file of rows → `Sheet`s: CSV, spreadsheets, JSON and parquet, told apart by name and first bytes.

What columns mean, and whether cells are numbers, is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, repeat
from pathlib import Path

from kits.core.codepages import code_page_of_file
from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.core.row_sources import RowSource, Source, is_spreadsheet, open_rows, passed_over
from kits.core.spreadsheets import workbook
from kits.core.tables import JSON_SUFFIXES, BadRow, Row, TableFile
from kits.lead_scoring._reading.files import bounds
from kits.lead_scoring._reading.files.json_cells import with_entries
from kits.lead_scoring._reading.files.json_rows import json_rows
from kits.lead_scoring._reading.files.no_leads import without_no_leads
from kits.lead_scoring._reading.files.parquet import parquet_columns
from kits.lead_scoring._reading.files.row_colours import colours_of, with_row_colours
from kits.lead_scoring._reading.files.tables_apart import without_tables_apart
from kits.lead_scoring._reading.files.unnamed_columns import first_row_is_data, is_number
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.date_parts import with_whole_dates
from kits.lead_scoring._reading.values.dates import DateForm, order_told
from kits.lead_scoring._reading.values.dates import likely as likely_order
from kits.lead_scoring._written import Written
from kits.lead_scoring.config import Headings, SourceConfig

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".psv", ".txt", ".data", ".dat"})
PARQUET_SUFFIXES = frozenset({".parquet", ".pq"})
SUFFIXES = TABLE_SUFFIXES | JSON_SUFFIXES | PARQUET_SUFFIXES | workbook.SUFFIXES
_MOST_SHARED, _SHARED_IN_ALL = 5_000, 1_000_000
"""Different texts that are kept of a column to be shared; of few columns more: visits name each visitor many times."""
_AT_ONCE = 1_000
"""Rows of which a column is taken at a time."""
_FEW_COLUMNS = 2
"""Of so few columns a row with one cell may be a lead."""
_SHOWN = 10
_FORMULAS = frozenset("+-=@")
_DIGITS = re.compile(r"\d[\d.,:/ -]*")
_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069"))
"""Which way to write on; programs of Arabs and Jews put them between the parts of a date."""
_HARD_BLANKS = "\u00a0\u2007\u202f"
"""Pages and spreadsheets leave them behind a word, which is no other word by that."""
_REPLACED = "\ufffd"
_STATE = "state what it is in kit.yaml: model.source.tables: [{file, sheet, role}]"

Wanted = Callable[[str], bool | None]
"""Whether a sheet is to be read, by its title; None: nobody said so."""


@dataclass(frozen=True)
class Loaded:
    """What a file holds.

    Attributes:
        findings: what should be known of it beside its rows.
    """

    sheets: tuple[Sheet, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class _As:
    """What is known of tables before they are read: how lines between leads are meant, and columns that leads have."""

    headings: Headings
    known: Collection[str]


def load_sheets(
    path: Path,
    name: str,
    source: SourceConfig,
    wanted: Wanted = lambda _: None,
    likely: Written | None = None,
    dated: str = "",
    known: Collection[str] = (),
) -> Loaded:
    """All rows of a file: of a spreadsheet a table for each sheet, of JSON a second one where it tells changes of fields.

    Args:
        source: how dates and numbers are written, where a person said so.
        wanted: which sheets of a spreadsheet are to be read.
        likely: how they are written where neither a person nor the cells tell it.
        dated: the column by which leads were dated before, if any were.
        known: columns that a person names or a bundle knows: no table beside the leads has them.

    Raises:
        DataError: no rows with named columns in it, or too many.
    """
    loaded = _load(path, name, wanted, _As(source.headings, known))
    dates: DateForm = source.dates
    if dates == "auto" and likely is not None:
        dates = likely_order(likely.dates)
    commas = likely is not None and likely.commas
    zone = source.timezone or (likely.timezone if likely is not None else "")
    coloured = with_row_colours(loaded.sheets, source.outcome)
    entered = [with_entries(sheet) for sheet in coloured]
    read = [with_whole_dates(sheet, source, dated) for sheet, _ in entered]
    sheets = (
        replace(
            sheet,
            dates=_dates_of(sheet, dates),
            numbers=source.numbers,
            likely_commas=commas,
            zone=zone,
        )
        for sheet, _ in read
    )
    told = (finding for _, findings in (*entered, *read) for finding in findings)
    return replace(loaded, sheets=tuple(sheets), findings=(*loaded.findings, *told))


def _dates_of(sheet: Sheet, dates: DateForm) -> DateForm:
    """The order of day and month: as stated, else as some columns tell it, else as it is likely."""
    if dates in ("day-first", "month-first"):
        return dates
    told = order_told(sheet.cells.values())
    return dates if told == "auto" else told


def may_be_table(path: Path) -> bool:
    """Whether a file may hold rows, by its suffix, or by what stands in XML."""
    return path.suffix.lower() in SUFFIXES or is_spreadsheet(path)


def _load(path: Path, name: str, wanted: Wanted, form: _As) -> Loaded:
    suffix = path.suffix.lower()
    if suffix in PARQUET_SUFFIXES:
        return Loaded((_whole(name, parquet_columns(path), "parquet"),))
    if suffix in JSON_SUFFIXES:
        found = json_rows(path)
        sheets = [_whole(name, found.cells, found.form)]
        if found.history:
            sheets.append(_whole(f"{name}#history", found.history, found.form))
        return Loaded(tuple(sheets), tuple(_shortened(name, found.shortened)))
    opened = open_rows(path, name, named=True, wanted=wanted, fix=_STATE)
    if len(opened.sources) == 1:
        one = _of_source(opened.sources[0], form)
        return replace(one, findings=(*opened.findings, *one.findings))
    return _of_several(name, opened.sources, opened.findings, form)


def _of_several(
    name: str, sources: Sequence[Source], findings: Sequence[Finding], form: _As
) -> Loaded:
    """The sheets that are tables; one of notes costs only itself."""
    sheets: list[Sheet] = []
    told = list(findings)
    for source in sources:
        try:
            one = _of_source(source, form)
            sheets += [replace(sheet, title=source.sheet) for sheet in one.sheets]
            told += one.findings
        except DataError as error:
            told.append(passed_over(source.name, error.what, "nothing to do if it holds no leads"))
    if not sheets:
        what = "; ".join(one.text for one in told[:3])
        raise DataError(f"no sheet with a table in it: {what}", where=name)
    return Loaded(tuple(sheets), tuple(told))


def _of_source(source: Source, form: _As) -> Loaded:
    table, name = source.rows, source.name
    numbers = [column for column in table.columns if is_number(column)]
    if len(table.columns) == 1:
        raise DataError(
            "it has one column alone", where=name,
            fix="put it into the table it belongs to; or export with another delimiter (, ; | or tab), if its rows hold several cells",
        )  # fmt: skip
    if len(numbers) > len(table.columns) / 2:
        raise _unnamed(name)
    if isinstance(table, TableFile):
        bounds.refuse_large(table, name)
    sheet = _rows_of(table, name)
    if first_row_is_data(sheet):
        raise _unnamed(name)
    if isinstance(table, TableFile) and table.encoding == "utf-8" and _replaced(sheet):
        # the beginning was plain ASCII and what came later is not UTF-8
        page = code_page_of_file(table.path)
        table = replace(table, encoding=page, form=table.form.replace("utf-8", page))
        sheet = _rows_of(table, name)
    sheet, apart = without_tables_apart(sheet, table, form.known)
    return Loaded((without_no_leads(sheet, form.headings),), apart)


def _rows_of(table: RowSource, name: str) -> Sheet:
    most = max(_MOST_SHARED, _SHARED_IN_ALL // len(table.columns))
    columns = {column: _Column(most) for column in table.columns}
    waiting: list[tuple[str, ...]] = []
    lines: list[int] = []
    bad: list[BadRow] = []
    short: list[str] = []
    alone: list[tuple[int, Row]] = []

    def keep(line: int, row: Row) -> None:
        if (len(lines) + 1) * len(columns) > bounds.MAX_CELLS:
            raise bounds.too_many(name, len(columns))
        if len(row) < len(columns) and table.cuts_rows:
            short.append(f"{name}, row {line}")
        lines.append(line)
        waiting.append(tuple(map(row.get, columns, repeat(""))))
        if len(waiting) == _AT_ONCE:
            take()

    def take() -> None:
        for column, texts in zip(columns.values(), zip(*waiting)):
            column.extend(texts)
        waiting.clear()

    for found in table.rows():
        if isinstance(found, BadRow):
            bad.append(found)
        elif len(columns) > _FEW_COLUMNS and _one_cell(found[1], table.cuts_rows):
            alone.append(found)  # a note, if no lead comes after it
        else:
            for line, row in alone:
                if len(row) > 1 or not table.cuts_rows:
                    keep(line, row)
                else:
                    bad.append(
                        BadRow(
                            line, "one cell alone: the rest of a row that a line end cut in two?"
                        )
                    )
            alone.clear()
            keep(*found)
    take()
    cells = {column: one.texts for column, one in columns.items()}
    notes = tuple(f"{name}, row {line}" for line, _ in alone)
    bad.sort(key=lambda one: one.line)
    sheet = _sheet(name, cells, lines, table.form, tuple(bad), tuple(short))
    return replace(sheet, notes=notes, numeric=table.numeric, colours=colours_of(table, lines))


def _one_cell(row: Row, cuts_rows: bool) -> bool:
    """Whether a row may be a note: one cell alone, or, where empty cells fill the row up, one of several words."""
    filled = list(islice(filter(str.strip, row.values()), 2))
    alone = cuts_rows and len(row) == 1
    return len(filled) == 1 and (alone or len(filled[0].split()) > 1)


def _unguarded(text: str) -> str:
    """A cell without what keeps a spreadsheet from taking it for a formula or a number: `'+48 601…`, `'-12`, `'007`, `="007"`; and
    without signs that nobody sees."""
    if not text.isascii():
        text = text.translate(_MARKS).strip(_HARD_BLANKS)
    if text[:2] == '="' and text[-1] == '"' and text.count('"') == 2:
        return text[2:-1]
    guarded = text[:1] == "'" and (text[1:2] in _FORMULAS or _DIGITS.fullmatch(text[1:]))
    return text[1:] if guarded else text


class _Column:
    """A column's texts, the same one once in memory: most columns hold few different ones.

    Args:
        most: different ones that are kept for it.
    """

    def __init__(self, most: int) -> None:
        self.texts: list[str] = []
        self._most = most
        self._known: dict[str, str] = {}

    def extend(self, cells: Sequence[str]) -> None:
        """Adds the cells of some rows."""
        together = "".join(cells)
        if not together.isascii() or "'" in together or "=" in together:
            cells = [_unguarded(cell) for cell in cells]
        known = self._known
        one: Callable[[str, str], str]
        one = known.setdefault if len(known) < self._most else known.get
        self.texts.extend(map(one, cells, cells))


def _sheet(
    name: str,
    cells: Mapping[str, Sequence[str]],
    lines: Iterable[int],
    form: str,
    bad: tuple[BadRow, ...] = (),
    short: tuple[str, ...] = (),
) -> Sheet:
    numbers = list(lines)
    if not numbers and bad:
        raise DataError(
            f"none of its {len(bad)} rows can be read; row {bad[0].line}: {bad[0].why} ({form})",
            where=name,
            fix="export with another delimiter, or with quotes round cells that hold it, such as numbers with a decimal comma",
        )
    if not numbers:
        raise DataError(
            "no rows in it",
            where=name,
            fix="export the leads themselves: one line of names, then one for each lead; a filter may have left none",
        )
    return Sheet(name, cells, numbers, [name] * len(numbers), form, bad, short)


def _whole(name: str, cells: Mapping[str, Sequence[str]], form: str) -> Sheet:
    return _sheet(name, cells, range(1, _height(cells) + 1), form)


def _height(cells: Mapping[str, Sequence[str]]) -> int:
    return len(next(iter(cells.values()), ()))


def _shortened(name: str, columns: Sequence[str]) -> Iterator[Finding]:
    if columns:
        yield Finding(
            "lists-of-objects", "warn",
            f"{name} has several objects in a row of {', '.join(columns[:_SHOWN])}: the first of each was read, the others were not",
            tuple(columns[:_SHOWN]),
            "nothing to do if they tell nothing of a lead; else write what counts into fields of their own",
        )  # fmt: skip


def _replaced(sheet: Sheet) -> bool:
    return any(_REPLACED in "".join(cells) for cells in sheet.cells.values())


def _unnamed(name: str) -> DataError:
    return DataError(
        "its first row does not name columns", where=name, fix="add a line with their names"
    )
