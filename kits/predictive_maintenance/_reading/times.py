"""A column of times → seconds since 1970 in UTC, and in words what was assumed about it.

Takes ISO text, day-first and month-first dates, numbers in s, ms, µs or ns, spreadsheet days, and
plain running time. Which column holds the time is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np

from kits.core.errors import DataError
from kits.predictive_maintenance._reading.columns import plain
from kits.predictive_maintenance._reading.sidecar import TimeColumn
from kits.predictive_maintenance._reading.tables import Column, Floats

_ENOUGH = 0.9
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SCALES = (("ns", 1e17, 1e-9), ("us", 1e14, 1e-6), ("ms", 1e11, 1e-3), ("s", 1e8, 1.0))
_BY_NAME = (
    (r"(?:^|_)(?:ms|millis\w*)$", 1e-3),
    (r"(?:^|_)(?:us|micros\w*)$", 1e-6),
    (r"(?:^|_)(?:min|minutes?)$", 60.0),
    (r"(?:^|_)(?:h|hours?|stunden)$", 3600.0),
    (r"(?:^|_)(?:days?|tage)$", 86400.0),
)
_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {
    m: i + 1
    for i, m in enumerate(_ENGLISH)
} | {"mär": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12}  # fmt: skip
_CLOCK = (
    r"(?:[T ,_]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,:](\d{1,9}))?\s*([AaPp][Mm])?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?)?"
)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _CLOCK)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})[-/.](\d{2,4})" + _CLOCK)
_NAMED = re.compile(r"(\d{1,2})[- .]+([A-Za-zä]{3})[a-z]*[- .]+(\d{2,4})" + _CLOCK)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})[T _-]?(\d{2})(\d{2})(\d{2})?")


@dataclass(frozen=True)
class Times:
    """Times of rows.

    Attributes:
        seconds: since 1970 in UTC, or since some start; NaN where unreadable.
        absolute: whether 1970 is the zero.
        note: what was assumed, in words; empty when nothing was.
        doubtful: whether a person should look at the note.
    """

    seconds: Floats
    absolute: bool
    note: str = ""
    doubtful: bool = False


def read_times(column: Column, stated: TimeColumn) -> Times | None:
    """Times of a column; None when most of its cells are none.

    Raises:
        DataError: the column is not written in the stated format.
    """
    if column.kind == "time":
        return _zoned(column.values, stated, column.naive)
    if column.kind == "number":
        return _from_numbers(column, stated)
    if stated.format and stated.format not in ("s", "ms", "us", "ns"):
        return _by_format(column, stated)
    return _from_texts(column, stated)


def _zoned(seconds: Floats, stated: TimeColumn, naive: bool, note: str = "") -> Times:
    if not naive or stated.timezone == "UTC":
        return Times(seconds, True, note)
    zone = ZoneInfo(stated.timezone)
    # offsets change at most hourly: one look-up per hour is enough
    hours = np.floor(np.nan_to_num(seconds) / 3600).astype(np.int64)
    unique, inverse = np.unique(hours, return_inverse=True)
    offsets = np.array([_offset(int(h) * 3600, zone) for h in unique], np.float64)
    moved = seconds - offsets[inverse]
    text = f"times taken as {stated.timezone}"
    return Times(moved, True, f"{note}, {text}" if note else text)


def _offset(local_s: int, zone: ZoneInfo) -> float:
    wall = (_EPOCH + timedelta(seconds=local_s)).replace(tzinfo=zone)
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
    since_1970 = next(((name, f) for name, least, f in _SCALES if middle >= least), None)
    if since_1970 is not None:
        return Times(values * since_1970[1], True, f"{column.name}: {since_1970[0]} since 1970")
    if 30_000 < middle < 60_000 and np.any(finite % 1 != 0):
        seconds = np.round((values - 25_569) * 86_400, 3)
        return _zoned(seconds, stated, True, f"{column.name}: days of a spreadsheet")
    return _running(column)


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
    return all(len(t) in (12, 14) and _moment_compact(t) is not None for t in texts)


def _compact_numbers(values: Floats, stated: TimeColumn) -> Times:
    found = [_moment_compact(str(int(v))) if np.isfinite(v) else None for v in values]
    seconds = np.array([np.nan if s is None else s for s in found], np.float64)
    return _zoned(seconds, stated, True)


def _moment_compact(text: str) -> float | None:
    match = _COMPACT.fullmatch(text)
    if not match:
        return None
    return _seconds([int(part or 0) for part in match.groups()])


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
    texts: Sequence[str] = [str(v).strip() for v in column.values]
    some = [t for t in texts[:: max(1, len(texts) // 200)] if t]
    for pattern in (_YEAR_FIRST, _YEAR_LAST, _NAMED, _COMPACT):
        if some and sum(bool(pattern.fullmatch(t)) for t in some) >= _ENOUGH * len(some):
            break
    else:
        return None
    if pattern is _YEAR_LAST:
        return _year_last(texts, stated)
    read = {_YEAR_FIRST: _read_year_first, _NAMED: _read_named, _COMPACT: _read_compact}[pattern]
    return _collected([read(t) for t in texts], stated)


_Moment = tuple[float, bool] | None
"""Seconds, and whether the text names its zone."""


def _collected(found: Sequence[_Moment], stated: TimeColumn, note: str = "") -> Times:
    seconds = np.array([np.nan if m is None else m[0] for m in found], np.float64)
    naive = not any(m is not None and m[1] for m in found)
    return _zoned(seconds, stated, naive, note)


def _read_year_first(text: str) -> _Moment:
    match = _YEAR_FIRST.fullmatch(text)
    if not match:
        return None
    year, month, day, *clock = match.groups()
    return _with_clock(int(year), int(month), int(day), clock)


def _read_named(text: str) -> _Moment:
    match = _NAMED.fullmatch(text)
    if not match:
        return None
    day, name, year, *clock = match.groups()
    month = _MONTHS.get(name.lower())
    return None if month is None else _with_clock(_full(year), month, int(day), clock)


def _read_compact(text: str) -> _Moment:
    seconds = _moment_compact(text)
    return None if seconds is None else (seconds, False)


def _year_last(texts: Sequence[str], stated: TimeColumn) -> Times:
    """31.12.2024 or 12/31/2024: a part over 12 is the day, else the order of the rows tells."""
    matches = [_YEAR_LAST.fullmatch(t) for t in texts]
    firsts = {int(m[1]) for m in matches if m}
    seconds = {int(m[3]) for m in matches if m}
    separator = next(m[2] for m in matches if m)
    sure = max(firsts) > 12 or max(seconds) > 12 or separator == "."
    day_first = not max(seconds) > 12
    if not sure:
        steps = [_disorder(_read_all(matches, first)) for first in (True, False)]
        day_first = steps[0] <= steps[1]
        sure = steps[0] != steps[1]
    order = "day first" if day_first else "month first"
    times = _collected(_read_all(matches, day_first), stated, f"dates read {order}")
    return Times(times.seconds, True, times.note, doubtful=not sure)


def _read_all(matches: Sequence[re.Match[str] | None], day_first: bool) -> list[_Moment]:
    found: list[_Moment] = []
    for match in matches:
        if match is None:
            found.append(None)
            continue
        one, _, two, year, *clock = match.groups()
        day, month = (int(one), int(two)) if day_first else (int(two), int(one))
        found.append(_with_clock(_full(year), month, day, clock))
    return found


def _disorder(found: Sequence[_Moment]) -> float:
    """How jumpy the rows would be: steps back, then the longest step."""
    seconds = np.array([m[0] for m in found if m is not None])
    if seconds.size < 2:
        return 0.0
    steps = np.diff(seconds)
    return float((steps < 0).sum()) * 1e12 + float(np.abs(steps).max())


def _full(year: str) -> int:
    return int(year) + 2000 if len(year) == 2 else int(year)


def _with_clock(year: int, month: int, day: int, clock: Sequence[str | None]) -> _Moment:
    hour, minute, second, fraction, half, zone = clock
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    seconds = _seconds([year, month, day, hours, int(minute or 0), int(second or 0)])
    if seconds is None:
        return None
    seconds += float(f"0.{fraction}") if fraction else 0.0
    if zone and zone != "Z":
        sign = -1 if zone[0] == "-" else 1
        seconds -= sign * (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60)
    return seconds, bool(zone)


def _seconds(parts: Sequence[int]) -> float | None:
    year, month, day, hour, minute, second = parts
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone.utc)
    except ValueError:
        return None
    return (moment - _EPOCH).total_seconds() + max(0, second - 59)
