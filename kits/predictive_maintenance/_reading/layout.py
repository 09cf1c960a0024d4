"""Which of the kit's formats a folder or file has, from suffixes and the first rows.

What a person states in `machines.yaml` comes first. Nothing is read completely here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kits.core.errors import DataError
from kits.predictive_maintenance._reading.captures.per_cycle import find_cycles
from kits.predictive_maintenance._reading.columns.labels import names_verdict, row_labels
from kits.predictive_maintenance._reading.columns.roles import Roles, find_roles
from kits.predictive_maintenance._reading.files import (
    WAVES,
    WINDOWS,
    data_files,
    find_meta,
    rate_in,
    table_files,
)
from kits.predictive_maintenance._reading.formats.table import Table
from kits.predictive_maintenance._reading.formats.tables import SUFFIXES, read_table
from kits.predictive_maintenance._reading.labels_beside import labels_file, labels_of
from kits.predictive_maintenance._reading.life import find_lives, named
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import runs
from kits.predictive_maintenance._reading.sidecar import Sidecar, load_sidecar
from kits.predictive_maintenance._reading.times.times import read_times

_LOOKED_AT = 6
_FAST_HZ = 100.0
_WAVE_COLUMNS = 16
_WAVE_ROWS = 256
_FEWEST_FAULTS = 8
_UNEVEN = 0.2

_FIX = (
    "looked for .csv .tsv .txt .json .xlsx .xls .ods .parquet .npy .mat .h5 .tdms .wav and .cbor files, and others as CSV or "
    "Parquet; or state `format` in machines.yaml: table (rows in time, or cycles of units), snapshots (independent rows), captures (a waveform per "
    "file) or windows (our own)"
)


def detect_format(path: Path) -> str:
    """The format of the user's folder or file.

    Raises:
        DataError: nothing there, or no layout we know.
        ConfigError: `machines.yaml` is wrong.
    """
    if not path.exists():
        raise DataError("no such file or folder", where=str(path), fix="check the path")
    sidecar = load_sidecar(path)
    if sidecar.format:
        return sidecar.format
    if data_files(path, WINDOWS) and (path.is_dir() or path.suffix.lower() in WINDOWS):
        return "windows"
    if data_files(path, WAVES) and (path.is_dir() or path.suffix.lower() in WAVES):
        return "captures"
    if path.is_file() and path.suffix.lower() not in SUFFIXES:
        raise DataError("not a layout we know", where=str(path), fix=_FIX)
    files = table_files(path) or data_files(path, {*SUFFIXES, ""})
    if not files:
        raise DataError("no recordings here", where=str(path), fix=_FIX)
    if find_cycles(path):
        return "captures"
    return _of_tables(path, files, sidecar)


def _of_tables(path: Path, files: list[Path], sidecar: Sidecar) -> str:
    if find_lives(path, sidecar):
        return "table"
    if find_meta(path) is not None and len(files) > 1:
        return "captures"
    labels = labels_file(files)
    beside = labels_of(files, path) if path.is_dir() and labels is None else {}
    heads = _heads([file for file in files if file not in {labels, *beside.values()}], sidecar)
    if not heads:
        read_table(files[0], 2000, sheet=sidecar.sheet)  # says why
    if not heads:
        raise DataError("no table that could be read", where=str(path), fix=_FIX)
    table, roles = _telling(heads, sidecar, files[-1].name)
    if roles.time:
        return _of_times(table, roles, sidecar, alone=len(files) == 1)
    if beside:
        return "table"
    if roles.labels or roles.life or any(c.kind == "text" for c in table.columns):
        return "snapshots"
    return _without_times(table, files, sidecar)


def _without_times(table: Table, files: list[Path], sidecar: Sidecar) -> str:
    wave = len(table.columns) <= _WAVE_COLUMNS and table.rows >= _WAVE_ROWS
    if wave and (len(files) > 1 or rate_in(files[0].stem) or not table.header):
        return "captures"
    return "table" if sidecar.rate_hz else "snapshots"


def _telling(heads: list[Table], sidecar: Sidecar, where: str) -> tuple[Table, Roles]:
    """The table that tells what the files are, the last: or one with times, where a list of tags or machines comes last."""
    table = heads[-1]
    roles = find_roles(table, sidecar, Notes(), where)
    longer = [head for head in heads if head.rows > table.rows]
    if roles.time or 2 * len(longer) < len(heads):
        return table, roles
    found = [(head, find_roles(head, sidecar, Notes(), where)) for head in longer]
    return next(((head, own) for head, own in reversed(found) if own.time), (table, roles))


def _of_times(table: Table, roles: Roles, sidecar: Sidecar, *, alone: bool) -> str:
    if _rows_apart(table, roles, sidecar):
        return "snapshots"
    return "captures" if _is_fast(table, roles, sidecar) and not alone else "table"


def _heads(files: list[Path], sidecar: Sidecar) -> list[Table]:
    """The first rows of some files that can be read."""
    found = []
    for file in files[:: max(1, len(files) // _LOOKED_AT)][:_LOOKED_AT]:
        try:
            found.append(named(read_table(file, 2000, sheet=sidecar.sheet)))
        except DataError:
            continue  # becomes a finding when the folder is read
    return found


def _rows_apart(table: Table, roles: Roles, sidecar: Sidecar) -> bool:
    """Whether each row is a part with a verdict of its own, not a moment in the state of a machine.

    A verdict names both of its sides (`Pass/Fail`); else faults come singly, in rows at uneven times.
    """
    if any(names_verdict(name) for name in roles.labels):
        return True
    column = table.column(roles.time[0])
    times = read_times(column, sidecar.time) if column is not None else None
    found = runs(row_labels(table, roles.labels, sidecar)) if roles.labels else ()
    if times is None or len(roles.time) > 1 or len(found) < _FEWEST_FAULTS:
        return False
    steps = np.diff(np.sort(times.seconds[np.isfinite(times.seconds)]))
    middle = np.median(steps) if steps.size else 0.0
    uneven = np.mean(np.abs(steps - middle) > _UNEVEN * middle) if middle > 0 else 0.0
    single = np.mean([end - start == 1 for start, end, _ in found])
    return bool(uneven > 0.5 and single > 0.5)


def _is_fast(table: Table, roles: Roles, sidecar: Sidecar) -> bool:
    """Whether rows follow each other as in a waveform."""
    column = table.column(roles.time[0])
    times = read_times(column, sidecar.time) if column is not None else None
    if times is None or times.seconds.size < _WAVE_ROWS:
        return False
    length = float(times.seconds[-1] - times.seconds[0])
    return length > 0 and (times.seconds.size - 1) / length >= _FAST_HZ
