"""Rows in the order of time, each time once; what is left out is told."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._reading.formats.table import Floats
from kits.predictive_maintenance._reading.notes import Notes

_MANY_DOUBLES = 0.2
_LEAST_S, _HOUR_S = 1200.0, 3600.0
_AUTUMN = (
    "the clock is put back an hour in autumn: the rows of both hours are mixed",
    "state time.timezone in machines.yaml, as Europe/Berlin, and import again with --replace",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def rows_in_order(seconds: Floats, notes: Notes, name: str) -> NDArray[np.intp]:
    """Rows with a time, in order, each time once."""
    return in_order(seconds, rows_with_time(seconds, notes, name), notes, name)


def in_order(seconds: Floats, rows: NDArray[np.intp], notes: Notes, name: str) -> NDArray[np.intp]:
    """Some rows, all with a time, in its order, each time once."""
    back = int((np.diff(seconds[rows]) < 0).sum())
    if back:
        fix = "check the clock of the logger; sort the export to be sure"
        text = "rows are not in the order of time: sorted"
        if back <= 5:
            text = "the clock steps back: rows sorted by time"
        if _in_autumn(seconds[rows]):
            text, fix = _AUTUMN
        notes.warn("clock", text, f"{name}: {back} times", fix)
        rows = rows[np.argsort(seconds[rows], kind="stable")]
    once = each_time_once(seconds, rows)
    say_doubles(rows.size - once.size, rows.size, notes, name)
    return once


def say_put_back(seconds: Floats, notes: Notes, name: str) -> None:
    """Tells that the clock is put back in autumn, of times as they come that are put in order elsewhere."""
    back = int((np.diff(seconds) < 0).sum())
    if back and _in_autumn(seconds):
        text, fix = _AUTUMN
        notes.warn("clock", text, f"{name}: {back} times", fix)


def _in_autumn(seconds: Floats) -> bool:
    """Whether each step back is that of daylight saving: on a Sunday night of October or November."""
    at = np.flatnonzero(np.diff(seconds) < 0)
    steps = [(float(seconds[i]) - float(seconds[i + 1]), float(seconds[i])) for i in at[:6]]
    return all(_LEAST_S <= size <= _HOUR_S and _is_night_of_change(when) for size, when in steps)


def _is_night_of_change(local_s: float) -> bool:
    try:
        local = _EPOCH + timedelta(seconds=local_s)
    except OverflowError:  # a clock of no calendar
        return False
    return local.month in (10, 11) and local.weekday() == 6 and local.hour < 4


def rows_with_time(seconds: Floats, notes: Notes, name: str) -> NDArray[np.intp]:
    """Rows whose time is known, as they come."""
    rows = np.flatnonzero(np.isfinite(seconds))
    if rows.size < seconds.size:
        text = "rows without a readable time left out"
        left_out = f"{name}: {seconds.size - rows.size} rows"
        notes.warn("rows-without-time", text, left_out, "correct the time column")
    return rows


def each_time_once(seconds: Floats, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of rows in the order of time, the first of each time."""
    fresh = np.ones(rows.size, bool)
    fresh[1:] = np.diff(seconds[rows]) > 0
    return rows[fresh]


def say_doubles(doubles: int, of: int, notes: Notes, name: str, what: str = "rows") -> None:
    """Tells of what `each_time_once` leaves out.

    Args:
        of: how many there were before.
        what: they are, `readings` where each tag has rows of its own.
    """
    if not doubles:
        return
    one = "row" if what == "rows" else "reading"
    text = f"{what} repeat the time of the {one} before: the first is kept"
    which = f"{name}: {doubles} {what}"
    if doubles > _MANY_DOUBLES * of:
        notes.warn("double-times", text, which, "is there a column that names the machine? "
                   "state it as asset in machines.yaml")  # fmt: skip
    else:
        notes.say("double-times", text, which)
