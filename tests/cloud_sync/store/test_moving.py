"""A hub's tables move from SQLite into an empty PostgreSQL, whole or not at all."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    func,
    select,
)

from cloud_sync.commands.options import opened
from cloud_sync.errors import ConflictError
from cloud_sync.hub import Hub
from cloud_sync.moving import target as moving_target
from cloud_sync.setup import doctor
from cloud_sync.store.db import Database, current_revision
from cloud_sync.store.models import AuditLog, Device
from cloud_sync.store.types import Base
from kits.core.errors import ConfigError, DataError, KitwrightError, MachineError, UnreachableError
from tests.cloud_sync.postgres import fresh_database, name_in
from tests.cloud_sync.store.moving_builders import (
    add_alert,
    contents,
    empty_postgresql,
    file_of,
    fill_variously,
    is_as_before,
    moved,
    say_database,
    unmoved,
)
from tests.cloud_sync.store.test_migrations import move as change_tables
from tests.cloud_sync.store.test_migrations import revisions
from tests.cloud_sync.test_cli import forked_hub, run
from tests.waiting import wait_for


@pytest.fixture
def empty(cluster: Path) -> str:
    return empty_postgresql(cluster)


@pytest.fixture
def hub(tmp_path: Path, empty: str) -> Iterator[Hub]:
    with unmoved(tmp_path / "hub", empty) as hub:
        yield hub


def test_new_rows_get_numbers_after_those_that_were_moved(
    hub: Hub, empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_variously(hub.database, random.Random(5))
    moved(hub, capsys)
    with closing(Database(empty)) as database:
        counted = [
            table for table in Base.metadata.sorted_tables if table.autoincrement_column is not None
        ]
        assert len(counted) >= 10
        with database.engine.begin() as connection:
            for table in counted:
                column = table.autoincrement_column
                assert column is not None
                last = connection.scalar(select(func.max(column)))
                sequence = (
                    f"SELECT nextval(pg_get_serial_sequence('{table.name}', '{column.name}'))"
                )
                assert connection.exec_driver_sql(sequence).scalar() == last + 1, table.name


def test_indexes_and_references_are_those_of_a_hub_that_began_there(
    hub: Hub, empty: str, cluster: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved(hub, capsys)
    fresh = fresh_database(cluster, f"{name_in(empty)}fresh")
    with closing(Database(fresh)) as database:
        change_tables(database, revisions()[-1])
    assert made_of(empty) == made_of(fresh)


def made_of(url: str) -> tuple[list[Any], list[Any]]:
    with closing(Database(url)) as database, database.engine.connect() as connection:
        indexes = connection.exec_driver_sql("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")  # fmt: skip
        rules = connection.exec_driver_sql("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1")  # fmt: skip
        return [tuple(one) for one in indexes], [tuple(one) for one in rules]


def test_a_dry_run_changes_nothing_while_the_hub_works(
    hub: Hub, empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_alert(hub, text="a\0b")
    before = contents(hub.database)
    with opened_on_sqlite(hub):
        told = moved(hub, capsys, "--dry-run")
    assert told["rows"]["alert"] == 1
    assert [one["column"] for one in told["changed"]] == ["text"]
    assert contents(hub.database) == before and is_as_before(empty)


def opened_on_sqlite(hub: Hub) -> Any:
    """As a process that began before `database_url` was said."""
    from cloud_sync.store.working import working

    return working(hub.database, hub.config.data_dir)


def test_while_a_process_of_the_hub_works_nothing_is_moved(hub: Hub, empty: str) -> None:
    with opened_on_sqlite(hub), pytest.raises(ConflictError, match="and one does"):
        run("move-database", "--data", hub.config.data_dir)
    assert file_of(hub).exists() and is_as_before(empty)


def test_a_database_that_has_tables_is_left_alone(hub: Hub, empty: str) -> None:
    with closing(Database(empty)) as database, database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE theirs (x INTEGER)")
    with pytest.raises(ConflictError, match="not empty: it has 1 tables, theirs"):
        run("move-database", "--data", hub.config.data_dir)
    assert file_of(hub).exists()


def test_a_database_of_another_encoding_is_refused(hub: Hub, cluster: Path) -> None:
    options = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    say_database(hub, fresh_database(cluster, f"ascii{random.getrandbits(40):x}", options))
    with pytest.raises(MachineError, match="encoding is SQL_ASCII"):
        run("move-database", "--data", hub.config.data_dir)


def test_without_a_postgresql_in_the_configuration_it_is_asked_for(hub: Hub) -> None:
    say_database(hub, "")
    with pytest.raises(ConfigError, match="names no PostgreSQL"):
        run("move-database", "--data", hub.config.data_dir)


def test_no_password_is_shown(hub: Hub, capsys: pytest.CaptureFixture[str], empty: str) -> None:
    socket = empty.partition("?host=")[2]
    for url in (
        "postgresql+psycopg://kitwright:s3cret@127.0.0.1:1/none?password=s3cret",
        f"postgresql+psycopg://kitwright:s3cret@/none?host={socket}&password=s3cret",
    ):
        say_database(hub, url)
        with pytest.raises(UnreachableError) as caught:
            run("move-database", "--data", hub.config.data_dir)
        assert "s3cret" not in str(caught.value)
        with pytest.raises(UnreachableError) as caught:
            run("user", "list", "--data", hub.config.data_dir)
        assert "s3cret" not in str(caught.value)
        assert "s3cret" not in str(doctor(hub.config.data_dir))
    say_database(hub, empty.replace("kitwright@", "kitwright:s3cret@"))
    run("move-database", "--data", hub.config.data_dir)
    said = capsys.readouterr()
    assert "s3cret" not in said.out + said.err and "kitwright:(set)@" in said.out


def test_a_move_that_is_killed_leaves_both_as_they_were_and_can_be_begun_again(
    hub: Hub, empty: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_events(hub, 60_000)
    hub.database.close()
    said = tmp_path / "said"
    process = forked_hub(said, "move-database", "--data", hub.config.data_dir)
    with watching(empty) as other:
        wait_for(lambda: busy_with(other, 'COPY "event"') or process.poll() is not None)
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL, said.read_text()
        wait_for(lambda: not busy_with(other, "COPY"))
    assert is_as_before(empty) and file_of(hub).exists()
    assert moved(hub, capsys)["rows"]["event"] == 60_000


@pytest.mark.slow
def test_a_connection_that_breaks_is_told_and_the_move_can_be_begun_again(
    hub: Hub, empty: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_events(hub, 3_000)
    with watching(empty) as other, monkeypatch.context() as patch:

        def cut(self: moving_target.Target) -> None:
            del self
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip

        patch.setattr(moving_target.Target, "finish", cut)
        with pytest.raises(UnreachableError, match="does not go on") as caught:
            run("move-database", "--data", hub.config.data_dir)
    assert "begin again" in caught.value.fix
    assert is_as_before(empty) and file_of(hub).exists()
    assert moved(hub, capsys)["rows"]["event"] == 3_000


def add_events(hub: Hub, rows: int) -> None:
    with hub.database.transaction() as session:
        session.add(Device(name="d", site="s"))
    body = json.dumps({"kind": "health", "note": "x" * 300})
    with closing(sqlite3.connect(file_of(hub))) as file, file:
        file.executemany(
            "INSERT INTO event (device, epoch, seq, klass, kind, wall, received_at, body)"
            " VALUES ('d', 'e', ?, 't', 'health', :at, :at, :body)".replace(":at", "'2026-05-04 12:00:00.000000'").replace(":body", f"'{body}'"),
            ((number,) for number in range(rows)),
        )  # fmt: skip


def watching(url: str) -> psycopg.Connection[Any]:
    socket = url.partition("?host=")[2]
    return psycopg.connect(host=socket, user="kitwright", dbname=name_in(url), autocommit=True)


def busy_with(other: psycopg.Connection[Any], begins: str) -> bool:
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE %s"  # fmt: skip
    row = other.execute(asked, (f"{begins}%",)).fetchone()
    return row is not None and row[0] > 0


def test_a_file_that_cannot_be_renamed_is_told_as_the_last_step(
    hub: Hub, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.database.close()

    def refused(self: Path, other: Path) -> Path:
        raise PermissionError(13, "Permission denied", str(self), None, str(other))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refused)
        with pytest.raises(MachineError, match="all tables are in PostgreSQL") as caught:
            run("move-database", "--data", hub.config.data_dir)
    assert "then start the hub" in caught.value.fix
    with opened(hub.config.data_dir) as there, there.database.session() as session:
        assert "hub.move" in session.scalars(select(AuditLog.what)).all()
    with pytest.raises(ConflictError, match="not empty"):
        run("move-database", "--data", hub.config.data_dir)


def test_a_file_that_was_moved_before_is_not_written_over(hub: Hub, empty: str) -> None:
    kept = hub.config.data_dir / "hub.sqlite.moved"
    kept.write_bytes(b"of another time")
    with pytest.raises(ConflictError, match="moved before"):
        run("move-database", "--data", hub.config.data_dir)
    assert kept.read_bytes() == b"of another time" and is_as_before(empty)


def test_what_did_not_arrive_as_it_was_sent_is_noticed(
    hub: Hub, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_alert(hub)
    finish = moving_target.Target.finish

    def finish_and_spoil(self: moving_target.Target) -> None:
        finish(self)
        self.connection.exec_driver_sql("UPDATE alert SET text = 'T'")

    monkeypatch.setattr(moving_target.Target, "finish", finish_and_spoil)
    with pytest.raises(DataError, match="not what was sent: 1 of 1 rows, or other values"):
        run("move-database", "--data", hub.config.data_dir)
    assert file_of(hub).exists() and is_as_before(empty)


def test_older_tables_are_brought_up_to_date_before(
    hub: Hub, empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change_tables(hub.database, revisions()[-2], down=True)
    with pytest.raises(ConfigError, match="schema"):
        run("move-database", "--dry-run", "--data", hub.config.data_dir)
    moved(hub, capsys)
    with closing(Database(empty)) as database:
        assert current_revision(database) == revisions()[-1]


def test_an_empty_postgresql_does_not_become_a_second_hub_beside_the_file(
    hub: Hub, empty: str
) -> None:
    for words in (("serve",), ("user", "list"), ("worker", "--no-ingest")):
        with pytest.raises(ConfigError, match=r"tables of this hub are in hub\.sqlite") as caught:
            run(*words, "--data", hub.config.data_dir)
        assert "cloud-sync move-database" in caught.value.fix
    assert is_as_before(empty)


def test_a_hub_does_not_go_on_with_the_file_that_was_moved(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.database.close()
    kept = moved(hub, capsys)["kept"]
    spoken_of = [one.found for one in doctor(hub.config.data_dir) if "move" in one.check]
    assert [found.partition(",")[0] for found in spoken_of] == ["hub.sqlite.moved"]
    with opened(hub.config.data_dir) as there, there.database.session() as session:
        assert "hub.move" in session.scalars(select(AuditLog.what)).all()
    with pytest.raises(DataError, match="were moved"):
        run("move-database", "--data", hub.config.data_dir)
    say_database(hub, "")
    with pytest.raises(DataError, match="were moved to PostgreSQL") as caught:
        run("user", "list", "--data", hub.config.data_dir)
    assert f"mv {kept}" in caught.value.fix
    Path(kept).rename(file_of(hub))
    run("user", "list", "--data", hub.config.data_dir)


def test_a_file_elsewhere_is_moved_by_its_name(
    hub: Hub, empty: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.database.close()
    elsewhere = tmp_path / "elsewhere.sqlite"
    file_of(hub).rename(elsewhere)
    told = moved(hub, capsys, "--from", str(elsewhere))
    assert told["kept"] == f"{elsewhere}.moved" and not is_as_before(empty)


def test_doctor_says_of_an_empty_database_what_moves_the_tables_there(hub: Hub) -> None:
    [found] = [one for one in doctor(hub.config.data_dir) if one.check == "database"]
    assert not found.ok and "is empty" in found.found
    assert "cloud-sync move-database" in found.fix


def test_a_file_of_others_is_not_made_a_hub(hub: Hub, empty: str, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.sqlite"
    with closing(sqlite3.connect(theirs)) as file:
        file.execute("CREATE TABLE theirs (x)")
    before = theirs.read_bytes()
    for more in ((), ("--dry-run",)):
        with pytest.raises(KitwrightError):
            run("move-database", *more, "--from", theirs, "--data", hub.config.data_dir)
    assert theirs.read_bytes() == before and is_as_before(empty)
