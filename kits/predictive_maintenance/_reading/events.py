"""Times of faults that stand beside the data: a JSON of windows per file, or a table of start and end.

Only finds and matches them; which rows they cover is worked out by the reader of series.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from kits.core.errors import DataError
from kits.core.spreadsheets import workbook
from kits.predictive_maintenance._reading.columns.names import (
    ANOMALY,
    is_code_name,
    is_normal,
    plain,
    role_of,
    tells_of_faults,
)
from kits.predictive_maintenance._reading.formats.table import Column, Table
from kits.predictive_maintenance._reading.formats.tables import read_table
from kits.predictive_maintenance._reading.sidecar import Sidecar, TimeColumn
from kits.predictive_maintenance._reading.times.faults import LAST_SECOND, tells_days, with_hours
from kits.predictive_maintenance._reading.times.times import read_times

_MAX_BYTES = 64 << 20
_COLUMN_WORDS: Mapping[str, tuple[str, ...]] = {
    "start": ("beginn", "begin", "start", "anfang", "von", "ab", "seit", "since", "from", "gemeldet", "reported", "reportdate", "eintritt",
              "meldedatum", "meldungsdatum", "störungsdatum", "ausfalldatum", "notif date", "notification date", "malfunction date", "breakdown date",
              "opened", "raised", "triggered", "activated", "occurred",
              "inicio", "début", "debut", "inizio"),
    "end": ("ende", "end", "bis", "until", "behoben", "erledigt", "finish", "finished", "actfinish", "closed", "completed", "repaired", "cleared", "resolved", "ended", "deactivated",
            "fertig", "fin", "fine"),
    "asset": ("assetnum", "aggregat", "technischer platz", "functional location", "functional loc", "equipo", "équipement", "macchina"),
    "label": ("text", "kurztext", "beschreibung", "description", "grund", "ursache", "cause", "reason", "problem", "symptom", "schaden",
              "what", "motif", "causa", "motivo"),
}  # fmt: skip
"""Of the columns of a list of work orders or stops: whole words, or the end of one (`Störbeginn`)."""
_OF_FAULTS = re.compile(
    r"(?!(?:.*_)?(?:no|non|not|without|next|planned|kein|keine|ohne)_)(?:.*_)?(?:fault|failure|breakdown|outage|downtime|stör|stoer|störung|stoerung|ausfall|stillstand|panne|arret|arrêt|fallo|averia|avería|parada|guasto|fermo|storing|awaria)(?:_.*|beginn|anfang|start|ende)?"
)
"""Of columns that say from when to when a machine was out of order, so that their table lists it."""
_COMPOUND = ("beginn", "anfang", "ende", "grund", "ursache", "text")
_FAILED = re.compile(
    r"(?:failed|failure|fail|fault|faulted|breakdown|broken|broke|broke_down|defect)_?(?:at|on|time|date|date_?time|time_?stamp|ts)"
)
"""Of a column that says when a machine failed, and so that its table lists failures."""
_LEAST_EPOCH = 1e8
"""Numbers above it count seconds since 1970."""
_ANSWERS = frozenset({"", "y", "n", "j", "yes", "no", "ja", "nein", "oui", "non", "si", "sí", "true", "false", "0", "1"})  # fmt: skip
_OF_LINES = frozenset({"id", "after", "asset", "unit", "file", "time", "start", "end"})
_FEW_FILES = 20
_DEEPEST = 3
_LISTS = frozenset({".csv"}) | workbook.SUFFIXES
LIST: Final = "a table with the columns start and end (or one time), and as you have them machine and fault; no readings. In the folder of one machine among several it must name the machine"


@dataclass(frozen=True, slots=True)
class Event:
    """A fault from `start_s` to `end_s`, seconds since 1970, both included.

    Attributes:
        subject: the file or asset it concerns; empty: all.
    """

    subject: str
    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True)
class Events:
    """All faults that are stated beside the data.

    Attributes:
        source: the file they came from.
        unread: lines of it that state no stretch of time.
        normal: lines of it that say that nothing was wrong.
        days: its times are days without an hour.
        naive: its times name no zone, and none is stated; None: not known.
    """

    source: Path
    events: tuple[Event, ...]
    subjects: frozenset[str]
    unread: int = 0
    normal: int = 0
    days: bool = False
    naive: bool | None = None

    def keys(self, name: str, asset: str) -> set[str]:
        """What the list calls a file or asset; empty when it is not listed, so nothing is known of it."""
        own = {_key(name), _key(asset), _key(PurePosixPath(name).name)}
        # a list may name files by a longer path than the imported folder has
        return {s for s in self.subjects if not s or s in own or PurePosixPath(s).name in own}


def _key(text: str) -> str:
    path = PurePosixPath(text.strip())
    return str(
        path.with_suffix("") if path.suffix in (".csv", ".txt", ".parquet") else path
    ).lower()


def find_events(folder: Path, sidecar: Sidecar) -> Events | None:
    """The file with the times of faults, stated or recognised by its content.

    Raises:
        DataError: the stated file is not there or holds no times.
    """
    if not folder.is_dir():
        return None
    if sidecar.labels.file:
        stated = folder / sidecar.labels.file
        if not stated.resolve().is_relative_to(folder.resolve()) or not stated.is_file():
            fix = "put it beside the recordings, or correct labels.file"
            raise DataError("no such file, which machines.yaml names", where=str(stated), fix=fix)
        found = _open(stated, sidecar)
        if found is None:
            raise DataError("no list of faults can be read from it", where=str(stated), fix=LIST)
        return found
    files = [file for file in sorted(folder.iterdir()) if file.is_file()]
    for file in files:
        listed = is_called_a_list(file) and file.suffix.lower() in _LISTS
        if file.suffix == ".json" or listed:
            found = _open(file, sidecar)
            if found is not None:
                return found
    tables = [file for file in files if file.suffix.lower() in _LISTS]
    if len(tables) <= _FEW_FILES:
        for file in tables:
            found = _open(file, sidecar, by_any_name=True)
            if found is not None:
                return found
    return _find_below(folder, sidecar)


def _find_below(folder: Path, sidecar: Sidecar) -> Events | None:
    """The only list in the folders below, as sets have it that are packed with a folder around them; not that of one machine."""
    below = [
        file
        for file in sorted(folder.rglob("*"))
        if (file.suffix.lower() in _LISTS or file.suffix == ".json")
        and is_called_a_list(file)
        and 1 < len(file.relative_to(folder).parts) <= _DEEPEST
        and file.is_file()
    ]
    if len(below) > _FEW_FILES:
        return None
    found = [events for file in below if (events := _open(file, sidecar)) is not None]
    return found[0] if len(found) == 1 and not _of_one_folder(found[0], folder) else None


def _of_one_folder(events: Events, folder: Path) -> bool:
    """Whether a list that names no machine lies beside some tables, and others are elsewhere: it may be of its folder alone."""
    home = events.source.parent
    tables = [f for f in folder.rglob("*") if f.suffix.lower() in _LISTS and f != events.source]
    own = [f for f in tables if f.is_relative_to(home)]
    return events.subjects == {""} and 0 < len(own) < len(tables)


def is_called_a_list(file: Path) -> bool:
    """Whether a file's name says that it lists faults."""
    return tells_of_faults(file.stem)


def _open(file: Path, sidecar: Sidecar, *, by_any_name: bool = False) -> Events | None:
    if file.suffix == ".json":
        return _from_json(file)
    called = not by_any_name
    try:
        head = read_table(file, 5)
        if by_any_name and _says_when_out_of_order(head):
            called, by_any_name = True, False
        if not _is_list_of_events(head, called=called) or (by_any_name and not _lists_alone(head)):
            return None
        whole = read_table(file)
        return _from_table(file, whole, _columns_of(whole, called=called), sidecar)
    except DataError:
        return None  # not a table of events; the reader of series will say what is wrong with it


def _columns_of(table: Table, *, called: bool) -> dict[str, Column]:
    """The first column of each role.

    Args:
        called: the file is called as lists of faults are, so that words say more.
    """
    found: dict[str, Column] = {}
    for column in table.columns:
        if named := role_of(column.name):
            found.setdefault(named, column)
        if _says_when(column):
            found["failed"] = column
    if called:
        for role, words in _COLUMN_WORDS.items():
            worded = (c for c in table.columns if role_of(c.name) is None and _says(c.name, words))
            if role in (
                "start",
                "end",
            ):  # a valve that is `opened` and `closed` is a reading of 0 and 1
                worded = (c for c in worded if _are_moments(c))
            if role not in found and (first := next(worded, None)) is not None:
                found[role] = first
    return found


def _says(name: str, words: Sequence[str]) -> bool:
    told = plain(name).replace("_", " ")
    ends = tuple(word for word in words if word in _COMPOUND)
    return any(f" {word} " in f" {told} " for word in words) or told.endswith(ends)


def _is_list_of_events(head: Table, *, called: bool) -> bool:
    """A start and an end; or a start and a machine or words, or a time and a fault, and no reading beside them."""
    roles = set(_columns_of(head, called=called))
    if {"start", "end"} <= roles or _tells_failures(head):
        return True
    if called and "start" in roles and not any(map(may_read, head.columns)):
        return not roles.isdisjoint({"asset", "unit", "label"})
    readings = [c for c in head.columns if c.kind == "number" and role_of(c.name) is None]
    faults = [c for c in head.columns if role_of(c.name) == "label" and c.kind == "text"]
    return "time" in roles and bool(faults) and not readings


def may_read(column: Column) -> bool:
    """Whether a column may hold readings: numbers that are none of lines, orders, messages, machines or times."""
    told = role_of(column.name) in _OF_LINES or is_code_name(column.name)
    return column.kind == "number" and not told


def _says_when_out_of_order(head: Table) -> bool:
    """Two columns that say from when to when something was out of order, and no reading beside them."""
    found = _columns_of(head, called=True)
    readings = [c for c in head.columns if c.kind == "number" and not is_code_name(c.name)]
    ends = [found[role].name for role in ("start", "end") if role in found]
    return (
        len(ends) > 1 and not readings and all(_OF_FAULTS.fullmatch(plain(name)) for name in ends)
    )


def _tells_failures(head: Table) -> bool:
    """A column that says when a machine failed, and none that could be a reading."""
    readings = [
        c
        for c in head.columns
        if c.kind == "number" and role_of(c.name) is None and not _says_when(c)
    ]
    return not readings and any(map(_says_when, head.columns))


def _says_when(column: Column) -> bool:
    """Whether a column says when a machine failed; a `fault_time` of 13.5 says for how long."""
    return _are_moments(column) and _FAILED.fullmatch(plain(column.name)) is not None


def _are_moments(column: Column) -> bool:
    """Whether values may be moments; numbers are where they count from 1970."""
    return column.kind != "number" or bool((column.values > _LEAST_EPOCH).any())


def _lists_alone(head: Table) -> bool:
    """A start, an end and a fault, and no column that could be a reading: a plan of shifts or orders has no fault."""
    if _tells_failures(head):
        return True
    roles = {role_of(c.name) for c in head.columns}
    readings = [c for c in head.columns if c.kind == "number" and role_of(c.name) is None]
    return {"start", "end", "label"} <= roles and not readings


def _from_json(file: Path) -> Events | None:
    if file.stat().st_size > _MAX_BYTES:
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError):
        return None
    if not isinstance(content, Mapping) or not content:
        return None
    events: list[Event] = []
    for name, windows in content.items():
        pairs = _pairs(windows)
        if pairs is None:
            return None
        starts, ends = _seconds([p[0] for p in pairs]), _seconds([p[1] for p in pairs])
        if starts is None or ends is None:
            return None
        events += [Event(_key(str(name)), a, b, ANOMALY) for a, b in zip(starts, ends)]
    return Events(file, tuple(events), frozenset(_key(str(name)) for name in content))


def _pairs(windows: object) -> list[tuple[object, object]] | None:
    if not isinstance(windows, list):
        return None
    if not all(isinstance(w, list) and len(w) == 2 for w in windows):
        return None
    return [(w[0], w[1]) for w in windows]


def _seconds(values: Sequence[object]) -> list[float] | None:
    if not values:
        return []
    if all(isinstance(v, int | float) for v in values):
        column = Column("t", "", "number", np.array(values, np.float64))
    else:
        column = Column("t", "", "text", np.array([str(v) for v in values], dtype=object))
    times = read_times(column, TimeColumn())
    if times is None or np.isnan(times.seconds).any():
        return None
    return [float(v) for v in times.seconds]


def _from_table(
    file: Path, table: Table, by_role: Mapping[str, Column], sidecar: Sidecar
) -> Events | None:
    at = by_role.get("failed") or by_role.get("time")
    start = by_role.get("start") or at
    end = by_role.get("end") or at or start
    if start is None or end is None:
        return None
    start, end = with_hours(table, start), with_hours(table, end)
    starts, ends = read_times(start, sidecar.time), read_times(end, sidecar.time)
    if starts is None or ends is None:
        return None
    days = tells_days(end)
    if days:
        ends = replace(ends, seconds=ends.seconds + LAST_SECOND)
    who = by_role.get("file") or by_role.get("asset") or by_role.get("unit")
    what = by_role.get("label") or by_role.get("maybe_label") or by_role.get("after")
    if what is not None and role_of(what.name) == "after" and _is_answer(what):
        what = None  # `replaced: no` says nothing of the fault
    rows = np.flatnonzero(ends.seconds >= starts.seconds)  # neither is where one of them is unknown
    events = tuple(
        Event(
            _key(_cell(who, i)) if who else "",
            float(starts.seconds[i]),
            float(ends.seconds[i]),
            _cell(what, i) or ANOMALY if what and what.kind == "text" else ANOMALY,
        )
        for i in rows.tolist()
        if not _states_normal(what, i)
    )
    subjects = frozenset({""} if who is None else {_key(_cell(who, i)) for i in rows.tolist()})
    return Events(
        file, events, subjects, table.rows - rows.size, rows.size - len(events), days, starts.naive
    )


def _states_normal(column: Column | None, row: int) -> bool:
    """Whether a line's label says that nothing was wrong then: lists hold stretches to compare with, too. A cause of `none` is unknown."""
    return (
        column is not None
        and column.kind == "text"
        and role_of(column.name) in ("label", "maybe_label")
        and bool(_cell(column, row))
        and is_normal(_cell(column, row))
    )


def _is_answer(column: Column) -> bool:
    """Whether yes and no are all that a column says."""
    return {_cell(column, i).lower() for i in range(column.values.size)} <= _ANSWERS


def _cell(column: Column | None, row: int) -> str:
    if column is None:
        return ""
    value = column.values[row]
    return str(value) if column.kind == "text" else f"{value:g}"
