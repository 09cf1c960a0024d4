"""Tables of runs to failure: a row per unit and cycle → one sample per unit with its remaining life.

Takes C-MAPSS' form with and without header, train and test files and the file of remaining lives
beside them. A unit's whole life is one sample; windows inside it are the models' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.prediction import Quantity
from kits.core.window import Channel, Window
from kits.predictive_maintenance._reading.columns.channels import Chosen, choose_channels, scaled
from kits.predictive_maintenance._reading.columns.names import life_unit, plain, role_of, value_text
from kits.predictive_maintenance._reading.columns.roles import Roles, find_roles
from kits.predictive_maintenance._reading.cut import VAL_SHARE, held_out
from kits.predictive_maintenance._reading.files import name_in, split_of, stated_splits, table_files
from kits.predictive_maintenance._reading.formats.table import Table
from kits.predictive_maintenance._reading.formats.tables import read_table
from kits.predictive_maintenance._reading.notes import Notes, refused
from kits.predictive_maintenance._reading.recording import (
    MAX_PIECE_READINGS,
    REMAINING_LIFE,
    Recording,
)
from kits.predictive_maintenance._reading.sidecar import Sidecar

_CMAPSS = ("unit", "cycle", "setting1", "setting2", "setting3", *(f"s{i}" for i in range(1, 22)))
_LIFE_FILE = re.compile(r"(?:^|_)(?:rul|ruls|remaining.*life|truth|ttf)(?:_|$)")


def find_lives(path: Path, sidecar: Sidecar) -> bool:
    """Whether the first table of a folder has a row per unit and cycle."""
    for file in table_files(path)[:8]:
        if _is_life_file(file):
            continue
        try:
            head = named(read_table(file, 400, sheet=sidecar.sheet))
            roles = find_roles(head, sidecar, Notes(), file.name)
        except DataError:
            continue  # said again, as a finding, when the folder is read
        return bool((roles.unit or roles.asset) and (roles.cycle or roles.life))
    return False


def named(table: Table) -> Table:
    """Names for a table without header whose first columns count units and cycles."""
    if table.header or len(table.columns) < 4:
        return table
    first, second = table.columns[0], table.columns[1]
    if first.kind != "number" or second.kind != "number":
        return table
    unit, cycle = first.values, second.values
    fresh = np.concatenate([[True], np.diff(unit) != 0])
    counts = np.all(np.diff(cycle)[~fresh[1:]] == 1) and np.all(cycle[fresh] == 1)
    if not counts or np.any(unit % 1 != 0) or np.any(np.diff(unit) < 0) or table.rows < 3:
        return table
    names = _CMAPSS if len(table.columns) == len(_CMAPSS) else (
        "unit", "cycle", *(f"c{i}" for i in range(3, len(table.columns) + 1)))  # fmt: skip
    return replace(table, columns=tuple(replace(c, name=n) for c, n in zip(table.columns, names)))


def _is_life_file(file: Path) -> bool:
    return bool(_LIFE_FILE.search(plain(file.stem)))


@dataclass(frozen=True)
class _Known:
    """Remaining lives from a file, by unit's name or else in the order of units."""

    by_unit: Mapping[str, float]
    in_order: tuple[float, ...]
    source: str
    column: str


def read_lives(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """Every unit of every table."""
    notes = Notes()
    files = table_files(path)
    # one file alone may have its remaining lives beside it
    nearby = files if path.is_dir() else table_files(path.parent)
    lives = [f for f in nearby if _is_life_file(f) and f != path]
    data = [f for f in files if f not in lives]
    splits = stated_splits(data, path)
    for file in data:
        name = name_in(file, path)
        prefix = f"{Path(name).with_suffix('').as_posix()}/" if len(data) > 1 else "unit "
        try:
            known = _known_lives(file, data, lives, path, sidecar)
            role, split = split_of(file, path), splits[file]
            around = _Around(name, role, split, known, prefix, sidecar, notes)
            yield from _units(_table(file, sidecar, notes, name), around)
        except DataError as error:
            yield refused(name, error)
    yield from notes.findings()


def _table(file: Path, sidecar: Sidecar, notes: Notes, name: str) -> Table:
    raw = read_table(file, sheet=sidecar.sheet)
    notes.table(raw, name)
    table = named(raw)
    if table is not raw:
        usual = "as in C-MAPSS" if len(table.columns) == len(_CMAPSS) else "unit, cycle, c3, …"
        notes.say("columns-named", f"no header: columns named {usual}", name)
    return table


def _known_lives(
    file: Path, data: list[Path], lives: list[Path], root: Path, sidecar: Sidecar
) -> _Known | None:
    """The file of remaining lives that belongs to a table: of the same subset, for its test units."""
    if split_of(file, root) == "train" or not lives:
        return None
    subset = _subset(file)
    fitting = [f for f in lives if _subset(f) == subset] or (lives if len(data) <= 2 else [])
    if not fitting:
        return None
    table = read_table(fitting[0], sheet=sidecar.sheet)
    by_role = {role_of(c.name): c for c in reversed(table.columns)}
    numbers = [c for c in table.columns if c.kind == "number"]
    if not numbers:
        raise DataError(
            "a file of remaining lives without numbers",
            where=fitting[0].name,
            fix="write a line for each unit, with what was left at its end",
        )
    value = by_role.get("life") or numbers[-1]
    unit = by_role.get("unit") or by_role.get("asset")
    if sidecar.life.unit:
        unit = table.column(sidecar.life.unit) or unit
    by_unit = {}
    if unit is not None:
        words = [value_text(v) for v in unit.values.tolist()]
        by_unit = dict(zip(words, value.values.tolist()))
    return _Known(by_unit, tuple(value.values.tolist()), fitting[0].name, value.name)


def _subset(file: Path) -> str:
    """What remains of a file's name without its role: `train_FD001` → `fd001`."""
    drop = {"train", "test", "rul", "training", "testing", "val", "truth", "data", "ruls"}
    return "_".join(w for w in plain(file.stem).split("_") if w not in drop)


@dataclass(frozen=True)
class _Around:
    """What holds for all units of one file.

    Attributes:
        role: what the file's name says it is.
        split: that, where there are files of several splits.
    """

    name: str
    role: Split | None
    split: Split | None
    known: _Known | None
    prefix: str
    sidecar: Sidecar
    notes: Notes


def _units(table: Table, around: _Around) -> Iterator[RawSample | Finding]:
    name, sidecar, notes = around.name, around.sidecar, around.notes
    roles = find_roles(table, sidecar, notes, name)
    column = table.column(roles.unit or roles.asset)
    if column is None or not (roles.cycle or roles.life):
        raise DataError(
            "no columns that name the unit and count its cycles", where=name,
            fix="state life.unit and life.cycle in machines.yaml",
        )  # fmt: skip
    words = np.array([value_text(v) for v in column.values.tolist()], dtype=object)
    names = list(dict.fromkeys(words.tolist()))
    around = replace(around, known=_fitting(around, len(names)))
    _say_lives(around, roles)
    splits = _splits(names, around.split)
    chosen = choose_channels(table, roles, notes, name, words)
    for number, unit in enumerate(names):
        rows = _in_order(table, roles, np.flatnonzero(words == unit))
        asset = f"{around.prefix}{unit}"
        recording = Recording(
            asset=asset, source=f"{name}#{unit}", window=_window(chosen, table, roles, rows, sidecar),
            life=_life(table.take(rows), roles, unit, number, around), author=name, group=asset,
            split=splits[unit],
        )  # fmt: skip
        try:
            yield recording.sample()
        except DataError as error:
            yield refused(recording.source, error)


def _fitting(around: _Around, units: int) -> _Known | None:
    known = around.known
    if known is None or known.by_unit or len(known.in_order) == units:
        return known
    around.notes.warn(
        "remaining-life", f"{known.source} has {len(known.in_order)} rows for {units} units: not used",
        around.name, "one row per unit, in the order of the units",
    )  # fmt: skip
    return None


def _splits(names: list[str], split: Split | None) -> dict[str, Split | None]:
    """Some units of a train file are for thresholds, so that none has to come from the test file."""
    if split != "train":
        return dict.fromkeys(names, split)
    held = held_out(names)
    return {n: "val" if n in held else "train" for n in names}


def _in_order(table: Table, roles: Roles, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    cycle = table.column(roles.cycle) if roles.cycle else None
    if cycle is None or cycle.kind != "number":
        return rows
    ordered: NDArray[np.intp] = rows[np.argsort(cycle.values[rows], kind="stable")]
    return ordered


def _window(
    chosen: Chosen, table: Table, roles: Roles, rows: NDArray[np.intp], sidecar: Sidecar
) -> Window:
    own = chosen.take(rows)
    if not own.channels or rows.size * len(own.channels) > MAX_PIECE_READINGS:
        raise DataError(
            f"{rows.size} cycles of {len(own.channels)} channels: none, or more than {MAX_PIECE_READINGS} readings",
            fix="export the columns that are measured, and fewer rows of each unit where they are so many",
        )
    attributes = own.attributes(sidecar)
    cycle = table.column(roles.cycle) if roles.cycle else None
    if cycle is not None and cycle.kind == "number" and np.isfinite(cycle.values[rows[0]]):
        # what lies behind the first row, which is 0 for a life that is seen from its start
        attributes["life_position"] = float(cycle.values[rows[0]]) - 1
    channels = tuple(
        Channel(c.name, sidecar.units.get(c.name, c.unit), scaled(c, sidecar).astype(np.float32))
        for c in own.channels
    )
    return Window(channels, 0.0, None, attributes)


def _life(part: Table, roles: Roles, unit: str, number: int, around: _Around) -> Quantity | None:
    """Life left at the end of the rows: from the file, the table's own column, or 0 at a failure."""
    known = around.known
    if known is not None:
        value = known.by_unit.get(unit) if known.by_unit else known.in_order[number]
        return _quantity(value, known.column)
    column = part.column(roles.life) if roles.life else None
    if column is not None and column.kind == "number":
        return _quantity(float(column.values[-1]), roles.life)
    if around.role == "test" or not around.sidecar.life.ends_in_failure:
        return None
    return _quantity(0.0)


def _quantity(value: float | None, column: str = "") -> Quantity | None:
    if value is None or not np.isfinite(value):
        return None
    factor, unit = life_unit(column)
    return Quantity(REMAINING_LIFE, float(value) * factor, unit)


def _say_lives(around: _Around, roles: Roles) -> None:
    known, notes, name = around.known, around.notes, around.name
    if known is not None:
        how = "by unit" if known.by_unit else "by order of rows"
        notes.say("remaining-life", f"remaining lives from {known.source}, matched {how}", name)
    elif roles.life:
        notes.say(
            "remaining-life", f"remaining life from the column {roles.life}; no channel", name
        )
    elif around.role == "test" or not around.sidecar.life.ends_in_failure:
        notes.warn(
            "remaining-life", "units without a known remaining life: they cannot be judged on", name,
            "put a file RUL beside it, a row per unit",
        )  # fmt: skip
    else:
        notes.say("end-of-life", "each unit's last row is taken as its failure: 0 left", name)
    if around.split == "train":
        notes.say(
            "split-made", f"{VAL_SHARE:.0%} of the units to learn from are for thresholds", name
        )
