"""A date and the time of day in a column beside it, put together: `Date` and `Time`, `Anruf Datum` and `Anruf Uhrzeit`.

With the day alone nobody knows whether what happened on it came before or after the lead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

from kits.core.column_names import plain, squeezed
from kits.lead_scoring._reading.columns.names import phrases_for
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring._reading.values.dates import read_dates

_CLOCK = re.compile(
    r"(?:[01]?\d|2[0-3])[:.h][0-5]\d(?:[:.][0-5]\d(?:[.,]\d{1,6})?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: Uhr)?"
)
_ENOUGH = 0.98


def with_clocks(sheet: Sheet, named: Set[str]) -> tuple[Sheet, tuple[str, ...]]:
    """The table with times of day behind their dates, and what is said of them.

    Args:
        named: columns that a person named, squeezed: as times of day they stay as they are.
    """
    told: list[str] = []
    for dated, clock in _pairs(sheet.columns):
        if squeezed(clock) in named or not _are_apart(sheet, dated, clock):
            continue
        rows = zip(sheet.cells[dated], sheet.cells[clock])
        whole = [_together(day, time) for day, time in rows]
        cells = {n: whole if n == dated else c for n, c in sheet.cells.items() if n != clock}
        sheet = replace(sheet, cells=cells)
        told.append(f"{clock} was read as the time of day of {dated}")
    return sheet, tuple(told)


def _pairs(columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A column called a date and one called a time, whose names say the same beside that."""
    clocks: dict[str, list[str]] = {}
    for column in columns:
        stem = _stem(column, "clock_part")
        if stem is not None:
            clocks.setdefault(stem, []).append(column)
    for column in columns:
        stem = _stem(column, "date_part")
        if stem is not None and len(clocks.get(stem, [])) == 1:
            yield column, clocks.pop(stem)[0]


def _stem(column: str, meaning: str) -> str | None:
    """What a name says beside the word for a date or a time; None where it has no such word, or several."""
    words, parts = plain(column).split("_"), set(phrases_for(meaning))
    rest = [word for word in words if word not in parts]
    return "_".join(rest) if len(rest) == len(words) - 1 else None


def _are_apart(sheet: Sheet, dated: str, clock: str) -> bool:
    """Whether one column holds days without a time of day, and the other times of day for them."""
    days = [cell for cell in dict.fromkeys(sheet.cells[dated]) if not is_missing(cell)]
    times = [cell for cell in sheet.cells[clock] if not is_missing(cell)]
    good = sum(bool(_CLOCK.fullmatch(cell.strip())) for cell in times)
    if not times or good < _ENOUGH * len(times):
        return False
    found = read_dates(dated, days, sheet.dates) if days else None
    return found is not None and not found.clock and not found.months


def _together(day: str, time: str) -> str:
    if is_missing(day) or not _CLOCK.fullmatch(time.strip()):
        return day
    return f"{day.strip()} {time.strip().removesuffix('Uhr').strip()}"
