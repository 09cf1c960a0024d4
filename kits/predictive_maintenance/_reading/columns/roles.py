"""Which column of a table is what: stated in `machines.yaml`, else found by name and content.

A role found is a guess and is said. What follows from the roles is the readers' work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import SPLIT_WORDS
from kits.predictive_maintenance._reading.columns.labels import (
    MAX_LABELS,
    ask_about_labels,
    label_columns,
    levels_of,
)
from kits.predictive_maintenance._reading.columns.names import (
    is_cell_name,
    is_part_name,
    is_unit,
    is_value_name,
    plain,
    role_of,
)
from kits.predictive_maintenance._reading.columns.quality import is_quality
from kits.predictive_maintenance._reading.columns.stated import ignored, require
from kits.predictive_maintenance._reading.formats.table import Column, Floats, Table
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.sidecar import Sidecar
from kits.predictive_maintenance._reading.times.columns import find_times, fraction_of, is_moments

_OFTEN = 5
_STANDS = 0.9
"""Share of rows with the number of the row before, from which it is that of a machine."""
LEFT_OUT = "columns-left-out"
"""The check under which readers say what is no channel."""
LEFT_OUT_TEXT = "columns that are no channels"
_SPLITS = frozenset({*SPLIT_WORDS, "prediction", "predict", "learn", "holdout"})


@dataclass(frozen=True)
class Roles:
    """Names of columns by role; what has none is a channel."""

    time: tuple[str, ...] = ()
    fraction: tuple[str, float] = ("", 0.0)
    """Column with what is left of a second beside the time, and its unit in seconds."""
    asset: str = ""
    unit: str = ""
    cycle: str = ""
    life: str = ""
    labels: tuple[str, ...] = ()
    quality: tuple[str, ...] = ()
    speed: str = ""
    left_out: dict[str, str] = field(default_factory=dict)
    """Column → why it is no channel."""

    def special(self) -> set[str]:
        """All columns that are no channels; the speed is one unless it is constant."""
        single = {self.asset, self.unit, self.cycle, self.life, self.fraction[0]} - {""}
        return single | {*self.time, *self.labels, *self.quality, *self.left_out}


def find_roles(table: Table, sidecar: Sidecar, notes: Notes, where: str) -> Roles:
    """Roles of a table's columns.

    Raises:
        DataError: a column stated in `machines.yaml` is not there.
    """
    by_role: dict[str, list[Column]] = {}
    for column in table.columns:
        role = role_of(column.name)
        if role is not None:
            by_role.setdefault(role, []).append(column)
    left_out = dict.fromkeys(ignored(table, sidecar), "stated in machines.yaml")
    left_out |= {c.name: "marks changes, known only afterwards" for c in by_role.get("change", ())}
    left_out |= {c.name: "known only after the event" for c in by_role.get("after", ())}
    left_out |= {c.name: "says what others learnt from" for c in table.columns if _names_splits(c)}
    labels = label_columns(table, by_role, sidecar, where)
    single = any(is_value_name(c.name) for c in table.columns)
    quality = tuple(c.name for c in by_role.get("quality", ()) if is_quality(c, single_readings=single))  # fmt: skip
    things = [c for c in by_role.get("unit", ()) if not _holds_units(c) and not _reads(c)]
    assets = [c for c in by_role.get("asset", ()) if not _reads(c)]
    if any(not is_cell_name(c.name) for c in (*assets, *things)):
        assets = [c for c in assets if not is_cell_name(c.name)]
    unit = _one(table, sidecar.life.unit, things, where)
    cycle = _one(table, sidecar.life.cycle, by_role.get("cycle", []), where)
    if cycle and not unit and not assets:
        unit = next((c.name for c in by_role.get("id", ()) if _repeats(c)), "")
        # without lives a cycle may be one of a machine, and what comes once in each its phase
        if lives := by_role.get("life"):
            unit = unit or _unit_by_cycle(table, cycle, lives[0], labels)
    stated_asset = sidecar.asset if sidecar.asset not in ("file", "folder") else ""
    asset = "" if sidecar.asset in ("file", "folder") else _one(table, stated_asset, assets, where)
    life = next((c.name for c in by_role.get("life", ())), "")
    speed = str(sidecar.speed) if isinstance(sidecar.speed, str) else ""
    time = _time(table, by_role, sidecar, where)
    left_out |= {
        c.name: "tells the time once more"
        for c in by_role.get("time", ())
        if time and c.name not in time and is_moments(c, sidecar.time)
    }
    roles = Roles(
        time=time,
        fraction=fraction_of(table, time, sidecar.time) if time else ("", 0.0),
        asset=asset,
        unit=unit,
        cycle=cycle,
        life=life,
        labels=labels,
        quality=quality,
        speed=_one(table, speed, by_role.get("speed", []), where),
        left_out={n: why for n, why in left_out.items() if n not in labels and n != life},
    )
    _say(roles, notes)
    ask_about_labels(table, labels, sidecar, notes, where)
    return roles


def _names_splits(column: Column) -> bool:
    """`train` and `test` in each row: no reading, and nothing that a machine tells."""
    levels = {plain(str(level)) for level in levels_of(column)} if column.kind == "text" else set()
    return bool(levels) and levels <= _SPLITS


def _holds_units(column: Column) -> bool:
    """Physical units, not units of a fleet."""
    return column.kind == "text" and all(is_unit(str(v)) for v in levels_of(column))


def _reads(column: Column) -> bool:
    """Whether `Motor [A]`, a `bearing` of 41.3 or a `pump` of 312, 308, 331 is a reading of it and not which one it is."""
    if column.kind != "number":
        return False
    told = column.values[np.isfinite(column.values)]
    levels, rows = np.unique(told, return_counts=True)
    if column.unit or bool((levels != np.rint(levels)).any()):
        return True
    return (
        is_part_name(column.name)
        and levels.size > MAX_LABELS
        and not _are_numbers(told, levels, rows)
    )


def _are_numbers(told: Floats, levels: Floats, rows: NDArray[np.intp]) -> bool:
    """Whether whole numbers tell which one it is: they count, stand for long, or come equally often."""
    counts = levels[-1] - levels[0] + 1 == levels.size
    stands = bool((np.diff(told) == 0).mean() >= _STANDS)
    evenly = rows.min() >= _OFTEN and rows.max() <= 2 * rows.min()
    return bool(counts or stands or evenly)


def are_numbers(column: Column) -> bool:
    """Whether a column of whole numbers tells by itself which one each row is of: in stretches, or equally often."""
    if column.kind != "number" or not np.isfinite(column.values).all():
        return False
    levels, rows = np.unique(column.values, return_counts=True)
    whole = bool((levels == np.rint(levels)).all())
    return whole and levels.size > 1 and _are_numbers(column.values, levels, rows)


def _repeats(column: Column) -> bool:
    """A number that names something of several rows."""
    return len(set(column.values.tolist())) <= column.values.size / 2


def _unit_by_cycle(table: Table, cycle: str, life: Column, labels: Sequence[str]) -> str:
    """The first column of names or numbers of which each has a cycle once, where cycles come again."""
    cycles = require(table, cycle, "").values.tolist()
    told = set(zip(cycles, life.values.tolist()))
    # rows of a cycle that stand together and have one life are of one machine
    if 2 * len(set(cycles)) > len(cycles) or (len(told) == len(set(cycles)) and cycles == sorted(cycles)):  # fmt: skip
        return ""
    for column in table.columns:
        if column.name in (cycle, *labels) or not (column.kind == "text" or are_numbers(column)):
            continue
        values = column.values.tolist()
        if len(set(values)) > 1 and len(set(zip(values, cycles))) == len(cycles):
            return column.name
    return ""


def _one(table: Table, stated: str, found: list[Column], where: str) -> str:
    if not stated:
        return found[0].name if found else ""
    return require(table, stated, where).name


def _time(
    table: Table, by_role: dict[str, list[Column]], sidecar: Sidecar, where: str
) -> tuple[str, ...]:
    if sidecar.time.column:
        parts = [p.strip() for p in sidecar.time.column.split("+")]
        return tuple(require(table, part, where).name for part in parts)
    named, starts = by_role.get("time", []), by_role.get("start", [])
    return find_times(table, named, starts if "end" not in by_role else [], sidecar.time)


def _say(roles: Roles, notes: Notes) -> None:
    said = {
        "time": "+".join(roles.time), "asset": roles.asset, "unit": roles.unit,
        "cycle": roles.cycle, "remaining life": roles.life, "label": ", ".join(roles.labels),
        "quality": ", ".join(roles.quality), "speed": roles.speed,
    }  # fmt: skip
    text = "; ".join(f"{role}: {name}" for role, name in said.items() if name)
    if text:
        notes.say("columns", "columns taken by their names", text)
    for name, why in sorted(roles.left_out.items()):
        notes.say(LEFT_OUT, LEFT_OUT_TEXT, f"{name}: {why}")
