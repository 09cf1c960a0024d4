"""Columns of a table → channels and conditions.

Says what it leaves out: bad quality, texts that are no channel. Which column has which
role is decided in `_reading/columns/roles.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._device.words import CODE, USUAL, code_of
from kits.predictive_maintenance._reading.columns.bounds import fitting
from kits.predictive_maintenance._reading.columns.labels import levels_of
from kits.predictive_maintenance._reading.columns.names import role_of
from kits.predictive_maintenance._reading.columns.roles import LEFT_OUT, LEFT_OUT_TEXT, Roles
from kits.predictive_maintenance._reading.formats.table import Column, Floats, Table
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.sidecar import Sidecar

MAX_CODES = 20
"""A text column of more values is no channel."""
MAX_CONDITIONS = 32
_FEWEST_COUNTED = 20
READINGS = (
    "export a column of numbers for each sensor, or time, tag and value; cells must not hold JSON"
)
"""The remedy where a table has no column of readings."""


@dataclass(frozen=True)
class Chosen:
    """What of a table is measured, and what holds for a whole recording.

    Attributes:
        many: texts of too many values, left out.
    """

    channels: tuple[Column, ...]
    conditions: tuple[Column, ...] = ()
    speed: str = ""
    many: tuple[str, ...] = ()

    def take(self, rows: NDArray[np.intp]) -> Chosen:
        """Some rows."""
        return replace(
            self,
            channels=tuple(replace(c, values=c.values[rows]) for c in self.channels),
            conditions=tuple(replace(c, values=c.values[rows]) for c in self.conditions),
        )

    def attributes(self, sidecar: Sidecar) -> dict[str, str | float]:
        """Conditions of the rows at hand; a speed that is constant is one too."""
        found: dict[str, str | float] = {}
        for column in self.conditions:
            words = [v for v in levels_of(column) if v]
            if words:
                found[column.name] = str(words[0])[:200]
        speed = next((c for c in self.channels if c.name == self.speed), None)
        if isinstance(sidecar.speed, float):
            found["speed_rpm"] = sidecar.speed
        elif speed is not None:
            finite = speed.values[np.isfinite(speed.values)]
            if finite.size and finite.min() == finite.max():
                found["speed_rpm"] = float(finite[0])
        if sidecar.mains_hz:
            found["mains_hz"] = sidecar.mains_hz
        return found


def scaled(column: Column, sidecar: Sidecar) -> Floats:
    """Readings in their unit."""
    factor = sidecar.scale.get(column.name, sidecar.scale.get("*", 1.0))
    values: Floats = column.values * factor
    return values


def choose_channels(
    table: Table,
    roles: Roles,
    notes: Notes,
    name: str,
    owners: NDArray[np.object_] | None = None,
) -> Chosen:
    """The columns that are channels or conditions; decided once for all assets of a table.

    Args:
        owners: the asset of each row; a text that is constant within each is a condition.
    """
    channels: list[Column] = []
    conditions: list[Column] = []
    many: list[str] = []
    special = roles.special()
    for number, column in enumerate(table.columns, start=1):
        if column.name in special or column.kind == "time":
            continue
        if _counts_rows(column, first=number == 1):
            said = column.name or f"number {number}"
            notes.say(LEFT_OUT, LEFT_OUT_TEXT, f"{said}: only counts rows")
        elif column.kind == "number" and not np.isfinite(column.values).any():
            notes.say(LEFT_OUT, LEFT_OUT_TEXT, f"{column.name}: never has a reading")
        elif column.kind == "number":
            if column.bad:
                which = f"{name}, {column.name}: {column.bad} cells"
                notes.warn("bad-cells", "cells that are no numbers count as missing", which)
            channels.append(column)
        elif _constant_within(column, owners) and len(conditions) < MAX_CONDITIONS:
            conditions.append(column)
        elif len(levels := [str(v) for v in levels_of(column) if v]) > MAX_CODES:
            many.append(column.name)
            notes.say(LEFT_OUT, LEFT_OUT_TEXT, f"{column.name}: a text of many values")
        elif levels:
            channels.append(_coded(column, levels, notes))
    fit = fitting(channels, notes, name)
    return Chosen(fit, tuple(conditions), roles.speed, tuple(many))


def _counts_rows(column: Column, *, first: bool) -> bool:
    """A number of rows or cycles that goes up by the same step all along."""
    if column.kind != "number":
        return False
    told = column.values[np.isfinite(column.values)]
    if len(told) < 2:
        return False
    if column.name and role_of(column.name) not in ("id", "cycle"):
        # some loggers write their own name above the numbers of rows
        return (
            first
            and len(told) >= _FEWEST_COUNTED
            and bool(np.all(told == np.arange(len(told)) + 1))
        )
    steps = np.diff(told)
    return bool(np.all(steps == steps[0]) and steps[0] != 0) or not column.name


def _constant_within(column: Column, owners: NDArray[np.object_] | None) -> bool:
    values = column.values.tolist()
    if owners is None:
        return len(set(values) - {""}) <= 1
    pairs = {(owner, value) for owner, value in zip(owners.tolist(), values) if value}
    return len(pairs) <= len(set(owners.tolist()))


def _coded(column: Column, levels: list[str], notes: Notes) -> Column:
    """A text of few values as a channel of numbers."""
    say_codes(column.name, levels, notes)
    code = {level: code_of(level) for level in levels}
    values = np.array([code.get(v, np.nan) for v in column.values.tolist()], np.float64)
    return Column(column.name, CODE, "number", values)


def say_codes(name: str, levels: Sequence[str], notes: Notes) -> None:
    """Tells which numbers stand for the words of a column."""
    code = {level: code_of(level) for level in levels}
    shown = ", ".join(f"{int(c)} = {level}" for level, c in list(code.items())[:8])
    notes.warn("columns-coded", "texts become channels of codes", f"{name}: {shown}",
               "write numbers into the export, or state the column under `ignore`")  # fmt: skip
    strange = [level for level in levels if level.lower() not in USUAL]
    if len({code[level] for level in strange}) < len({level.lower() for level in strange}):
        notes.warn("columns-coded", "two texts of a column have one code by chance", name,
                   "write numbers into the export, or call one of them otherwise")  # fmt: skip
