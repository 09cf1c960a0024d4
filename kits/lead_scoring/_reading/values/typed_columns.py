"""The values of a whole table's columns, each read in the light of the others: of which decimal sign they tell is that of all.

One column alone is read in `cells.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from kits.core.column_names import plain
from kits.lead_scoring._reading.columns.names import phrases_for, speaks_of
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import Typed, is_missing
from kits.lead_scoring.config import Config

_PROGRAMS = ("JSON", "parquet")
"""Forms in which a number's decimal sign is the point."""
_SEVERAL = 3
"""Columns that tell the decimal sign of a table whose cells are parted as where it is the other one."""

_LEAST_TIMES = 10
"""Different times of day; of fewer any decimals may look like them."""
_CLOCK = re.compile(r"(?:[01]?\d|2[0-4])\.[0-5]\d")


def typed_columns(sheet: Sheet, config: Config) -> tuple[Sheet, dict[str, Typed]]:
    """The values of all columns; where a column's numbers do not tell their decimal sign, that of all others is theirs."""
    choices, numbers = set(config.columns.categorical), set(config.columns.numeric)
    typed = {
        name: sheet.typed(name, as_text=name in choices, as_number=name in numbers)
        for name in sheet.cells
    }
    sheet, typed = _with_points(sheet, typed, numbers)
    told = {one.commas for one in typed.values()} - {None}
    unsure = [name for name, one in typed.items() if one.doubt]
    by_program = sheet.form.startswith(_PROGRAMS)
    if not unsure or (len(told) != 1 and not by_program):
        return sheet, typed
    if told == {True} and not by_program:
        sheet = replace(sheet, likely_commas=True)
        typed |= {name: sheet.typed(name, as_number=name in numbers) for name in unsure}
    return sheet, typed | {name: replace(typed[name], doubt="") for name in unsure}


def _with_points(
    sheet: Sheet, typed: dict[str, Typed], numbers: Collection[str]
) -> tuple[Sheet, dict[str, Typed]]:
    """Where semicolons part cells, and points are the decimal sign all the same: several columns tell it, and none has a comma.
    A column with three decimals in each cell looked like thousands there. Sums of money are: they have two decimals or none.
    Times of day and versions are written with points anywhere, and tell nothing."""
    likely = [name for name, one in typed.items() if one.commas is True]
    if not likely or sheet.likely_commas or sheet.numbers != "auto":
        return sheet, typed
    points = sum(
        one.commas is False and not one.doubt and not _with_points_anywhere(sheet, name)
        for name, one in typed.items()
    )
    money = any(typed[name].units - {"%"} or speaks_of(name, "money_words") for name in likely)
    if money or points < _SEVERAL:
        return sheet, typed
    other = replace(sheet, points=True)
    again = {name: other.typed(name, as_number=name in numbers) for name in likely}
    if any(one.commas is True for one in again.values()):
        return sheet, typed
    return other, typed | again


def _with_points_anywhere(sheet: Sheet, name: str) -> bool:
    """Whether a column has versions by its name, or times of day by its cells: `9.15`, `14.30`."""
    if not set(plain(name).split("_")).isdisjoint(phrases_for("version_words")):
        return True
    cells = {cell.strip() for cell in sheet.cells[name] if not is_missing(cell)}
    return len(cells) >= _LEAST_TIMES and all(_CLOCK.fullmatch(cell) for cell in cells)
