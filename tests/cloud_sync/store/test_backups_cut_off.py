"""A backup or a restore in whose middle the power goes, or the disk is full: nothing half is taken for whole."""

from __future__ import annotations

import os
import random
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync import backups, setup
from cloud_sync.config import load
from cloud_sync.errors import ConflictError
from cloud_sync.fleet import rollouts
from cloud_sync.fleet.plan import Plan
from cloud_sync.hub import Hub
from cloud_sync.store.models import Rollout
from kits.core.blobs import FolderBlobStore
from kits.core.errors import ConfigError
from tests import forked
from tests.cloud_sync.fleet_builders import add_device, approved_bundle, put_blob
from tests.cloud_sync.store.killed_restore import restore_until
from tests.small_disks import MakeDisk, fill


def begin_rollout(hub: Hub) -> None:
    bundle = approved_bundle(hub)
    add_device(hub, "press-1")
    with hub.database.transaction() as session:
        plan = Plan(timedelta(hours=1), waves=("100%",))
        rollouts.start(session, bundle, plan=plan, who="ada", device="press-1")


def test_a_restore_that_is_cut_off_is_no_hub(initialised: Hub, tmp_path: Path) -> None:
    """One with all its tables and a part of its pictures ran, its rollouts with it, and nobody was told."""
    hub = initialised
    digests = {put_blob(hub, f"picture {number}".encode()) for number in range(4)}
    begin_rollout(hub)
    backups.backup(hub, tmp_path / "hub.tar")
    found = set[bool]()
    for step in range(1, 100):
        again = tmp_path / f"again-{step}"
        child = forked.start(restore_until, step, tmp_path / "hub.tar", again)
        child.join(60)
        try:
            config = load(again)
        except ConfigError as error:
            found.add(False)
            if step == 1:
                continue  # nothing is there yet
            assert "a backup is being restored here" in error.what
            assert any("cloud-sync restore" in one.fix for one in setup.doctor(again))
            with pytest.raises(ConflictError, match="empty folder"):
                backups.restore(tmp_path / "hub.tar", again)
            continue
        found.add(True)
        assert digests <= set(FolderBlobStore(again / "blobs").digests())
        restored = Hub.open(config)
        with restored.database.session() as session:
            assert session.scalars(select(Rollout.state)).all() == ["paused"]
        restored.close()
        if child.exitcode == 0:
            break
    assert found == {False, True}


def test_a_full_disk_under_a_backup_or_a_restore_is_told_as_one(
    initialised: Hub, tmp_path: Path, make_disk: MakeDisk
) -> None:
    """A restore said of the backup that it was none, or damaged on the way."""
    hub = initialised
    put_blob(hub, random.Random(1).randbytes(2 << 20))
    backups.backup(hub, tmp_path / "hub.tar")
    tables, disks = (
        (hub.config.data_dir / "hub.sqlite").stat().st_size,
        [make_disk(2), make_disk(4)],
    )
    os.truncate(
        fill(disks[1]), (4 << 20) - tables // 2
    )  # no room for the tables, and for the picture on the other
    for disk in disks:
        for work, place in (
            (lambda to: backups.backup(hub, to), disk / "hub.tar"),
            (lambda to: backups.restore(tmp_path / "hub.tar", to), disk / "again"),
        ):
            with pytest.raises(OSError, match="No space left") as told:
                work(place)
            assert told.value.filename == str(place)
            assert not place.exists() or list(place.iterdir()) == []
    assert backups.restore(tmp_path / "hub.tar", make_disk(8) / "again")["blobs"] == 1
