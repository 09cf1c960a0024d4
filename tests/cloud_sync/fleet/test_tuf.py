"""TUF at the hub: what devices get to see, and which releases it takes from an engineer."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from securesystemslib.signer import Signature
from tuf.api.metadata import (
    Metadata,
    Root,
    TargetFile,
)

from cloud_sync.errors import NotFoundError
from cloud_sync.fleet import bundles, clock, tuf
from cloud_sync.hub import Hub
from cloud_sync.store.models import TufMetadata
from kits.core import bundle as formats
from kits.core.errors import BundleError, GateError
from kits.core.releases import read_release
from kits.core.sample import utc_now
from tests.cloud_sync.fleet.released import Device, accept, begun, bring, served
from tests.cloud_sync.fleet_builders import make_bundle
from tests.release_engineer import Engineer


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
