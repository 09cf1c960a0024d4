"""Saving and restoring a hub that people use meanwhile."""

from __future__ import annotations

import os
import sqlite3
import tarfile
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select
from typer.testing import CliRunner

from cloud_sync import backups, setup
from cloud_sync.cli import make_app
from cloud_sync.config import load
from cloud_sync.errors import UnauthenticatedError
from cloud_sync.fleet import deployments, devices, rollouts
from cloud_sync.fleet.plan import Plan
from cloud_sync.hub import Hub
from cloud_sync.retention.pruner import Pruner
from cloud_sync.store.db import alembic_config, changing_tables, current_revision
from cloud_sync.store.models import Blob, Effect, LooseBlob, Person, Rollout, WebSession
from kits.core.blobs import FolderBlobStore
from kits.core.errors import ConfigError, DataError, KitwrightError
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import add_device, approved_bundle, put_blob

DAY = timedelta(days=1)


@pytest.fixture
def hub(initialised: Hub) -> Hub:
    return initialised


def test_a_backup_holds_every_picture_that_its_tables_name(hub: Hub, tmp_path: Path) -> None:
    for number in range(20):
        put_blob(hub, f"before {number}".encode())
    stop = threading.Event()

    def take_in() -> None:
        number = 0
        while not stop.is_set():
            put_blob(hub, f"meanwhile {number}".encode())
            number += 1

    devices = threading.Thread(target=take_in)
    devices.start()
    try:
        saved = [backups.backup(hub, tmp_path / f"{turn}.tar")["blobs"] for turn in range(5)]
    finally:
        stop.set()
        devices.join()
    assert saved[-1] > saved[0] >= 20, "rows came while it was saved"
    for turn in range(5):
        again = tmp_path / f"again-{turn}"
        assert backups.restore(tmp_path / f"{turn}.tar", again)["blobs"] == saved[turn]
        restored = Hub.open(load(again))
        with restored.database.session() as session:
            store = FolderBlobStore(again / "blobs")
            assert all(store.has(row.digest) for row in session.query(Blob))
        restored.close()


def test_a_backup_whose_pictures_are_not_complete_is_not_restored_in_silence(
    hub: Hub, tmp_path: Path
) -> None:
    digest = put_blob(hub, b"a picture")
    backups.backup(hub, tmp_path / "hub.tar")
    backups.restore(tmp_path / "hub.tar", tmp_path / "again")
    (tmp_path / "again" / "blobs" / "sha256" / digest[:2] / digest[2:]).write_bytes(b"another")
    damaged = Hub.open(load(tmp_path / "again"))
    backups.backup(damaged, tmp_path / "damaged.tar")
    damaged.close()
    with pytest.raises(DataError, match="damaged"):
        backups.restore(tmp_path / "damaged.tar", tmp_path / "third")


def test_a_backup_that_fails_leaves_nothing_behind(hub: Hub, tmp_path: Path) -> None:
    digest = put_blob(hub, b"a picture")
    (hub.config.data_dir / "blobs" / "sha256" / digest[:2] / digest[2:]).unlink()
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(FileNotFoundError):
        backups.backup(hub, tmp_path / "hub.tar")
    assert {path.name for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("linked", [False, True])
def test_a_backup_is_written_into_no_file_that_was_there(
    hub: Hub, tmp_path: Path, linked: bool
) -> None:
    partial, other = tmp_path / "hub.tar.partial", tmp_path / "other"
    other.write_bytes(b"somebody's")
    if linked:
        partial.symlink_to(other)
    else:
        partial.write_bytes(b"left by a backup that was cut off")
        partial.chmod(0o666)
    backups.backup(hub, tmp_path / "hub.tar")
    assert (tmp_path / "hub.tar").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "hub.tar").is_symlink()
    assert other.read_bytes() == b"somebody's"


def outlive_its_sample(hub: Hub, content: bytes) -> str:
    """A picture that a device sent, and whose sample was pruned; the digest."""
    digest = put_blob(hub, content)
    with hub.database.transaction() as session:
        session.get_one(Blob, digest).kept = False
        session.add(LooseBlob(digest=digest))
    return digest


def test_retention_removes_nothing_that_a_backup_is_about_to_read(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = outlive_its_sample(hub, b"a picture")
    copy = backups._copy_sqlite

    def copy_and_prune(source: Path, target: Path) -> None:
        copy(source, target)
        assert Pruner(hub).turn() == {}

    monkeypatch.setattr(backups, "_copy_sqlite", copy_and_prune)
    assert backups.backup(hub, tmp_path / "hub.tar")["blobs"] == 1
    assert Pruner(hub).turn() == {"pictures": 1}
    assert not hub.storage.has(digest)
    assert backups.restore(tmp_path / "hub.tar", tmp_path / "again")["blobs"] == 1


def test_a_restored_hub_uses_the_tables_that_were_restored(tmp_path: Path) -> None:
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
    setup.init(tmp_path / "hub", "admin", "four random words", {"database_url": elsewhere})
    saved = Hub.open(load(tmp_path / "hub"))
    put_blob(saved, b"a picture")
    backups.backup(saved, tmp_path / "hub.tar")
    put_blob(saved, b"came after the backup")
    saved.close()
    words = ["restore", str(tmp_path / "hub.tar"), "--data", str(tmp_path / "again")]
    done = CliRunner().invoke(make_app(), words)
    assert done.exit_code == 0, done.output
    assert elsewhere in done.output
    restored = Hub.open(load(tmp_path / "again"))
    with restored.database.session() as session:
        assert session.query(Blob).count() == 1
    restored.close()


def test_pictures_that_are_kept_elsewhere_are_not_said_to_be_saved(tmp_path: Path) -> None:
    kept = f"file://{tmp_path / 'elsewhere'}"
    (tmp_path / "elsewhere").mkdir()
    setup.init(tmp_path / "hub", "admin", "four random words", {"storage_url": kept})
    hub = Hub.open(load(tmp_path / "hub"))
    put_blob(hub, b"a picture")
    hub.close()
    tar, run = str(tmp_path / "hub.tar"), CliRunner().invoke
    said = run(make_app(), ["backup", tar, "--data", str(tmp_path / "hub")]).output
    assert "0 blobs" in said
    assert "not in it: 1 blobs" in said
    said = run(make_app(), ["restore", tar, "--data", str(tmp_path / "again")]).output
    assert "0 blobs are whole" in said
    assert "not looked at: 1 blobs" in said


def changed(saved: Path, folder: Path, name: str, content: bytes | None) -> Path:
    """The backup with a file in it changed, or left out."""
    with tarfile.open(saved) as archive:
        archive.extractall(folder, filter="data")
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with tarfile.open(folder.with_suffix(".tar"), "w") as archive:
        archive.add(folder, ".")
    return folder.with_suffix(".tar")


@pytest.fixture
def saved(hub: Hub, tmp_path: Path) -> Path:
    backups.backup(hub, tmp_path / "hub.tar")
    return tmp_path / "hub.tar"


def refused(source: Path, kind: type[KitwrightError], what: str) -> None:
    """Nothing stays that the next try would find in its way."""
    place = source.parent / "again"
    with pytest.raises(kind, match=what) as told:
        backups.restore(source, place)
    assert told.value.where == str(source)
    assert list(place.iterdir()) == []


def test_a_backup_of_a_newer_kitwright_is_not_restored(hub: Hub, tmp_path: Path) -> None:
    """It was said to be whole, and the next command refused it."""
    with hub.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    backups.backup(hub, tmp_path / "hub.tar")
    refused(tmp_path / "hub.tar", ConfigError, "written by a newer Kitwright, as schema 9999")


def test_a_backup_of_an_earlier_kitwright_is_restored(hub: Hub, tmp_path: Path) -> None:
    with hub.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    backups.backup(hub, tmp_path / "hub.tar")
    assert backups.restore(tmp_path / "hub.tar", tmp_path / "again")["blobs"] == 0


def test_a_backup_before_an_update_is_the_way_back_also_when_the_update_is_installed(
    hub: Hub, tmp_path: Path
) -> None:
    """It changed the tables under a hub that ran, and the version before refused what was saved."""
    with changing_tables(hub.database) as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    before = current_revision(hub.database)
    words = ["backup", str(tmp_path / "hub.tar"), "--data", str(hub.config.data_dir)]
    done = CliRunner().invoke(make_app(), words)
    assert done.exit_code == 0, done.output
    assert current_revision(hub.database) == before
    backups.restore(tmp_path / "hub.tar", tmp_path / "again")
    with closing(sqlite3.connect(tmp_path / "again" / "hub.sqlite")) as tables:
        assert tables.execute("SELECT version_num FROM alembic_version").fetchone() == (before,)


@pytest.mark.parametrize("name", ["hub.yaml", "hub.sqlite"])
def test_an_archive_that_lacks_a_part_is_no_backup(saved: Path, tmp_path: Path, name: str) -> None:
    refused(changed(saved, tmp_path / "other", name, None), DataError, f"it has no {name}")


def test_a_damaged_database_is_not_restored(saved: Path, tmp_path: Path) -> None:
    empty = sqlite3.connect(tmp_path / "empty")
    empty.execute("CREATE TABLE other (x)")
    empty.close()
    contents = {
        "words": (b"no database at all", "this is no SQLite database"),
        "empty": ((tmp_path / "empty").read_bytes(), "this is no hub's database"),
    }
    for name, (content, what) in contents.items():
        refused(changed(saved, tmp_path / name[:1], "hub.sqlite", content), DataError, what)


def test_who_gives_any_file_is_told_and_the_folder_of_a_disk_stays(tmp_path: Path) -> None:
    (tmp_path / "again" / "lost+found").mkdir(parents=True)
    (tmp_path / "notes.tar").write_bytes(b"no archive")
    with pytest.raises(DataError, match="not a backup"):
        backups.restore(tmp_path / "notes.tar", tmp_path / "again")
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["lost+found"]


def test_who_was_shut_out_since_the_backup_is_spoken_of_and_nobody_is_signed_in(
    hub: Hub, tmp_path: Path
) -> None:
    """A cookie that was signed out, or a one-time token that was used since, would be good again."""
    with hub.database.transaction() as session:
        token = devices.add_device(session, "press-1", site="main", who="ada")
        used = devices.add_device(session, "press-2", site="main", who="ada")
        devices.enroll(session, used, "test machine")
        admin = session.scalars(select(Person)).one()
        session.add(WebSession(hash="h", person_id=admin.id, csrf="c", expires_at=utc_now() + DAY))
    backups.backup(hub, tmp_path / "hub.tar")
    place = tmp_path / "again"
    done = CliRunner().invoke(
        make_app(), ["restore", str(tmp_path / "hub.tar"), "--data", str(place)]
    )
    assert done.exit_code == 0, done.output
    assert "whoever was shut out since the backup is let in again" in done.output
    restored = Hub.open(load(place))
    with restored.database.transaction() as session:
        assert session.scalars(select(WebSession)).all() == []
        assert [device.name for device in devices.all_devices(session)] == ["press-2"]
        with pytest.raises(UnauthenticatedError):
            devices.enroll(session, token, "test machine")
    restored.close()


def test_rollouts_of_a_restored_hub_rest_until_somebody_lets_them_go_on(
    hub: Hub, tmp_path: Path
) -> None:
    """One that was aborted since the backup gave devices the bundle that was taken back."""
    bundle = approved_bundle(hub)
    for name in ("press-1", "press-2"):
        add_device(hub, name)
    begun = utc_now() - DAY
    with hub.database.transaction() as session:
        plan = Plan(timedelta(hours=1), waves=("100%",))
        [first, second] = [
            rollouts.start(session, bundle, plan=plan, who="ada", device=name)
            for name in ("press-1", "press-2")
        ]
        rollouts.abort(session, second.id, who="ada")
        for row in (first, second):
            row.attended_at, row.deadline_at = begun, begun + timedelta(minutes=10)
        number = first.id
    backups.backup(hub, tmp_path / "hub.tar")
    words = ["restore", str(tmp_path / "hub.tar"), "--data", str(tmp_path / "again")]
    done = CliRunner().invoke(make_app(), words)
    assert f"cloud-sync rollout resume {number} --data" in done.output, done.output
    restored = Hub.open(load(tmp_path / "again"))
    with restored.database.transaction() as session:
        states = session.execute(select(Rollout.state).order_by(Rollout.id)).scalars().all()
        assert states == ["paused", "aborted"]
        assert deployments.desired_for(session, "press-1").bundle is None
        rollouts.resume(session, number, who="ada")
        assert deployments.desired_for(session, "press-1").bundle is not None
        left = session.get_one(Rollout, number).deadline_at - utc_now()
        assert timedelta(minutes=9) < left < timedelta(minutes=11), "the day between is made up for"
    restored.close()


def test_a_restore_says_what_may_be_told_once_more(hub: Hub, tmp_path: Path) -> None:
    with hub.database.transaction() as session:
        for number, state in enumerate(("waiting", "waiting", "done", "dead")):
            session.add(Effect(key=str(number), target="mail", kind="k", body={}, state=state))
    backups.backup(hub, tmp_path / "hub.tar")
    words = ["restore", str(tmp_path / "hub.tar"), "--data", str(tmp_path / "again")]
    done = CliRunner().invoke(make_app(), words)
    assert "once more if they were since: 2 for mail" in done.output, done.output


def test_the_keys_of_a_restored_hub_lie_in_folders_of_its_own_account_only(
    saved: Path, tmp_path: Path
) -> None:
    before = os.umask(0o022)
    try:
        backups.restore(saved, tmp_path / "again")
    finally:
        os.umask(before)
    for name in ("", "keys", "pki"):
        assert (tmp_path / "again" / name).stat().st_mode & 0o077 == 0
