"""Whose fault a failed transaction was: the database's, or what was to be written.

The first passes by itself or by a person's hand, and everything waits; the second would fail again
for ever. Codes say it for the usual cases; for all others the database is asked to read each of its
tables. Nothing is retried here.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cloud_sync.store.db import Database
from cloud_sync.store.types import Base

_SQLITE_AWAY = frozenset({
    sqlite3.SQLITE_AUTH, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PERM, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_SCHEMA,
})  # fmt: skip
_POSTGRESQL_AWAY = ("08", "25", "28", "3D", "40", "42", "53", "55", "57", "58", "F0")
"""Classes of SQLSTATE: connection, read only, deadlock, privileges, resources, locks, shutdown …"""


def is_away(database: Database, error: Exception) -> bool:
    """Whether the database itself is the trouble (locked, full, gone), not what was written."""
    if isinstance(error, OSError):
        return True
    if isinstance(error, DBAPIError) and (error.connection_invalidated or _says_so(error.orig)):
        return True
    return not answers(database)


def answers(database: Database) -> bool:
    """Whether every table can be read."""
    try:
        with database.session() as session:
            for table in Base.metadata.sorted_tables:
                session.execute(select(table).limit(1)).all()
    except (SQLAlchemyError, OSError):
        return False
    return True


def _says_so(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        # the lowest byte is the kind; further ones tell more of it
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and (code & 0xFF) in _SQLITE_AWAY
    state = getattr(error, "sqlstate", None)
    return isinstance(state, str) and state.startswith(_POSTGRESQL_AWAY)
