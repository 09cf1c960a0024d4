"""Which columns of a table tell when a row was recorded: stated, else by name, else by what their cells hold.

A day and a clock may stand side by side, and parts of a second in a column of their own. Reading the
times is `_reading/times/times.py`'s work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kits.predictive_maintenance._reading.columns.names import plain
from kits.predictive_maintenance._reading.formats.table import Column, Table
from kits.predictive_maintenance._reading.sidecar import TimeColumn
from kits.predictive_maintenance._reading.times.times import Times, read_times

_DAYS = frozenset({"date", "datum", "fecha"})
_CLOCKS = frozenset({"time", "zeit", "uhrzeit", "hora", "heure", "ora", "tijd", "klockslag"})
_CLOCK = re.compile(r"\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,:;]\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?")
"""`14:05`, `18.00.00`, `2:05 PM`"""
_LOOKED_AT = 200
_MOSTLY = 0.95
_TIME_WORD = re.compile(r"(?:.*_)?(?:date|time|datum|zeit|clock|timestamp|stamp)(?:_.*)?")
_DAY_S = 86_400
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_RUNNING = re.compile(
    r"(?:elapsed|relative|running|lauf)_?(?:time|zeit)?(?:_(?:s|sec|ms|us|min|h))?|t_(?:s|ms|us|min|h)"
)
_FRACTIONS: Mapping[str, float] = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds", "millis", "millitm", "millisekunden"), 1e-3),
    **dict.fromkeys(("ns", "nanos", "nanoseconds", "nano_offset", "timestamp_nano_offset", "offset_in_nanos"), 1e-9),
    **dict.fromkeys(("us", "micros", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("s", "sec", "second", "seconds", "sek", "sekunden"), 1.0),
}  # fmt: skip
"""Names of what is left of a second, or of a minute, beside a time."""


def find_times(
    table: Table, named: Sequence[Column], starts: Sequence[Column], stated: TimeColumn
) -> tuple[str, ...]:
    """The column with the time, or those with the day and the clock; empty where there is none.

    Args:
        named: columns whose names say that they are times.
        starts: those whose names say that something begins.
    """
    found = sorted(named, key=lambda c: c.kind != "time")
    days = [c for c in found if plain(c.name) in _DAYS]
    clocks = [c for c in found if plain(c.name) in _CLOCKS]
    if len(days) == len(clocks) == 1 and _is_clock(clocks[0], days[0]):
        return (days[0].name, clocks[0].name)
    starts = [c for c in starts if c.kind != "number" or is_moments(c, stated)]
    first = next((c for c in (*found, *starts) if c.kind == "time" or _head(c, stated)), None)
    if first is None and found and _is_clock(found[0], None):
        day = next((c for c in table.columns if c is not found[0] and _is_day(c, stated)), None)
        return (day.name, found[0].name) if day is not None else (found[0].name,)
    if first is None and not found and (parts := _parts_of_date(table)):
        return parts
    if first is None:
        first = found[0] if found else _by_content(table, stated)
    if first is None:
        return ()
    if _is_day(first, stated):
        clock = next((c for c in table.columns if c is not first and _goes_on(first, c)), None)
        if clock is not None:
            return (first.name, clock.name)
    return (first.name,)


def fraction_of(table: Table, times: Sequence[str], stated: TimeColumn) -> tuple[str, float]:
    """The column with what is left of a second beside a time, and the length of its unit in seconds; empty: none."""
    first = table.column(times[0]) if times else None
    if first is None or (first.kind == "number" and not is_moments(first, stated)):
        return "", 0.0
    for column in table.columns:
        factor = _FRACTIONS.get(plain(column.name))
        if factor is None or column.kind != "number" or column.name in times:
            continue
        values = column.values[np.isfinite(column.values)]
        whole = 60 if factor == 1 else 1
        if values.size and values.min() >= 0 and values.max() * factor < whole:
            return column.name, factor
    return "", 0.0


def _by_content(table: Table, stated: TimeColumn) -> Column | None:
    """The first column of times; a number that only its name says more of must tell a moment, and rise."""
    for column in table.columns:
        told = _head(column, stated) if column.kind == "text" else None
        if column.kind == "time" or (told is not None and told.absolute):
            return column
    running = next((c for c in table.columns if _is_running(c)), None)
    if running is not None:
        return running
    if table.columns[0].name in ("c1", "") and is_moments(table.columns[0], stated):
        return table.columns[0]
    return next(
        (c for c in table.columns if _TIME_WORD.fullmatch(plain(c.name)) and is_moments(c, stated)),
        None,
    )


def _parts_of_date(table: Table) -> tuple[str, ...]:
    """Year, month and day in columns of their own, and as much of the hour as is there."""
    by_word = {plain(c.name): c for c in table.columns if c.kind == "number"}
    found = [by_word[word] for word in _PARTS if word in by_word]
    words = [plain(c.name) for c in found]
    return (
        tuple(c.name for c in found) if words == [*_PARTS[: len(found)]] and len(found) > 2 else ()
    )


def _is_running(column: Column) -> bool:
    """A time since the start: by its name, and because it never goes back."""
    if not _RUNNING.fullmatch(plain(f"{column.name} {column.unit}")):
        return False
    if column.kind == "text":
        return _is_clock(column, None)
    steps = np.diff(column.values[:_LOOKED_AT])
    return column.kind == "number" and steps.size > 0 and bool(np.all(steps > 0))


def is_moments(column: Column, stated: TimeColumn) -> bool:
    """Whether numbers tell moments, by their size, and never go back."""
    if column.kind != "number":
        return False
    times = _head(column, stated)
    return times is not None and times.absolute and bool(np.all(np.diff(times.seconds) >= 0))


def _head(column: Column, stated: TimeColumn) -> Times | None:
    some = column.values[:_LOOKED_AT]
    told = some[some != ""] if column.kind == "text" else some[np.isfinite(some)]
    if not told.size or stated.format:
        return None
    return read_times(replace(column, values=told), stated)


def _is_day(column: Column, stated: TimeColumn) -> bool:
    """Whether cells tell days and no hours."""
    if column.kind == "number":
        return False
    times = _head(column, _as_written(stated))
    return times is not None and times.absolute and bool(np.all(times.seconds % _DAY_S == 0)) and not any(
        ":" in str(cell) for cell in column.values[:_LOOKED_AT]
    )  # fmt: skip


def _as_written(stated: TimeColumn) -> TimeColumn:
    """As written, whatever the zone."""
    return stated.model_copy(update={"timezone": "UTC"})


def _goes_on(day: Column, clock: Column) -> bool:
    """Whether a column beside a day is its clock: times of a day that go on with the rows of each day."""
    if not _is_clock(clock, day):
        return False
    days, hours = (
        day.values[:_LOOKED_AT],
        [str(v).rjust(12, "0") for v in clock.values[:_LOOKED_AT]],
    )
    pairs = [(a, b) for a, b in zip(zip(days, hours), list(zip(days, hours))[1:]) if a[0] == b[0]]
    afternoon = any("m" in hour.lower() for hour in hours)
    return bool(pairs) and (
        afternoon or sum(a[1] <= b[1] for a, b in pairs) >= _MOSTLY * len(pairs)
    )


def _is_clock(column: Column, day: Column | None) -> bool:
    """Whether cells tell times of a day, and no day: `14:05:00`, or the number 140500 beside 20250303."""
    some = column.values[:_LOOKED_AT]
    if column.kind == "number":
        clocks = some[np.isfinite(some)]
        parts = (clocks % 100, clocks // 100 % 100, clocks // 10_000)
        fits = all(bool(np.all(part < end)) for part, end in zip(parts, (60, 60, 24)))
        numbers = day is not None and day.kind == "number"
        return numbers and clocks.size > 0 and fits and bool(np.all(clocks % 1 == 0))
    told = [str(cell) for cell in some if cell]
    return column.kind == "text" and bool(told) and all(map(_CLOCK.fullmatch, told))
