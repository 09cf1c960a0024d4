"""What SQLite keeps of a value, and what PostgreSQL holds: the same, or something else that is told, or nothing is moved."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    select,
)

from cloud_sync.hub import Hub
from cloud_sync.moving import findings
from cloud_sync.moving import target as moving_target
from cloud_sync.store.db import Database, current_revision
from cloud_sync.store.models import Alert, Device, Setting
from cloud_sync.store.types import Base
from kits.core.errors import DataError
from tests.cloud_sync.postgres import name_in
from tests.cloud_sync.store.moving_builders import (
    AT,
    add_alert,
    change,
    contents,
    empty_postgresql,
    file_of,
    fill_variously,
    is_as_before,
    moved,
    unmoved,
)
from tests.cloud_sync.store.test_migrations import revisions
from tests.cloud_sync.test_cli import run
from tests.sampled import sampled


@pytest.fixture
def empty(cluster: Path) -> str:
    return empty_postgresql(cluster)


@pytest.fixture
def hub(tmp_path: Path, empty: str) -> Iterator[Hub]:
    with unmoved(tmp_path / "hub", empty) as hub:
        yield hub


def test_every_row_of_every_table_is_the_same_there(
    hub: Hub, empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_variously(hub.database, random.Random(4))
    before = contents(hub.database)
    hub.database.close()
    told = moved(hub, capsys)
    with closing(Database(empty)) as database:
        after = contents(database)
        assert current_revision(database) == revisions()[-1]
    [said] = [row for row in after["audit_log"] if row not in before["audit_log"]]
    after["audit_log"].remove(said)
    assert after == before
    assert told["rows"] == {name: len(rows) for name, rows in before.items()}
    assert (told["changed"], told["unfit"], told["left"]) == ([], [], [])
    assert not file_of(hub).exists()
    with closing(Database(f"sqlite:///{told['kept']}")) as kept:
        assert contents(kept) == before, "the file is as it was, under its new name"


@pytest.mark.parametrize(
    ("column", "value", "there"),
    [
        ("text", "a\0b", "a\ufffdb"),
        ("text", b"a\xffb", "a\ufffdb"),
        ("at", "2026-05-04T14:00:00+02:00", AT),
        ("at", "2026-05-04 12:00:00", AT),
    ],
)
def test_what_can_be_made_to_fit_is_and_what_is_not_the_same_is_told(
    hub: Hub, empty: str, capsys: pytest.CaptureFixture[str], column: str, value: object, there: object
) -> None:  # fmt: skip
    add_alert(hub, **{column: value})
    told = moved(hub, capsys)
    with closing(Database(empty)) as database, database.session() as session:
        assert getattr(session.scalars(select(Alert)).one(), column) == there
    places = [(one["table"], one["key"], one["column"]) for one in told["changed"]]
    assert places == ([("alert", "id=1", "text")] if column == "text" else [])


def test_text_that_is_damaged_is_marked_and_told(
    hub: Hub, empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_alert(hub)
    change(hub, "UPDATE alert SET text = CAST(x'61ff62' AS TEXT)")
    told = moved(hub, capsys)
    with closing(Database(empty)) as database, database.session() as session:
        assert session.scalars(select(Alert.text)).one() == "a\ufffdb"
    assert told["changed"][0]["why"] == "bytes that are no text became U+FFFD"


@pytest.mark.parametrize(
    ("document", "there"),
    [
        ('{"a": NaN, "b": [Infinity, 1]}', {"a": None, "b": [None, 1]}),
        ('{"a\\u0000": "x\\u0000y"}', {"a\ufffd": "x\ufffdy"}),
        ('{"a": "\\ud83d"}', {"a": "\ufffd"}),
        ('{"a": "\\ud83d\\ude00 \\\\u0000"}', {"a": "😀 \\u0000"}),
    ],
)
def test_documents_are_made_such_as_postgresql_can_read(
    hub: Hub, empty: str, capsys: pytest.CaptureFixture[str], document: str, there: object
) -> None:
    change(hub, "INSERT INTO setting VALUES ('odd', ?)", document)
    told = moved(hub, capsys)
    with closing(Database(empty)) as database, database.session() as session:
        assert session.get_one(Setting, "odd").value == there
        # it reads the whole document for one value of it
        found = session.scalar(select(Setting.value["a"].as_string()).where(Setting.key == "odd"))
        assert found is None or isinstance(found, str)
    same = json.loads(document) == there
    assert [one["key"] for one in told["changed"]] == ([] if same else ["key=odd"])


UNFIT = (
    ("number", "UPDATE sample SET blob_size = 'many'", "sample (id=s) blob_size", "'many' is no whole number"),
    ("half", "UPDATE sample SET seq = 1.5", "sample (id=s) seq", "1.5 is no whole number"),
    ("wide", "UPDATE person SET id = 3000000000", "person (id=3000000000) id", "3000000000 is beyond 32 bits"),
    ("time", "UPDATE sample SET captured_at = 'noon'", "sample (id=s) captured_at", "'noon' is no time"),
    ("truth", "UPDATE sample SET decided = 'yes'", "sample (id=s) decided", "'yes' is no yes or no"),
    ("json", "UPDATE sample SET meta = '{'", "sample (id=s) meta", "'{' is no JSON"),
    ("score", "UPDATE sample SET score = 'high'", "sample (id=s) score", "'high' is no number"),
    ("orphan", "UPDATE sample SET device = 'nobody'", "sample (id=s)", "refers to nothing in device"),
)  # fmt: skip


def add_sample(hub: Hub) -> None:
    from cloud_sync.store.models import Sample
    from cloud_sync.web.accounts import create_person

    with hub.database.transaction() as session:
        create_person(session, "ada", "", "admin", by="test")
        session.add(Device(name="d", site="s"))
        session.flush()
        session.add(
            Sample(
                id="s", device="d", epoch="e", seq=1, captured_at=AT, bundle="", verdict="act",
                score=None, media_type="image/png",
            )
        )  # fmt: skip


@pytest.mark.parametrize("unfit", sampled(UNFIT, every=3), ids=lambda unfit: unfit[0])
def test_a_value_that_no_column_there_holds_is_named_and_nothing_is_moved(
    hub: Hub, empty: str, capsys: pytest.CaptureFixture[str], unfit: tuple[str, str, str, str]
) -> None:
    _, sql, place, why = unfit
    add_sample(hub)
    change(hub, sql)
    with pytest.raises(DataError) as caught:
        run("move-database", "--data", hub.config.data_dir)
    assert (caught.value.where, why in caught.value.what) == (place, True)
    assert file_of(hub).exists() and is_as_before(empty)
    with pytest.raises(SystemExit) as ended:
        run_and_exit("move-database", "--dry-run", "--data", hub.config.data_dir)
    assert ended.value.code == DataError.exit_code
    assert f"{place}: {why}" in capsys.readouterr().out


def run_and_exit(*words: object) -> None:
    from cloud_sync.cli import make_app

    make_app()([str(word) for word in words], standalone_mode=True)


def test_a_row_that_postgresql_itself_refuses_is_named(
    hub: Hub, empty: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found in whichever statement of the table it was sent."""
    monkeypatch.setattr(moving_target, "CHUNK_ROWS", 3)
    for number in range(9):
        change(hub, "INSERT INTO setting VALUES (?, '{}')", f"k{number}")
    change(hub, "INSERT INTO setting VALUES (?, '{}')", "k" + random.Random(1).randbytes(9000).hex())  # fmt: skip
    with pytest.raises(DataError, match="does not take a row: index row") as caught:
        run("move-database", "--data", hub.config.data_dir)
    assert caught.value.where.startswith("setting (key=k") and len(caught.value.where) > 60
    assert is_as_before(empty)


def test_tables_and_columns_of_others_stay_behind_and_are_told(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    change(hub, "CREATE TABLE notes (x)")
    change(hub, "INSERT INTO notes VALUES (1)")
    change(hub, "ALTER TABLE device ADD COLUMN shelf TEXT")
    dry = moved(hub, capsys, "--dry-run")
    assert sorted(dry["left"]) == ["column device.shelf", "table notes (1 rows)"]
    assert moved(hub, capsys)["left"] == dry["left"]


def test_settings_of_the_database_change_no_value(
    hub: Hub, empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_variously(hub.database, random.Random(7), rows=5)
    before = contents(hub.database)
    with closing(Database(empty)) as database, database.engine.begin() as connection:
        for setting in ("timezone TO 'Asia/Tokyo'", "datestyle TO 'ISO, DMY'", "bytea_output TO 'escape'", "extra_float_digits TO 0"):  # fmt: skip
            connection.exec_driver_sql(f'ALTER DATABASE "{name_in(empty)}" SET {setting}')
    moved(hub, capsys)
    with closing(Database(empty)) as database, database.engine.begin() as connection:
        # what is there is read as it is, not in fifteen digits
        connection.exec_driver_sql(f'ALTER DATABASE "{name_in(empty)}" RESET ALL')
    with closing(Database(empty)) as database:
        after: Mapping[str, Any] = contents(database)
    assert after["sample"] == before["sample"] and after["quarantine"] == before["quarantine"]


def test_every_kind_of_column_has_a_way() -> None:
    from cloud_sync.moving.source import conversions_of

    names = {table.name: [c.name for c in conversions_of(table)] for table in Base.metadata.sorted_tables}  # fmt: skip
    assert names == {table.name: [c.name for c in table.columns] for table in Base.metadata.sorted_tables}  # fmt: skip


def test_of_many_values_all_are_counted_and_some_are_shown(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "MOST_TOLD", 25)
    for number in range(30):
        change(hub, "INSERT INTO setting VALUES (?, '{\"a\": NaN}')", f"k{number:02d}")
    run("move-database", "--dry-run", "--data", hub.config.data_dir)
    said = capsys.readouterr().out
    assert "holds no such thing: 30 values\n  setting (key=k00) value: a number without" in said
    assert "and 10 more" in said and said.count("setting (key=") == 20
    told = moved(hub, capsys)
    assert len(told["changed"]) == 25, "memory has a bound"
    assert [(one["table"], one["values"]) for one in told["counts"]] == [("setting", 30)]
