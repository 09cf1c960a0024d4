"""Long tables (time, tag, value) → a column per tag, on the times of the sensors themselves.

A tag that is read at a steady rate keeps it; one that is only written when it changes holds its last
value. Nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kits.core.errors import DataError
from kits.predictive_maintenance._reading.columns import split_unit
from kits.predictive_maintenance._reading.long import MAX_TAGS, Long
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.table import Column, Floats, Table, told_apart

MAX_ROWS = 20_000_000
_MARKS = "$RT_"
"""WinCC writes beside its tags when recording began, ended and lost something."""
_STEADY = 0.9


def pivot(
    table: Table, long: Long, seconds: Floats, notes: Notes, where: str
) -> tuple[Table, Floats]:
    """A wide table and the times of its rows.

    Raises:
        DataError: too many tags, or rows.
    """
    tags, values = long.tags_in(table), long.readings_in(table)
    names = sorted(n for n in set(tags.tolist()) if n and not n.startswith(_MARKS))
    bad = sum(c.bad for c in table.columns if c.name in long.values)
    if bad:
        text = "cells that are no numbers count as missing"
        notes.warn("bad-cells", text, f"{where}, {', '.join(long.values)}: {bad} cells")
    if len(names) > MAX_TAGS:
        raise DataError(
            f"{len(names)} tags are more than {MAX_TAGS}", where=where, fix="export fewer tags"
        )
    series = {}
    for name in names:
        rows = np.flatnonzero((tags == name) & np.isfinite(seconds))
        rows = rows[np.argsort(seconds[rows], kind="stable")]
        fresh = np.ones(rows.size, bool)
        fresh[1:] = np.diff(seconds[rows]) > 0
        if fresh.sum() >= 1:
            series[name] = (seconds[rows[fresh]], values[rows[fresh]])
    if not series:
        raise DataError("no tag with a time", where=where)
    units = long.units_in(table)
    if _same_times([t for t, _ in series.values()]):
        grid = next(iter(series.values()))[0]
        return _wide({name: v for name, (_, v) in series.items()}, units), grid
    columns, times = _on_grid(series, notes, where)
    return _wide(columns, units), times


def _same_times(times: list[Floats]) -> bool:
    return all(t.size == times[0].size and np.array_equal(t, times[0]) for t in times)


def _on_grid(
    series: dict[str, tuple[Floats, Floats]], notes: Notes, where: str
) -> tuple[dict[str, Floats], Floats]:
    """Rows at the fastest steady rate; slower tags fill every k-th of them."""
    periods = {name: _period(t) for name, (t, _) in series.items()}
    steady = [p for p, even in periods.values() if even and p > 0]
    base = min(steady) if steady else min((p for p, _ in periods.values() if p > 0), default=1.0)
    start = min(float(t[0]) for t, _ in series.values())
    end = max(float(t[-1]) for t, _ in series.values())
    rows = round((end - start) / base) + 1
    if rows > MAX_ROWS:
        raise DataError(f"{rows} rows at {1 / base:g} Hz are too many", where=where)
    columns: dict[str, Floats] = {}
    for name, (t, v) in series.items():
        period, even = periods[name]
        if even:
            step = max(1, round(period / base))
            at = np.round((t - start) / (step * base)).astype(np.int64) * step
            column = np.full(rows, np.nan)
            inside = at < rows
            column[at[inside]] = v[inside]
        else:
            at = np.searchsorted(t, start + np.arange(rows) * base + base / 2, "right") - 1
            column = np.where(at >= 0, v[np.maximum(at, 0)], np.nan)
            notes.say(
                "table", f"{name} is written only when it changes: its last value holds", where
            )
        columns[name] = column
    times: Floats = start + np.arange(rows, dtype=np.float64) * base
    return columns, times


def _period(times: Floats) -> tuple[float, bool]:
    """Median step of a tag, and whether most steps are about that long."""
    if times.size < 3:
        return 0.0, False
    steps = np.diff(times)
    middle = float(np.median(steps))
    return middle, float(np.mean(np.abs(steps - middle) <= 0.2 * middle)) >= _STEADY


def _wide(columns: dict[str, Floats], units: Mapping[str, str]) -> Table:
    made = []
    for name, values in columns.items():
        bare, unit = split_unit(name)
        made.append(Column(bare, units.get(name, unit), "number", values))
    return Table(told_apart(tuple(made)))
