"""Which tables a file or folder holds, which of them lists the leads, and what the others know of these.

It opens files. How tables hang together is found in `relations.py`, what they add in `accounts.py`, `events.py` and
`history.py`.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePosixPath

from kits.core.dataset import Split
from kits.core.errors import ConfigError, DataError, KitwrightError
from kits.core.kit import Finding
from kits.lead_scoring._lead import Value
from kits.lead_scoring._reading.accounts import Joined, join_accounts, known_by
from kits.lead_scoring._reading.events import Seconds, Timed, event_columns, find_kind, find_time
from kits.lead_scoring._reading.history import Fields, find_fields, history_columns
from kits.lead_scoring._reading.leads_table import find_leads
from kits.lead_scoring._reading.names import squeezed
from kits.lead_scoring._reading.relations import find_link
from kits.lead_scoring._reading.roles import SPLIT_WORDS, Roles
from kits.lead_scoring._reading.sheets import SUFFIXES, Sheet, load_sheets, stack
from kits.lead_scoring._reading.stated import column_named
from kits.lead_scoring.config import Config, TableConfig

MAX_FILES = 200
MAX_DEPTH = 4
_ROUNDS = 3
"""A table may belong to another one that belongs to the leads."""
_ALIKE = 0.9
_SPREADSHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".ods", ".numbers", ".zip", ".gz", ".7z"})
_SPLITS: dict[str, Split] = {"train": "train", "val": "val", "test": "test"}


@dataclass
class Tables:
    """The tables of one import.

    Attributes:
        leads: a row each lead, with what accounts know of it.
        joined: its columns that came from other tables.
        dated: tables of accounts whose rows came at a time.
        timed: tables of events and changes, which wait for the decision's time.
        findings: files passed over, and what was joined to what.
    """

    leads: Sheet
    joined: list[str] = field(default_factory=list)
    dated: list[tuple[str, Joined]] = field(default_factory=list)
    timed: list[tuple[Timed, Fields | None]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def extend(self, leads: Sheet, roles: Roles, decided: Seconds) -> Mapping[str, Sequence[Value]]:
        """Columns from other tables as they were known at each lead's decision."""
        columns: dict[str, Sequence[Value]] = {}
        for name, joined in self.dated:
            kept, late = known_by(leads, joined, decided)
            columns.update(kept)
            if late:
                self.findings.append(_late(name, late))
        for timed, fields in self.timed:
            if not roles.decided_at:
                self.findings.append(_without_time(timed.sheet.name))
            elif fields is not None:
                found, said = history_columns(leads, timed, fields, decided)
                columns.update(found)
                self.findings.append(said)
            else:
                counted, said = event_columns(leads, timed, decided)
                columns.update(counted)
                self.findings.append(said)
        return columns


def table_paths(path: Path) -> list[Path]:
    """The files that may be tables, in a stable order.

    Raises:
        DataError: too many.
    """
    if path.is_file():
        return [path]
    found: list[Path] = []
    for file in sorted(path.rglob("*")):
        parts = file.relative_to(path).parts
        hidden = any(part.startswith((".", "~$")) for part in parts)
        if hidden or len(parts) > MAX_DEPTH or file.suffix.lower() not in SUFFIXES:
            continue
        if file.is_file():
            found.append(file)
        if len(found) > MAX_FILES:
            raise DataError(
                f"more than {MAX_FILES} tables",
                where=str(path),
                fix="put the export alone into a folder",
            )
    return found


def _unreadable(path: Path) -> list[str]:
    """Files that hold tables in a form that is not read."""
    if not path.is_dir():
        return []
    files = (
        f for f in sorted(path.rglob("*")) if f.suffix.lower() in _SPREADSHEETS and f.is_file()
    )
    return [file.relative_to(path).as_posix() for file in islice(files, MAX_FILES)]


def find_tables(path: Path, config: Config) -> Tables:
    """Reads every table, finds the one that lists the leads and joins the others to it.

    Raises:
        DataError: there is none.
        ConfigError: the configuration names a file or column that is not there.
    """
    findings = [_passed_over(n, "no table as it is; save it as CSV") for n in _unreadable(path)]
    sheets: list[Sheet] = []
    for file in table_paths(path):
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        stated = _stated(name, config)
        if stated is not None and stated.role == "ignore":
            continue
        try:
            sheets.extend(load_sheets(file, name, config.source.dates))
        except (KitwrightError, OSError) as error:
            if path.is_file() and isinstance(error, KitwrightError):
                raise
            findings.append(_passed_over(name, getattr(error, "what", str(error))))
    if path.is_dir():
        _refuse_absent(config, sheets, path)
    if not sheets:
        told = "; ".join(one.text for one in findings[:3])
        raise DataError(
            f"no table of leads here{': ' + told if told else ''}",
            where=str(path),
            fix="a CSV, JSON or parquet file with a line of column names and a row each lead",
        )
    return _join(_stacked(sheets, config), config, findings)


def _stated(name: str, config: Config) -> TableConfig | None:
    for one in config.source.tables:
        if fnmatch.fnmatch(name, one.file) or fnmatch.fnmatch(PurePosixPath(name).name, one.file):
            return one
    return None


def _refuse_absent(config: Config, sheets: Sequence[Sheet], path: Path) -> None:
    for one in config.source.tables:
        if one.role != "ignore" and not any(_stated(s.name, config) is one for s in sheets):
            raise ConfigError(
                f"no readable table {one.file!r} in {path.name}",
                where="kit.yaml: model.source.tables",
                fix=f"tables here: {', '.join(s.name for s in sheets[:10])}",
            )


# -- one table in several files -------------------------------------------------------------------


def _stacked(sheets: Sequence[Sheet], config: Config) -> list[Sheet]:
    """Files with the same columns as one table."""
    groups: list[list[Sheet]] = []
    for sheet in sheets:
        role = _role(sheet, config)
        alike = (g for g in groups if _alike(g[0], sheet) and _role(g[0], config) == role)
        group = next(alike, None)
        if group is None:
            groups.append([sheet])
        else:
            group.append(sheet)
    return [_as_one(group) for group in groups]


def _role(sheet: Sheet, config: Config) -> str:
    stated = _stated(sheet.name, config)
    return stated.role if stated is not None else ""


def _alike(one: Sheet, other: Sheet) -> bool:
    mine, theirs = ({squeezed(name) for name in s.columns} for s in (one, other))
    return len(mine & theirs) >= _ALIKE * len(mine | theirs)


def _as_one(group: Sequence[Sheet]) -> Sheet:
    if len(group) == 1:
        return group[0]
    splits = [_split_of(sheet.name) for sheet in group]
    if len(set(splits)) > 1:
        group = [replace(s, splits=[split] * len(s)) for s, split in zip(group, splits)]
    return stack(
        group, " + ".join(sheet.name for sheet in group[:3]) + (" …" if len(group) > 3 else "")
    )


def _split_of(name: str) -> Split | None:
    """The split that a file's name or folder tells (`test.csv`, `leads_test.csv`, `test/leads.csv`)."""
    parts = PurePosixPath(name.lower())
    words = [*re.split(r"[^a-z]+", parts.stem), *reversed(parts.parent.parts)]
    found = next((SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS), "")
    return _SPLITS.get(found)


# -- several tables -------------------------------------------------------------------------------


def _join(sheets: Sequence[Sheet], config: Config, findings: list[Finding]) -> Tables:
    main = find_leads(sheets, {s.name: _role(s, config) for s in sheets}, config.source)
    tables = Tables(main, findings=findings)
    left = [sheet for sheet in sheets if sheet is not main]
    for _ in range(_ROUNDS):
        before = len(left)
        left = [sheet for sheet in left if not _joined(tables, sheet, config)]
        if not left or len(left) == before:
            break
    for sheet in left:
        tables.findings.append(_unrelated(sheet.name, main.name))
    return tables


def _joined(tables: Tables, sheet: Sheet, config: Config) -> bool:
    """Joins a table to the leads, or tells why it cannot be used; False: it has nothing in common with them yet."""
    stated = _stated(sheet.files[0], config)
    key = column_named(sheet.columns, stated.key, "tables.key") if stated and stated.key else ""
    of = column_named(tables.leads.columns, stated.of, "tables.of") if stated and stated.of else ""
    link = find_link(tables.leads, sheet, of, key)
    if link is None:
        return False
    at = column_named(sheet.columns, stated.at, "tables.at") if stated and stated.at else ""
    label = PurePosixPath(sheet.files[0]).stem
    role = stated.role if stated is not None else ""
    fields = find_fields(sheet) if role in ("", "history") else None
    if fields is None and (role == "accounts" or (not role and link.unique)):
        joined = join_accounts(
            tables.leads, sheet, link, label, find_time(sheet, at, "decided_at")[1]
        )
        tables.leads = joined.leads
        tables.joined.extend(joined.added)
        if joined.came:
            tables.dated.append((sheet.name, joined))
        tables.findings.append(joined.said)
        return True
    name, seconds = find_time(sheet, at)
    if not name:
        tables.findings.append(_without_time(sheet.name))
        return True
    tables.timed.append((Timed(sheet, link, label, name, seconds, find_kind(sheet)), fields))
    return True


# -- what is told ---------------------------------------------------------------------------------


def _passed_over(name: str, why: str) -> Finding:
    return Finding(
        "file-passed-over",
        "warn",
        f"{name} was passed over: {why}",
        (name,),
        "nothing to do if it holds no leads",
    )


def _unrelated(name: str, main: str) -> Finding:
    return Finding(
        "table-unrelated",
        "warn",
        f"{name} was passed over: no column of it has enough values in common with {main}",
        (name,),
        "name the columns in kit.yaml: model.source.tables: [{file, role, key, of}], or role: ignore",
    )


def _late(name: str, leads: int) -> Finding:
    return Finding(
        "joined-late",
        "pass",
        f"{leads} leads were decided before their row of {name} came, so it was not known and was left out for them",
    )


def _without_time(name: str) -> Finding:
    return Finding(
        "table-without-time",
        "warn",
        f"{name} was left out: it cannot be told which of its rows were known when a lead was decided",
        (name,),
        "state the times in kit.yaml: model.source.decided_at, and at in model.source.tables",
    )
