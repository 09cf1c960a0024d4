"""The newest tables in an empty database, as the migrations make them: from a copy that was migrated once.

A quarter of a second of computing for each hub of a thousand tests. What migrations do is the business of
`test_migrations.py`, which comes here only for what is true of the newest tables.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import uuid
from functools import cache
from pathlib import Path

import psycopg
from sqlalchemy import URL

from cloud_sync.store.db import Database, migrate
from cloud_sync.store.models import Setting
from tests.cloud_sync.postgres import quickest

_TEMPLATE = "migrated"


def make_tables(database: Database) -> None:
    """As `migrate`; a database that is not there is made."""
    url = database.engine.url
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database))
        if path.exists():
            migrate(database)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_migrated_file(), path)
    else:
        try:
            _copy(url)
        except psycopg.errors.DuplicateDatabase:
            migrate(database)
            return
    with database.transaction() as session:
        # drawn with the tables: no two hubs are called the same
        session.get_one(Setting, "hub").value = {"id": uuid.uuid4().hex}


@cache
def _migrated_file() -> Path:
    """One for each process of tests."""
    folder = tempfile.mkdtemp(prefix="kwtables")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "hub.sqlite"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


def _copy(url: URL) -> None:
    """PostgreSQL copies a database only when it makes it."""
    socket = str(url.query["host"])
    template = _migrated_database(socket)
    with psycopg.connect(host=socket, user=url.username, dbname="postgres") as connection:
        connection.autocommit = True
        connection.execute(
            f'CREATE DATABASE "{url.database}" TEMPLATE "{template}" {quickest(connection)}'
        )


@cache
def _migrated_database(socket: str) -> str:
    """One for each server."""
    with psycopg.connect(host=socket, user="kitwright", dbname="postgres") as connection:
        connection.autocommit = True
        connection.execute(f'CREATE DATABASE "{_TEMPLATE}"')
    database = Database(f"postgresql+psycopg://kitwright@/{_TEMPLATE}?host={socket}")
    migrate(database)
    database.close()
    return _TEMPLATE
