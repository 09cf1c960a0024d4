"""Tables whose channels stand beside times of their own (`Time, TI101, Time, PI102`) → one time for all.

As trends of WinCC, sheets of PI DataLink and scopes of TwinCAT are exported. Where all times are the same, the table
stays as it is: readings of another channel's time would be wrong without anybody seeing it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._reading.columns.names import plain, role_of
from kits.predictive_maintenance._reading.columns.quality import is_quality, without_bad_quality
from kits.predictive_maintenance._reading.formats.table import Column, Floats, Table, told_apart
from kits.predictive_maintenance._reading.joining.grid import Tag, on_one_grid
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.sidecar import TimeColumn
from kits.predictive_maintenance._reading.times.order import in_order, rows_with_time
from kits.predictive_maintenance._reading.times.rows import say_assumed
from kits.predictive_maintenance._reading.times.times import Times, read_times

_TIMES = frozenset({
    "time", "timestamp", "times", "stamp", "timestring", "string", "datetime", "date", "zeit", "zeitstempel", "datum", "uhrzeit",
    "utc", "fecha", "hora", "heure",
})  # fmt: skip
_MARKS = frozenset({"t", "ts", "x", "ms", "s"})
"""That are words for times beside others alone."""
_VALUES = frozenset({
    "value", "values", "valuey", "val", "v", "y", "wert", "messwert", "reading", "valeur", "valor", "ms", "s",
})  # fmt: skip
_NUMBERED = re.compile(r" \d+$")
_VALUE_TAIL = re.compile(
    r"[ _.:/-]+(?:value|val|wert|messwert|reading|valeur|valor)(?: ?y)?$", re.I
)


@dataclass(frozen=True)
class _Group:
    """A column of times and those that follow it."""

    clock: Column
    columns: tuple[Column, ...]


def aligned(table: Table, stated: TimeColumn, notes: Notes, where: str) -> Table:
    """The table with one time, where its channels have times of their own; else the table itself.

    Raises:
        DataError: too many rows would be needed.
    """
    groups = _groups(table)
    if stated.column or len(groups) < 2:
        return table
    clocks = [_seconds(group.clock, stated) for group in groups]
    told = [clock for clock in clocks if clock is not None]
    if len(told) < len(clocks) or _same([times.seconds for times in told]):
        return table
    for group, times in zip(groups, told):
        say_assumed(times, notes, where)
        rows_with_time(times.seconds[_filled(group.clock)], notes, f"{where}, {group.clock.name}")
    read = [
        (replace(column, name=_VALUE_TAIL.sub("", column.name) or column.name), tag)
        for group, times in zip(groups, told)
        for column in _readings(group, notes, where)
        if (tag := _tag(column, times.seconds, notes, where))[0].size
    ]
    if len(read) < 2:
        return table
    columns = told_apart(tuple(column for column, _ in read))
    tags = {column.name: tag for column, (_, tag) in zip(columns, read)}
    found, seconds = on_one_grid(tags, notes, where)
    notes.say("table", "channels beside times of their own: put on common rows", where)
    absolute = all(times.absolute for times in told)
    clock = Column("time", "" if absolute else "s", "time" if absolute else "number", seconds)
    made = [replace(c, values=v) for c, v in zip(columns, found.values())]
    return replace(table, columns=told_apart((clock, *made)))


def _groups(table: Table) -> list[_Group]:
    """Columns by the time before them; none where these are other times of the same rows."""
    at = [i for i, c in enumerate(table.columns) if _is_clock(c)]
    if len(at) < 2 or at[0] != 0:
        return []
    ends = [*at[1:], len(table.columns)]
    groups = [_Group(table.columns[a], table.columns[a + 1 : b]) for a, b in zip(at, ends)]
    if not all(any(c.kind == "number" for c in group.columns) for group in groups):
        return []
    names = {_NUMBERED.sub("", group.clock.name) for group in groups}
    return groups if len(names) == 1 or all(map(_belong_together, groups)) else []


def _is_clock(column: Column) -> bool:
    if role_of(_NUMBERED.sub("", column.name)) == "time":
        return True
    return column.kind != "number" and bool(set(plain(column.name).split("_")) & _TIMES)


def _belong_together(group: _Group) -> bool:
    """`TI101 Time` and `TI101 Value`, `Timestamp TI101` and `TI101`."""
    own = _bare(group.clock.name, _TIMES | _MARKS)
    return bool(own) and any(_bare(c.name, _VALUES) == own for c in group.columns)


def _bare(name: str, words: frozenset[str]) -> tuple[str, ...]:
    return tuple(word for word in plain(name).split("_") if word not in words)


def _seconds(clock: Column, stated: TimeColumn) -> Times | None:
    """Times of a column that ends before others do, NaN below its end; None where it holds none."""
    filled = _filled(clock)
    own = replace(clock, values=clock.values[filled])
    times = read_times(own, stated) if filled.any() else None
    if times is None:
        return None
    seconds: Floats = np.full(filled.size, np.nan)
    seconds[filled] = times.seconds
    return replace(times, seconds=seconds)


def _filled(clock: Column) -> NDArray[np.bool_]:
    """Rows in which a column of times holds something."""
    values = clock.values
    return np.asarray(values != "") if clock.kind == "text" else np.isfinite(values)


def _same(clocks: Sequence[Floats]) -> bool:
    return all(np.array_equal(clocks[0], one, equal_nan=True) for one in clocks)


def _readings(group: _Group, notes: Notes, where: str) -> list[Column]:
    """Columns of numbers, those of bad quality missing. Words are left out, and told."""
    qualities = [
        c.name
        for c in group.columns
        if role_of(c.name) == "quality" and is_quality(c, single_readings=True)
    ]
    own = without_bad_quality(Table(group.columns), qualities, set(qualities), notes, where)
    rest = [c for c in own.columns if c.name not in qualities]
    for column in rest:
        if column.kind != "number":
            text = "columns of words beside times of their own are left out"
            notes.warn("columns-left-out", text, f"{where}: {column.name}")
    return [c for c in rest if c.kind == "number"]


def _tag(column: Column, seconds: Floats, notes: Notes, where: str) -> Tag:
    """Readings with a time, in order, each time once."""
    timed = np.flatnonzero(np.isfinite(seconds))
    rows = in_order(seconds, timed, notes, f"{where}, {column.name}")
    return seconds[rows], column.values[rows]
