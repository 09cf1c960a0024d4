"""A column of times → seconds since 1970 in UTC, and in words what was assumed about it.

Takes ISO text, day-first and month-first dates, numbers in s, ms, µs or ns, spreadsheet days, and
plain running time. Which column holds the time is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.moments import (
    READERS,
    YEAR_LAST,
    Moment,
    form_of,
    read_compact,
    read_short_year_first,
    read_year_first,
    read_year_last,
)
from kits.predictive_maintenance._reading.columns.names import plain
from kits.predictive_maintenance._reading.formats.table import Column, Floats
from kits.predictive_maintenance._reading.sidecar import TimeColumn

_ENOUGH = 0.9
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SCALES = (("ns", 1e17, 1e-9), ("us", 1e14, 1e-6), ("ms", 1e11, 1e-3), ("s", 1e8, 1.0))
_FIRST_DAY = 25_569
"""Of 1970, in a spreadsheet."""
_DAYS = (30_000, 60_000)
_WINCC_DAYS = (3e10, 6e10)
"""`Time_ms` of WinCC: a spreadsheet's days times a million, from 1982 to 2064; as seconds since 1970 the years from 2920."""
_BY_NAME = (
    (r"(?:^|_)(?:ms|millis\w*)$", 1e-3),
    (r"(?:^|_)(?:us|micros\w*)$", 1e-6),
    (r"(?:^|_)(?:min|minutes?)$", 60.0),
    (r"(?:^|_)(?:h|hours?|stunden)$", 3600.0),
    (r"(?:^|_)(?:days?|tage)$", 86400.0),
)


_CLOCK = re.compile(r"(\d{1,3}):(\d{2})(?::(\d{2}(?:[.,]\d{1,9})?))?")
_HALF_DAY_S = 43_200
_PUT_BACK_S = 1200.0
"""A step back in the doubled hour of so much or more is the clock's; less may be two sensors side by side."""
_RISING = 0.95
_HOUR_ALONE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4} \d{1,2}")
_SPACED = re.compile(r"^(\d{1,2}) (\d{1,2}) (\d{4})(?!\d)")


@dataclass(frozen=True)
class Times:
    """Times of rows.

    Attributes:
        seconds: since 1970 in UTC, or since some start; NaN where unreadable.
        absolute: whether 1970 is the zero.
        note: what was assumed, in words; empty when nothing was.
        doubtful: whether a person should look at the note.
        of_day: hours of a day that is told elsewhere, or of none.
        naive: they name no zone, and none is stated: taken as UTC.
    """

    seconds: Floats
    absolute: bool
    note: str = ""
    doubtful: bool = False
    of_day: bool = False
    naive: bool = False


def read_times(column: Column, stated: TimeColumn) -> Times | None:
    """Times of a column; None when most of its cells are none.

    Raises:
        DataError: the column is not written in the stated format.
    """
    if zone := _zone_in(column.unit):
        stated = stated.model_copy(update={"timezone": zone})
    if column.kind == "time":
        return _zoned(column.values, stated, column.naive)
    if column.kind == "number":
        return _from_numbers(column, stated)
    if stated.format and stated.format not in ("s", "ms", "us", "ns"):
        return _by_format(column, stated)
    return _from_texts(column, stated)


def _zone_in(unit: str) -> str:
    """The zone that a header names in the place of a unit: `Date Time, GMT+01:00`; empty where it names none."""
    try:
        return unit if _fixed(unit) or ("/" in unit and ZoneInfo(unit).key) else ""
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""


def _fixed(zone: str) -> timezone | None:
    """A zone by its distance from UTC."""
    moment = read_year_first(f"1970-01-01 00:00:00 {zone}") if zone else None
    return timezone(timedelta(seconds=-moment[0])) if moment is not None and moment[1] else None


def _zoned(seconds: Floats, stated: TimeColumn, naive: bool, note: str = "") -> Times:
    if not naive or stated.timezone == "UTC":
        return Times(seconds, True, note, naive=naive)
    zone = _fixed(stated.timezone) or ZoneInfo(stated.timezone)
    # offsets change at most hourly: one look-up per hour is enough
    hours = np.floor(np.nan_to_num(seconds) / 3600).astype(np.int64)
    unique, inverse = np.unique(hours, return_inverse=True)
    offsets, again = (
        np.array([_offset(int(h) * 3600, zone, fold) for h in unique], np.float64)
        for fold in (0, 1)
    )
    twice = _second_time(seconds, (offsets > again)[inverse])
    moved = seconds - np.where(twice, again[inverse], offsets[inverse])
    text = f"times taken as {stated.timezone}"
    return Times(moved, True, f"{note}, {text}" if note else text)


def _second_time(seconds: Floats, doubled: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows of the hour that autumn has twice, from where the clock was put back.

    Args:
        doubled: rows whose local time stands for two moments.
    """
    twice = np.zeros(seconds.size, bool)
    steps = np.diff(seconds)
    if not doubled.any() or (steps < 0).sum() >= (steps > 0).sum():
        return twice  # newest first: no step tells where
    edges = np.flatnonzero(np.diff(np.concatenate([[False], doubled, [False]]).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2]):
        back = np.flatnonzero(steps[start : end - 1] <= -_PUT_BACK_S)
        if back.size:
            twice[start + int(back[0]) + 1 : end] = True
    return twice


def _offset(local_s: int, zone: tzinfo, fold: int) -> float:
    wall = (_EPOCH + timedelta(seconds=local_s)).replace(tzinfo=zone, fold=fold)
    offset = wall.utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def _from_numbers(column: Column, stated: TimeColumn) -> Times | None:
    values = column.values
    finite = values[np.isfinite(values)]
    if finite.size < _ENOUGH * values.size or not finite.size:
        return None
    stated_factor = next((f for name, _, f in _SCALES if name == stated.format), None)
    if stated_factor is not None:
        return Times(values * stated_factor, True)
    if _looks_compact(finite):
        return _compact_numbers(values, stated)
    middle = float(np.median(finite))
    if days := _days_of(finite, middle):
        seconds = np.round((values * days[0] - _FIRST_DAY) * 86_400, 3)
        return _zoned(seconds, stated, True, f"{column.name}: {days[1]}")
    since_1970 = next(((name, f) for name, least, f in _SCALES if middle >= least), None)
    if since_1970 is not None:
        return Times(values * since_1970[1], True, f"{column.name}: {since_1970[0]} since 1970")
    return _running(column)


def _days_of(finite: Floats, middle: float) -> tuple[float, str] | None:
    """By what numbers become days of a spreadsheet, and in words; None where they are none."""
    if _WINCC_DAYS[0] < middle < _WINCC_DAYS[1]:
        return 1e-6, "millionths of days of a spreadsheet"
    if _DAYS[0] < middle < _DAYS[1] and np.any(finite % 1 != 0) and _steps_by_clock(finite):
        return 1.0, "days of a spreadsheet"
    return None


def _steps_by_clock(days: Floats) -> bool:
    """Whether rows follow each other as of a clock: within a minute, or after a part of an hour or whole ones.

    A controller that runs for nine hours counts seconds of the size of these days, a hundredth a row.
    """
    if days.size < 2:
        return True
    minutes = float(np.median(np.abs(np.diff(days)))) * 1440
    whole = round(minutes)
    even = whole > 0 and (60 % whole == 0 or whole % 60 == 0)
    return minutes < 1 or (abs(minutes - whole) < 0.01 and even)


def _running(column: Column) -> Times:
    """Time since some start; the name or the unit says in what."""
    word = plain(column.name) if not column.unit else f"{plain(column.name)}_{plain(column.unit)}"
    factor = next((f for pattern, f in _BY_NAME if re.search(pattern, word)), 1.0)
    unit = {1e-3: "ms", 1e-6: "µs", 60.0: "minutes", 3600.0: "hours", 86400.0: "days"}
    note = f"{column.name}: running time in {unit.get(factor, 's')}, no date"
    return Times(column.values * factor, False, note)


def _looks_compact(finite: Floats) -> bool:
    """Numbers such as 20240131235900."""
    some = finite[:: max(1, finite.size // 50)]
    if np.any(some % 1 != 0) or some.min() < 19e10:
        return False
    texts = [str(int(v)) for v in some]
    return all(len(t) in (12, 14) and read_compact(t) is not None for t in texts)


def _compact_numbers(values: Floats, stated: TimeColumn) -> Times:
    found = [read_compact(str(int(v))) if np.isfinite(v) else None for v in values]
    return _collected(found, stated)


def _by_format(column: Column, stated: TimeColumn) -> Times | None:
    seconds = np.full(column.values.size, np.nan)
    naive = True
    for index, text in enumerate(column.values):
        try:
            moment = datetime.strptime(str(text), stated.format)  # noqa: DTZ007
        except ValueError:
            continue
        naive = naive and moment.tzinfo is None
        seconds[index] = (
            (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)) - _EPOCH
        ).total_seconds()
    if np.isnan(seconds).mean() > 1 - _ENOUGH:
        raise DataError(
            f"the column {column.name!r} is not written as {stated.format!r}",
            where=str(column.values[0]),
            fix="correct time.format in machines.yaml",
        )
    return _zoned(seconds, stated, naive)


def _from_texts(column: Column, stated: TimeColumn) -> Times | None:
    texts: Sequence[str] = [_tidy(str(v)) for v in column.values]
    some = [t for t in texts[:: max(1, len(texts) // 200)] if t]
    form = form_of(some, _ENOUGH)
    if form is None:
        return _from_clocks(column.name, texts)
    if form is YEAR_LAST:
        return _year_last(texts, stated)
    read = READERS[form]
    return _collected([read(t) for t in texts], stated)


def _from_clocks(name: str, texts: Sequence[str]) -> Times | None:
    """Hours, minutes and seconds without a day, which go on: since the start, or of a day; None where they are none."""
    matches = [_CLOCK.fullmatch(text) for text in texts]
    if not texts or sum(m is not None for m in matches) < _ENOUGH * len(texts):
        return None
    seconds = np.array(
        [np.nan if m is None else int(m[1]) * 3600 + int(m[2]) * 60 + _part(m[3]) for m in matches]
    )
    # past midnight the next day begins
    back = np.nan_to_num(np.diff(seconds)) < -_HALF_DAY_S
    seconds = seconds + 2 * _HALF_DAY_S * np.concatenate([[0], np.cumsum(back)])
    if np.mean(np.diff(seconds[np.isfinite(seconds)]) < 0) > 1 - _RISING:
        return None  # how long something took
    of_day = bool(np.nanmin(seconds) < 2 * _HALF_DAY_S)
    return Times(seconds, False, f"{name}: hours, no date", of_day=of_day, naive=True)


def _part(text: str | None) -> float:
    return float((text or "0").replace(",", "."))


def _tidy(text: str) -> str:
    """Without the quotes that some databases write, with points between the parts of `31 12 2024`, and minutes after an hour."""
    text = text.strip(" '\"").replace(" @ ", " ")
    if _HOUR_ALONE.fullmatch(text):
        return f"{text}:00"
    return _SPACED.sub(r"\1.\2.\3", text) if _SPACED.match(text) else text


def _collected(found: Sequence[Moment], stated: TimeColumn, note: str = "") -> Times:
    seconds = np.array([np.nan if m is None else m[0] for m in found], np.float64)
    naive = not any(m is not None and m[1] for m in found)
    return _zoned(seconds, stated, naive, note)


def _year_last(texts: Sequence[str], stated: TimeColumn) -> Times:
    """31.12.2024 or 12/31/2024: a part over 12 is the day, else the order of the rows tells."""
    matches = [YEAR_LAST.fullmatch(t) for t in texts]
    firsts = {int(m[1]) for m in matches if m}
    seconds = {int(m[3]) for m in matches if m}
    separator = next(m[2] for m in matches if m)
    if separator != "." and _is_year_first(matches):
        return _collected(
            list(map(read_short_year_first, matches)), stated, "dates read year first"
        )
    sure = max(firsts) > 12 or max(seconds) > 12 or separator == "."
    day_first = not max(seconds) > 12
    if not sure:
        steps = [_disorder(_read_all(matches, first)) for first in (True, False)]
        day_first = steps[0] <= steps[1]
        sure = steps[0] != steps[1]
    order = "day first" if day_first else "month first"
    times = _collected(_read_all(matches, day_first), stated, f"dates read {order}")
    return replace(times, doubtful=not sure)


def _is_year_first(matches: Sequence[re.Match[str] | None]) -> bool:
    """25-11-30: whether rows follow each other more closely so than with the year last."""
    short = [read_short_year_first(m) for m in matches if m]
    if any(moment is None for moment in short):
        return False
    others = [
        _disorder(_read_all(matches, first))
        for first in (True, False)
        if None not in _read_all(matches, first)
    ]
    return bool(others) and _disorder(short) < min(others) / 2


def _read_all(matches: Sequence[re.Match[str] | None], day_first: bool) -> list[Moment]:
    return [read_year_last(match, day_first) for match in matches]


def _disorder(found: Sequence[Moment]) -> float:
    """How jumpy the rows would be: steps back, then the longest step."""
    seconds = np.array([m[0] for m in found if m is not None])
    if seconds.size < 2:
        return 0.0
    steps = np.diff(seconds)
    return float((steps < 0).sum()) * 1e12 + float(np.abs(steps).max())
