"""Saving, restoring and showing a hub that people use meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_sync import setup
from cloud_sync.cli import make_app
from cloud_sync.config import load, parse, without_secrets
from cloud_sync.hub import Hub
from cloud_sync.retention.pruner import Pruner
from cloud_sync.store.models import Blob, Device, LooseBlob, Sample
from kits.core.addresses import is_loopback
from kits.core.blobs import FolderBlobStore
from kits.core.errors import DataError
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import put_blob


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    setup.init(tmp_path / "hub", "admin", "four random words", {})
    opened = Hub.open(load(tmp_path / "hub"))
    yield opened
    opened.close()


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
        saved = [setup.backup(hub, tmp_path / f"{turn}.tar")["blobs"] for turn in range(5)]
    finally:
        stop.set()
        devices.join()
    assert saved[-1] > saved[0] >= 20, "rows came while it was saved"
    for turn in range(5):
        again = tmp_path / f"again-{turn}"
        assert setup.restore(tmp_path / f"{turn}.tar", again)["blobs"] == saved[turn]
        restored = Hub.open(load(again))
        with restored.database.session() as session:
            store = FolderBlobStore(again / "blobs")
            assert all(store.has(row.digest) for row in session.query(Blob))
        restored.close()


def test_a_backup_whose_pictures_are_not_complete_is_not_restored_in_silence(
    hub: Hub, tmp_path: Path
) -> None:
    digest = put_blob(hub, b"a picture")
    setup.backup(hub, tmp_path / "hub.tar")
    setup.restore(tmp_path / "hub.tar", tmp_path / "again")
    (tmp_path / "again" / "blobs" / "sha256" / digest[:2] / digest[2:]).write_bytes(b"another")
    damaged = Hub.open(load(tmp_path / "again"))
    setup.backup(damaged, tmp_path / "damaged.tar")
    damaged.close()
    with pytest.raises(DataError, match="damaged"):
        setup.restore(tmp_path / "damaged.tar", tmp_path / "third")


def test_a_backup_that_fails_leaves_nothing_behind(hub: Hub, tmp_path: Path) -> None:
    digest = put_blob(hub, b"a picture")
    (hub.config.data_dir / "blobs" / "sha256" / digest[:2] / digest[2:]).unlink()
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(FileNotFoundError):
        setup.backup(hub, tmp_path / "hub.tar")
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
    setup.backup(hub, tmp_path / "hub.tar")
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
    copy = setup._copy_sqlite

    def copy_and_prune(source: Path, target: Path) -> None:
        copy(source, target)
        assert Pruner(hub).turn() == {}

    monkeypatch.setattr(setup, "_copy_sqlite", copy_and_prune)
    assert setup.backup(hub, tmp_path / "hub.tar")["blobs"] == 1
    assert Pruner(hub).turn() == {"pictures": 1}
    assert not hub.storage.has(digest)
    assert setup.restore(tmp_path / "hub.tar", tmp_path / "again")["blobs"] == 1


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


def test_a_restored_hub_uses_the_tables_that_were_restored(tmp_path: Path) -> None:
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
    setup.init(tmp_path / "hub", "admin", "four random words", {"database_url": elsewhere})
    saved = Hub.open(load(tmp_path / "hub"))
    put_blob(saved, b"a picture")
    setup.backup(saved, tmp_path / "hub.tar")
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
