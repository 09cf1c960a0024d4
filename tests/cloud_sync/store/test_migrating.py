"""What who starts a newer hub is told of the change of its tables; that rows survive it is `test_migrations.py`."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from cloud_sync.store import db
from cloud_sync.store.db import Database, current_revision, migrate
from kits.core.errors import MachineError, UnreachableError
from tests.cloud_sync.store.test_migrations import move, revisions


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    yield database
    database.close()


def test_each_version_that_is_reached_is_told_in_the_log(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    move(database, revisions()[-3])
    with caplog.at_level(logging.INFO, "cloud_sync"):
        migrate(database)
        migrate(database)
    before, *reached = revisions()[-3:]
    said = [re.sub(r" took_ms=\d+$", "", record.getMessage()) for record in caplog.records]
    assert said == [
        f"event=tables_changing from={before} to={reached[-1]}",
        *(f"event=tables_changed schema={one}" for one in reached),
    ]


def test_without_room_nothing_is_changed_and_it_is_said_how_much_is_needed(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'hub.sqlite'}"
    database = Database(url)
    move(database, "0012")
    database.close()

    def bounded(connection: sqlite3.Connection, _record: object) -> None:
        [(pages,)] = connection.execute("PRAGMA page_count").fetchall()
        connection.execute(f"PRAGMA max_page_count={pages}")

    full = Database(url)
    event.listen(full.engine, "connect", bounded)
    with pytest.raises(MachineError, match="no room") as caught:
        migrate(full)
    assert "as much room as the database takes" in caught.value.fix
    full.close()
    again = Database(url)
    assert current_revision(again) == "0012"
    assert migrate(again) == revisions()[-1]
    again.close()


def test_who_comes_while_another_process_writes_is_told_to_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 10)
    database, file = Database(f"sqlite:///{tmp_path / 'hub.sqlite'}"), tmp_path / "hub.sqlite"
    move(database, revisions()[-2])
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnreachableError, match="another process holds") as caught:
            migrate(database)
    assert "try again" in caught.value.fix
    database.close()
