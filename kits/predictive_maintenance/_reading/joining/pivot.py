"""Long tables (time, tag, value) → a column per tag, on the times of the sensors themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.window import MAX_NAME
from kits.predictive_maintenance._reading.columns.names import NORMAL, split_unit
from kits.predictive_maintenance._reading.formats.table import (
    Column,
    Floats,
    Table,
    Texts,
    told_apart,
)
from kits.predictive_maintenance._reading.joining.grid import on_one_grid
from kits.predictive_maintenance._reading.joining.long import MAX_TAGS, Long
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.times.order import (
    each_time_once,
    rows_with_time,
    say_doubles,
    say_put_back,
)

_SAME_S = 1e-3
"""Times of rows of one table are one where they are nearer."""
_MARKS = "$RT_"
"""WinCC writes beside its tags when recording began, ended and lost something."""


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
    timed = rows_with_time(seconds, notes, where)
    if names:
        say_put_back(seconds[timed[tags[timed] == names[0]]], notes, where)
    series, doubles = {}, 0
    for name, rows in _rows_of(tags, names, seconds):
        once = each_time_once(seconds, rows)
        series[name] = (seconds[once], values[once])
        doubles += rows.size - once.size
    if not series:
        raise DataError(
            "no tag with a time",
            where=where,
            fix="export a column of tags, one of times and one of values",
        )
    say_doubles(doubles, timed.size, notes, where, "readings")
    units = long.units_in(table)
    if any(len(name) > MAX_NAME for name in series):
        notes.say("table", f"names of more than {MAX_NAME} signs cut to their end", where)
    columns, times = on_one_grid(series, notes, where)
    return _wide(columns, units), times


def labels_on(
    table: Table, long: Long, given: tuple[Floats, Texts], seconds: Floats
) -> Texts | None:
    """The label of each row of the wide table: a fault where one of its tags has one; None where no row says that all was well.

    Args:
        given: the time and the label of each row of the long one.
        seconds: times of the wide table's rows.
    """
    times, labels = given
    if NORMAL not in labels:
        return None
    tags = long.tags_in(table)
    found: Texts = np.full(seconds.size, "", dtype=object)
    for _, rows in _rows_of(tags, sorted(set(tags.tolist()) - {""}), times):
        at = np.searchsorted(times[rows], seconds + _SAME_S, "right") - 1
        # a tag that is no longer logged says nothing; one logged as it changes is silent for long
        until = float(times[rows][-1] + np.diff(times[rows]).max(initial=0.0)) + _SAME_S
        own = np.where((at >= 0) & (seconds <= until), labels[rows][np.maximum(at, 0)], "")
        take = (found == "") | ((found == NORMAL) & (own != ""))
        found = np.where(take, own, found).astype(object)
    return found


def _rows_of(
    tags: Texts, names: Sequence[str], seconds: Floats
) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Rows of each tag that has any with a time, in the order of time."""
    number = {name: at for at, name in enumerate(names)}
    codes = np.fromiter((number.get(tag, -1) for tag in tags.tolist()), np.int64, tags.size)
    codes[~np.isfinite(seconds)] = -1
    order = np.lexsort((seconds, codes))
    edges = np.searchsorted(codes[order], np.arange(len(names) + 1))
    for name, start, end in zip(names, edges, edges[1:]):
        if end > start:
            yield name, order[start:end]


def _wide(columns: dict[str, Floats], units: Mapping[str, str]) -> Table:
    made = []
    for name, values in columns.items():
        bare, unit = split_unit(name)
        made.append(Column(bare, units.get(name, unit), "number", values))
    return Table(told_apart(tuple(made)))
