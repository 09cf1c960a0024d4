"""What is known of each capture before it is opened: asset, label, group, split, place in a life.

From the list of captures (meta.csv), folders and names; nothing of the waveforms. Each guess is said.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.prediction import Quantity
from kits.predictive_maintenance._reading.captures.faults import with_faults, without_left_out
from kits.predictive_maintenance._reading.captures.file_lists import file_column, key_of, last_key
from kits.predictive_maintenance._reading.captures.lives import Capture, with_lives
from kits.predictive_maintenance._reading.captures.names import (
    beside_normal,
    label_in,
    of_several_channels,
    say_apart,
    say_codes,
)
from kits.predictive_maintenance._reading.columns.labels import row_labels
from kits.predictive_maintenance._reading.columns.names import (
    life_unit,
    plain,
    role_of,
    value_text,
)
from kits.predictive_maintenance._reading.columns.roles import find_roles
from kits.predictive_maintenance._reading.columns.stated import require
from kits.predictive_maintenance._reading.events import Events
from kits.predictive_maintenance._reading.files import (
    name_in,
    stamp_in,
    stated_splits,
)
from kits.predictive_maintenance._reading.formats.table import Column, Table
from kits.predictive_maintenance._reading.formats.tables import read_table
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import REMAINING_LIFE
from kits.predictive_maintenance._reading.sidecar import Sidecar
from kits.predictive_maintenance._reading.times.placing import Placing

_CONDITION = re.compile(
    r"(?:load|torque|force|radial_?force|temperature|pressure|flow|condition|operating_?condition|"
    r"working_?condition|setting|position|direction|axis|product|recipe|gear)(?:_.*)?"
)
_CLOCK = frozenset(
    {"minute", "minutes", "hour", "hours", "seconds", "elapsed", "elapsed_h", "age_h"}
)
_PHYSICAL = frozenset(
    {"g", "m/s2", "m/s²", "m/s^2", "mm/s", "µm", "um", "v", "mv", "fs", "pa", "a"}
)
_SCALE_UNIT = re.compile(r"scale_(.+)_per_.*")


def plan(
    files: Sequence[Path], root: Path, sidecar: Sidecar, notes: Notes, events: Events | None = None, meta: Path | None = None
) -> list[Capture]:  # fmt: skip
    """Every capture with what is known of it, in order.

    Args:
        events: a list of faults beside them: then machines are repaired and go on running.
        meta: the list of captures.

    Raises:
        DataError: the list of captures cannot be read, or lacks a stated column.
    """
    splits = stated_splits(files, root)
    captures = [_from_path(file, root, splits[file], sidecar) for file in files]
    captures = of_several_channels(beside_normal(captures, sidecar, notes), notes)
    named = sorted({one.label for one in captures} - {""})
    if meta is not None:
        notes.say("captures", "what is known of captures is taken from a list", name_in(meta, root))
        table = _read_meta(meta)
        captures = _with_meta(captures, table, meta.name, sidecar, notes)
        named = [] if _lists_labels(table, meta.name, sidecar) else named
    else:
        say_apart(captures, notes)
        say_codes(captures, notes)
    if named:
        found = ", ".join(named)
        notes.say("labels", f"labels from the names of folders and files: {found}")
    captures = without_left_out(captures, sidecar, notes)
    if events is not None:
        return with_faults(captures, Placing(events, sidecar.labels.before_h), sidecar, notes)
    return with_lives(captures, sidecar, notes)


def _from_path(file: Path, root: Path, split: Split | None, sidecar: Sidecar) -> Capture:
    name = name_in(file, root)
    relative = Path(name)
    folder = relative.parent.as_posix()
    home = folder if folder != "." else (root.name if root.is_dir() else root.stem)
    label = label_in(relative)
    by_class = bool(label) and sidecar.asset != "folder"
    asset = str(relative.with_suffix("")) if by_class or sidecar.asset == "file" else home
    return Capture(
        file, name, asset, asset, label, split, stamp_s=_stamp(file.name, sidecar.time.timezone)
    )


def _stamp(name: str, zone: str) -> float | None:
    parts = stamp_in(name)
    if parts is None:
        return None
    try:
        year, month, day, hour, minute, second = [*parts, 0][:6]
        at = datetime(year, month, day, hour, minute, second, tzinfo=ZoneInfo(zone))
        return at.timestamp()
    except ValueError:
        return None


def _read_meta(file: Path) -> Table:
    if file.suffix.lower() != ".json":
        return read_table(file)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise DataError(
            "the list of captures cannot be read",
            where=file.name,
            fix="write a JSON object with one entry for each file, in UTF-8, or a CSV with one row for each",
        ) from error
    rows = [{"file": k, **v} for k, v in content.items() if isinstance(v, dict)] if isinstance(
        content, dict) else content  # fmt: skip
    if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) for r in rows):
        raise DataError(
            "the list of captures has no rows",
            where=file.name,
            fix="write one row for each capture, or take the list away",
        )
    names = list(dict.fromkeys(key for row in rows for key in row))
    return Table(tuple(_json_column(name, [row.get(name) for row in rows]) for name in names))


def _json_column(name: str, values: Sequence[object]) -> Column:
    if all(isinstance(v, int | float) or v is None for v in values):
        numbers = [np.nan if v is None else float(v) for v in values]  # type: ignore[arg-type]
        return Column(name, "", "number", np.array(numbers, np.float64))
    texts = ["" if v is None else str(v) for v in values]
    return Column(name, "", "text", np.array(texts, dtype=object))


def _with_meta(
    captures: Sequence[Capture], meta: Table, source: str, sidecar: Sidecar, notes: Notes
) -> list[Capture]:
    files = _file_column(meta, captures, source)
    roles = find_roles(meta, sidecar, notes, source)
    labels = row_labels(meta, roles.labels or _class_column(meta), sidecar)
    groups = _groups(meta, labels, sidecar, notes, source)
    conditions = [c for c in meta.columns if _CONDITION.fullmatch(plain(c.name))]
    if conditions:
        notes.say(
            "conditions", "operating conditions: " + ", ".join(c.name for c in conditions), source
        )
    rows = {key_of(str(value)): row for row, value in enumerate(files.values)}
    by_last = _by_last(files, captures)
    found, unlisted = [], []
    for capture in captures:
        row = rows.get(key_of(capture.name), rows.get(key_of(capture.file.name)))
        row = by_last.get(key_of(capture.file.name)) if row is None else row
        if row is None:
            unlisted.append(capture.name)
            found.append(capture)
            continue
        found.append(
            _with_row(capture, meta, row, str(labels[row]), groups[row], conditions, roles.speed)
        )
    for name in unlisted:
        notes.warn(
            "labels", f"captures that {source} does not list: nothing is known of them", name
        )
    return found


def _lists_labels(meta: Table, source: str, sidecar: Sidecar) -> bool:
    """Whether a list of captures says of these what they show; else their names do."""
    return bool(find_roles(meta, sidecar, Notes(), source).labels or _class_column(meta))


def _class_column(meta: Table) -> tuple[str, ...]:
    """In a list of captures `class` and `state` are labels whatever their values."""
    doubtful = ("maybe_label", "label")
    return tuple(c.name for c in meta.columns if role_of(c.name) in doubtful and c.kind == "text")[
        :1
    ]


def _file_column(meta: Table, captures: Sequence[Capture], source: str) -> Column:
    known = {key_of(c.name) for c in captures} | {key_of(c.file.name) for c in captures}
    column = file_column(meta, known)
    if column is None:
        raise DataError(
            "no column names the captures' files",
            where=source,
            fix="add a column `file` with their names",
        )
    return column


def _by_last(files: Column, captures: Sequence[Capture]) -> dict[str, int]:
    """Names of files without their folders → the list's row, of those that come once in the list and among the captures."""
    listed = [last_key(str(value)) for value in files.values]
    own = Counter(key_of(capture.file.name) for capture in captures)
    times = Counter(listed)
    return {key: row for row, key in enumerate(listed) if times[key] == 1 == own[key]}


def _groups(
    meta: Table, labels: np.ndarray[tuple[int, ...], np.dtype[np.object_]], sidecar: Sidecar,
    notes: Notes, source: str,
) -> list[str]:  # fmt: skip
    """What names one physical unit: stated columns, a column for it, else label and fault size."""
    stated = [require(meta, name, source) for name in sidecar.group]
    owner = [c for c in meta.columns if role_of(c.name) in ("asset", "unit") and not _all_units(c)][
        :1
    ]
    sizes = [c for c in meta.columns if role_of(c.name) == "fault_size"]
    columns = stated or owner or sizes
    if not columns:
        return [""] * meta.rows
    words = [[value_text(v) for v in c.values.tolist()] for c in columns]
    named = ", ".join(c.name for c in columns)
    if stated or owner:
        notes.say("groups", f"one physical unit is what agrees in {named}", source)
        return ["/".join(parts) for parts in zip(*words)]
    notes.warn(
        "groups",
        f"no column names the physical unit: captures that agree in label and {named} are taken as one",
        source,
        "state the columns under `group` in machines.yaml",
    )
    return ["/".join([str(label), *parts]) for label, *parts in zip(labels, *words)]


def _with_row(
    capture: Capture, meta: Table, row: int, label: str, group: str, conditions: Sequence[Column],
    speed: str,
) -> Capture:  # fmt: skip
    number = {role_of(c.name): c for c in reversed(meta.columns) if c.kind == "number"}
    scale = number.get("scale")
    unit = _SCALE_UNIT.fullmatch(plain(scale.name)) if scale is not None else None
    attributes = {_condition_name(c): _value(c, row) for c in conditions}
    rpm = meta.column(speed) if speed else None
    if rpm is not None and rpm.kind == "number":
        attributes["speed_rpm"] = _value(rpm, row)
    clock = next((c for c in meta.columns if plain(c.name) in _CLOCK and c.kind == "number"), None)
    stamp = _at(clock, row)
    if clock is not None and stamp is not None:
        stamp *= 60 if "min" in plain(clock.name) else 1 if "sec" in plain(clock.name) else 3600
    return replace(
        capture,
        label=label or capture.label,
        rate_hz=_at(number.get("rate"), row),
        scale=_at(scale, row),
        unit=unit[1] if unit else _stated_unit(meta, row),
        attributes={k: v for k, v in attributes.items() if v != "" and not _missing(v)},
        life=_life(number.get("life"), row),
        timed=clock is not None or number.get("life") is not None,
        stamp_s=stamp if stamp is not None else capture.stamp_s,
        asset=group or capture.asset,
        group=group or capture.group,
    )


def _missing(value: str | float) -> bool:
    return isinstance(value, float) and not np.isfinite(value)


def _all_units(column: Column) -> bool:
    return column.kind == "text" and {str(v).lower() for v in column.values} <= _PHYSICAL


def _stated_unit(meta: Table, row: int) -> str:
    """A column `unit` names a physical unit when its values are such; else it names machines."""
    column = meta.column("unit") or meta.column("units")
    if column is None or column.kind != "text":
        return ""
    word = str(column.values[row])
    return word if word.lower() in _PHYSICAL else ""


def _life(column: Column | None, row: int) -> Quantity | None:
    value = _at(column, row)
    if column is None or value is None:
        return None
    factor, unit = life_unit(column.name)
    return Quantity(REMAINING_LIFE, value * factor, "captures" if unit == "cycles" else unit)


def _condition_name(column: Column) -> str:
    return "load" if plain(column.name).startswith("load") else column.name


def _at(column: Column | None, row: int) -> float | None:
    if column is None or not np.isfinite(column.values[row]):
        return None
    return float(column.values[row])


def _value(column: Column, row: int) -> str | float:
    value = column.values[row]
    return str(value) if column.kind == "text" else float(value)
