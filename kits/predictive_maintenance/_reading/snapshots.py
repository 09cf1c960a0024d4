"""The format `snapshots`: a table whose rows are independent observations, one sample per row.

Numbers become channels of one reading, categories attributes. Columns that give the answer away are
kept out and named; `kit check` refuses them until a person has looked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.window import Channel, Window
from kits.predictive_maintenance._checking.leaks import Leak, find_leaks
from kits.predictive_maintenance._reading.columns.bounds import fitting, fitting_attributes
from kits.predictive_maintenance._reading.columns.channels import READINGS
from kits.predictive_maintenance._reading.columns.labels import levels_of, row_labels
from kits.predictive_maintenance._reading.columns.names import NORMAL, plain, role_of, value_text
from kits.predictive_maintenance._reading.columns.roles import (
    LEFT_OUT,
    LEFT_OUT_TEXT,
    Roles,
    find_roles,
)
from kits.predictive_maintenance._reading.columns.stated import require
from kits.predictive_maintenance._reading.files import asset_of, name_in, stated_splits, table_files
from kits.predictive_maintenance._reading.formats.table import Column, Floats, Table, Texts
from kits.predictive_maintenance._reading.formats.tables import read_table
from kits.predictive_maintenance._reading.labels_beside import labels_file, with_labels
from kits.predictive_maintenance._reading.notes import Notes, refused
from kits.predictive_maintenance._reading.recording import Recording, moment
from kits.predictive_maintenance._reading.rows_in_time import Rows, splits_in_time
from kits.predictive_maintenance._reading.sidecar import Sidecar
from kits.predictive_maintenance._reading.times.rows import times_of

MAX_ROWS = 500_000
_RUN = re.compile(
    r"(?:experiment|trial|versuch|(?:simulation|test|production)_run|(?:experiment|run|trial|test|session|campaign|batch|lot|charge|recording|measurement|versuch|messung|lauf)"
    r"_?(?:id|no|nr|num|number|nummer|name))"
)
_FEWEST_RUNS = 5
_UNIQUE = 0.95
_EITHER, _SHOWN = 2, 5
_MAX_LEVELS = 100


def read(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """Rows of tables as samples.

    Raises:
        DataError: no table there.
    """
    files = table_files(path)
    if not files:
        raise DataError("no table here", where=str(path), fix="looked for .csv .tsv .txt .parquet")
    notes = Notes()
    splits = stated_splits(files, path)
    around = _Import(path, labels_file(files), sidecar)
    tables = [file for file in files if file != around.labels]
    # one table is read once; of several none is kept while the others are looked at
    kept = {file: around.opened(file, notes) for file in tables if len(tables) == 1}
    looked_at = kept.items() or ((file, around.opened(file, Notes())) for file in tables)
    in_time = {} if any(splits.values()) else _in_time(looked_at, around, notes)
    for file in tables:
        shape = kept.get(file) or around.opened(file, notes)
        if isinstance(shape, Finding):
            yield shape
        else:
            split = in_time.get(file, [splits[file]] * len(shape.labels))
            yield from _rows(name_in(file, path), shape, split, sidecar)
    yield from notes.findings()


@dataclass(frozen=True)
class _Shape:
    """What the columns of a table become.

    Attributes:
        times: of the rows, since 1970; None where none are told.
    """

    channels: tuple[Column, ...]
    categories: tuple[Column, ...]
    labels: Texts
    times: Floats | None
    assets: Sequence[str]
    groups: Sequence[str]
    leaks: tuple[str, ...]


@dataclass(frozen=True)
class _Import:
    """What all tables of an import share.

    Attributes:
        labels: a table of labels alone, a row for each of the others' rows; None where there is none.
    """

    root: Path
    labels: Path | None
    sidecar: Sidecar

    def opened(self, file: Path, notes: Notes) -> _Shape | Finding:
        """A table, or why it is refused."""
        name = name_in(file, self.root)
        try:
            return _shape(self._read(file, name, notes), file, self.root, self.sidecar, notes)
        except DataError as error:
            return refused(name, error)

    def _read(self, file: Path, name: str, notes: Notes) -> Table:
        table = read_table(file, sheet=self.sidecar.sheet)
        if self.labels is not None:
            table = with_labels(table, self.labels)
            notes.say("labels", f"labels from {self.labels.name}, a row each", name)
        notes.table(table, name)
        if table.rows > MAX_ROWS:
            raise DataError(
                f"{table.rows} rows are more than {MAX_ROWS}",
                where=name,
                fix="are they moments of a machine? state format: table in machines.yaml; else import a part of them",
            )
        return table


def _in_time(
    tables: Iterable[tuple[Path, _Shape | Finding]], around: _Import, notes: Notes
) -> Mapping[Path, Sequence[Split | None]]:
    """The splits of the rows of each table by their times, where all tables have some; else nothing."""
    if around.sidecar.learn.by == "lot":
        return {}
    found: dict[Path, Rows] = {}
    for file, shape in tables:
        if isinstance(shape, Finding):
            continue
        if shape.times is None or any(shape.groups):
            return {}
        found[file] = Rows(shape.times, shape.labels)
    name = (
        f"{len(found)} tables"
        if len(found) > 1
        else "".join(name_in(f, around.root) for f in found)
    )
    return dict(zip(found, splits_in_time(list(found.values()), around.sidecar.learn, notes, name)))


def _rows(
    name: str, shape: _Shape, splits: Sequence[Split | None], sidecar: Sidecar
) -> Iterator[RawSample | Finding]:
    numbers = [c.values * sidecar.scale.get(c.name, 1.0) for c in shape.channels]
    meta: dict[str, JsonValue] = {"leaks": list(shape.leaks)} if shape.leaks else {}
    for row, split in enumerate(splits):
        window = Window(
            tuple(
                Channel(
                    c.name, sidecar.units.get(c.name, c.unit), v[row : row + 1].astype(np.float32)
                )
                for c, v in zip(shape.channels, numbers)
            ),
            started_at=moment(float(shape.times[row])) if shape.times is not None else None,
            attributes={
                c.name: str(c.values[row])[:200] for c in shape.categories if c.values[row]
            },
        )
        source = f"{name}#{row + 1}"
        recording = Recording(
            asset=shape.assets[row], source=source, window=window, label=str(shape.labels[row]),
            author=name, group=shape.groups[row] or source, split=split, meta=meta,
        )  # fmt: skip
        try:
            yield recording.sample()
        except DataError as error:
            yield refused(source, error)


def _shape(table: Table, file: Path, root: Path, sidecar: Sidecar, notes: Notes) -> _Shape:
    name = name_in(file, root)
    roles = find_roles(table, sidecar, notes, name)
    labels = row_labels(table, roles.labels, sidecar)
    if not roles.labels:
        notes.warn("labels", "no column says what is a fault", name + _of_two_values(table),
                   "state labels.columns in machines.yaml")  # fmt: skip
    owner = (
        table.column(roles.asset or roles.unit)
        if roles.asset or roles.unit
        else _run_of(table, notes, name)
    )
    left_out = roles.special() | ({owner.name} if owner else set())
    ids = [c for c in table.columns if c.name not in left_out and _is_id(c)]
    for column in ids:
        notes.say(LEFT_OUT, LEFT_OUT_TEXT, f"{column.name}: names rows")
    rest = [
        c
        for c in table.columns
        if c.name not in left_out
        and all(c is not one for one in ids)
        and c.kind != "time"
        and c.name
    ]
    leaks = _leaks(rest, labels, sidecar)
    flags = [leak for leak in leaks if leak.flag]
    _say_leaks(flags, notes)
    told = {leak.column for leak in flags}
    kept = [c for c in rest if c.name not in told]
    numbers = [c for c in kept if c.kind == "number"]
    words = [c for c in kept if c.kind == "text" and len(levels_of(c)) <= _MAX_LEVELS]
    for column in kept:
        if column.bad:
            notes.warn(
                "bad-cells",
                "cells that are no numbers count as missing",
                f"{name}, {column.name}: {column.bad} cells",
            )
        if column.kind == "text" and all(column is not one for one in words):
            notes.say(LEFT_OUT, LEFT_OUT_TEXT, f"{column.name}: a text of many values")
    if not numbers:
        raise DataError("no column of readings", where=name, fix=READINGS)
    times = _times(table, roles, sidecar, notes, name)
    home = asset_of(file, root, sidecar)
    repeated = owner is not None and len(set(owner.values.tolist())) < _UNIQUE * table.rows
    owners = (
        [value_text(v) for v in owner.values.tolist()] if owner is not None and repeated else []
    )
    return _Shape(
        channels=fitting(numbers, notes, name),
        categories=fitting_attributes(words, notes, name),
        labels=labels,
        times=times,
        assets=[w or home for w in owners] or [home] * table.rows,
        groups=_groups(table, sidecar, owners, notes, name),
        leaks=tuple(leak.text() for leak in flags),
    )


def _of_two_values(table: Table) -> str:
    """What could say it, for a person to choose from."""
    found = [c.name for c in table.columns if c.kind != "time" and len(levels_of(c)) == _EITHER]
    return f": two values have {', '.join(found[-_SHOWN:])}" if found else ""


def _run_of(table: Table, notes: Notes, name: str) -> Column | None:
    """A column that numbers the runs or experiments that rows are of; asked about where they are too few to divide."""
    for column in table.columns:
        runs = len(set(column.values.tolist()))
        if not _RUN.fullmatch(plain(column.name)) or column.kind == "time" or not 2 <= runs <= column.values.size / 2:  # fmt: skip
            continue
        if runs >= _FEWEST_RUNS:
            return column
        notes.warn("groups", f"rows of one run are not kept in one split: fewer than {_FEWEST_RUNS} runs", f"{name}: {column.name}",
                   f"if rows of one run are alike, state asset: {column.name} in machines.yaml, and bring more runs")  # fmt: skip
    return None


def _times(table: Table, roles: Roles, sidecar: Sidecar, notes: Notes, name: str) -> Floats | None:
    """When each row was observed, since 1970; None where nothing readable tells it, for rows do not need it."""
    if not roles.time:
        return None
    try:
        times = times_of(table, roles, sidecar, notes, name)
    except DataError as error:
        notes.warn("time", f"{error.what}: rows have no times", name, error.fix)
        return None
    return times.seconds if times is not None and times.absolute else None


def _groups(
    table: Table, sidecar: Sidecar, words: Sequence[str], notes: Notes, name: str
) -> Sequence[str]:
    """What must stay in one split: stated columns, the machine, else each row by itself."""
    if sidecar.group:
        columns = [require(table, n, name) for n in sidecar.group]
        return [
            "/".join(value_text(v) for v in row)
            for row in zip(*(c.values.tolist() for c in columns))
        ]
    if words:
        notes.say("groups", "rows of one machine, run or experiment stay in one split", name)
        return words
    notes.say("groups", "each row is taken as independent: no column names a machine", name)
    return [""] * table.rows


def _is_id(column: Column) -> bool:
    """Names or counts rows, or those of each run: a name of such a column, or a text that hardly repeats."""
    values = column.values
    if column.kind == "text":
        return len(set(values.tolist())) >= _UNIQUE * values.size and values.size > 20
    if role_of(column.name) == "id" or not column.name:
        found = int(np.unique(values[np.isfinite(values)]).size) >= _UNIQUE * values.size
        return found or (values.size > 1 and float(np.mean(np.diff(values) == 1)) >= _UNIQUE)
    return False


def _leaks(columns: Sequence[Column], labels: Texts, sidecar: Sidecar) -> list[Leak]:
    failed = np.asarray((labels != NORMAL) & (labels != ""))
    kept = {n.lower() for n in sidecar.keep}
    coded = {c.name: _codes(c) for c in columns if c.name.lower() not in kept}
    return find_leaks(coded, failed)


def _codes(column: Column) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    if column.kind == "number":
        return column.values
    levels, codes = np.unique(column.values.astype(str), return_inverse=True)
    return codes.astype(np.float64) if levels.size else np.zeros(column.values.size)


def _say_leaks(leaks: Sequence[Leak], notes: Notes) -> None:
    if not leaks:
        return
    names = ", ".join(leak.column for leak in leaks)
    for leak in leaks:
        notes.warn(
            "leakage-columns",
            "columns that give the answer away were kept out",
            leak.text(),
            f"known only after the failure? state `ignore: [{names}]` in machines.yaml and import "
            "again; if a column is measured before, state it under `keep`",
        )
