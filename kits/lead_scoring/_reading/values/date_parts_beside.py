"""Parts of dates that say what a whole date beside them says: `Jahr` and `Monat`, computed from `Datum` to count by.

They tell nothing that the date does not, and less of when a lead came.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timezone

from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring._reading.values.dates import read_dates

_ENOUGH = 0.98
_WEEK = 7


def date_of_parts(sheet: Sheet, parts: Sequence[str], read: Sequence[str], *, by_week: bool) -> str:
    """The column of whole dates that says the same of nearly each row; empty: there is none.

    Args:
        parts: the columns with the parts.
        read: (rows,) what these say together: `2024-03`, `2024-03-17`, or nothing.
        by_week: what is read are Mondays of weeks.
    """
    said = [row for row, text in enumerate(read) if text]
    for name in sheet.columns:
        if name in parts or not said:
            continue
        seconds = _whole(sheet, name)
        same = sum(
            (at := seconds.get(sheet.cells[name][row])) is not None
            and _is_in(at, read[row], by_week=by_week)
            for row in said
        )
        if same >= _ENOUGH * len(said):
            return name
    return ""


def _whole(sheet: Sheet, name: str) -> dict[str, date]:
    """A column's days by cell; empty where it holds none, or months alone."""
    known = [cell for cell in dict.fromkeys(sheet.cells[name]) if not is_missing(cell)]
    found = read_dates(name, known, sheet.dates) if known else None
    if found is None or found.months:
        return {}
    return {
        cell: datetime.fromtimestamp(at, tz=timezone.utc).date()
        for cell, at in zip(known, found.seconds)
        if at is not None
    }


def _is_in(day: date, said: str, *, by_week: bool) -> bool:
    if by_week:
        return 0 <= (day - date.fromisoformat(said)).days < _WEEK
    return day.isoformat().startswith(said)
