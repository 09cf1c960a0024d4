"""Rows of a table as columns of texts in memory, and how its cells are read. Which form the file had is `files/loading.py`'s
question; what columns mean is decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from kits.core.dataset import Split
from kits.core.spreadsheets.naming import file_and_sheet
from kits.core.tables import BadRow
from kits.lead_scoring._reading.tables.names import without_split, without_stamp
from kits.lead_scoring._reading.values.cells import Typed, type_cells
from kits.lead_scoring._reading.values.dates import DateForm
from kits.lead_scoring._reading.values.numbers import Decimal

Numbers = Literal["auto", "decimal-comma", "decimal-point"]
_SIGNS: Mapping[Numbers, Decimal] = {"auto": "", "decimal-comma": ",", "decimal-point": "."}


def labels_of(sheets: Sequence[Sheet]) -> Mapping[str, str]:
    """Name of each table that is joined → what its columns are called by; its whole name, where another of them would be called
    the same without its split or its date: `test_drives.csv` beside `drives.csv`."""
    times = Counter(sheet.label for sheet in sheets)
    return {one.name: possible_labels(one)[times[one.label] > 1] for one in sheets}


def possible_labels(sheet: Sheet) -> tuple[str, str]:
    """What a table's columns are called by alone, and where another one's would be called the same."""
    return sheet.label, PurePosixPath(sheet.called).name


@dataclass(frozen=True)
class Sheet:
    """Rows as columns.

    Attributes:
        name: the file's, relative to what was imported.
        cells: column → (rows,) texts; an absent cell is empty.
        lines: (rows,) each row's number in its file, from 1.
        files: (rows,) each row's file.
        form: how it was read, for people.
        bad: rows that could not be read.
        short: rows with fewer cells than there are names, by file and number.
        notes: lines below the rows that are no leads (`Confidential Information`), by file and number.
        no_leads: rows that were left out (totals, headings), by file and number, and what each is.
        lone: rows with one cell alone that were kept, by file and number, and the cell.
        grouped: columns that a report wrote once for each group of rows, filled down.
        splits: (rows,) what a file's name says of them (`test.csv`); empty: nothing.
        colours: (rows,) what colour a person gave to each row of a spreadsheet; empty: none.
        dates: whether the day or the month comes first in dates, where a person said so.
        numbers: which decimal sign numbers have, where a person said so.
        likely_commas: what was learned from before had the comma for its decimal sign.
        zone: of times of day that name none; empty: UTC.
        points: its columns tell that it is the point, whatever parts its cells.
        numeric: columns whose numbers are no texts: their decimal sign is no question.
        title: of the sheet, where a spreadsheet has several; empty: the file is one table.
    """

    name: str
    cells: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    files: Sequence[str]
    form: str
    bad: tuple[BadRow, ...] = ()
    short: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    no_leads: tuple[tuple[str, str], ...] = ()
    splits: Sequence[Split | None] = ()
    dates: DateForm = "auto"
    numbers: Numbers = "auto"
    likely_commas: bool = False
    numeric: frozenset[str] = frozenset()
    title: str = ""
    grouped: tuple[str, ...] = ()
    lone: tuple[str, ...] = ()
    colours: Sequence[str] = ()
    points: bool = False
    zone: str = ""

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names, in the file's order."""
        return tuple(self.cells)

    @property
    def label(self) -> str:
        """What its columns are called by where they are joined to another table's: of `visits_train.csv` and
        `visits-2025-01-02.csv` `visits`, as they are visits of the leads to be scored in the next file."""
        return without_stamp(without_split(PurePosixPath(self.called).name))

    @property
    def called(self) -> str:
        """By which its name tells what it holds: the sheet's title where a file has several, else the file's path."""
        return self.title or file_and_sheet(self.files[0])[0].rsplit(".", 1)[0]

    @property
    def commas(self) -> bool:
        """Whether the decimal sign is likely the comma: where it is, spreadsheets part cells by another sign."""
        return self.likely_commas or (self.form.startswith("delimiter ';'") and not self.points)

    def typed(
        self,
        name: str,
        cells: Sequence[str] | None = None,
        *,
        as_text: bool = False,
        as_number: bool = False,
    ) -> Typed:
        """A column's cells as values of leads.

        Args:
            cells: others in place of its own; of another table, in which numbers may be texts.
            as_text, as_number: a person said that these are choices, or numbers, whatever they look like.
        """
        decimal = _SIGNS[self.numbers]
        if cells is None:
            cells = self.cells[name]
            decimal = "." if name in self.numeric else decimal
        return type_cells(
            name,
            cells,
            self.dates,
            as_text=as_text,
            as_number=as_number,
            commas=self.commas,
            decimal=decimal,
            zone=self.zone,
        )

    def rows(self, which: Sequence[int]) -> Sheet:
        """Some of the rows, by index."""
        return replace(
            self,
            cells={name: [cells[i] for i in which] for name, cells in self.cells.items()},
            lines=[self.lines[i] for i in which],
            files=[self.files[i] for i in which],
            splits=[self.splits[i] for i in which] if self.splits else (),
            colours=[self.colours[i] for i in which] if self.colours else (),
        )


def stack(sheets: Sequence[Sheet], name: str) -> Sheet:
    """Files with the same columns as one: rows of all of them, in the order given."""
    columns = list(dict.fromkeys(column for sheet in sheets for column in sheet.columns))
    cells: dict[str, list[str]] = {column: [] for column in columns}
    for sheet in sheets:
        for column in columns:
            cells[column].extend(sheet.cells.get(column) or [""] * len(sheet))
    splits: list[Split | None] = []
    colours: list[str] = []
    for sheet in sheets:
        splits.extend(sheet.splits or [None] * len(sheet))
        colours.extend(sheet.colours or [""] * len(sheet))
    return Sheet(
        name,
        cells,
        [line for sheet in sheets for line in sheet.lines],
        [file for sheet in sheets for file in sheet.files],
        sheets[0].form,
        tuple(bad for sheet in sheets for bad in sheet.bad),
        tuple(row for sheet in sheets for row in sheet.short),
        tuple(row for sheet in sheets for row in sheet.notes),
        tuple(row for sheet in sheets for row in sheet.no_leads),
        splits if any(splits) else (),
        next((sheet.dates for sheet in sheets if sheet.dates != "auto"), "auto"),
        sheets[0].numbers,
        sheets[0].likely_commas,
        _numeric(sheets),
        sheets[0].title,
        tuple(dict.fromkeys(name for sheet in sheets for name in sheet.grouped)),
        tuple(row for sheet in sheets for row in sheet.lone),
        colours if any(colours) else (),
        zone=sheets[0].zone,
    )


def _numeric(sheets: Sequence[Sheet]) -> frozenset[str]:
    """Columns that are numbers in each of the sheets that have them."""
    return frozenset(
        name
        for sheet in sheets
        for name in sheet.numeric
        if all(name in other.numeric for other in sheets if name in other.cells)
    )
