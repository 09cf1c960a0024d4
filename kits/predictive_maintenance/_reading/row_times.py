"""The times of a table's rows: from one column, or from a date and a clock side by side.

Says what was assumed; reading one column is `_reading/times.py`'s work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kits.core.errors import DataError
from kits.predictive_maintenance._reading.columns import value_text
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.roles import Roles
from kits.predictive_maintenance._reading.sidecar import Sidecar
from kits.predictive_maintenance._reading.tables import Column, Table
from kits.predictive_maintenance._reading.times import Times, read_times


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
    column = _time_column(table, roles.time)
    times = _with_fraction(read_times(column, sidecar.time), table, roles)
    if times is None:
        raise DataError(
            f"the column {column.name!r} holds no times",
            where=name,
            fix="state time.column and time.format in machines.yaml",
        )
    if times.doubtful:
        notes.warn(
            "time-order",
            "it is not clear whether the day or the month comes first",
            f"{name}: {times.note}",
            "state time.format in machines.yaml, for example '%m/%d/%Y %H:%M'",
        )
    elif times.note:
        notes.say("time", "times were read with assumptions", f"{name}: {times.note}")
    return times


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


def _time_column(table: Table, names: Sequence[str]) -> Column:
    columns = [column for n in names if (column := table.column(n)) is not None]
    if len(columns) == 1:
        return columns[0]
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


def _clock(value: float) -> str:
    return f"{int(value):06d}" if np.isfinite(value) else ""


def _as_text(column: Column) -> list[str]:
    if column.kind == "time":
        days = column.values.astype("datetime64[s]").astype("datetime64[D]")
        return [str(day) for day in days]
    return [value_text(v) for v in column.values.tolist()]
