"""No waiting for the disk in tests of a hub in this process: its tables are lost with the machine's current alone.

A kill does not need it either; programs that are killed are others, and wait as they do at a firm's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy.pool import ConnectionPoolEntry

from cloud_sync.store import db


@pytest.fixture(scope="session", autouse=True)
def quick_tables() -> Iterator[None]:
    """Imported by the `conftest.py` of a folder; counts for its tests."""
    prepare = db._prepare_sqlite

    def quickly(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous=OFF").close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "_prepare_sqlite", quickly)
        yield
