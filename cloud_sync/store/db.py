"""The database: engine, sessions, migrations. SQLite by default, PostgreSQL by URL.

Tables are in `models/`, bulk inserts in `bulk.py`; this file knows how to open a database, and
that SQLite wants WAL, foreign keys and a busy timeout switched on per connection.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    Result,
    create_engine,
    event,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import InstrumentedAttribute, Session, UOWTransaction, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from cloud_sync.config import without_password
from cloud_sync.store.room import DISK_FULL, no_room
from cloud_sync.store.types import Base
from kits.core.errors import ConfigError, KitwrightError, MachineError, UnreachableError

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 10_000
_SIZE_OF_FILE = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
_SIZE_OF_TABLES = "SELECT pg_database_size(current_database())"
_SNAPSHOT = {"isolation_level": "REPEATABLE READ"}
SHRINK_PAGES = 2000
_CHANGED, _WATCHED = "changed", "watched"
MIGRATION_LOCK = 5_427_001
"""Number of the lock that lets one process at a time change PostgreSQL's tables."""


class Database:
    """One open database.

    Attributes:
        where: its address, to be shown.

    Args:
        url: SQLAlchemy URL.

    Raises:
        MachineError: its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        self.engine = _make_engine(url)
        self.where = without_password(url)
        # a writer takes SQLite's lock at once: a reader that turns writer may fail in spite of
        # the busy timeout, because its snapshot is old by then
        writing = self.engine.execution_options(sqlite_begin="IMMEDIATE")
        # a reader sees one moment of the database, as SQLite's readers do anyway
        reading = self.engine.execution_options(
            **({} if self.engine.dialect.name == "sqlite" else _SNAPSHOT)
        )
        self._reading = sessionmaker(reading, expire_on_commit=False)
        self._watched: list[tuple[tuple[type[Base], ...], Callable[[], None]]] = []
        self._writing = sessionmaker(
            writing, expire_on_commit=False, info={_WATCHED: self._watched}
        )
        # functions: SQLAlchemy keeps what listens as long as the class of sessions, which a method would keep for ever
        event.listen(self._writing, "after_flush", _note_changes)
        event.listen(self._writing, "after_commit", _tell_changes)

    def on_change(self, tables: tuple[type[Base], ...], tell: Callable[[], None]) -> None:
        """Calls `tell` after each commit of this process that changed rows of `tables` through the ORM."""
        self._watched.append((tables, tell))

    def fill(self) -> None:
        """Opens the connections that are kept anyway: from now on more descriptors mean a leak."""
        pool = self.engine.pool
        if isinstance(pool, QueuePool):
            kept = [self.engine.connect() for _ in range(pool.size())]
            for connection in kept:
                connection.close()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session for reading; all its queries see the same moment."""
        with self._reading() as session:
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back when the block raises."""
        with self._writing.begin() as session:
            yield session

    def shrink(self, unused: float) -> bool:
        """Gives some pages of SQLite's file back to the disk; whether it is worth doing again.

        Works with files made by this version or later; PostgreSQL sees to it by itself.

        Args:
            unused: share of the file that may stay unused for rows to come.
        """
        if self.engine.dialect.name != "sqlite":
            return False
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            [(free,)] = driver.execute("PRAGMA freelist_count").fetchall()
            [(pages,)] = driver.execute("PRAGMA page_count").fetchall()
            [(vacuum,)] = driver.execute("PRAGMA auto_vacuum").fetchall()
            if not vacuum or free <= pages * unused:
                return False
            # as a script: `execute` takes one step of it, and so gives one page back
            driver.executescript(f"PRAGMA incremental_vacuum({SHRINK_PAGES})")
        return True

    def rewrite(self) -> None:
        """Writes the files anew, row by row: nothing comes with of what rows once held, or where they once lay.

        Nobody else writes meanwhile, on PostgreSQL to the table at hand: about six seconds for each GiB on an SSD.

        Raises:
            MachineError: no room for a second file meanwhile, a damaged one, or somebody reads or writes for too long.
        """
        try:
            if self.engine.dialect.name == "sqlite":
                self._rewrite_file()
            else:
                self._rewrite_tables()
        except (sqlite3.Error, DBAPIError) as error:
            why = error.orig if isinstance(error, DBAPIError) else error
            raise MachineError(
                f"the database cannot be written anew: {why}",
                where=self.where,
                fix="make room for a second copy, on SQLite also in TMPDIR; if it is damaged, restore a backup",
            ) from error

    def _rewrite_file(self) -> None:
        with self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("VACUUM")
            # the new pages lie in the journal until they are written back, which a reader may put off
            [(busy, *_)] = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            if busy:
                raise sqlite3.OperationalError("somebody reads it as it was")

    def _rewrite_tables(self) -> None:
        with self.engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            # who waits for a table makes all others wait that come after it
            connection.exec_driver_sql(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
            try:
                connection.exec_driver_sql("VACUUM (FULL)")
            finally:
                connection.exec_driver_sql("RESET lock_timeout")

    def bytes(self) -> int:
        """Of the database on the disk."""
        with self.session() as session:
            if self.engine.dialect.name == "sqlite":
                return int(session.scalar(text(_SIZE_OF_FILE)) or 0)
            return int(session.scalar(text(_SIZE_OF_TABLES)) or 0)

    def close(self) -> None:
        """Closes all connections."""
        self.engine.dispose()


def _note_changes(session: Session, _context: UOWTransaction) -> None:
    for tables, tell in session.info[_WATCHED]:
        changed = (*session.new, *session.dirty, *session.deleted)
        if any(isinstance(row, tables) for row in changed):
            session.info.setdefault(_CHANGED, {})[tell] = None


def _tell_changes(session: Session) -> None:
    for tell in session.info.pop(_CHANGED, ()):
        tell()


def _make_engine(url: str) -> Engine:
    # parameters are what devices and people sent: they do not belong into a log
    try:
        engine = create_engine(
            url,
            pool_pre_ping=not url.startswith("sqlite"),
            # whatever the server's is: of one without any, as it is made where LANG is C, text would come as bytes
            connect_args={} if url.startswith("sqlite") else {"client_encoding": "utf8"},
            # SQLite's cache of pages is the connection's: who writes should have the same again
            pool_use_lifo=True,
            hide_parameters=True,
        )
    except ImportError as error:
        raise MachineError(
            f"the database's driver {error.name} is not installed",
            where=url.partition("://")[0],
            fix="pip install 'kitwright[postgres]', and postgresql+psycopg:// in database_url",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    # the driver's own transaction handling is switched off: it begins late; `_begin` does it
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",  # first: the others wait for locks, too
        "auto_vacuum=INCREMENTAL",  # only before the first table: see `Database.shrink`
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "journal_size_limit=67108864",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def insert_new(
    session: Session,
    table: type[Base],
    rows: Sequence[Mapping[str, object]],
    returning: Sequence[InstrumentedAttribute[Any]],
) -> list[tuple[Any, ...]]:
    """Inserts rows, leaving out those whose key is there already; `returning` of the new ones.

    Keys of `rows` are attribute names. `ON CONFLICT DO NOTHING` is the same words on SQLite and
    PostgreSQL, but each dialect has its own construct.
    """
    if not rows:
        return []
    dialect = session.get_bind().dialect.name
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(table).on_conflict_do_nothing().returning(*returning)
    return [tuple(row) for row in session.execute(statement, list(rows))]


def insert_once(session: Session, table: type[Base], rows: Sequence[Mapping[str, object]]) -> int:
    """Like `insert_new`; the number of rows that were new."""
    key = [getattr(table, str(column.key)) for column in inspect(table).primary_key]
    return len(insert_new(session, table, rows, key))


def take_turn(session: Session, name: str, *, wait: bool = True) -> bool:
    """Of transactions that take the same turn one has it, until it ends; whether it is this one.

    For what must be looked for and written by one only, where no row is there to be locked. Whoever has waited
    sees what the one before has written. SQLite's writers come one after the other anyway.
    """
    if session.get_bind().dialect.name == "sqlite":
        return True
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    lock = func.pg_advisory_xact_lock if wait else func.pg_try_advisory_xact_lock
    return session.scalar(select(lock(key))) is not False


def changed_by(done: Result[tuple[()]]) -> int:
    """How many rows an UPDATE or DELETE changed."""
    return cast("CursorResult[tuple[()]]", done).rowcount


def migrate(database: Database) -> str:
    """Brings the tables to the newest version and returns it.

    All of it or nothing: who is ended in the middle begins anew at the next start. Each version is told in the log, since
    of a large database it may take minutes.

    Raises:
        UnreachableError: the database does not answer, or another process holds it.
        MachineError: there is no room for it.
        ConfigError: it was written by a newer Kitwright, or a reference in it leads nowhere.
    """
    from alembic import command
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = alembic_config()
    head = ScriptDirectory.from_config(config).get_current_head() or ""
    try:
        if (before := current_revision(database)) != head:
            log.info("event=tables_changing from=%s to=%s", before or "none", head)
            with changing_tables(database) as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    except OperationalError as error:
        raise not_opened(database, error) from error
    except CommandError as error:
        raise ConfigError(
            f"the database cannot be migrated: {error}", fix="update kitwright"
        ) from error
    return head


def not_opened(database: Database, error: OperationalError) -> KitwrightError:
    """What a person is told of a database that cannot be opened, or whose tables cannot be changed."""
    where, why = database.where, str(error.orig)
    if "locked" in why:
        return UnreachableError(
            f"another process holds the database: {why}", where=where,
            fix="try again when cloud-sync serve answers: it may be bringing the tables up to date",
        )  # fmt: skip
    if "full" in why or getattr(error.orig, "sqlstate", "") == DISK_FULL:
        return MachineError(
            f"no room to bring the tables up to date: {why}", where=where,
            fix="make as much room as the database takes and start again; nothing was changed",
        )  # fmt: skip
    cannot = UnreachableError("the database cannot be opened", where=where, fix=why)
    return no_room(database.engine, error) or cannot


def current_revision(database: Database) -> str:
    """The version of its tables; empty when it has none."""
    from alembic.migration import MigrationContext

    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


@contextmanager
def changing_tables(database: Database) -> Iterator[Connection]:
    """A transaction that may change tables; commits at the end.

    SQLite changes a table by making it anew, which would look like deleting what others refer to:
    references are not enforced meanwhile, and all are checked before the commit.

    Raises:
        ConfigError: a reference leads nowhere; nothing was changed.
    """
    # who comes second waits for SQLite's lock, and finds the new tables
    engine = database.engine.execution_options(sqlite_begin="IMMEDIATE")
    with engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        driver: Any = connection.connection.driver_connection
        if is_sqlite:
            driver.execute("PRAGMA foreign_keys=OFF")  # within a transaction it has no effect
        try:
            with connection.begin():
                if not is_sqlite:  # several workers may start at the same time
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
                yield connection
                if is_sqlite:
                    _check_references(connection)
        finally:
            if is_sqlite:
                driver.execute("PRAGMA foreign_keys=ON")


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        table, _row, parent, _number = broken[0]
        raise ConfigError(
            f"{len(broken)} references lead nowhere, the first from {table} to {parent}",
            where=without_password(connection.engine.url.render_as_string(hide_password=False)),
            fix="restore a backup, or ask for help with a copy of this file",
        )


def alembic_config() -> Any:
    """Alembic's configuration, without a file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def is_empty(database: Database) -> bool:
    """Whether the database has no tables yet."""
    return not inspect(database.engine).get_table_names()
