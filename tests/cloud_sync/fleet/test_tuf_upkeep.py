"""Keys are changed, timestamps renewed, backups restored, and devices go on through all of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tuf.api.exceptions import BadVersionNumberError
from tuf.api.metadata import (
    Metadata,
    Snapshot,
    Timestamp,
)

from cloud_sync import backups, setup
from cloud_sync.config import load
from cloud_sync.fleet import tuf
from cloud_sync.hub import Hub
from cloud_sync.store.models import Release, TufMetadata
from kits.core.errors import ConfigError
from kits.core.sample import utc_now
from kits.core.signing import SigningKey
from tests.cloud_sync.fleet.released import Device, accept, begun, bring, served
from tests.release_engineer import Engineer, new_key


def test_every_key_can_be_changed_and_releasing_goes_on(hub: Hub, engineer: Engineer) -> None:
    begun(hub, engineer)
    device = Device(hub)
    device.refresh()
    old = engineer.root_keys[0]
    engineer.root_keys = [new_key(), new_key(), new_key()]
    engineer.root_threshold = 2
    accept(hub, root=engineer.sign_root(old))
    engineer.targets_keys = [new_key()]
    accept(hub, root=engineer.sign_root(), targets=engineer.sign_targets())
    engineer.online = hub.keys.prepare()
    accept(hub, root=engineer.sign_root())
    first = hub.keys.public_keys()[0].keyid
    tuf.settle(hub)
    assert [key.keyid for key in hub.keys.public_keys()] == [engineer.online.keyid] != [first]
    accept(hub, targets=engineer.release(bring(hub, 2)))
    assert list(device.refresh().targets) == ["line-1/1.kwb", "line-1/2.kwb"]
    assert Metadata[Timestamp].from_bytes(served(hub, "timestamp.json")).signatures.keys() == {
        engineer.online.keyid
    }


def test_power_lost_while_the_hubs_key_changes_harms_nothing(hub: Hub, engineer: Engineer) -> None:
    begun(hub, engineer)
    engineer.online = hub.keys.prepare()
    accept(hub, targets=engineer.release(bring(hub, 2)))  # prepared, root not there yet
    accept(hub, root=engineer.sign_root())  # root there, file not moved yet
    accept(hub, targets=engineer.release(bring(hub, 3)))
    tuf.settle(hub)
    tuf.settle(hub)
    accept(hub, targets=engineer.release(bring(hub, 4)))
    assert len(Device(hub).refresh().targets) == 4


def test_a_hub_that_lost_its_key_says_so(hub: Hub, engineer: Engineer) -> None:
    begun(hub, engineer)
    path = hub.config.keys_dir / "hub.pem"
    path.unlink()
    SigningKey.create(path)
    with pytest.raises(ConfigError, match="another online key"):
        accept(hub, targets=engineer.release(bring(hub, 2)))


def test_the_timestamp_is_renewed_daily_and_the_snapshot_at_half_its_life(
    hub: Hub, engineer: Engineer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(hub, engineer)
    names = []
    for days in (0.5, 1.1, 14, 16, 40):
        now = utc_now() + timedelta(days=days)
        with hub.database.session() as session:
            due = tuf.renewal_due(session, now=now)
        if due:
            with monkeypatch.context() as clocked, hub.database.transaction() as session:
                clocked.setattr(tuf, "utc_now", lambda now=now: now)
                tuf.renew(hub, session)
        timestamp = Metadata[Timestamp].from_bytes(served(hub, "timestamp.json")).signed
        snapshot_version = timestamp.snapshot_meta.version
        snapshot = (
            Metadata[Snapshot].from_bytes(served(hub, f"{snapshot_version}.snapshot.json")).signed
        )
        assert not timestamp.is_expired(now)
        assert not snapshot.is_expired(now)
        names.append((due, snapshot_version))
    assert [due for due, _ in names] == [False, True, True, True, True]
    assert len({version for _, version in names}) == 3


def test_versions_go_on_above_what_devices_saw_after_a_restore(
    hub: Hub, engineer: Engineer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup from before two renewals is restored; the device saw both."""
    begun(hub, engineer)
    device = Device(hub)
    with hub.database.session() as session:
        saved = [
            {"role": row.role, "version": row.version, "content": row.content,
             "expires_at": row.expires_at, "added_at": row.added_at}
            for row in session.query(TufMetadata)
        ]  # fmt: skip
    for _ in range(2):
        with hub.database.transaction() as session:
            tuf.renew(hub, session)
    device.refresh()
    with hub.database.transaction() as session:
        session.query(TufMetadata).delete()
        session.add_all([TufMetadata(**row) for row in saved])
    later = utc_now() + timedelta(minutes=1)
    monkeypatch.setattr(tuf, "utc_now", lambda: later)
    with hub.database.transaction() as session:
        tuf.renew(hub, session)
    assert list(device.refresh().targets) == ["line-1/1.kwb"]


def test_a_restored_hub_takes_the_newest_targets_again(hub: Hub, engineer: Engineer) -> None:
    begun(hub, engineer)
    device = Device(hub)
    for version in (2, 3):
        newest = engineer.release(bring(hub, version))
        accept(hub, targets=newest)
    device.refresh()
    with hub.database.transaction() as session:  # what a backup taken before both would hold
        session.query(TufMetadata).filter(
            TufMetadata.role == "targets", TufMetadata.version > 1
        ).delete()
        session.query(Release).filter(Release.release > 1).delete()
        tuf._sign(hub, session, engineer.root, fresh_snapshot=True)
    with pytest.raises(BadVersionNumberError):
        device.refresh()
    accept(hub, targets=newest)
    assert len(device.refresh().targets) == 3


def test_a_restored_backup_serves_devices_that_saw_more_once_it_has_the_rest_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.init(tmp_path / "hub", "admin", "four random words", {"broker": {"port": 0}})
    hub = Hub.open(load(tmp_path / "hub"))
    engineer = Engineer(hub.keys.public_keys()[0])
    begun(hub, engineer)
    device = Device(hub)
    second = bring(hub, 2)
    backups.backup(hub, tmp_path / "backup.tar")
    newest = engineer.release(second)
    accept(hub, targets=newest)
    assert len(device.refresh().targets) == 2
    hub.close()
    backups.restore(tmp_path / "backup.tar", tmp_path / "again")
    restored = Hub.open(load(tmp_path / "again"))
    device.hub = restored
    later = utc_now() + timedelta(minutes=1)
    monkeypatch.setattr(tuf, "utc_now", lambda: later)
    with restored.database.transaction() as session:
        tuf.renew(restored, session)
    with pytest.raises(BadVersionNumberError):  # an older list is refused, whatever its wrapping
        device.refresh()
    accept(restored, targets=newest)
    assert len(device.refresh().targets) == 2
    restored.close()
