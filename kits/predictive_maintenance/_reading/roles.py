"""Which column of a table is what: stated in `machines.yaml`, else found by name and content.

A role found is a guess and is said. What follows from the roles is the readers' work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from kits.core.errors import DataError, did_you_mean
from kits.predictive_maintenance._reading.columns import (
    ANOMALY,
    NORMAL,
    fault_word,
    is_normal,
    plain,
    role_of,
    value_text,
)
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.sidecar import Sidecar, normal_values
from kits.predictive_maintenance._reading.tables import Column, Table, Texts

MAX_LABELS = 60
LEFT_OUT = "columns-left-out"
"""The check under which readers say what is no channel."""
LEFT_OUT_TEXT = "columns that are no channels"
_CONDITIONS = frozenset({"class", "condition", "category"})
_QUALITY_WORDS = frozenset({"good", "bad", "uncertain", "ok", "192", "0", "questionable", "stale"})
_DAYS = frozenset({"date", "datum", "fecha"})
_CLOCKS = frozenset({"time", "zeit", "uhrzeit", "hora", "heure", "ora", "tijd", "klockslag"})
_CLOCK = re.compile(r"\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?")
"""`14:05`, `18.00.00`, `2:05 PM`"""
_CLOCKS_LOOKED_AT = 200
_FAULT_NAMES = (("anomal", ANOMALY), ("outlier", ANOMALY), ("fail", "failure"), ("fault", "fault"),
                ("defect", "defect"), ("attack", "attack"))  # fmt: skip


@dataclass(frozen=True)
class Roles:
    """Names of columns by role; what has none is a channel."""

    time: tuple[str, ...] = ()
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
        single = {self.asset, self.unit, self.cycle, self.life} - {""}
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
    left_out = {c.name: "stated in machines.yaml" for n in sidecar.ignore for c in _all(table, n)}
    left_out |= {c.name: "marks changes, known only afterwards" for c in by_role.get("change", ())}
    left_out |= {c.name: "known only after the event" for c in by_role.get("after", ())}
    labels = _labels(table, by_role, sidecar, where)
    quality = tuple(c.name for c in by_role.get("quality", ()) if is_quality(c))
    unit = _one(table, sidecar.life.unit, by_role.get("unit", []), where)
    cycle = _one(table, sidecar.life.cycle, by_role.get("cycle", []), where)
    if cycle and not unit and "asset" not in by_role:
        unit = next((c.name for c in by_role.get("id", ()) if _repeats(c)), "")
    stated_asset = sidecar.asset if sidecar.asset not in ("file", "folder") else ""
    asset = "" if sidecar.asset in ("file", "folder") else _one(
        table, stated_asset, by_role.get("asset", []), where)  # fmt: skip
    life = next((c.name for c in by_role.get("life", ())), "")
    speed = str(sidecar.speed) if isinstance(sidecar.speed, str) else ""
    roles = Roles(
        time=_time(table, by_role, sidecar, where),
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
    return roles


def _repeats(column: Column) -> bool:
    """A number that names something of several rows."""
    return len(set(column.values.tolist())) <= column.values.size / 2


def _all(table: Table, name: str) -> list[Column]:
    found = table.column(name)
    return [found] if found is not None else []


def _one(table: Table, stated: str, found: list[Column], where: str) -> str:
    if not stated:
        return found[0].name if found else ""
    return require(table, stated, where).name


def require(table: Table, name: str, where: str) -> Column:
    """A column that must be there.

    Raises:
        DataError: it is not.
    """
    column = table.column(name)
    if column is None:
        raise DataError(
            f"no column {name!r}, which machines.yaml names",
            where=where,
            fix=did_you_mean(name, table.names),
        )
    return column


def _time(
    table: Table, by_role: dict[str, list[Column]], sidecar: Sidecar, where: str
) -> tuple[str, ...]:
    if sidecar.time.column:
        parts = [p.strip() for p in sidecar.time.column.split("+")]
        return tuple(require(table, part, where).name for part in parts)
    found = by_role.get("time", [])
    if not found:
        return tuple(c.name for c in table.columns if c.kind == "time")[:1]
    days = [c for c in found if plain(c.name) in _DAYS]
    clocks = [c for c in found if plain(c.name) in _CLOCKS]
    if len(days) == len(clocks) == 1 and _is_clock(clocks[0], days[0]):
        return (days[0].name, clocks[0].name)
    found.sort(key=lambda c: c.kind != "time")
    return (found[0].name,)


def _is_clock(column: Column, day: Column) -> bool:
    """Whether cells tell times of a day, and no day: `14:05:00`, or the number 140500 beside 20250303."""
    some = column.values[:_CLOCKS_LOOKED_AT]
    if column.kind == "number":
        clocks = some[np.isfinite(some)]
        parts = (clocks % 100, clocks // 100 % 100, clocks // 10_000)
        fits = all(bool(np.all(part < end)) for part, end in zip(parts, (60, 60, 24)))
        return day.kind == "number" and clocks.size > 0 and fits and bool(np.all(clocks % 1 == 0))
    told = [str(cell) for cell in some if cell]
    return column.kind == "text" and bool(told) and all(map(_CLOCK.fullmatch, told))


def _labels(
    table: Table, by_role: dict[str, list[Column]], sidecar: Sidecar, where: str
) -> tuple[str, ...]:
    if sidecar.labels.columns:
        return tuple(require(table, name, where).name for name in sidecar.labels.columns)
    ignored = {c.name for name in sidecar.ignore for c in _all(table, name)}
    sure = [c.name for c in by_role.get("label", ()) if is_label(c) and c.name not in ignored]
    if sure:
        return tuple(sure[:1])
    weak = (*by_role.get("maybe_label", ()), *by_role.get("quality", ()))
    return tuple(
        c.name for c in weak if is_label(c) and _speaks_of_faults(c) and c.name not in ignored
    )[:1]


def is_label(column: Column) -> bool:
    """Whether the values are a few levels, as labels are."""
    if column.kind == "time":
        return False
    levels = levels_of(column)
    if len(levels) > MAX_LABELS:
        return False
    return column.kind == "text" or all(float(v).is_integer() for v in levels)


def _speaks_of_faults(column: Column) -> bool:
    """A doubtful name needs values that speak: a word for normal beside others."""
    if is_quality(column):
        return False
    levels = levels_of(column)
    if column.kind == "number":
        return set(levels) == {0.0, 1.0} and plain(column.name) in ("class", "y", "event")
    words = [str(v) for v in levels if v]
    if len(words) == 1:  # a file of one condition among files of others
        return plain(column.name) in _CONDITIONS and (is_normal(words[0]) or fault_word(words[0]))
    return any(is_normal(v) for v in words)


def is_quality(column: Column) -> bool:
    """Whether the values are an historian's words for good and bad readings."""
    if role_of(column.name) != "quality":
        return False
    words = {value_text(v).lower() for v in levels_of(column)} - {""}
    return bool(words) and words <= _QUALITY_WORDS and bool(words & {"good", "bad", "192"})


def levels_of(column: Column) -> list[str | float]:
    """Distinct values; missing ones left away. A column of many is cut short."""
    if column.kind == "text":
        return sorted(set(column.values.tolist()) - {""})[: MAX_LABELS + 2]
    finite = column.values[np.isfinite(column.values)]
    found: list[str | float] = np.unique(finite)[: MAX_LABELS + 2].tolist()
    return found


def row_labels(table: Table, names: tuple[str, ...], sidecar: Sidecar) -> Texts:
    """The label of each row: `normal`, a fault's name, or empty where nothing is stated."""
    joined: Texts = np.full(table.rows, "", dtype=object)
    for name in names:
        column = table.column(name)
        if column is None:
            continue
        own = _named(column, sidecar)
        take = (joined == "") | ((joined == NORMAL) & (own != "") & (own != NORMAL))
        joined = np.where(take, own, joined).astype(object)
    return joined


def _named(column: Column, sidecar: Sidecar) -> Texts:
    levels = levels_of(column)
    normal = normal_values(sidecar.labels, column.name)
    binary = column.kind == "number" and len(levels) <= 2
    word = plain(column.name)
    fault = next((name for part, name in _FAULT_NAMES if part in word), "fault")
    named: dict[str | float, str] = {}
    for level in levels:
        if is_normal(level, normal):
            named[level] = NORMAL
        elif column.kind == "text":
            named[level] = str(level)
        else:
            named[level] = fault if binary else f"{fault} {value_text(level)}"
    return np.array([named.get(v, "") for v in column.values.tolist()], dtype=object)


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
