"""A column of dates → moments, whichever of the usual forms each is written in; UTC where no zone is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from kits.core.answers.values import text_of
from kits.core.moments import READERS, YEAR_LAST, read_year_last

ReadDate: TypeAlias = Callable[[str], datetime | None]
_LONGEST = 80
_MONTHS = 12
_FIRST, _LAST = 0.0, datetime(2200, 1, 1, tzinfo=timezone.utc).timestamp()
_COUNTED = re.compile(r"\d{10}(?:\d{3})?(?:\.\d{1,6})?")
"""Seconds since 1970 with ten digits, milliseconds with thirteen: of 2001 to 2286."""
_MILLISECONDS = 13
_HALF = 0.5


def date_reader(cells: Sequence[str]) -> tuple[ReadDate, str]:
    """How a column's cells are read; what was assumed of them, empty where the cells tell it.

    Of `03/04/2025` the day comes first where any number that stands first is above twelve; with points always.
    """
    firsts, seconds, points = [], [], True
    for cell in cells:
        match = YEAR_LAST.fullmatch(cell.strip()[:_LONGEST])
        if match:
            firsts.append(int(match[1]))
            seconds.append(int(match[3]))
            points = points and match[2] == "."
    day_first = points or max(firsts, default=0) > _MONTHS
    unsure = bool(firsts) and not day_first and max(seconds) <= _MONTHS

    def read(cell: str) -> datetime | None:
        return _read(cell.strip()[:_LONGEST], day_first)

    return read, "month first" if unsure else ""


def are_dates(cells: list[str]) -> bool:
    """Whether most cells are dates; what is none is left out of a mail."""
    read, _ = date_reader(cells)
    return bool(cells) and sum(read(cell) is not None for cell in cells) >= _HALF * len(cells)


def _read(text: str, day_first: bool) -> datetime | None:
    if text.startswith("/Date("):
        text = text_of(text)  # of older OData
    for reader in READERS.values():
        if found := reader(text):
            return _moment(found[0])
    if found := read_year_last(YEAR_LAST.fullmatch(text), day_first):
        return _moment(found[0])
    if _COUNTED.fullmatch(text):
        whole = text.partition(".")[0]
        return _moment(float(text) / (1000 if len(whole) == _MILLISECONDS else 1))
    try:
        return _moment(_in_utc(parsedate_to_datetime(text)).timestamp()) if text else None
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _in_utc(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, timezone.utc) if _FIRST <= seconds < _LAST else None
