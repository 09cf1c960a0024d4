"""Texts of a lead as the values its columns hold: numbers, dates, yes and no, by the way the firm's own tables write them.

A number in JSON is a number. What cannot be read, or is in another unit than its column, is missing, and told. Choices
that are no numbers, and texts, are left as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from kits.core.moments import (
    YEAR_LAST,
    read_compact,
    read_compact_day,
    read_month,
    read_month_first,
    read_named,
    read_short_year_first,
    read_year_behind,
    read_year_last,
    read_year_named,
)
from kits.lead_scoring._features.cells import (
    is_missing,
    to_choice,
    to_moment,
    to_number,
    to_truth,
)
from kits.lead_scoring._features.eras import in_common_era
from kits.lead_scoring._features.spec import ChoiceColumn, Column, NumberColumn
from kits.lead_scoring._features.units import apart
from kits.lead_scoring._lead import Lead, Value
from kits.lead_scoring._written import Written

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LONGEST = 60
_COLUMNS = 4_096
_DAY_S = 86_400
_ONE_WAY = (
    read_named,
    read_year_named,
    read_month_first,
    read_year_behind,
    read_month,
    read_compact,
    read_compact_day,
)
"""Readers of what only one way can be read."""

Read = Callable[[Value, Written], Value]
"""A value that is not missing → what it means; None: it cannot be read."""


def read_texts(
    lead: Lead, columns: Sequence[Column], written: Written
) -> tuple[Lead, tuple[str, ...]]:
    """The lead with its texts read, and the names of the columns in which something stands that cannot be read.

    Args:
        columns: what the bundle learned from.
        written: how texts write numbers and dates.
    """
    found: dict[str, Value] = {}
    unreadable: list[str] = []
    for column in columns:
        read = _READ.get(column.kind)
        value = lead.fields.get(column.name)
        if value is None or is_missing(value):
            continue
        if isinstance(column, ChoiceColumn) and isinstance(value, str):
            found |= _as_learned(column, value, written)
        if read is None:
            continue
        meant = None if _in_another_unit(value, column) else read(value, written)
        if meant is None:
            unreadable.append(column.name)
        if meant is not value:
            found[column.name] = meant
    if not found:
        return lead, ()
    return replace(lead, fields={**lead.fields, **found}), tuple(unreadable)


def _as_learned(column: ChoiceColumn, value: str, written: Written) -> dict[str, Value]:
    """A text among choices that are numbers, as the number it says: `4.00` is the choice 4. Empty: it stays as it is."""
    if not _are_numbers(column.values) or to_choice(value) in column.values:
        return {}
    number = to_number(value, commas=written.commas, bare=True)
    return {column.name: number} if math.isfinite(number) else {}


@lru_cache(_COLUMNS)
def _are_numbers(choices: tuple[str, ...]) -> bool:
    """Whether all choices are numbers as a number is written that was chosen."""
    said = [word for word in choices if word]
    return bool(said) and all(
        word.lstrip("-")[:1].isdigit() and to_choice(to_number(word)) == word for word in said
    )


def _in_another_unit(value: Value, column: Column) -> bool:
    """Whether a text says that its number is in another unit than those learned from: `$ 5` in a column of euros."""
    if not isinstance(column, NumberColumn) or not column.units or not isinstance(value, str):
        return False
    units = apart(value)[1]
    return bool(units) and units.isdisjoint(column.units)


def _number(value: Value, written: Written) -> Value:
    number = to_number(value, commas=written.commas, bare=True)
    return number if math.isfinite(number) else None


def _truth(value: Value, _: Written) -> Value:
    return value if math.isfinite(to_truth(value)) else None


def _date(value: Value, written: Written) -> Value:
    if math.isfinite(to_moment(value)):
        return value
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    (text,) = in_common_era((value.strip(),))
    if math.isfinite(to_moment(text)):
        return text
    seconds = _seconds(text, written)
    if seconds is None:
        return None
    at = _EPOCH + timedelta(seconds=seconds)
    return at.isoformat() if seconds % _DAY_S else at.date().isoformat()


def _seconds(text: str, written: Written) -> float | None:
    match = YEAR_LAST.fullmatch(text)
    if match is None:
        found = next(filter(None, (read(text) for read in _ONE_WAY)), None)
        return found[0] if found is not None else None
    if written.dates == "year-first" and len(match[1]) == len(match[4]) == 2:
        found = read_short_year_first(match)
        return found[0] if found is not None else None
    first, sign, second = int(match[1]), match[2], int(match[3])
    if sign == ".":
        day_first = second <= 12
    elif written.dates in ("day-first", "month-first"):
        day_first = written.dates == "day-first"
    elif first > 12 or second > 12:
        day_first = second <= 12
    else:
        return None  # 3/4/2025 is one of two days, and nothing tells which
    found = read_year_last(match, day_first)
    return found[0] if found is not None else None


_READ: Mapping[str, Read] = {"number": _number, "truth": _truth, "date": _date}
