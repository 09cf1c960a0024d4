"""How fast readings were taken, where a file says so as a number of its own: it becomes a column of times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

import numpy as np

from kits.predictive_maintenance._reading.columns.names import plain, role_of
from kits.predictive_maintenance._reading.formats.table import Column

_RATES = frozenset({"f_s", "f_sample", "sampling_hz", "samples_per_second", "abtastrate", "abtastfrequenz"})  # fmt: skip
_STEPS = frozenset({
    "dt", "delta_t", "wf_increment", "time_step", "step_s", "xincr", "x_increment", "sample_interval", "sampling_interval",
    "sample_period", "sampling_period", "sample_time", "abtastzeit",
})  # fmt: skip
"""Seconds from a reading to the next."""


def rate_named(name: str, value: float) -> float | None:
    """Readings a second, where a number's name says it is that or its inverse."""
    if not (isfinite(value) and value > 0):
        return None
    word = plain(name)
    if word in _STEPS:
        return 1.0 / value
    return value if word in _RATES or role_of(name) == "rate" else None


def one_rate(numbers: Iterable[tuple[str, float]]) -> float | None:
    """The rate that named numbers tell; None where they tell none, or several."""
    found = {rate for name, value in numbers if (rate := rate_named(name, value)) is not None}
    return found.pop() if len(found) == 1 else None


def with_single_numbers(
    columns: Sequence[Column], single: Mapping[str, float], beside: Iterable[tuple[str, float]] = ()
) -> tuple[Column, ...]:
    """Columns and numbers that stand alone: the speed beside a vibration holds all along, a rate becomes their times.

    Args:
        columns: at least one.
        single: by name.
        beside: numbers that may tell the rate and are no readings.
    """
    rows = columns[0].values.size
    held = [
        Column(name, "", "number", np.full(rows, value))
        for name, value in single.items()
        if rate_named(name, value) is None
    ]
    return _with_clock((*columns, *held), one_rate([*beside, *single.items()]))


def _with_clock(columns: tuple[Column, ...], rate_hz: float | None) -> tuple[Column, ...]:
    """Columns after one of seconds, if something tells their rate and none of them is a time."""
    if rate_hz is None or not columns or any(_is_time(column) for column in columns):
        return columns
    seconds = np.arange(columns[0].values.size) / rate_hz
    return (Column("time", "s", "number", seconds), *columns)


def _is_time(column: Column) -> bool:
    return column.kind == "time" or role_of(column.name) == "time"
