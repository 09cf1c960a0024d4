"""Which columns say what is a fault, and what their values mean: stated in `machines.yaml`, else found by name and content."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from kits.core.errors import DataError, nearly
from kits.core.labelling import spelling
from kits.predictive_maintenance._reading.columns.names import (
    ANOMALY,
    NORMAL,
    denies_fault,
    fault_word,
    is_normal,
    names_fault,
    plain,
    role_of,
    split_unit,
    value_text,
)
from kits.predictive_maintenance._reading.columns.quality import is_quality
from kits.predictive_maintenance._reading.columns.stated import ignored, require
from kits.predictive_maintenance._reading.formats.table import Column, Table, Texts
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.sidecar import Sidecar, normal_values

MAX_LABELS = 60
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
_FLAG_OR_COUNT = re.compile(r"(?:fail|faulty|defective)(?:_?(?:no|nr|number))?")
"""Names of a flag, and of how many there were."""
_OF_OPERATION = frozenset({"operating_state", "betriebszustand"})
_STATES = _OF_OPERATION | {"state", "event", "machine_state", "machine_status", "zustand"}
"""Columns whose other words mean nothing wrong where one names a fault."""
_OF_FAULTS = re.compile(r".*(?:anomal|outlier|fail|fault|defect|broken|attack|fehler|stör|stoer|alarm).*")  # fmt: skip
_YES_OR_NO = ({"y", "n"}, {"j", "n"}, {"s", "n"}, {"o", "n"})
"""Answers where a column's name asks whether there is a fault."""
_CONDITIONS = frozenset({"class", "condition", "category", "state", "machine_state", "alarm"})
_FAULT_NAMES = (("anomal", ANOMALY), ("outlier", ANOMALY), ("fail", "failure"), ("fault", "fault"),
                ("defect", "defect"), ("attack", "attack"))  # fmt: skip


def label_columns(
    table: Table, by_role: Mapping[str, list[Column]], sidecar: Sidecar, where: str
) -> tuple[str, ...]:
    """Those of faults, the stated ones or the first that is sure; of parts of the machine all.

    Args:
        by_role: columns by what they are called after.

    Raises:
        DataError: a stated column is not there.
    """
    if sidecar.labels.columns:
        return tuple(require(table, name, where).name for name in sidecar.labels.columns)
    left_out = ignored(table, sidecar)
    sure = [c.name for c in by_role.get("label", ()) if is_label(c) and not _counts(c) and c.name not in left_out]  # fmt: skip
    parts = tuple(name for name in sure if _OF_A_PART.fullmatch(plain(name)))
    whole = [name for name in sure if name not in parts]
    if whole:
        return tuple(whole[:1])
    unnamed = () if table.header else [c for c in table.columns if c.kind == "text"]
    weak = (*by_role.get("maybe_label", ()), *by_role.get("quality", ()), *unnamed)
    found = (
        c.name for c in weak if is_label(c) and _speaks_of_faults(c) and c.name not in left_out
    )
    return tuple(found)[:1] or parts


def _counts(column: Column) -> bool:
    """Whether a column that is called as a flag of a fault holds other numbers than a flag."""
    name = plain(split_unit(column.name)[0])
    if column.kind != "number" or not (_COMPOUND.fullmatch(name) or _FLAG_OR_COUNT.fullmatch(name)):
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


def ask_about_labels(
    table: Table, labels: Sequence[str], sidecar: Sidecar, notes: Notes, where: str
) -> None:
    """Asks what names and values of labels leave open."""
    _ask_about_parts(labels, sidecar, notes, where)
    for column in (c for c in table.columns if c.name in labels):
        _refuse_misspelt(column, sidecar, where)
        usual = _usual_sign(column)
        if usual is not None and not normal_values(sidecar.labels, column.name):
            low = levels_of(column)[0]
            text = f"of {low:g} and 1 what most rows have is taken for normal"
            told = f"{where}, {column.name}: {usual:g} is normal"
            notes.warn("labels", text, told, "state labels.normal in machines.yaml")


def _refuse_misspelt(column: Column, sidecar: Sidecar, where: str) -> None:
    """Raises DataError for a stated normal value that nearly is one of the column's: all of it would be a fault."""
    stated = [value_text(value) for value in normal_values(sidecar.labels, column.name)]
    levels = [value_text(level) for level in levels_of(column)]
    for one, alike in nearly(stated, levels).items():
        if spelling(one) != spelling(alike):
            raise DataError(
                f"labels.normal names {one!r}, which column {column.name!r} does not have",
                where=where,
                fix=f"did you mean {alike!r}? State it so in machines.yaml",
            )


def _ask_about_parts(labels: Sequence[str], sidecar: Sidecar, notes: Notes, where: str) -> None:
    """Asks where nothing but flags of parts says what is a fault: that of a door or of a link is none of the machine, and 0 and 1 may be counts."""
    parts = [name for name in labels if _COMPOUND.fullmatch(plain(split_unit(name)[0]))]
    if parts and not sidecar.labels.columns:
        notes.warn("labels", "flags called after faults of parts are taken for faults of the machine", f"{where}: {', '.join(parts)}",
                   "are they? then state them as labels.columns in machines.yaml; those that are counts, or faults of a sensor, a door or a link, under ignore")  # fmt: skip
