"""A file per sensor with a row per cycle (`PS1.txt` with 6,000 readings, `TS1.txt` with 60).

Each cycle becomes one sample whose channels have rates of their own; conditions of the machine come
from a table with a row per cycle beside them. The form of the hydraulic test rig at UCI.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.window import Channel, Window
from kits.predictive_maintenance._reading.columns.labels import row_labels
from kits.predictive_maintenance._reading.columns.names import plain
from kits.predictive_maintenance._reading.files import table_files
from kits.predictive_maintenance._reading.formats.table import Table
from kits.predictive_maintenance._reading.formats.tables import read_table
from kits.predictive_maintenance._reading.notes import Notes, refused
from kits.predictive_maintenance._reading.recording import Recording
from kits.predictive_maintenance._reading.sidecar import Sidecar, normal_values

USUAL_DURATION_S = 60.0
FEWEST_SENSORS = 3
FEWEST_READINGS = 10
_RIG = ("cooler", "valve", "pump_leakage", "accumulator", "unstable")
_PROFILES = ("profile", "labels", "target", "targets", "conditions", "y")


@dataclass(frozen=True)
class _Sensor:
    name: str
    readings: NDArray[np.float32]


def find_cycles(path: Path) -> bool:
    """Whether a folder holds a file per sensor: no headers, wide rows, at least three files."""
    if not path.is_dir():
        return False
    files = [f for f in table_files(path) if f.suffix.lower() in (".txt", ".csv", ".tsv", ".npy")]
    files = [f for f in files if plain(f.stem) not in _PROFILES]
    if len(files) < FEWEST_SENSORS or len({f.parent for f in files}) != 1 or len(files) > 256:
        return False
    widths = []
    for file in files[:4]:
        try:
            head = read_table(file, 20)
        except DataError:
            return False
        numbers = all(c.kind == "number" for c in head.columns)
        if head.header or not numbers or len(head.columns) < FEWEST_READINGS:
            return False
        widths.append(len(head.columns))
    rows = {_lines(f) for f in files[:4]}
    # runs to failure are wide and without header too, but all files are equally wide
    return len(rows) == 1 and (len(set(widths)) > 1 or widths[0] >= 60)


def _lines(file: Path) -> int:
    if file.suffix.lower() == ".npy":
        return int(np.load(file, mmap_mode="r", allow_pickle=False).shape[0])
    with file.open("rb") as stream:
        return sum(1 for line in stream if line.strip())


def read_cycles(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """One sample per cycle.

    Raises:
        DataError: no sensor could be read.
    """
    notes = Notes()
    files = table_files(path)
    profile = next((f for f in files if plain(f.stem) in _PROFILES), None)
    sensors: list[_Sensor] = []
    for file in files:
        if file == profile:
            continue
        try:
            sensors.append(_sensor(file, sensors))
        except DataError as error:
            yield refused(file.name, error)
    if not sensors:
        fix = "a file for each sensor, a row of numbers for each cycle; why each was refused stands above"
        raise DataError("no sensor could be read", where=str(path), fix=fix)
    rows = len(sensors[0].readings)
    duration_s = sidecar.duration_s or USUAL_DURATION_S
    if sidecar.duration_s is None:
        notes.warn("rate", f"a row is taken to last {duration_s:g} s: rates follow from that", "",
                   "state duration_s in machines.yaml")  # fmt: skip
    labels, states = _labels(profile, rows, sidecar, notes)
    base = max(s.readings.shape[1] for s in sensors)
    for row in range(rows):
        channels = tuple(_channel(s, row, base, duration_s, sidecar) for s in sensors)
        recording = Recording(
            asset=path.name, source=f"cycle {row + 1}", window=Window(channels, base / duration_s),
            label=str(labels[row]), author=profile.name if profile else "import",
            group=_group(labels, states, row), meta={"state": states[row]} if states else {},
        )  # fmt: skip
        try:
            yield recording.sample()
        except DataError as error:
            yield refused(recording.source, error)
    notes.warn(
        "groups", "cycles that follow each other in one state of the machine stay in one split", "",
        "state `group` in machines.yaml when a column names what belongs together",
    )  # fmt: skip
    yield from notes.findings()


def _sensor(file: Path, before: Sequence[_Sensor]) -> _Sensor:
    table = read_table(file)
    if any(c.kind != "number" for c in table.columns):
        raise DataError(
            "not only numbers",
            where=file.name,
            fix="one row for each cycle, numbers alone, with the same sign between them",
        )
    if before and table.rows != len(before[0].readings):
        raise DataError(
            f"{table.rows} cycles, other sensors have {len(before[0].readings)}",
            where=file.name,
            fix="export the same cycles of each sensor, or move the file away",
        )
    readings = np.empty((table.rows, len(table.columns)), np.float32)
    for index, column in enumerate(table.columns):
        readings[:, index] = column.values
    return _Sensor(file.stem, readings)


def _channel(sensor: _Sensor, row: int, base: int, duration_s: float, sidecar: Sidecar) -> Channel:
    readings = sensor.readings[row] * np.float32(
        sidecar.scale.get(sensor.name, sidecar.scale.get("*", 1.0))
    )
    own = None if readings.size == base else readings.size / duration_s
    return Channel(sensor.name, sidecar.units.get(sensor.name, ""), readings, own)


def _labels(
    profile: Path | None, rows: int, sidecar: Sidecar, notes: Notes
) -> tuple[Sequence[object], list[str]]:
    """Label per cycle and the machine's whole state as text.

    Without a stated column the largest value of each condition counts as its best: that is how the
    test rig counts, and it is said.
    """
    if profile is None:
        notes.warn("labels", "no table with the conditions of the cycles", "",
                   "add profile.txt, a row per cycle")  # fmt: skip
        return [""] * rows, []
    table = _named(read_table(profile), profile, notes)
    if table.rows != rows:
        fix = "a row for each cycle, in their order"
        raise DataError(f"{table.rows} rows for {rows} cycles", where=profile.name, fix=fix)
    states = _states(table)
    if sidecar.labels.columns:
        return row_labels(table, sidecar.labels.columns, sidecar).tolist(), states
    return _from_conditions(table, sidecar, notes, profile.name), states


def _named(table: Table, profile: Path, notes: Notes) -> Table:
    """The test rig's own names for its five conditions, which its file does not hold."""
    if table.header or len(table.columns) != len(_RIG) or plain(profile.stem) != "profile":
        return table
    notes.say("columns-named", "no header: conditions named " + ", ".join(_RIG), profile.name)
    return replace(
        table, columns=tuple(replace(c, name=n) for c, n in zip(table.columns, _RIG, strict=True))
    )


def _states(table: Table) -> list[str]:
    return ["/".join(f"{c.values[i]:g}" for c in table.columns if c.kind == "number")
            for i in range(table.rows)]  # fmt: skip


def _from_conditions(table: Table, sidecar: Sidecar, notes: Notes, where: str) -> list[str]:
    """The first condition that is not at its normal value names the fault, with that value."""
    best: dict[str, float] = {}
    for column in table.columns:
        levels = np.unique(column.values[np.isfinite(column.values)])
        stated = normal_values(sidecar.labels, column.name)
        known = [v for v in levels.tolist() if v in stated]
        # 0 among many levels of a number that counts trouble (leakage 0, 1, 2) is its best
        zero = levels.size and levels[0] == 0 and levels.size > 2
        best[column.name] = known[0] if known else float(levels[0] if zero else levels[-1])
    conditions = [c for c in table.columns if np.unique(c.values).size > 1]
    # a flag of two levels (stable or not) is a circumstance, not a fault
    faults = [c for c in conditions if np.unique(c.values).size > 2] or conditions
    named = ", ".join(f"{c.name} = {best[c.name]:g}" for c in faults)
    notes.warn(
        "labels", f"a cycle is normal where {named}; else its first other condition is the fault",
        where, "state labels.columns and labels.normal in machines.yaml",
    )  # fmt: skip
    return [
        next((f"{c.name} {c.values[i]:g}" for c in faults if c.values[i] != best[c.name]), "normal")
        for i in range(table.rows)
    ]


def _group(labels: Sequence[object], states: Sequence[str], row: int) -> str:
    """A stretch of cycles in one state: the rig is not touched within it."""
    if not states:
        return f"cycles {row // 20}"
    start = row
    while start > 0 and states[start - 1] == states[row]:
        start -= 1
    return f"from cycle {start + 1}: {labels[row]}"
