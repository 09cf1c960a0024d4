"""Which column of a table is what: stated in `machines.yaml`, else found by name and content.

A role found is a guess and is said. What follows from the roles is the readers' work.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import SPLIT_WORDS
from kits.core.errors import DataError, did_you_mean
from kits.predictive_maintenance._reading.columns import (
    ANOMALY,
    NORMAL,
    denies_fault,
    fault_word,
    is_normal,
    is_part_name,
    is_unit,
    is_value_name,
    names_fault,
    plain,
    role_of,
    split_unit,
    value_text,
)
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.quality import is_quality
from kits.predictive_maintenance._reading.sidecar import Sidecar, normal_values
from kits.predictive_maintenance._reading.table import Column, Floats, Table, Texts
from kits.predictive_maintenance._reading.time_columns import find_times, fraction_of, is_moments

MAX_LABELS = 60
_OFTEN = 5
_STANDS = 0.9
"""Share of rows with the number of the row before, from which it is that of a machine."""
LEFT_OUT = "columns-left-out"
"""The check under which readers say what is no channel."""
LEFT_OUT_TEXT = "columns that are no channels"
_EITHER = re.compile(r"(?:pass|ok|go|good)_.*")
"""Names of a verdict that say both sides, so that 1 may be either."""
_YES = frozenset(
    {"y", "yes", "j", "ja", "true", "t", "1", "p", "pass", "passed", "ok", "io", "go", "good"}
)
"""Of a verdict: it passed."""
_OF_A_PART = re.compile(
    r"(?!(?:is|has|was|any|machine)_)[a-z]+_(?:broken|failed|failure|fault|faulty|defect|defective)"
)
"""Columns of faults of parts of a machine, of which there may be several: each is one."""
_COMPOUND = re.compile(rf"{_OF_A_PART.pattern}|[a-zäöüß]+(?:fehler|störung|stoerung)")
"""Names of flags, and of readings too: counts of `parts_defective`, a drive's `Schleppfehler`."""
_OF_OPERATION = frozenset({"operating_state", "betriebszustand"})
_STATES = _OF_OPERATION | {"state", "event", "machine_state", "machine_status", "zustand"}
"""Columns whose other words mean nothing wrong where one names a fault."""
_OF_FAULTS = re.compile(r".*(?:anomal|outlier|fail|fault|defect|broken|attack|fehler|stör|stoer|alarm).*")  # fmt: skip
_YES_OR_NO = ({"y", "n"}, {"j", "n"}, {"s", "n"}, {"o", "n"})
"""Answers where a column's name asks whether there is a fault."""
_SPLITS = frozenset({*SPLIT_WORDS, "prediction", "predict", "learn", "holdout"})
_CONDITIONS = frozenset({"class", "condition", "category", "state", "machine_state", "alarm"})
_FAULT_NAMES = (("anomal", ANOMALY), ("outlier", ANOMALY), ("fail", "failure"), ("fault", "fault"),
                ("defect", "defect"), ("attack", "attack"))  # fmt: skip


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
    left_out = {c.name: "stated in machines.yaml" for n in sidecar.ignore for c in _all(table, n)}
    left_out |= {c.name: "marks changes, known only afterwards" for c in by_role.get("change", ())}
    left_out |= {c.name: "known only after the event" for c in by_role.get("after", ())}
    left_out |= {c.name: "says what others learnt from" for c in table.columns if _names_splits(c)}
    labels = _labels(table, by_role, sidecar, where)
    single = any(is_value_name(c.name) for c in table.columns)
    quality = tuple(c.name for c in by_role.get("quality", ()) if is_quality(c, single_readings=single))  # fmt: skip
    things = [c for c in by_role.get("unit", ()) if not _holds_units(c) and not _reads(c)]
    assets = [c for c in by_role.get("asset", ()) if not _reads(c)]
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
    _ask_about_parts(labels, sidecar, notes, where)
    for column in (c for c in table.columns if c.name in labels):
        usual = _usual_sign(column)
        if usual is not None and not normal_values(sidecar.labels, column.name):
            low = levels_of(column)[0]
            text = f"of {low:g} and 1 what most rows have is taken for normal"
            told = f"{where}, {column.name}: {usual:g} is normal"
            notes.warn("labels", text, told, "state labels.normal in machines.yaml")
    return roles


def _ask_about_parts(labels: Sequence[str], sidecar: Sidecar, notes: Notes, where: str) -> None:
    """Asks where nothing but flags of parts says what is a fault: that of a door or of a link is none of the machine, and 0 and 1 may be counts."""
    parts = [name for name in labels if _COMPOUND.fullmatch(plain(split_unit(name)[0]))]
    if parts and not sidecar.labels.columns:
        notes.warn("labels", "flags called after faults of parts are taken for faults of the machine", f"{where}: {', '.join(parts)}",
                   "are they? then state them as labels.columns in machines.yaml; those that are counts, or faults of a sensor, a door or a link, under ignore")  # fmt: skip


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
    named, starts = by_role.get("time", []), by_role.get("start", [])
    return find_times(table, named, starts if "end" not in by_role else [], sidecar.time)


def _labels(
    table: Table, by_role: dict[str, list[Column]], sidecar: Sidecar, where: str
) -> tuple[str, ...]:
    if sidecar.labels.columns:
        return tuple(require(table, name, where).name for name in sidecar.labels.columns)
    ignored = {c.name for name in sidecar.ignore for c in _all(table, name)}
    sure = [c.name for c in by_role.get("label", ()) if is_label(c) and not _counts(c) and c.name not in ignored]  # fmt: skip
    parts = tuple(name for name in sure if _OF_A_PART.fullmatch(plain(name)))
    whole = [name for name in sure if name not in parts]
    if whole:
        return tuple(whole[:1])
    unnamed = () if table.header else [c for c in table.columns if c.kind == "text"]
    weak = (*by_role.get("maybe_label", ()), *by_role.get("quality", ()), *unnamed)
    found = (c.name for c in weak if is_label(c) and _speaks_of_faults(c) and c.name not in ignored)
    return tuple(found)[:1] or parts


def _counts(column: Column) -> bool:
    """Whether a column that is called as a flag of a fault holds other numbers than a flag."""
    if column.kind != "number" or not _COMPOUND.fullmatch(plain(split_unit(column.name)[0])):
        return False
    return not set(levels_of(column)) <= {0.0, 1.0}


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
    if is_quality(column, single_readings=False):
        return False
    levels = levels_of(column)
    if column.kind == "number":
        return set(levels) == {0.0, 1.0} and plain(column.name) in ("class", "y", "event")
    words = [str(v) for v in levels if v]
    name = plain(column.name)
    if len(words) > 1 and any(map(names_fault, words)) and (name in _STATES or "alarm" in name):
        return True
    if name in _OF_OPERATION:
        return False  # running, idle and boost are no faults
    if len(words) == 1:  # a file of one condition among files of others
        return name in _CONDITIONS and (is_normal(words[0]) or fault_word(words[0]))
    return any(is_normal(v) for v in words)


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
        own = _named(column, sidecar, of_several=len(names) > 1)
        take = (joined == "") | ((joined == NORMAL) & (own != "") & (own != NORMAL))
        joined = np.where(take, own, joined).astype(object)
    return joined


def _named(column: Column, sidecar: Sidecar, *, of_several: bool) -> Texts:
    levels = levels_of(column)
    normal = normal_values(sidecar.labels, column.name)
    binary = column.kind == "number" and len(levels) <= 2
    usual = _usual_sign(column) if not normal else None
    if column.kind == "text" and not normal:
        normal = _normal_words(column.name, [str(v) for v in levels])
    word = plain(column.name)
    fault = next((name for part, name in _FAULT_NAMES if part in word), "fault")
    if of_several and _OF_A_PART.fullmatch(word):
        fault = word.replace("_", " ")  # of the pump or of the valve
    named: dict[str | float, str] = {}
    for level in levels:
        if level == usual if usual is not None else is_normal(level, normal):
            named[level] = NORMAL
        elif column.kind == "text":
            named[level] = str(level)
        else:
            named[level] = fault if binary else f"{fault} {value_text(level)}"
    return np.array([named.get(v, "") for v in column.values.tolist()], dtype=object)


def _normal_words(name: str, levels: Sequence[str]) -> tuple[str, ...]:
    """Those of a column's words that mean nothing wrong where the words alone do not say it: of a verdict, of yes and no, of states."""
    if names_verdict(name):
        return tuple(v for v in levels if v.lower() in _YES)
    word = plain(name)
    if {v.lower() for v in levels} in _YES_OR_NO and _OF_FAULTS.fullmatch(word):
        return tuple(v for v in levels if v.lower() == "n")
    if "alarm" in word:
        return tuple(v for v in levels if is_normal(v) or denies_fault(v))
    said = any(is_normal(v) for v in levels if plain(v) != "running")
    if word in _STATES and not said and any(map(names_fault, levels)):
        return tuple(v for v in levels if not names_fault(v))  # idle is no fault
    return ()


def names_verdict(name: str) -> bool:
    """Whether a column of labels is called after both sides of a verdict: `Pass/Fail`, `OK/NOK`, `good or bad`."""
    return role_of(name) == "label" and _EITHER.match(plain(name)) is not None


def _usual_sign(column: Column) -> float | None:
    """Of two signs the one that most rows have, where some data sets mean a fault by the one, some by the other."""
    if column.kind != "number":
        return None
    levels = levels_of(column)
    either = levels == [0.0, 1.0] and names_verdict(column.name)
    if levels != [-1.0, 1.0] and not either:
        return None
    low = float(levels[0])
    return 1.0 if np.nanmean(column.values) > (low + 1) / 2 else low


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
