"""Whether a hub's database is there and in order, found out without changing anything in it.

Opening a SQLite file that is absent makes an empty one, which then looks like a hub that lost its
people and samples: who opens a hub that was made before asks here first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from cloud_sync.config import without_password
from cloud_sync.store.db import Database, alembic_config, current_revision
from cloud_sync.store.room import no_room_in
from kits.core.errors import ConfigError, DataError, UnreachableError

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

_HEADER = b"SQLite format 3\0"
RESTORE = "cloud-sync restore FILE --data NEW, with your latest backup"
"""What to do about a lost part of a hub."""
MOVED = ".moved"
"""The name of a SQLite file ends so whose tables are in PostgreSQL now."""


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite database; None for others and for one in memory."""
    parsed = make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    return Path(parsed.database) if sqlite and parsed.database else None


def require_database(url: str) -> None:
    """Refuses a SQLite file that is absent or none at all; a server says by itself what it lacks.

    Raises:
        DataError: the hub's database is lost.
        OSError: this account may not look.
    """
    path = sqlite_file(url)
    if path is None:
        return
    try:
        with path.open("rb") as file:
            begins = file.read(len(_HEADER))
    except FileNotFoundError:
        raise _gone(path) from None
    if begins != _HEADER:
        raise DataError("this is no SQLite database", where=str(path), fix=RESTORE)


def _gone(path: Path) -> DataError:
    moved = path.with_name(path.name + MOVED)
    if not moved.exists():
        return DataError("the hub's database is gone", where=str(path), fix=RESTORE)
    return DataError(
        "the hub's tables were moved to PostgreSQL",
        where=str(path),
        fix=f"name it in database_url; to go on as it was before, without what came since: mv {moved} {path}",
    )


def refuse_unmoved(url: str, file: Path) -> None:
    """Refuses an empty PostgreSQL of a hub that has its tables in a file: a new hub would begin there.

    Raises:
        ConfigError: it is one.
    """
    if sqlite_file(url) is not None or not file.exists():
        return
    raise ConfigError(
        f"the database is empty, and the tables of this hub are in {file.name}",
        where=without_password(url),
        fix=f"cloud-sync move-database --data {file.parent}; or, to begin with nothing, put {file.name} away",
    )


def check_database(url: str) -> str:
    """The version of its tables, when everything is in order.

    Raises:
        DataError: it is lost or damaged.
        MachineError: its disk is full.
        ConfigError: its tables are of another version of Kitwright.
        UnreachableError: it does not answer.
    """
    require_database(url)
    path = sqlite_file(url)
    revision = _look_into(path) if path else _ask(url)
    _refuse_other(revision, url)
    return revision


def check_saved(path: Path) -> None:
    """A hub's SQLite file, of this Kitwright or an earlier one, is in order.

    Raises:
        DataError: it is lost or damaged, or no hub's.
        ConfigError: its tables are of a newer version of Kitwright.
    """
    url = f"sqlite:///{path}"
    require_database(url)
    revision = _look_into(path)
    if not revision:
        raise DataError("this is no hub's database", where=str(path), fix=RESTORE)
    refuse_newer(revision, url)


def require_tables(url: str) -> None:
    """Refuses tables that are lost or another version's, without reading through them.

    Raises:
        DataError: the hub's database is lost.
        MachineError: its disk is full.
        ConfigError: its tables are of another version of Kitwright.
        UnreachableError: it does not answer.
    """
    require_database(url)
    _refuse_other(_ask(url) if sqlite_file(url) is None else _noted(url), url)


def _noted(url: str) -> str:
    """The version of a SQLite file's tables."""
    try:
        with looking(url) as session:
            return str(session.execute(text("SELECT version_num FROM alembic_version")).scalar())
    except SQLAlchemyError as error:
        file, cause = sqlite_file(url), getattr(error, "orig", None)
        full = no_room_in(file, cause) if file and isinstance(cause, sqlite3.Error) else None
        raise full or DataError(f"cannot be read: {error}", where=str(file), fix=RESTORE) from error


@contextmanager
def looking(url: str) -> Iterator[Session]:
    """A session that only looks: what is looked at by it stays as it is, to the byte."""
    path = sqlite_file(url)
    if path is None:
        with closing(Database(url)) as database, database.session() as session:
            yield session
        return
    engine = create_engine("sqlite://", creator=partial(_opened, path), poolclass=NullPool)
    with Session(engine) as session:
        yield session


def _opened(path: Path) -> sqlite3.Connection:
    """Opened for writing and told not to: for reading only it would leave a journal behind."""
    file = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
    file.execute("PRAGMA query_only=ON")
    return file


def _look_into(path: Path) -> str:
    try:
        with closing(_opened(path)) as file:
            state = str(file.execute("PRAGMA quick_check").fetchone()[0])
            if state != "ok":
                raise DataError(f"damaged: {state}", where=str(path), fix=RESTORE)
            if not file.execute("PRAGMA table_info(alembic_version)").fetchall():
                return ""
            row = file.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        unread = DataError(f"cannot be read: {error}", where=str(path), fix=RESTORE)
        raise no_room_in(path, error) or unread from error
    return str(row[0]) if row else ""


def _ask(url: str) -> str:
    database = Database(url)
    try:
        return current_revision(database)
    except SQLAlchemyError as error:
        raise UnreachableError(
            f"the database does not answer: {getattr(error, 'orig', None) or error}",
            where=database.where,
            fix="check database_url in hub.yaml and that the server runs",
        ) from error
    finally:
        database.close()


@cache
def newest_version() -> str:
    """Of the tables, as this Kitwright makes them."""
    return _scripts().get_current_head() or ""


def _refuse_other(revision: str, url: str) -> None:
    head = newest_version()
    if revision == head:
        return
    refuse_newer(revision, url)
    if not revision and sqlite_file(url) is None:
        raise ConfigError(
            "the database is empty",
            where=without_password(url),
            fix="cloud-sync move-database moves the tables of hub.sqlite there; where there is none, cloud-sync serve"
            " begins with nothing",
        )
    raise ConfigError(
        f"schema {revision or 'none'}, this Kitwright has {head}",
        where=without_password(url),
        fix="save it with cloud-sync backup or pg_dump; cloud-sync serve brings it up to date",
    )


def refuse_newer(revision: str, url: str) -> None:
    """Refuses tables of a version that this Kitwright does not know.

    Raises:
        ConfigError: they are.
    """
    if revision and revision not in {script.revision for script in _scripts().walk_revisions()}:
        raise ConfigError(
            f"written by a newer Kitwright, as schema {revision}",
            where=without_password(url),
            fix="update kitwright",
        )


def _scripts() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config())
