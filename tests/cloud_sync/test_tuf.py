"""TUF at the hub: what it takes from an engineer, what it refuses, and what a device gets to see."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from securesystemslib.signer import Signature
from sqlalchemy import update
from tuf.api.exceptions import BadVersionNumberError, DownloadHTTPError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.ngclient import FetcherInterface, Updater

from cloud_sync import setup
from cloud_sync.config import load
from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.fleet import bundles, clock, tuf
from cloud_sync.hub import Hub
from cloud_sync.store.models import Bundle, Release, TufMetadata
from kits.core import bundle as formats
from kits.core.errors import BundleError, ConfigError, GateError
from kits.core.hub_api import PublishRequest
from kits.core.releases import read_release
from kits.core.sample import utc_now
from kits.core.signing import SigningKey
from tests.cloud_sync.fleet_builders import make_bundle, make_hub, put_blob
from tests.release_engineer import Engineer, in_days, new_key, signed


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        yield hub


@pytest.fixture
def engineer(hub: Hub) -> Engineer:
    return Engineer(hub.keys.public_keys()[0])


def bring(hub: Hub, version: int = 1, **changes: object) -> bytes:
    """A bundle whose bytes are in the hub."""
    content = make_bundle(version=version)
    blob = put_blob(hub, content)
    request = PublishRequest(bundle=formats.bundle_id(content), blob=blob)
    with hub.database.transaction() as session:
        bundles.publish(hub, session, request, login="ada")
        if changes:
            session.execute(update(Bundle).where(Bundle.version == version).values(**changes))
    return content


def accept(hub: Hub, *, root: str = "", targets: str = "") -> tuf.Accepted:
    with hub.database.transaction() as session:
        return tuf.accept(hub, session, root=root, targets=targets, who="ada")


def begun(hub: Hub, engineer: Engineer) -> None:
    """The hub has a root and one release."""
    accept(hub, root=engineer.sign_root(), targets=engineer.release(bring(hub)))


def served(hub: Hub, name: str) -> bytes:
    with hub.database.session() as session:
        return tuf.read(session, name)


class Device(FetcherInterface):
    """python-tuf's own client on the hub; trusts the first root and keeps what it has verified."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._folder = tempfile.mkdtemp(dir=hub.config.data_dir)
        self._first = served(hub, "1.root.json")

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            return iter([served(self.hub, url.rpartition("/")[2])])
        except NotFoundError:
            raise DownloadHTTPError("not there", 404) from None

    def refresh(self) -> Targets:
        """What is on offer now."""
        client = Updater(self._folder, "hub:/", fetcher=self, bootstrap=self._first)
        client.refresh()
        return Metadata[Targets].from_file(f"{self._folder}/targets.json").signed


def test_a_device_that_trusts_the_first_root_finds_the_release(
    hub: Hub, engineer: Engineer
) -> None:
    begun(hub, engineer)
    device = Device(hub)
    assert list(device.refresh().targets) == ["line-1/1.kwb"]
    accept(hub, targets=engineer.release(bring(hub, 2)))
    assert list(device.refresh().targets) == ["line-1/1.kwb", "line-1/2.kwb"]
    with hub.database.session() as session:
        released = bundles.all_bundles(session)
        assert [row.champion for row in released] == [True, False]
        assert all(row.approved_by == "ada" for row in released)
        assert tuf.release_of(session, released[0].id).release == 2


def test_nothing_is_released_before_it_is_signed(hub: Hub) -> None:
    content = bring(hub)
    with hub.database.session() as session:
        with pytest.raises(GateError, match="no release engineer"):
            tuf.release_of(session, formats.bundle_id(content))
        with pytest.raises(NotFoundError):
            tuf.read(session, "timestamp.json")
        assert tuf.trusted_root(session) is None


@pytest.mark.parametrize(
    "name", ["timestamp.json", "1.root.json", "1.targets.json", "root.json", "1.timestamp.json",
             "../hub.pem", "1.snapshot.json", "0.root.json", "01.root.json", "9" * 40 + ".root.json"],
)  # fmt: skip
def test_only_real_names_are_served(hub: Hub, engineer: Engineer, name: str) -> None:
    begun(hub, engineer)
    if name in ("timestamp.json", "1.root.json", "1.targets.json"):
        assert json.loads(served(hub, name))["signed"]["version"] > 0
    else:
        with pytest.raises(NotFoundError):
            served(hub, name)


Attack = Callable[[Hub, Engineer], tuple[str, str]]
"""Returns (root, targets) to send to a hub that has root 1 and targets 1."""


def stolen_targets_key(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    return "", engineer.sign_targets(None, new_key())


def no_signature(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    engineer.targets.version += 1
    return "", signed(engineer.targets)


def changed_after_signing(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    value = json.loads(engineer.sign_targets())
    value["signed"]["expires"] = "2099-01-01T00:00:00Z"
    return "", json.dumps(value)


def expired_targets(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    return "", engineer.sign_targets(expires=in_days(-1))


def delegated(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    key = new_key().public_key
    role = DelegatedRole("thief", [key.keyid], 1, False, paths=["*"])
    return "", engineer.sign_targets(delegations=Delegations({key.keyid: key}, {"thief": role}))


def oversized(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    return "", engineer.sign_targets(unrecognized_fields={"x": "y" * 5_000_000})


def root_as_targets(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    return "", engineer.sign_root()


def deep_nesting(_hub: Hub, _engineer: Engineer) -> tuple[str, str]:
    return "", "[" * 100_000


def root_by_a_stranger(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    engineer.root_keys = [new_key()]
    return engineer.sign_root(), ""


def root_without_the_new_keys(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    old = engineer.root_keys
    engineer.root_keys = [new_key()]
    return signed(engineer.next_root(), *old), ""


def root_below_its_threshold(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    old = engineer.root_keys[0]
    engineer.root_keys, engineer.root_threshold = [old, new_key()], 2
    return signed(engineer.next_root(), old), ""


def root_with_one_key_twice(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    new = engineer.next_root()
    alias = engineer.root_keys[0].public_key.to_dict()
    twin = type(engineer.root_keys[0].public_key).from_dict("ab" * 32, alias)
    new.add_key(twin, "root")
    return signed(new, *engineer.root_keys), ""


def expired_root(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    return engineer.sign_root(expires=in_days(-1)), ""


def root_with_online_targets_key(hub: Hub, engineer: Engineer) -> tuple[str, str]:
    signers = hub.keys.signers()
    engineer.targets_keys = signers
    return engineer.sign_root(), engineer.sign_targets()


def root_with_another_online_key(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    engineer.online = new_key().public_key
    return engineer.sign_root(), ""


def new_targets_key_without_targets(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    engineer.targets_keys = [new_key()]
    return engineer.sign_root(), ""


def unattainable_threshold(_hub: Hub, engineer: Engineer) -> tuple[str, str]:
    new = engineer.next_root()
    new.roles["targets"].threshold = 2
    return signed(new, *engineer.root_keys), ""


@pytest.mark.parametrize(
    ("attack", "why"),
    [
        (stolen_targets_key, "not signed"),
        (no_signature, "not signed"),
        (changed_after_signing, "not signed"),
        (expired_targets, "expired"),
        (delegated, "delegations"),
        (oversized, "at most 5000000"),
        (root_as_targets, "not targets"),
        (deep_nesting, "not TUF metadata"),
        (root_by_a_stranger, "not signed by 1 of the keys of the root in force"),
        (root_without_the_new_keys, "not signed by 1 of its own keys"),
        (root_below_its_threshold, "not signed by 2 of its own keys"),
        (root_with_one_key_twice, "one key twice"),
        (expired_root, "expired"),
        (root_with_online_targets_key, "must not sign targets"),
        (root_with_another_online_key, "this hub's key alone"),
        (new_targets_key_without_targets, "not signed by 1 of the new root's targets keys"),
        (unattainable_threshold, "needs 2 of 1"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_a_device_would_refuse_the_hub_refuses(
    hub: Hub, engineer: Engineer, attack: Attack, why: str
) -> None:
    begun(hub, engineer)
    before = served(hub, "timestamp.json")
    root, targets = attack(hub, engineer)
    with pytest.raises(BundleError, match=why):
        accept(hub, root=root, targets=targets)
    assert served(hub, "timestamp.json") == before
    assert list(Device(hub).refresh().targets) == ["line-1/1.kwb"]


def test_old_and_skipping_versions_are_refused(hub: Hub, engineer: Engineer) -> None:
    begun(hub, engineer)
    second = engineer.release(bring(hub, 2))
    accept(hub, targets=second)
    with pytest.raises(ConflictError, match="does not follow 2"):
        accept(hub, targets=second)
    with pytest.raises(ConflictError, match="does not follow 2"):
        accept(hub, targets=served(hub, "1.targets.json").decode())
    with pytest.raises(ConflictError, match="does not follow 2"):
        accept(hub, targets=engineer.sign_targets(version=5000))
    engineer.root.version += 1
    with pytest.raises(ConflictError, match="not the next one, 2"):
        accept(hub, root=engineer.sign_root())
    with pytest.raises(ConflictError, match="not the next one, 2"):
        accept(hub, root=served(hub, "1.root.json").decode())


def test_two_engineers_at_once_lose_nothing(hub: Hub, engineer: Engineer) -> None:
    begun(hub, engineer)
    other = Engineer(engineer.online, targets_keys=engineer.targets_keys)
    other.targets.version, other.targets.targets = 1, dict(engineer.targets.targets)
    accept(hub, targets=engineer.release(bring(hub, 2)))
    late = other.release(bring(hub, 3))
    with pytest.raises(ConflictError, match="does not follow"):
        accept(hub, targets=late)
    with pytest.raises(ConflictError, match="left out"):
        accept(hub, targets=other.sign_targets())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"project": "line-2"}, "another project's"),
        ({"kit": "lead-scoring"}, "another project's"),
        ({"bundle": "f" * 64}, "no bundle"),
    ],
)
def test_a_release_must_describe_a_bundle_that_is_here(
    hub: Hub, engineer: Engineer, changes: dict[str, object], why: str
) -> None:
    content = bring(hub)
    root, targets = engineer.sign_root(), engineer.release(content, **changes)
    with pytest.raises((BundleError, NotFoundError), match=why):
        accept(hub, root=root, targets=targets)


def test_a_release_must_have_the_bytes_and_the_number_it_says(hub: Hub, engineer: Engineer) -> None:
    begun(hub, engineer)
    content = bring(hub, 2)
    good = Engineer(engineer.online)
    good.release(content, release=2)
    target = good.targets.targets["line-1/2.kwb"]
    for wrong, why in (
        (TargetFile(target.length + 1, target.hashes, "", target.unrecognized_fields), "length"),
        (TargetFile(target.length, {"sha256": "0" * 64}, "", target.unrecognized_fields), "digest"),
        (TargetFile(target.length, target.hashes, "", {}), "does not describe"),
    ):
        before = engineer.targets
        with pytest.raises(BundleError, match=why):
            accept(hub, targets=engineer.sign_targets({"line-1/2.kwb": wrong}))
        engineer.targets = before
    for path, why in (("line-1/3.kwb", "another release"), ("../2.kwb", "not the path")):
        before = engineer.targets
        with pytest.raises(BundleError, match=why):
            accept(hub, targets=engineer.sign_targets({path: target}))
        engineer.targets = before
    accept(hub, targets=engineer.sign_targets({"line-1/2.kwb": target}))


def test_a_number_is_used_once_and_an_old_bundle_gets_a_new_one(
    hub: Hub, engineer: Engineer
) -> None:
    begun(hub, engineer)
    old, new = make_bundle(version=1), bring(hub, 2)
    accept(hub, targets=engineer.release(new, release=5))
    before = engineer.targets
    with pytest.raises(BundleError, match="release 5 of this project is in force"):
        accept(hub, targets=engineer.release(old, release=4))
    engineer.targets = before
    accept(hub, targets=engineer.release(old))
    with hub.database.session() as session:
        assert tuf.release_of(session, formats.bundle_id(old)).release == 6
        champions = [row.id for row in bundles.all_bundles(session) if row.champion]
        assert champions == [formats.bundle_id(old)]


def test_a_bundle_trained_here_must_have_beaten_the_champion(hub: Hub, engineer: Engineer) -> None:
    begun(hub, engineer)
    lost = bring(hub, 2, origin="hub", comparison={"better": False, "reason": "too few"})
    before = engineer.targets
    with pytest.raises(GateError, match="has not beaten"):
        accept(hub, targets=engineer.release(lost))
    engineer.targets = before
    won = bring(hub, 3, origin="hub", comparison={"better": True})
    accept(hub, targets=engineer.release(won))


def test_the_gates_expected_change_of_verdicts_is_signed_with_the_release(
    hub: Hub, engineer: Engineer
) -> None:
    accept(
        hub,
        root=engineer.sign_root(),
        targets=engineer.release(bring(hub), expected_disagreement=0.4703),
    )
    target = Device(hub).refresh().targets["line-1/1.kwb"]
    assert read_release("line-1/1.kwb", target.custom).expected_disagreement == 0.4703


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
    setup.backup(hub, tmp_path / "backup.tar")
    newest = engineer.release(second)
    accept(hub, targets=newest)
    assert len(device.refresh().targets) == 2
    hub.close()
    setup.restore(tmp_path / "backup.tar", tmp_path / "again")
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


def test_the_signed_time_answers_only_its_nonce(hub: Hub, engineer: Engineer) -> None:
    begun(hub, engineer)
    answer = clock.signed_time(hub, "ab" * 32)
    root = Metadata[Root].from_bytes(served(hub, "1.root.json")).signed
    assert answer.key_id in root.roles["timestamp"].keyids
    key = root.get_key(answer.key_id)
    key.verify_signature(Signature(answer.key_id, answer.signature), answer.payload.encode())
    stated = json.loads(answer.payload)
    assert stated["nonce"] == "ab" * 32
    assert abs(utc_now() - datetime.fromisoformat(stated["time"])) < timedelta(minutes=1)


def test_old_files_are_forgotten_but_not_at_once(hub: Hub, engineer: Engineer) -> None:
    begun(hub, engineer)
    for version in range(2, 9):
        accept(hub, targets=engineer.release(bring(hub, version)))
    with hub.database.session() as session:
        rows = session.query(TufMetadata.role, TufMetadata.version).all()
    kept = [version for role, version in rows if role == "targets"]
    assert kept == [4, 5, 6, 7, 8]
    assert sum(role == "snapshot" for role, _ in rows) == tuf.KEPT_VERSIONS
