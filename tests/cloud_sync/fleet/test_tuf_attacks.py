"""Metadata that no device would take, nor does the hub."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
)

from cloud_sync.errors import ConflictError
from cloud_sync.hub import Hub
from kits.core.errors import BundleError
from tests.cloud_sync.fleet.released import Device, accept, begun, bring, served
from tests.release_engineer import Engineer, in_days, new_key, signed

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
