"""Moves a hub's tables from their SQLite file into an empty PostgreSQL database, and proves that they are all there.

One transaction of PostgreSQL holds it all: what breaks off leaves an empty database, and the file as it was. Afterwards
the file bears another name, so that no hub goes on with it by mistake.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Table, insert
from sqlalchemy.exc import DBAPIError

from cloud_sync.config import HubConfig
from cloud_sync.errors import ConflictError
from cloud_sync.moving.findings import Findings
from cloud_sync.moving.source import Source, reading
from cloud_sync.moving.target import MEND, TOLD_ROWS, Tally, Target
from cloud_sync.store.check import (
    MOVED,
    RESTORE,
    check_database,
    check_saved,
    require_database,
    sqlite_file,
)
from cloud_sync.store.db import Database, changing_tables, migrate
from cloud_sync.store.models import AuditLog
from cloud_sync.store.types import Base
from cloud_sync.store.working import alone
from kits.core.errors import (
    ConfigError,
    DataError,
    KitwrightError,
    MachineError,
    UnreachableError,
)
from kits.core.sample import utc_now

_BESIDE = ("", "-wal", "-shm")
_AGAIN = "nothing was moved, and the database is as empty as it was: mend it and begin again"
_STATES: tuple[tuple[tuple[str, ...], type[KitwrightError], str, str], ...] = (
    (("53",), MachineError, "PostgreSQL lacks room", _AGAIN),
    (("42501",), ConfigError, "this account may not make tables there", "ALTER DATABASE … OWNER TO …, or its schema's"),
    (("22", "23", "54"), DataError, "PostgreSQL does not take a row", MEND),
)  # fmt: skip
"""What SQLSTATEs say that begin so."""


class Told(Protocol):
    """Hears how far it is."""

    def begin(self, stage: str, total: int) -> None:
        """A stage of so many rows begins."""

    def advance(self, rows: int) -> None:
        """So many more are done."""

    def end(self) -> None:
        """The stage is over."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was done.

    Attributes:
        rows: by table.
        findings: what did not fit.
        kept: the file, under its new name.
    """

    rows: dict[str, int]
    findings: Findings
    kept: Path


def try_out(file: Path, told: Told) -> tuple[dict[str, int], Findings]:
    """Reads every row as `move` would, and changes nothing; the hub may run.

    Raises:
        DataError: the file is gone or damaged.
        ConfigError: its tables are of another version.
    """
    told.begin("check", 0)  # each page of the file is gone through
    check_database(f"sqlite:///{file}")
    told.end()
    with reading(file) as source:
        rows = _counted(source, told)
        told.begin("read", sum(rows.values()))
        for table in Base.metadata.sorted_tables:
            _skim(source, table, told)
        told.end()
        return rows, source.findings


def move(config: HubConfig, file: Path, who: str, told: Told, *, patience_s: float) -> Moved:
    """Moves the tables in `file` to `database_url`; brings them up to date before.

    Args:
        who: for the audit log.

    Raises:
        ConflictError: a process of the hub works with them, or the database is not empty.
        ConfigError: `database_url` names no PostgreSQL, or the tables are newer.
        DataError: the file is gone or damaged, or has values that no column there takes; or what arrived is not what
            was sent.
        UnreachableError: the database does not answer, or not to the end.
        MachineError: it lacks room, or is none that a hub can use.
    """
    if not config.database_url or sqlite_file(config.database_url) is not None:
        raise ConfigError(
            "hub.yaml names no PostgreSQL to move to",
            where="database_url",
            fix="database_url: postgresql+psycopg://USER@HOST/NAME, of an empty database",
        )
    with alone(config.data_dir, "a database is moved", patience_s=patience_s):
        require_database(f"sqlite:///{file}")
        _refuse_kept(_moved_name(file))
        with closing(Database(config.database_url)) as database:
            _knock(database)
            told.begin("check", 0)
            _bring_up_to_date(file)
            told.end()
            with reading(file) as source, _told_apart(database):
                rows = _move(source, database, who, told)
        _put_away(file)
    return Moved(rows, source.findings, _moved_name(file))


def _knock(database: Database) -> None:
    """Whether it answers and is empty, before a large file is gone through."""
    with _told_apart(database), database.engine.connect() as connection:
        Target(connection, database.where).refuse_unfit()


def _bring_up_to_date(file: Path) -> None:
    check_saved(file)  # any other file would be made a hub's
    with closing(Database(f"sqlite:///{file}")) as tables:
        migrate(tables)


def _move(source: Source, database: Database, who: str, told: Told) -> dict[str, int]:
    rows = _counted(source, told)
    with changing_tables(database) as connection:
        target = Target(connection, database.where)
        target.refuse_unfit()  # in the time until now somebody else may have come
        target.prepare()
        sent = _copy(source, target, sum(rows.values()), told)
        _refuse_unfit_values(source)
        told.begin("indexes", 0)
        target.finish()
        told.end()
        _compare(target, sent, rows, told)
        _note(connection, who, sum(rows.values()))
    return rows


def _counted(source: Source, told: Told) -> dict[str, int]:
    told.begin("look", 0)
    source.look_beside()
    rows = {table.name: source.rows(table) for table in Base.metadata.sorted_tables}
    told.end()
    return rows


def _copy(source: Source, target: Target, total: int, told: Told) -> dict[str, Tally]:
    """Once a value is unfit nothing more is sent: the rest is only gone through."""
    told.begin("copied", total)
    sent: dict[str, Tally] = {}
    for table in Base.metadata.sorted_tables:
        if source.findings.unfit:
            _skim(source, table, told)
            continue
        sent[table.name] = target.take(
            table, source.lines(table), partial(source.key_at, table), told.advance
        )
    told.end()
    return sent


def _skim(source: Source, table: Table, told: Told) -> None:
    seen = 0
    for seen, _ in enumerate(source.lines(table), 1):
        if not seen % TOLD_ROWS:
            told.advance(TOLD_ROWS)
    told.advance(seen % TOLD_ROWS)


def _refuse_unfit_values(source: Source) -> None:
    unfit = source.findings.unfit
    if unfit:
        first, number = unfit[0], source.findings.unfit_in_all
        raise DataError(
            f"{'a value' if number == 1 else f'{number} values'} that PostgreSQL does not take, the first: {first.why}",
            where=first.place,
            fix="cloud-sync move-database --dry-run names all of them: change or delete them in hub.sqlite (sqlite3),"
            " after a backup; nothing was moved",
        )


def _compare(target: Target, sent: dict[str, Tally], rows: dict[str, int], told: Told) -> None:
    told.begin("compared", sum(rows.values()))
    for table in Base.metadata.sorted_tables:
        arrived = target.tally(table, told.advance)
        if arrived != sent[table.name] or arrived.rows != rows[table.name]:
            raise DataError(
                f"what arrived is not what was sent: {arrived.rows} of {rows[table.name]} rows, or other values",
                where=table.name,
                fix=_AGAIN,
            )
    told.end()


def _note(connection: Connection, who: str, rows: int) -> None:
    said = {"at": utc_now(), "who": who, "what": "hub.move", "target": "", "details": {"rows": rows}}  # fmt: skip
    connection.execute(insert(AuditLog).values(**said))


@contextmanager
def _told_apart(database: Database) -> Iterator[None]:
    """Says of the databases' own errors what they are, without what lets in."""
    try:
        yield
    except sqlite3.Error as error:
        raise DataError(f"hub.sqlite cannot be read: {error}", fix=RESTORE) from error
    except (DBAPIError, database.engine.dialect.loaded_dbapi.Error) as error:
        why = error.orig if isinstance(error, DBAPIError) else error
        raise _explained(str(why), getattr(why, "sqlstate", None) or "", database.where) from error


def _explained(why: str, state: str, where: str) -> KitwrightError:
    for begins, kind, what, fix in _STATES:
        if state.startswith(begins):
            return kind(f"{what}: {why}", where=where, fix=fix)
    return UnreachableError(f"PostgreSQL does not go on: {why}", where=where, fix=_AGAIN)


def _moved_name(file: Path) -> Path:
    return file.with_name(file.name + MOVED)


def _refuse_kept(kept: Path) -> None:
    if kept.exists():
        raise ConflictError(
            "there is a file already that was moved before", where=str(kept),
            fix="put it away first: it would be written over",
        )  # fmt: skip


def _put_away(file: Path) -> None:
    """Under another name, with what SQLite keeps beside it while somebody has it open."""
    kept = _moved_name(file)
    try:
        with closing(sqlite3.connect(file)) as last:
            last.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for end in reversed(_BESIDE):  # the file itself is the last one
            beside = file.with_name(file.name + end)
            if beside.exists():
                beside.rename(kept.with_name(kept.name + end))
    except (OSError, sqlite3.Error) as error:
        raise MachineError(
            f"all tables are in PostgreSQL, only the file cannot be renamed: {error}",
            where=str(file),
            fix=f"mv {file} {kept}, then start the hub: nothing needs to be moved again",
        ) from error
