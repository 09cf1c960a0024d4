"""The times of a table's rows: from one column, or from a date and a clock side by side.

Says what was assumed; reading one column is `_reading/times/times.py`'s work.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np

from kits.core.errors import DataError
from kits.core.moments import read_year_first
from kits.predictive_maintenance._reading.columns.names import value_text
from kits.predictive_maintenance._reading.columns.roles import Roles
from kits.predictive_maintenance._reading.formats.table import Column, Table
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.sidecar import Sidecar
from kits.predictive_maintenance._reading.times.times import Times, read_times

_DAY = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")


def times_of(table: Table, roles: Roles, sidecar: Sidecar, notes: Notes, name: str) -> Times | None:
    """When each row of a table was recorded, with what was assumed told in the notes.

    Args:
        name: of the file, for complaints.

    Returns:
        None when no column tells; `(rows,)` seconds otherwise.

    Raises:
        DataError: the column that should tell holds no times, or is written in another format than stated.
    """
    if not roles.time:
        if sidecar.rate_hz is None:
            notes.warn(
                "time",
                "no column with the time: rows are only counted",
                name,
                "state rate_hz, or time.column, in machines.yaml",
            )
        return None
    column = time_column(table, roles.time)
    times = _with_fraction(read_times(column, sidecar.time), table, roles)
    if times is not None and times.of_day:
        times = _with_day(times, name)
    if times is None:
        raise DataError(
            f"the column {column.name!r} holds no times",
            where=name,
            fix="state time.column and time.format in machines.yaml",
        )
    say_assumed(times, notes, name)
    return times


def say_assumed(times: Times, notes: Notes, name: str) -> None:
    """Tells what was assumed to read times."""
    if times.doubtful:
        notes.warn(
            "time-order",
            "it is not clear whether the day or the month comes first",
            f"{name}: {times.note}",
            "state time.format in machines.yaml, for example '%m/%d/%Y %H:%M'",
        )
    elif times.note:
        notes.say("time", "times were read with assumptions", f"{name}: {times.note}")


def _with_day(times: Times, name: str) -> Times:
    """Hours of the day that a file's name tells (`press_2025-11-03.csv`)."""
    match = _DAY.search(PurePosixPath(name).stem)
    day = read_year_first("-".join(match.groups())) if match else None
    if day is None:
        return times
    note = f"{times.note}, of the day in the file's name"
    return replace(times, seconds=times.seconds + day[0], absolute=True, note=note)


def _with_fraction(times: Times | None, table: Table, roles: Roles) -> Times | None:
    """Times whose rest of a second stands in a column of its own."""
    name, factor = roles.fraction
    column = table.column(name) if name else None
    if times is None or column is None:
        return times
    rest = np.nan_to_num(column.values) * factor
    whole = 60 if factor == 1 else 1
    if np.any(np.nan_to_num(times.seconds) % whole):  # the time tells it already
        return times
    return replace(times, seconds=times.seconds + rest)


def time_column(table: Table, names: Sequence[str]) -> Column:
    """One column of times of those that tell them together."""
    columns = [column for n in names if (column := table.column(n)) is not None]
    if len(columns) == 1:
        return columns[0]
    if len(columns) > 2:
        return _of_parts(columns)
    day, clock = columns[0], columns[-1]
    if day.kind == clock.kind == "number":
        # 20250303 and 60500: five past six
        clock = replace(
            clock, kind="text", values=np.array([_clock(v) for v in clock.values], object)
        )
        columns = [*columns[:-1], clock]
    texts = [_as_text(column) for column in columns]
    # controllers of Rockwell part a second by a semicolon
    texts[-1] = [text.replace(";", ".") for text in texts[-1]]
    joined = [" ".join(parts) for parts in zip(*texts)]
    unit = next((column.unit for column in columns if column.unit), "")
    return Column("+".join(names), unit, "text", np.array(joined, dtype=object))


def _of_parts(columns: Sequence[Column]) -> Column:
    """Year, month, day, and the hour as far as it is told."""
    rows = columns[0].values.size
    told = [c.values.tolist() for c in columns] + [[0.0] * rows] * (6 - len(columns))
    form = "{:.0f}-{:02.0f}-{:02.0f} {:02.0f}:{:02.0f}:{:02.0f}"
    texts = [form.format(*row) for row in zip(*told)]
    return Column("+".join(c.name for c in columns), "", "text", np.array(texts, dtype=object))


def _clock(value: float) -> str:
    return f"{int(value):06d}" if np.isfinite(value) else ""


def _as_text(column: Column) -> list[str]:
    if column.kind == "time":
        days = column.values.astype("datetime64[s]").astype("datetime64[D]")
        return [str(day) for day in days]
    return [value_text(v) for v in column.values.tolist()]
