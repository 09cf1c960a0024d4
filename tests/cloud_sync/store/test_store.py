"""Tables, migrations and the blob storage."""

from __future__ import annotations

import gc
import weakref
from datetime import datetime, timezone
from pathlib import Path

import pytest
from sqlalchemy import text

from cloud_sync.config import dump, load, parse
from cloud_sync.errors import NotFoundError
from cloud_sync.store.db import Database, insert_once, migrate
from cloud_sync.store.models import Blob, Device, Setting
from cloud_sync.store.storage import Storage, open_storage
from kits.core.errors import ConfigError, DataError
from kits.core.sample import digest_of
from tests.cloud_sync.tables import make_tables


@pytest.fixture
def database(empty_database_url: str):
    database = Database(empty_database_url)
    yield database
    database.close()


def test_times_come_back_aware_and_naive_ones_are_refused(database: Database) -> None:
    migrate(database)
    at = datetime(2026, 1, 2, 3, tzinfo=timezone.utc)
    with database.transaction() as session:
        session.add(Device(name="d", site="s", created_at=at))
    with database.session() as session:
        assert session.get_one(Device, "d").created_at == at
    with pytest.raises(Exception, match="without a zone"), database.transaction() as session:
        session.get_one(Device, "d").created_at = datetime(2026, 1, 2)  # noqa: DTZ001
        session.flush()


def test_insert_once_takes_each_key_once(database: Database) -> None:
    migrate(database)
    rows = [{"digest": digest, "size": 1} for digest in ("a", "b")]
    with database.transaction() as session:
        assert insert_once(session, Blob, rows) == 2
    with database.transaction() as session:
        assert insert_once(session, Blob, [*rows, {"digest": "c", "size": 1}]) == 1


def test_open_alerts_are_found_by_an_index(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    migrate(database)
    with database.session() as session:
        plan = session.execute(
            text(
                "EXPLAIN QUERY PLAN UPDATE alert SET seen_by = 'x'"
                " WHERE device = 'd' AND name = 'n' AND seen_at IS NULL"
            )
        ).all()
    assert "ix_alert_open" in plan[0][3]
    database.close()


@pytest.fixture(params=["folder", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return open_storage("memory:///" if request.param == "memory" else "", tmp_path / "blobs")


def test_storage_keeps_bytes_under_their_digest(storage: Storage) -> None:
    content = bytes(range(256)) * 20
    digest = storage.put(content)
    assert digest == digest_of(content)
    assert storage.put(content) == digest
    assert storage.has(digest)
    assert storage.size(digest) == len(content)
    assert storage.get(digest) == content
    assert b"".join(storage.stream(digest, 10, 19)) == content[10:20]
    assert b"".join(storage.stream(digest)) == content


@pytest.mark.parametrize("n", [0, 3, 40])
def test_storage_keeps_many_at_once(storage: Storage, n: int) -> None:
    contents = [f"lead {number}".encode() for number in range(n)]
    digests = storage.put_many(contents)
    assert digests == [digest_of(content) for content in contents]
    assert [storage.get(digest) for digest in digests] == contents


def test_storage_says_when_bytes_are_absent(storage: Storage) -> None:
    absent = digest_of(b"nothing")
    assert not storage.has(absent)
    storage.delete(absent)
    for ask in (storage.get, storage.size, storage.stream):
        with pytest.raises(NotFoundError):
            ask(absent)


def test_storage_deletes(storage: Storage) -> None:
    digest = storage.put(b"bytes")
    storage.delete(digest)
    assert not storage.has(digest)


def test_storage_refuses_a_file_with_another_digest(storage: Storage, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"something")
    with pytest.raises(DataError, match="do not have the digest"):
        storage.put_file(path, digest_of(b"else"))
    storage.put_file(path, digest_of(b"something"))
    assert storage.get(digest_of(b"something")) == b"something"


def test_storage_refuses_paths_from_outside(storage: Storage) -> None:
    for bad in ("../../etc/passwd", "A" * 64, "", "a" * 63):
        with pytest.raises(DataError, match="not a SHA-256"):
            storage.has(bad)


def test_a_damaged_blob_is_found(tmp_path: Path) -> None:
    storage = open_storage("", tmp_path)
    digest = storage.put(b"whole")
    (tmp_path / "sha256" / digest[:2] / digest[2:]).write_bytes(b"whale")
    with pytest.raises(DataError, match="damaged"):
        storage.get(digest)


def test_configuration_survives_writing_and_reading(tmp_path: Path) -> None:
    config = parse({"site_name": "Works: 2", "limits": {"blob_bytes": 1000}}, tmp_path)
    (tmp_path / "hub.yaml").write_text(dump(config))
    assert load(tmp_path) == config


def test_a_misspelt_key_names_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"broker\.prot") as caught:
        parse({"broker": {"prot": 1}}, tmp_path)
    assert "'port'" in caught.value.fix
    with pytest.raises(ConfigError, match=r"listen\.port"):
        parse({"listen": {"port": 99999}}, tmp_path)


def test_no_hub_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "nowhere")
    assert "cloud-sync init" in caught.value.fix


def test_nothing_keeps_a_database_that_is_closed(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    database.on_change((Setting,), lambda: None)
    make_tables(database)
    gone = weakref.ref(database)
    database.close()
    del database
    gc.collect()
    assert gone() is None
