"""Which keys count at a hub: changed, shared, added and taken away, by functions and by verbs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kits.core.errors import BundleError, ConfigError, DataError, KitwrightError, UsageError
from kits.toolchain.hub_client import HubClient
from kits.toolchain.releasing import key_status, roots
from kits.toolchain.releasing.key_making import make_keys
from kits.toolchain.releasing.keys import KeyStore
from kits.toolchain.releasing.pending import Pending
from kits.toolchain.releasing.releases import sign_release
from kits.toolchain.releasing.roots import Desk
from kits.toolchain.releasing.tokens import TOKEN_VARIABLE, hub_folder
from kits.toolchain.releasing.trust import TrustedCopy

from .engineering import bring, kit, numbers, release
from .running_hub import RunningHub

# fastapi builds some body models late and then warns about an alias it set itself
pytestmark = pytest.mark.filterwarnings(
    "ignore:The 'alias' attribute:pydantic.warnings.UnsupportedFieldAttributeWarning"
)


def test_every_key_is_changed_and_releasing_goes_on(desk: Desk, hub: RunningHub) -> None:
    release(desk, 1)
    for number, role in enumerate(("root", "targets", "hub", "root"), start=2):
        found = desk.trusted.refresh()
        if role == "hub":
            pending = roots.change_online(desk, found)
        else:
            old = desk.keys.own(role, found.root.roles[role].keyids)
            made = make_keys(desk.keys, no_passphrase=True, roles=(role,))
            pending = roots.change(
                desk, found, role, add=[half.for_metadata() for half in made],
                remove=[half.key_id for half in old],
            )  # fmt: skip
        pending.sign(desk.keys)
        assert roots.send(desk, pending).root == number
        assert release(desk, number).release.release == number
    assert len(desk.keys.all("root")) == len(desk.keys.all("targets")) == 1
    assert len(desk.keys.all(retired=True)) == 5
    assert not (hub.hub.config.keys_dir / "hub-next.pem").exists()


def test_the_verbs_change_what_counts_at_a_hub(
    hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv(TOKEN_VARIABLE, hub.tokens["engineer"])
    client = HubClient(hub.address, hub.tokens["engineer"])
    desk = Desk(client, TrustedCopy(client, hub_folder(hub.address)), KeyStore())
    make_keys(desk.keys, no_passphrase=True, owner="ada")
    release(desk, 1)
    bob = KeyStore(tmp_path / "bob")
    make_keys(bob, no_passphrase=True, owner="bob")
    pub = str(tmp_path / "bob.pub")
    assert kit("key", "export", "--public", "--keys", str(bob.folder), "--out", pub)[0] == 0
    there = ("--hub", hub.address, "--yes", "--json")
    for verb in (
        ("rotate", "root", "--no-passphrase"),
        ("rotate", "targets", "--no-passphrase"),
        ("rotate", "hub"),
        ("renew", "root"),
        ("renew", "targets"),
        ("add", "root", pub),
        ("remove", "root", bob.own("root")[0].key_id[:8]),
    ):
        code, said = kit("key", *verb, *there)
        assert code == 0, said
    found = json.loads(kit("key", "status", "--hub", hub.address, "--json")[1])
    assert found["roles"]["root"]["version"] == 7
    assert found["roles"]["targets"]["version"] == 3
    assert found["releases"] == {"line-1": 1}
    assert found["roles"]["root"]["threshold"] == len(found["roles"]["root"]["keys"]) == 1
    code, said = kit("key", "status", "--hub", hub.address)
    assert f"root's SHA-256 {found['root_sha256']}" in said
    for wrong, why in (
        (("remove", "root", "0" * 8), "no such root key"),
        (("rotate", "snapshot"), "is no role"),
        (("add", "targets", pub), "this is a root key"),
    ):
        code, said = kit("key", *wrong, *there)
        assert (code, why in said) == (2, True)
    assert release(desk, 2).release.release == 2


def test_two_of_three_holders_sign_the_root(
    hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    ada, bob = str(tmp_path / "ada"), str(tmp_path / "bob")
    kit("key", "init", "--threshold", "2", "--owner", "ada", "--keys", ada, "--no-passphrase")
    kit("key", "init", "--owner", "bob", "--keys", bob, "--no-passphrase")
    desk = hub.desk(tmp_path / "desk")
    content = bring(desk, 1)
    desk = Desk(desk.client, desk.trusted, KeyStore(Path(ada)))
    with pytest.raises(UsageError, match="2 root keys must sign and 1"):
        sign_release(desk, content)
    pub = tmp_path / "bob.pub"
    assert kit("key", "export", "--public", "--keys", bob, "--out", str(pub))[0] == 0
    assert kit("key", "add", "root", str(pub), "--keys", ada)[0] == 0
    with pytest.raises(KitwrightError, match="1 of 2 signatures") as caught:
        sign_release(desk, content)
    assert caught.value.exit_code == 6
    code, said = kit("key", "sign", str(desk.pending), "--keys", bob)
    assert (code, "--yes" in said) == (2, True)
    code, said = kit("key", "sign", str(desk.pending), "--keys", bob, "--yes")
    assert code == 0
    assert "2 of" in said and "(bob)" in said
    assert sign_release(desk, content).first
    # later roots too: ada alone cannot renew it
    pending = roots.renewed(desk, desk.trusted.refresh())
    pending.sign(desk.keys)
    with pytest.raises(KitwrightError, match="1 of 2 signatures by the present root's"):
        roots.send(desk, pending)
    file = str(desk.pending)
    assert kit("key", "sign", file, "--keys", bob, "--yes")[0] == 0
    assert roots.send(desk, Pending.read(desk.pending)).root == 2


def test_before_anything_is_published_the_hub_says_so_and_a_wrong_token_is_named(
    hub: RunningHub, desk: Desk, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="nothing is published at this hub yet") as caught:
        key_status.look(desk)
    assert caught.value.fix == f"kit publish --hub {hub.address}"
    client = HubClient(hub.address, "wrong")
    stranger = Desk(client, TrustedCopy(client, tmp_path / "nothing"), desk.keys)
    with pytest.raises(UsageError, match="does not accept this token"):
        key_status.look(stranger)


def test_a_colleague_trusts_the_hub_by_fingerprint_and_releases_with_a_key_of_her_own(
    desk: Desk, hub: RunningHub, tmp_path: Path
) -> None:
    release(desk, 1)
    eve = hub.desk(tmp_path / "eve")
    (targets,) = make_keys(eve.keys, no_passphrase=True, owner="eve", roles=("targets",))
    with pytest.raises(ConfigError, match="no root of this hub is trusted"):
        release(eve, 2)
    with pytest.raises(BundleError, match="another fingerprint"):
        key_status.trust_root(eve, "0" * 64)
    assert key_status.trust_root(eve, key_status.look(desk).fingerprint) == 1
    with pytest.raises(ConfigError, match="none of the hub's targets keys"):
        release(eve, 2)
    found = desk.trusted.refresh()
    pending = roots.change(desk, found, "targets", add=[targets.for_metadata()])
    pending.sign(desk.keys)
    roots.send(desk, pending)
    assert release(eve, 2).release.release == 2
    assert numbers(desk) == [(1, 1), (2, 2)]


def test_who_trusts_an_older_root_comes_to_trust_the_newest_by_the_same_command(
    desk: Desk, hub: RunningHub, tmp_path: Path
) -> None:
    release(desk, 1)
    eve = hub.desk(tmp_path / "eve")
    key_status.trust_root(eve, key_status.look(desk).fingerprint)
    for _ in range(2):
        pending = roots.renewed(desk, desk.trusted.refresh())
        pending.sign(desk.keys)
        roots.send(desk, pending)
    with pytest.raises(BundleError, match="another fingerprint"):
        key_status.trust_root(eve, "0" * 64)
    assert key_status.trust_root(eve, key_status.look(desk).fingerprint) == 3
    assert numbers(eve) == [(1, 1)]


def test_a_new_hub_without_releases_at_a_known_address_says_what_to_delete(
    desk: Desk, hub: RunningHub, tmp_path: Path
) -> None:
    release(desk, 1)
    other = RunningHub(tmp_path / "other")
    empty = other.desk(tmp_path / "anew").client
    shutil.copytree(desk.trusted.folder, tmp_path / "known")
    known = TrustedCopy(empty, tmp_path / "known")
    with pytest.raises(BundleError, match="this hub has no releases, but") as caught:
        known.refresh()
    assert f"delete {known.folder}" in caught.value.fix
    assert f"kit key resend --hub {other.address}" in caught.value.fix
    other.stop()


def test_a_hub_that_was_made_anew_is_not_trusted_in_place_of_the_one_before(
    desk: Desk, hub: RunningHub, tmp_path: Path
) -> None:
    release(desk, 1)
    other = RunningHub(tmp_path / "other")
    anew = other.desk(tmp_path / "anew")
    make_keys(anew.keys, no_passphrase=True)
    release(anew, 1)
    found = key_status.look(anew).fingerprint
    shutil.copytree(desk.trusted.folder, tmp_path / "known")
    known = Desk(anew.client, TrustedCopy(anew.client, tmp_path / "known"), desk.keys)
    with pytest.raises(BundleError, match="not to be trusted") as caught:
        key_status.trust_root(known, found)
    assert f"delete {known.trusted.folder}" in caught.value.fix
    shutil.rmtree(known.trusted.folder)
    assert key_status.trust_root(known, found) == 1
    other.stop()


def test_a_hub_that_moved_is_trusted_on_and_nothing_older_passes_for_new(
    desk: Desk, hub: RunningHub, tmp_path: Path
) -> None:
    release(desk, 1)
    moved = hub.desk(tmp_path / "moved")
    with pytest.raises(ConfigError, match="no root of this hub is trusted") as caught:
        moved.trusted.refresh()
    assert "--moved-from" in caught.value.fix
    with pytest.raises(UsageError, match="nothing was ever verified"):
        moved.trusted.follow(tmp_path / "unknown")
    assert moved.trusted.follow(desk.trusted.folder).root.version == 1
    assert (moved.trusted.folder / "seen.json").exists()
    assert numbers(moved) == [(1, 1)]
    with pytest.raises(UsageError, match="trusted here already"):
        moved.trusted.follow(desk.trusted.folder)


def test_another_hub_is_not_taken_for_one_that_moved(
    desk: Desk, hub: RunningHub, tmp_path: Path
) -> None:
    release(desk, 1)
    other = tmp_path / "other"
    shutil.copytree(desk.trusted.folder, other)
    (other / "roots" / "1.root.json").write_bytes(b"{}")
    moved = hub.desk(tmp_path / "moved")
    with pytest.raises(BundleError, match="not the hub that was at that address"):
        moved.trusted.follow(other)
    assert not moved.trusted.known
