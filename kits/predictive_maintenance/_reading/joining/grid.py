"""Readings of several tags, each at times of its own → columns on the times of common rows.

Rows come at the pace of the fastest steady tag. One whose pace is a multiple of it keeps its own; of all others the
last value holds, as of those that are only written when they change. Nothing is interpolated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.predictive_maintenance._reading.formats.table import Floats
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import GAP_PERIODS

MAX_ROWS = 20_000_000
MAX_CELLS = 100_000_000
_STEADY = 0.9
_NEAR = 0.2

Tag = tuple[Floats, Floats]
"""Times, rising, and the readings at them."""


@dataclass(frozen=True)
class _Rows:
    """The common rows.

    Attributes:
        base_s: from one to the next.
    """

    start_s: float
    base_s: float
    count: int

    def seconds(self) -> Floats:
        found: Floats = self.start_s + np.arange(self.count, dtype=np.float64) * self.base_s
        return found


def on_one_grid(
    tags: Mapping[str, Tag], notes: Notes, where: str
) -> tuple[dict[str, Floats], Floats]:
    """A column for each tag, and the times of their rows.

    Raises:
        DataError: too many rows.
    """
    if _same_times([times for times, _ in tags.values()]):
        return {name: values for name, (_, values) in tags.items()}, next(iter(tags.values()))[0]
    paces = {name: _pace(times) for name, (times, _) in tags.items()}
    rows = _rows(tags, paces, where)
    columns: dict[str, Floats] = {}
    told: list[NDArray[np.int64]] = []
    slowest = 0
    for name, (times, values) in tags.items():
        pace, steady = paces[name]
        step = max(1, round(pace / rows.base_s))
        if steady and abs(pace / rows.base_s - step) * times.size < 0.5:
            at = _places(times, rows, step)
            column = np.full(rows.count, np.nan)
            column[at] = values
            slowest = max(slowest, step)
        else:
            at = _nearest(times, rows)
            column = _held(times, values, rows, GAP_PERIODS * pace if steady else np.inf)
            how = "is read at a pace of its own" if steady else "is written only when it changes"
            notes.say("table", f"{name} {how}: its last value holds", where)
        _say_lost(name, at, notes, where)
        columns[name] = column
        told.append(at)
    kept = _without_silence(told, rows.count, slowest)
    return {name: column[kept] for name, column in columns.items()}, rows.seconds()[kept]


def _rows(tags: Mapping[str, Tag], paces: Mapping[str, tuple[float, bool]], where: str) -> _Rows:
    steady = [pace for pace, even in paces.values() if even and pace > 0]
    base = min(steady or [pace for pace, _ in paces.values() if pace > 0], default=1.0)
    start = min(float(times[0]) for times, _ in tags.values())
    end = max(float(times[-1]) for times, _ in tags.values())
    count = round((end - start) / base) + 1
    if count > MAX_ROWS or count * len(tags) > MAX_CELLS:
        raise DataError(
            f"{count} rows of {len(tags)} tags at {1 / base:g} Hz are too many",
            where=where,
            fix="export a shorter time, or the fast tags by themselves",
        )
    return _Rows(start, base, count)


def _same_times(times: Sequence[Floats]) -> bool:
    return all(t.size == times[0].size and np.array_equal(t, times[0]) for t in times)


def _places(times: Floats, rows: _Rows, step: int) -> NDArray[np.int64]:
    """The row of each reading of a steady tag, every `step`-th. Of two for one row, one takes a free row beside it."""
    last = (rows.count - 1) // step
    exact = (times - rows.start_s) / (step * rows.base_s)
    near = np.clip(np.round(exact - _phases(exact)), 0, last).astype(np.int64)
    later = np.flatnonzero(np.diff(near) == 0) + 1
    free = np.append(near, last + 1)[later + 1] > near[later] + 1
    near[later[free]] += 1
    earlier = np.flatnonzero(np.diff(near) == 0)
    free = np.append(near, -1)[earlier - 1] < near[earlier] - 1
    near[earlier[free]] -= 1
    return near * step


def _phases(exact: Floats) -> Floats:
    """How far readings lie from rows, -0.5 to 0.5, as one figure for each stretch at one pace.

    A clock that trembles half-way between two rows would else be nearest to the one and to the other by turns.
    """
    steps = np.diff(exact)
    edges = np.flatnonzero(np.abs(steps - np.round(steps)) > _NEAR) + 1
    starts = np.concatenate([[0], edges])
    turns = np.add.reduceat(np.exp(2j * np.pi * exact), starts)
    sizes = np.diff(np.append(starts, exact.size))
    phases: Floats = np.repeat(np.angle(turns) / (2 * np.pi), sizes)
    return phases


def _nearest(times: Floats, rows: _Rows) -> NDArray[np.int64]:
    at = np.ceil((times - rows.start_s) / rows.base_s - 0.5).astype(np.int64)
    return np.clip(at, 0, rows.count - 1)


def _held(times: Floats, values: Floats, rows: _Rows, longest_s: float) -> Floats:
    """The last value until each row, for so many seconds at most."""
    until = rows.seconds() + rows.base_s / 2
    at = np.searchsorted(times, until, "right") - 1
    last = np.maximum(at, 0)
    return np.where((at >= 0) & (until - times[last] <= longest_s), values[last], np.nan)


def _say_lost(name: str, at: NDArray[np.int64], notes: Notes, where: str) -> None:
    lost = at.size - np.unique(at).size
    if lost:
        text = "readings that follow each other faster than the rows: of each row the last is kept"
        notes.warn("table", text, f"{where}, {name}: {lost} readings")


def _without_silence(
    told: Sequence[NDArray[np.int64]], rows: int, slowest: int
) -> NDArray[np.bool_]:
    """Rows but those of stretches in which no tag was read, where one is steady.

    Args:
        told: rows in which each tag was.
        slowest: rows between readings of the slowest steady tag; 0: none is steady.
    """
    marked = np.unique(np.concatenate(told))
    kept = np.ones(rows, bool)
    if slowest:
        for at in np.flatnonzero(np.diff(marked) > GAP_PERIODS * slowest):
            kept[marked[at] + 1 : marked[at + 1]] = False
    return kept


def _pace(times: Floats) -> tuple[float, bool]:
    """Usual step of a tag, and whether most steps are about that long."""
    if times.size < 3:
        return 0.0, False
    steps = np.diff(times)
    middle = float(np.median(steps))
    near = np.abs(steps - middle) <= _NEAR * middle
    steady = float(np.mean(near)) >= _STEADY
    return (float(steps[near].mean()) if steady else middle), steady
