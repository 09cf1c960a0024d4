"""Showing and exporting a hub that people use meanwhile."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from typer.testing import CliRunner

from cloud_sync import setup
from cloud_sync.cli import make_app
from cloud_sync.config import FILE, dump, load, parse, without_secrets
from cloud_sync.hub import Hub
from cloud_sync.server import WebServer
from cloud_sync.store import db
from cloud_sync.store.check import check_database, sqlite_file
from cloud_sync.store.models import Device, Sample
from cloud_sync.store.types import Base
from kits.core.addresses import is_loopback
from kits.core.errors import KitwrightError
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import put_blob


@pytest.fixture
def hub(initialised: Hub) -> Hub:
    return initialised


def test_a_folder_is_cleared_of_links_and_not_of_what_they_point_to(tmp_path: Path) -> None:
    kept, folder = tmp_path / "kept", tmp_path / "folder"
    for made in (kept, folder / "below"):
        made.mkdir(parents=True)
        (made / "a").write_text("a")
    (folder / "link").symlink_to(kept)
    (folder / "nowhere").symlink_to(tmp_path / "gone")
    setup.clear(folder)
    assert (list(folder.iterdir()), (kept / "a").read_text()) == ([], "a")


def test_init_makes_the_tables_of_the_newest_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "migrate", db.migrate)  # itself, and no copy of its tables
    setup.init(tmp_path / "hub", "admin", "four random words", {})
    database = db.Database(load(tmp_path / "hub").database)
    found = db.current_revision(database)
    tables = set(inspect(database.engine).get_table_names())
    database.close()
    assert found == ScriptDirectory.from_config(db.alembic_config()).get_current_head()
    assert set(Base.metadata.tables) <= tables


def test_an_export_counts_pictures_that_are_gone_and_goes_on(hub: Hub, tmp_path: Path) -> None:
    contents = [b"here", b"gone"]
    for number, content in enumerate(contents):
        digest = put_blob(hub, content)
        with hub.database.transaction() as session:
            if number == 0:
                session.add(Device(name="press-1", site="main"))
                session.flush()
            session.add(
                Sample(
                    id=f"s{number}", device="press-1", epoch="e", seq=number, bundle="b",
                    captured_at=utc_now(), verdict="act", score=None, media_type="image/png",
                    blob=digest, blob_state="stored",
                )
            )  # fmt: skip
    hub.storage.delete(digest)
    words = ["sample", "export", str(tmp_path / "out"), "--data", str(hub.config.data_dir)]
    done = CliRunner().invoke(make_app(), [*words, "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert (answer["samples"], answer["blobs"], answer["gone"]) == (2, 1, 1)
    assert "1 samples are not in the hub any more" in CliRunner().invoke(make_app(), words).output


SECRET = "s3cret"
SETTINGS = {
    "database_url": f"postgresql+psycopg://kitwright:{SECRET}@db/hub?sslpassword={SECRET}&a=b",
    "storage_url": f"s3://key:{SECRET}@bucket/prefix",
    "broker": {"kind": "external", "username": "hub", "password": SECRET},
    "notify": {"webhook": {"url": f"https://hooks.example/T0/{SECRET}?token={SECRET}"}},
}


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_showing_the_configuration_shows_no_secret(tmp_path: Path, as_json: list[str]) -> None:
    (tmp_path / "hub.yaml").write_text(json.dumps(SETTINGS))
    done = CliRunner().invoke(make_app(), ["config", "show", "--data", str(tmp_path), *as_json])
    assert done.exit_code == 0, done.exception
    assert SECRET not in done.output
    for word in ("kitwright:(set)@db/hub", "bucket/prefix", "https://hooks.example/(set)", "a=b"):
        assert word in done.output


def test_a_configuration_without_secrets_is_shown_as_it_is(tmp_path: Path) -> None:
    config = parse({"database_url": "postgresql://db:5432/hub"}, tmp_path)
    assert without_secrets(config) == config


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True),
        ("127.evil.com", False), ("127.0.0.1.evil.com", False), ("10.0.0.5", False),
        ("0.0.0.0", False), ("", False), ("localhost.example", False),
    ],
)  # fmt: skip
def test_only_real_loopback_addresses_count_as_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
    listening = parse({"listen": {"host": host}}, Path("hub")).listen
    assert listening.encrypted is not expected, "others could listen in otherwise"


def served(data: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """What `cloud-sync serve` says that is ended as soon as everything has started."""

    def once(server: WebServer, started: Callable[[], None]) -> None:
        async def begin_and_end() -> None:
            async with server._app.router.lifespan_context(server._app):
                started()

        asyncio.run(begin_and_end())

    monkeypatch.setattr(WebServer, "run", once)
    done = CliRunner().invoke(make_app(), ["serve", "--data", str(data), "--no-jobs"])
    if isinstance(done.exception, KitwrightError):
        return done.exception.exit_code, str(done.exception)
    if done.exception is not None:
        raise done.exception
    return done.exit_code, done.output


def test_a_hub_starts_on_a_database_that_has_no_tables_yet(
    tmp_path: Path, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is said of an empty PostgreSQL: it looked into a table first, and ended with a traceback for ever."""
    data = tmp_path / "hub"
    setup.init(data, "admin", "four random words", {"broker": {"port": 0}})
    if path := sqlite_file(empty_database_url):
        with closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA user_version = 1")
    else:  # beside its file it would be refused: the tables are to be moved, or the file put away
        (data / "hub.sqlite").rename(data / "away.sqlite")
    config = load(data).model_copy(update={"database_url": empty_database_url})
    (data / FILE).write_text(dump(config))
    code, said = served(data, monkeypatch)
    assert code == 0, said
    assert check_database(empty_database_url)


def test_a_hub_whose_database_does_not_answer_says_so_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "hub"
    setup.init(data, "admin", "four random words", {"broker": {"port": 0}})
    nowhere = f"postgresql+psycopg://kitwright@/hub?host={tmp_path}"
    config = load(data).model_copy(update={"database_url": nowhere})
    (data / FILE).write_text(dump(config))
    code, said = served(data, monkeypatch)
    assert (code, "the database cannot be opened" in said) == (5, True)
