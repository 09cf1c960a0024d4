"""Tables with a time → series of rows per asset, with what the data says of faults.

Reads every file, joins those that continue one record, and hands parts of them on as recordings.
Cutting is done in `_reading/cut.py`, long tables are turned in `_reading/joining/pivot.py`, columns chosen in `_reading/columns/channels.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.predictive_maintenance._checking.overlaps import without_learnt
from kits.predictive_maintenance._checking.series_leaks import without_leaks
from kits.predictive_maintenance._device.words import CODE
from kits.predictive_maintenance._reading.columns.channels import (
    READINGS,
    Chosen,
    choose_channels,
    scaled,
)
from kits.predictive_maintenance._reading.columns.labels import row_labels
from kits.predictive_maintenance._reading.columns.naming import Naming
from kits.predictive_maintenance._reading.columns.one_meaning import of_one_meaning
from kits.predictive_maintenance._reading.columns.owners import owner_of, owners
from kits.predictive_maintenance._reading.columns.paths import Paths, as_elsewhere, paths_in
from kits.predictive_maintenance._reading.columns.quality import without_bad_quality
from kits.predictive_maintenance._reading.columns.roles import Roles, find_roles
from kits.predictive_maintenance._reading.cut import cut_all
from kits.predictive_maintenance._reading.events import (
    LIST,
    Events,
    find_events,
    is_called_a_list,
    may_read,
)
from kits.predictive_maintenance._reading.files import (
    asset_of,
    name_in,
    stated_splits,
    table_files,
    without_copies,
)
from kits.predictive_maintenance._reading.formats.table import Table, Texts
from kits.predictive_maintenance._reading.formats.tables import read_table
from kits.predictive_maintenance._reading.joining.continued import continued, say_machines
from kits.predictive_maintenance._reading.joining.long import Long, find_long
from kits.predictive_maintenance._reading.joining.paired import aligned
from kits.predictive_maintenance._reading.joining.pivot import labels_on, pivot
from kits.predictive_maintenance._reading.joining.tag_files import with_tags_joined
from kits.predictive_maintenance._reading.labels_beside import labels_of, with_labels
from kits.predictive_maintenance._reading.notes import Notes, refused
from kits.predictive_maintenance._reading.recording import (
    Series,
    recordings,
    runs,
    sharing,
)
from kits.predictive_maintenance._reading.sidecar import Sidecar, unit_of
from kits.predictive_maintenance._reading.times.evenness import say_gaps
from kits.predictive_maintenance._reading.times.families import with_agreeing_periods
from kits.predictive_maintenance._reading.times.left_out import LeavingOut
from kits.predictive_maintenance._reading.times.order import rows_in_order
from kits.predictive_maintenance._reading.times.placing import Placing
from kits.predictive_maintenance._reading.times.rows import times_of
from kits.predictive_maintenance._reading.times.stops import before_stops
from kits.predictive_maintenance._reading.times.times import Times

_LISTS_STATES = (
    "nothing to do where these are states or messages, which are not learned from; faults or stops among them: write those of all "
    "machines into one table with the columns machine, start, end and fault, and name it in machines.yaml: labels.file"
)


@dataclass(frozen=True)
class _Import:
    """What holds for all files of one import.

    Attributes:
        labels: table → the file with a label for each of its rows.
        suspects: files that are called as lists of faults are, and hold none that can be read.
        labelled: files with a column of labels.
        owned: files in which a column or the names of signals tell the machine.
        paths: what names of signals tell of machines.
    """

    root: Path
    sidecar: Sidecar
    placing: Placing | None
    splits: Mapping[Path, Split | None]
    notes: Notes
    labels: Mapping[Path, Path] = field(default_factory=dict)
    suspects: list[str] = field(default_factory=list)
    labelled: set[str] = field(default_factory=set)
    owned: set[str] = field(default_factory=set)
    paths: list[Paths] = field(default_factory=list)


_LISTS_EVENTS = (
    "nothing to do where these are errors or repairs, which are not learned from; where they are faults or stops, name the file in "
    "machines.yaml: labels.file"
)


def read_series(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """Every table of a folder as recordings in time.

    Raises:
        DataError: `names` would give two channels of a machine one name.
    """
    notes = Notes()
    events = find_events(path, sidecar)
    if events is not None:
        notes.say("labels", f"times of faults taken from {events.source.name}")
    files = [f for f in table_files(path) if events is None or f != events.source]
    files, copies = without_copies(files)
    for copy in copies:
        notes.warn("overlap", "files that are the same as another one, byte by byte, are left out", name_in(copy, path),
                   "delete the copy")  # fmt: skip
    placing = None if events is None else Placing(events, sidecar.labels.before_h)
    beside = labels_of(files, path) if path.is_dir() else {}
    files = _without_labels(files, beside, path, notes)
    around = _Import(path, sidecar, placing, stated_splits(files, path), notes, beside)
    found: list[Series] = []
    for file in files:
        try:
            found += _series_of(file, around)
        except DataError as error:
            if is_called_a_list(file):
                error = DataError(
                    error.what, where=error.where, fix=f"is it a list of faults? then {LIST}"
                )
            yield refused(name_in(file, path), error)
    found = as_elsewhere(found, around.paths, around.owned)
    found = with_agreeing_periods(found, path, sidecar, around.owned)
    found = _all_placed(found, around)
    found = with_tags_joined(
        of_one_meaning(_timed(found, notes), notes),
        path,
        sidecar,
        lambda one: _with_listed(one, around),
        notes,
    )
    found, codes = _with_readings(continued(found, notes))
    for source, lists in {one.source: one.lists_messages for one in codes}.items():
        what = "it lists messages or states, and no readings" if lists else "no column of readings"
        yield refused(source, DataError(what, where=source, fix=_LISTS_STATES if lists else READINGS))  # fmt: skip
    say_machines(found, notes)
    _say_suspects(found, around)
    found = LeavingOut(sidecar).of(found, notes)
    found = without_leaks(found, sidecar, notes)
    found = before_stops(found, sidecar.labels.before_h, notes)
    found = Naming(sidecar.names).of(found, notes)
    if placing is not None:
        placing.say(notes)
    elif found and not any(one.stated for one in found):
        notes.warn(
            "labels",
            "nothing says what is a fault: all of it is assumed normal",
            fix="name a column (labels.columns) or a file of times (labels.file) in machines.yaml",
        )
    for series in found:
        say_gaps(series, notes)
    for series, part in without_learnt(cut_all(sharing(found), sidecar.learn, notes), notes):
        for recording in recordings(series, part):
            try:
                yield recording.sample()
            except DataError as error:
                yield refused(recording.source, error)
    yield from notes.findings()


def _without_labels(
    files: Sequence[Path], beside: Mapping[Path, Path], root: Path, notes: Notes
) -> list[Path]:
    for file in (table for table, labels in beside.items() if table == labels):
        text = "files called as labels are, beside others that are labels of tables, belong to none: left out"
        notes.warn("labels", text, name_in(file, root), "call it as the table, with `label` added")
    return [file for file in files if file not in set(beside.values())]


def _say_suspects(found: Sequence[Series], around: _Import) -> None:
    for name in around.suspects:
        if any(one.source == name for one in found):
            text = "a file that is called as lists of faults are, but holds none that can be read, is taken for a recording"
            around.notes.warn("labels", text, name, f"is it a list of faults? then {LIST}")


def _series_of(file: Path, around: _Import) -> list[Series]:
    table, name = read_table(file, sheet=around.sidecar.sheet), name_in(file, around.root)
    notes = around.notes
    notes.table(table, name)
    if (labels_in := around.labels.get(file)) is not None:
        table = with_labels(table, labels_in)
        notes.say("labels", "labels from the file beside, one for each row", f"{name}: {name_in(labels_in, around.root)}")  # fmt: skip
    table = aligned(table, around.sidecar.time, notes, name)
    roles = find_roles(table, around.sidecar, notes, name)
    times = times_of(table, roles, around.sidecar, notes, name)
    if around.placing is not None and times is not None:
        _say_zones(times, name, around.placing.events, around)
    if around.placing is None and is_called_a_list(file) and _has_words(table, roles):
        around.suspects.append(name)
    long = find_long(table, roles)
    owner = owner_of(
        table, roles, times.seconds if times else None, long.tag if long else "", notes, name
    )
    if owner:
        around.owned.add(name)
    notes.say(
        "asset",
        f"assets named by the column {owner}"
        if owner
        else "assets named by the files' paths (dates in names left away)",
    )
    known = times.seconds if times is not None and times.absolute else None
    stem = asset_of(file, around.root, around.sidecar, known)
    machines = owners(table, owner, stem)
    apart = roles.special() | {owner, long.tag if long else ""}
    table = without_bad_quality(table, roles.quality, apart, notes, name)
    if long is not None and times is not None:
        notes.say("table", "one row per tag and time: turned into a channel per tag", name)
        tags = long.tags_in(table)
        paths = None if owner else _paths(set(tags.tolist()), name, around)
        parts = paths.rows(tags) if paths is not None else _rows_of(machines, table.rows, stem)
        found = [
            _from_long(
                table.take(rows), long, roles, replace(times, seconds=times.seconds[rows]), asset, file, around
            )
            for asset, rows in parts
        ]  # fmt: skip
        return found if paths is None else [paths.named(one) for one in found]
    left = [column for column in table.columns if column.name not in apart]
    texts = any(column.kind == "text" for column in left)
    listed = texts and (owner or is_called_a_list(file)) and not any(map(may_read, left))
    if listed and times is not None:
        raise DataError(
            "no column of readings: it lists what happened to machines, and when", where=name, fix=_LISTS_EVENTS
        )  # fmt: skip
    chosen = choose_channels(table, replace(roles, asset=owner), notes, name, machines)
    if owner and all(c.unit == CODE for c in chosen.channels):
        raise DataError("no column of readings", where=name, fix=READINGS)
    labels = row_labels(table, roles.labels, around.sidecar) if roles.labels else None
    paths = None if owner else _paths({c.name for c in chosen.channels}, name, around)
    if paths is not None:
        every = np.arange(table.rows)
        return [paths.named(_one(own, times, labels, every, asset, file, around)) for asset, own in paths.columns(chosen)]  # fmt: skip
    return [
        _one(chosen, times, labels, rows, asset, file, around)
        for asset, rows in _rows_of(machines, table.rows, stem)
    ]


def _say_zones(times: Times, name: str, events: Events, around: _Import) -> None:
    """Tells that a list of faults names a zone and a recording none, or the other way round, and machines.yaml nothing."""
    stated = "timezone" in around.sidecar.time.model_fields_set
    if stated or not times.absolute or events.naive in (None, times.naive):
        return
    zoned, naive = (events.source.name, name) if times.naive else (name, events.source.name)
    text = "times without a zone are taken as UTC beside a list of faults or recordings that name one: faults may be marked hours off"
    around.notes.warn("time-zone", text, f"{naive} names none, {zoned} does",
                      "state time.timezone in machines.yaml: Europe/Berlin or where the clock is, or UTC")  # fmt: skip


def _paths(names: set[str], name: str, around: _Import) -> Paths | None:
    """The machines that signals of one file are of, as their names tell; None where machines.yaml says that it is one."""
    if around.sidecar.asset:
        return None
    listed = around.placing.events.subjects if around.placing is not None else ()
    found = paths_in(names, listed, around.notes, name)
    if found is not None:
        around.owned.add(name)
        around.paths.append(found)
    return found


def _has_words(table: Table, roles: Roles) -> bool:
    return any(c.kind == "text" and c.name not in roles.special() for c in table.columns)


def _rows_of(
    machines: Texts | None, rows: int, stem: str
) -> Iterator[tuple[str, NDArray[np.intp]]]:
    if machines is None:
        yield stem, np.arange(rows)
        return
    for asset in sorted(set(machines.tolist())):
        yield asset, np.flatnonzero(machines == asset)


def _from_long(
    table: Table, long: Long, roles: Roles, times: Times, asset: str, file: Path, around: _Import
) -> Series:
    name = name_in(file, around.root)
    wide, seconds = pivot(table, long, times.seconds, around.notes, name)
    labels = None
    if roles.labels:
        own = row_labels(table, roles.labels, around.sidecar)
        labels = labels_on(table, long, (times.seconds, own), seconds)
        if labels is None:
            text = "a column called as labels are never says that all was well: not read"
            around.notes.warn(
                "labels", text, f"{name}: {roles.labels[0]}", "state labels.normal in machines.yaml"
            )
        else:
            around.notes.say("labels", "a row per tag and time has a label: the machine has a fault where one of its tags has", name)  # fmt: skip
    return _one(
        Chosen(wide.columns), replace(times, seconds=seconds), labels, np.arange(wide.rows), asset, file, around
    )  # fmt: skip


def _one(
    chosen: Chosen, times: Times | None, labels: Texts | None, rows: NDArray[np.intp], asset: str,
    file: Path, around: _Import,
) -> Series:  # fmt: skip
    """The rows of one asset, in the order of time."""
    sidecar, name = around.sidecar, name_in(file, around.root)
    if times is not None:
        rows = rows[rows_in_order(times.seconds[rows], around.notes, name)]
    own = chosen.take(rows)
    if not rows.size or not own.channels:
        raise DataError("no column of readings", where=name, fix=READINGS)
    seconds = times.seconds[rows] if times is not None else None
    series = Series(
        asset=asset,
        source=name,
        names=tuple(c.name for c in own.channels),
        units=tuple(unit_of(c, sidecar) for c in own.channels),
        values=np.stack([scaled(c, sidecar) for c in own.channels]),
        seconds=seconds,
        absolute=times is not None and times.absolute,
        attributes=own.attributes(sidecar),
        rate_hz=sidecar.rate_hz if seconds is None else None,
        split=around.splits.get(file),
        many=own.many,
        blank={c.name: np.equal(c.values, "") for c in own.conditions if (c.values == "").any()},
    )
    if labels is None:
        return series
    around.labelled.add(name)
    own_labels = labels[rows]
    return replace(series, faults=runs(own_labels), stated=bool((own_labels != "").any()))


def _all_placed(found: Sequence[Series], around: _Import) -> list[Series]:
    if around.placing is not None:
        around.placing.machines = frozenset(one.asset for one in found)
    return [_placed(one, around) for one in found]


def _placed(series: Series, around: _Import) -> Series:
    """With the faults that a list tells of it, unless a column of its own does."""
    if series.source in around.labelled:
        _say_unused(series, around)
        return series
    return _with_listed(series, around)


def _with_listed(series: Series, around: _Import) -> Series:
    faults = around.placing.faults(series) if around.placing is not None else None
    return series if faults is None else replace(series, faults=faults, stated=True)


def _say_unused(series: Series, around: _Import) -> None:
    """Tells of a list of faults beside recordings that state their own."""
    placing = around.placing
    if placing is not None and placing.pass_over(series):
        text = f"a column states the faults: those of {placing.events.source.name} are not used"
        fix = "state the column under `ignore` in machines.yaml to have the list used"
        around.notes.warn("labels", text, series.source, fix)


def _with_readings(found: Sequence[Series]) -> tuple[list[Series], list[Series]]:
    """Those that have readings, and those that hold nothing but words, or beside others messages with their codes."""
    words = [one for one in found if all(unit == CODE for unit in one.units)]
    lists = [one for one in found if one.lists_messages]
    if len(lists) < len(found):
        words += [one for one in lists if all(one is not other for other in words)]
    return [one for one in found if all(one is not other for other in words)], words


def _timed(found: Sequence[Series], notes: Notes) -> list[Series]:
    """Without the tables that have no time, where others have one: lists of machines and the like."""
    timed = [one for one in found if one.seconds is not None]
    if not timed:
        return list(found)
    for one in found:
        if one.seconds is None:
            notes.warn(
                "no-time",
                "files without a column with the time, as other files have, left out",
                one.source,
                "state time.column in machines.yaml, or move the file away",
            )
    return timed
