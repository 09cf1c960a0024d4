"""Migrations go back and forth with rows in every table, on both databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    func,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy import table as table_named
from sqlalchemy.exc import IntegrityError

from cloud_sync.intake.ledger import accounts
from cloud_sync.store.db import Database, alembic_config, changing_tables, is_empty, migrate
from cloud_sync.store.models import Alert, ApiToken, CrmLead, CrmLeadWords, Device, Rollout, Sample
from cloud_sync.store.types import Base, UtcDateTime
from kits.core.errors import ConfigError
from kits.core.sample import utc_now
from tests.cloud_sync.tables import make_tables

AT = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
VERSION_TABLE = "alembic_version"


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    yield database
    database.close()


@pytest.fixture
def sqlite(tmp_path) -> Iterator[Database]:
    """At the newest version."""
    database = Database(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    make_tables(database)
    yield database
    database.close()


@pytest.fixture
def newest(database_url: str) -> Iterator[Database]:
    """At the newest version, as it is copied for all other tests."""
    database = Database(database_url)
    make_tables(database)
    yield database
    database.close()


def revisions() -> list[str]:
    """All, the first one first."""
    found = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    return [script.revision for script in found][::-1]


def move(database: Database, revision: str, *, down: bool = False) -> None:
    """One step of the way."""
    config = alembic_config()
    with changing_tables(database) as connection:
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, revision)


def tables_of(connection: Connection, *names: str) -> list[Table]:
    """As the database has them now, with those that they refer to, referred ones first."""
    metadata = MetaData()
    metadata.reflect(connection, only=names)
    return metadata.sorted_tables


def fill(database: Database) -> dict[str, int]:
    """Puts two rows into every empty table; table → rows, of all."""
    with database.engine.begin() as connection:
        return filled(connection, counted(connection))


def counted(connection: Connection) -> dict[str, int]:
    """Table → rows, of all; to ask how each table looks took most of a step's time."""
    names = set(inspect(connection).get_table_names()) - {VERSION_TABLE}
    return {name: rows_in(connection, name) for name in names}


def filled(connection: Connection, counts: dict[str, int]) -> dict[str, int]:
    empty = [name for name, rows in counts.items() if not rows]
    for table in tables_of(connection, *empty) if empty else ():
        if table.name in empty:
            connection.execute(table.insert(), [row_for(table, number) for number in (1, 2)])
    return {**counts, **dict.fromkeys(empty, 2)}


def row_for(table: Table, number: int) -> dict[str, Any]:
    """Values that satisfy types and references: row n refers to rows n."""
    return {column.name: value_of(table.name, column, number) for column in table.columns}


def value_of(table: str, column: Any, number: int) -> Any:
    for key in column.foreign_keys:
        return value_of(key.column.table.name, key.column, number)
    kinds: list[tuple[type, Any]] = [
        (DateTime, AT), (JSON, {}), (LargeBinary, b"bytes"), (Boolean, False),
        (String, f"{table}.{column.name}.{number}"),
    ]  # fmt: skip
    return next((value for kind, value in kinds if isinstance(column.type, kind)), number)


def rows_in(connection: Connection, name: str) -> int:
    return connection.scalar(select(func.count()).select_from(table_named(name))) or 0


def kept(before: dict[str, int], after: dict[str, int]) -> bool:
    """Whether no table lost or gained a row; the hub's own settings may come and go."""
    same = (before.keys() & after.keys()) - {"setting"}
    return all(before[name] == after[name] for name in same)


def step(
    database: Database, revision: str, before: dict[str, int], *, down: bool
) -> dict[str, int]:
    """Moves, looks, and fills the tables that came; table → rows, of all."""
    move(database, revision, down=down)
    with database.engine.begin() as connection:
        counts = counted(connection)
        assert kept(before, counts)
        return filled(connection, counts)


def test_every_step_up_and_down_keeps_the_rows_of_every_table(database: Database) -> None:
    rows: dict[str, int] = {}
    for revision in revisions():
        rows = step(database, revision, rows, down=False)
    for revision in revisions()[-2::-1]:
        rows = step(database, revision, rows, down=True)
    move(database, "base", down=True)
    assert inspect(database.engine).get_table_names() == [VERSION_TABLE]
    assert migrate(database) == revisions()[-1]


@pytest.mark.postgresql_in_all
def test_outboxes_from_before_the_counters_per_class_add_up(database: Database) -> None:
    move(database, "0004")
    at = bindparam("at", AT, UtcDateTime)
    device = {"name": "d", "site": "s", "group": "", "hardware": "", "none": "", "empty": "{}"}
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO device (name, site, group_name, hardware, created_at, running_bundle,"
                " reported, figures, broker_hash) VALUES (:name, :site, :group, :hardware, :at,"
                " :none, :empty, :empty, :none)"
            ).bindparams(at),
            device,
        )
        epoch = text("INSERT INTO epoch VALUES ('d', 'e', :at, :at, 5, 4, 0)")
        connection.execute(epoch.bindparams(at))
        for number, seq, klass in ((1, 1, "t"), (2, 2, "t"), (3, 3, "a"), (4, 5, "s")):
            connection.execute(
                text(
                    "INSERT INTO event (id, device, epoch, seq, klass, kind, wall, received_at,"
                    " body) VALUES (:id, 'd', 'e', :seq, :klass, 'k', :at, :at, '{}')"
                ).bindparams(at),
                {"id": number, "seq": seq, "klass": klass},
            )
    migrate(database)
    with database.session() as session:
        [account] = accounts(session)
    assert account.arrived == {"a": 1, "l": 0, "s": 1, "t": 2}
    assert (account.expected, account.here, account.missing) == (5, 4, 1)


@pytest.mark.postgresql_in_all
def test_a_rollout_from_before_absences_was_last_attended_when_a_device_was_last_heard(
    database: Database,
) -> None:
    move(database, "0010")
    fill(database)
    heard = AT + timedelta(hours=5)
    with database.engine.begin() as connection:
        connection.execute(
            update(Device).where(Device.name == "device.name.1").values(last_seen_at=heard)
        )
    migrate(database)
    with database.session() as session:
        assert set(session.scalars(select(Rollout.attended_at))) == {heard}


@pytest.mark.postgresql_in_all
def test_leads_from_before_the_lists_stand_where_their_band_says(database: Database) -> None:
    move(database, "0020")
    fill(database)
    with database.engine.begin() as connection:
        leads = tables_of(connection, "crm_lead")[-1]
        rows = [
            {**row_for(leads, 1), "object_id": name, "band": band, "override": override}
            for name, band, override in (
                ("a", "hot", {}), ("b", "cold", {"band": "warm", "who": "ada"}), ("c", "cold", {"opted_out": True}),
                ("d", "", {}),
            )
        ]  # fmt: skip
        connection.execute(leads.insert(), rows)
    migrate(database)
    with database.session() as session:
        query = select(CrmLead.object_id, CrmLead.heat).where(CrmLead.object_id.in_(list("abcd")))
        found = {row[0]: row[1] for row in session.execute(query)}
    assert found == {"a": 3, "b": 2, "c": 1, "d": 0}


@pytest.mark.postgresql_in_all
def test_who_made_an_older_token_is_taken_from_the_audit_log(database: Database) -> None:
    move(database, "0021")
    fill(database)
    with database.engine.begin() as connection:
        log = tables_of(connection, "audit_log")[-1]
        issued = {"what": "token.issue", "who": "ada", "details": {"token": 2, "name": "ci"}}
        connection.execute(log.insert(), {**row_for(log, 3), **issued})
    migrate(database)
    with database.session() as session:
        found = session.execute(
            select(ApiToken.id, ApiToken.made_by, ApiToken.made_with).order_by(ApiToken.id)
        )
        assert [tuple(row) for row in found] == [(1, "", None), (2, "ada", None)]


@pytest.mark.postgresql_in_all
def test_leads_from_before_the_words_are_found_by_their_fields(database: Database) -> None:
    move(database, "0022")
    fill(database)
    said = {"company": "Müller", "size": 40.5, "vip": True, "city": None, "note": ""}
    with database.engine.begin() as connection:
        leads = tables_of(connection, "crm_lead")[-1]
        rows = [{**row_for(leads, 1), "object_id": f"{n:04d}", "fields": said} for n in range(1100)]
        connection.execute(leads.insert(), rows)
    migrate(database)
    with database.session() as session:
        found = set(session.execute(select(CrmLeadWords.object_id, CrmLeadWords.words)))
    assert found == {(f"{n:04d}", "müller\n40.5\ntrue") for n in range(1100)}


@pytest.mark.postgresql_in_all
def test_when_scores_of_older_leads_were_asked_for_is_read_from_what_was_said_then(
    database: Database,
) -> None:
    move(database, "0023")
    fill(database)
    asked = {"at": "2026-05-04T14:00:00+02:00", "bundle": "b", "fields": {}}
    with database.engine.begin() as connection:
        leads = tables_of(connection, "crm_lead")[-1]
        rows = [{**row_for(leads, 1), "object_id": f"{n:04d}", "asked": asked} for n in range(1100)]
        connection.execute(leads.insert(), rows)
    migrate(database)
    with database.session() as session:
        found = session.execute(select(CrmLead.object_id, CrmLead.asked_at, CrmLead.asked_of)).all()
    told = {row[0]: (row[1], row[2]) for row in found}
    assert all(told.pop(f"{n:04d}") == (AT, "b") for n in range(1100))
    assert set(told.values()) == {(None, "")}


def test_what_devices_and_people_add_never_runs_out_of_numbers(newest: Database) -> None:
    if newest.engine.dialect.name == "postgresql":
        with newest.engine.begin() as connection:
            connection.execute(text("ALTER SEQUENCE alert_id_seq RESTART WITH 2147483648"))
    with newest.transaction() as session:
        session.add(Alert(name="one more", severity="info", text=""))
    narrow = {
        table.name
        for table in Base.metadata.sorted_tables
        for column in table.primary_key
        if isinstance(column.type, Integer) and not isinstance(column.type, BigInteger)
    }
    assert narrow == {"person", "api_token", "enroll_token"}  # made by hand


def test_migrations_from_empty_make_exactly_the_tables_of_the_models(database: Database) -> None:
    assert is_empty(database)
    first = migrate(database)
    assert first == revisions()[-1]
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    names = set(inspect(database.engine).get_table_names()) - {VERSION_TABLE}
    assert names == set(Base.metadata.tables)
    assert migrate(database) == first, "a second time changes nothing"


def test_of_two_that_start_at_once_the_second_waits_until_the_tables_are_changed(
    sqlite: Database,
) -> None:
    file = sqlite.engine.url.database
    assert file is not None
    with (
        changing_tables(sqlite),
        closing(sqlite3.connect(file, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_a_database_of_a_newer_version_is_refused(newest: Database) -> None:
    with newest.engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="cannot be migrated"):
        migrate(newest)


def test_a_change_that_leaves_a_reference_to_nothing_is_taken_back(sqlite: Database) -> None:
    fill(sqlite)
    with (
        pytest.raises(ConfigError, match="lead nowhere"),
        changing_tables(sqlite) as connection,
    ):
        connection.execute(text("DELETE FROM rollout"))
    with sqlite.session() as session:
        assert session.scalar(select(func.count()).select_from(Rollout)) == 2


def test_sqlite_runs_with_wal_and_foreign_keys(sqlite: Database) -> None:
    with sqlite.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    with pytest.raises(IntegrityError), sqlite.transaction() as session:
        session.add(
            Sample(
                id="s", device="nobody", epoch="e", seq=1, captured_at=utc_now(), bundle="",
                verdict="act", score=None, media_type="image/png",
            )
        )  # fmt: skip
