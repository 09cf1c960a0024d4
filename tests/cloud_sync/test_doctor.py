"""`cloud-sync doctor` and the other verbs on a hub whose database is lost, damaged or of another age."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_sync import setup
from cloud_sync.cli import make_app
from cloud_sync.config import FILE, dump, load
from cloud_sync.setup import Finding
from cloud_sync.store.db import Database
from kits.core.errors import DataError, MachineError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    setup.init(tmp_path / "hub", "admin", "four random words", {})
    return tmp_path / "hub"


def database_finding(data: Path) -> Finding:
    return {finding.check: finding for finding in setup.doctor(data)}["database"]


def test_a_hub_in_order_is_left_as_it_is(data: Path) -> None:
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    assert database_finding(data).ok
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before


def test_a_disk_with_little_more_than_the_reserve_is_a_finding(data: Path) -> None:
    def finding() -> Finding:
        return {finding.check: finding for finding in setup.doctor(data)}["free disk"]

    assert finding().ok and finding().fix == "at least 2 GB"
    free = shutil.disk_usage(data).free
    config = load(data)
    limits = config.limits.model_copy(update={"disk_reserve_bytes": free * 3 // 4})
    (data / FILE).write_text(dump(config.model_copy(update={"limits": limits})))
    assert not finding().ok and "limits.disk_reserve_bytes" in finding().fix


@pytest.mark.parametrize("words", [("user", "list"), ("device", "list"), ("serve",)])
def test_a_lost_database_is_not_made_anew(data: Path, words: tuple[str, ...]) -> None:
    (data / "hub.sqlite").unlink()
    found = database_finding(data)
    assert not found.ok
    assert "gone" in found.found
    assert "cloud-sync restore FILE --data NEW" in found.fix
    with pytest.raises(DataError, match="gone"):
        make_app()([*words, "--data", str(data)], standalone_mode=False)
    assert not (data / "hub.sqlite").exists()


@pytest.mark.parametrize("content", [b"", b"junk" * 1000])
def test_what_is_no_database_is_a_finding(data: Path, content: bytes) -> None:
    (data / "hub.sqlite").write_bytes(content)
    found = database_finding(data)
    assert not found.ok
    assert "no SQLite database" in found.found
    with pytest.raises(DataError, match="no SQLite database"):
        make_app()(["user", "list", "--data", str(data)], standalone_mode=False)


def test_a_damaged_database_is_a_finding(data: Path) -> None:
    path = data / "hub.sqlite"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(bytes(content))
    assert not database_finding(data).ok


def test_tables_of_another_version_are_a_finding_and_stay_as_they_are(data: Path) -> None:
    with closing(sqlite3.connect(data / "hub.sqlite")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    found = database_finding(data)
    assert not found.ok
    assert "schema 0001" in found.found
    assert "cloud-sync serve" in found.fix
    with closing(sqlite3.connect(data / "hub.sqlite")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            ("0001",)
        ]
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    assert "newer Kitwright" in database_finding(data).found


def test_a_server_that_does_not_answer_is_a_finding(data: Path) -> None:
    text = (data / "hub.yaml").read_text()
    url = "postgresql+psycopg://nobody@127.0.0.1:9/none"
    (data / "hub.yaml").write_text(text.replace("database_url: ''", f"database_url: {url}"))
    found = database_finding(data)
    assert not found.ok
    assert "does not answer" in found.found
    assert "database_url" in found.fix


def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(MachineError, match="pg8000") as caught:
        Database("postgresql+pg8000://nobody@127.0.0.1/none")
    assert "kitwright[postgres]" in caught.value.fix


def test_an_address_that_is_none_is_a_finding(data: Path) -> None:
    text = (data / "hub.yaml").read_text()
    (data / "hub.yaml").write_text(text.replace("database_url: ''", "database_url: foo"))
    found = {finding.check: finding for finding in setup.doctor(data)}["configuration"]
    assert not found.ok
    assert "database_url" in found.found


def test_a_failed_check_is_one_document_and_code_4(data: Path) -> None:
    (data / "hub.sqlite").unlink()
    done = CliRunner().invoke(make_app(), ["doctor", "--json", "--data", str(data)])
    assert done.exit_code == 4
    said = json.loads(done.stdout)
    assert said["ok"] is False
    assert [check["check"] for check in said["checks"] if not check["ok"]] == ["database"]
    text = CliRunner().invoke(make_app(), ["doctor", "--data", str(data)]).stdout
    assert text.startswith("1 of 6 checks failed\n")
