"""The release engineer's keys and signatures, against a real hub, also one that lies."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tuf.api.metadata import Metadata, Root, Targets
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core import bundle as formats
from kits.core.errors import BundleError, ConfigError, DataError, KitwrightError, UsageError
from kits.core.hub_api import PublishRequest
from kits.core.sample import digest_of
from kits.toolchain import key_status, roots
from kits.toolchain.hub_client import HubClient
from kits.toolchain.key_making import make_keys
from kits.toolchain.keyfile import read_key, write_key
from kits.toolchain.keys import KeyStore, read_public
from kits.toolchain.passphrase import PASSPHRASE_VARIABLE, Passphrases
from kits.toolchain.pending import Pending, text_of
from kits.toolchain.releases import Signed, all_releases, sign_release
from kits.toolchain.roots import Desk
from kits.toolchain.tokens import TOKEN_VARIABLE, hub_folder
from kits.toolchain.trust import TrustedCopy
from tests.cloud_sync.fleet_builders import make_bundle

from .running_hub import RunningHub

# fastapi builds some body models late and then warns about an alias it set itself
pytestmark = pytest.mark.filterwarnings(
    "ignore:The 'alias' attribute:pydantic.warnings.UnsupportedFieldAttributeWarning"
)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    running = RunningHub(tmp_path / "served")
    yield running
    running.stop()


@pytest.fixture
def desk(hub: RunningHub, tmp_path: Path) -> Desk:
    made = hub.desk(tmp_path / "ada")
    make_keys(made.keys, no_passphrase=True, owner="ada")
    return made


def bring(desk: Desk, version: int) -> bytes:
    """A bundle whose bytes the hub has."""
    content = make_bundle(version=version)
    desk.client.put_blob(digest_of(content), content)
    request = PublishRequest(bundle=formats.bundle_id(content), blob=digest_of(content))
    desk.client.publish(request)
    return content


def release(desk: Desk, version: int) -> Signed:
    return sign_release(desk, bring(desk, version))


def numbers(desk: Desk) -> list[tuple[int, int]]:
    """(release, version of its bundle) of everything in force, as this desk verifies it."""
    return [(one.release, one.version) for one in all_releases(desk.trusted.refresh().targets)]


def kit(*words: str) -> tuple[int, str]:
    """Exit code and standard output of a command, as the program would end."""
    done = CliRunner().invoke(make_app(), words)
    if isinstance(done.exception, KitwrightError):
        return done.exception.exit_code, str(done.exception)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


# -- key files ------------------------------------------------------------------------------------


def test_a_key_file_is_private_and_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    key, path = Ed25519PrivateKey.generate(), tmp_path / "k.pem"
    write_key(path, key, b"correct horse")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path, b"correct horse").private_bytes_raw() == key.private_bytes_raw()
    with pytest.raises(ValueError, match="password"):
        read_key(path, b"wrong horse")
    with pytest.raises(ConfigError, match="exists already"):
        write_key(path, key, None)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="others may read"):
        read_key(path, b"correct horse")


@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_a_damaged_key_file_is_named_and_the_ways_out_told(
    tmp_path: Path, passphrase: bytes | None
) -> None:
    path = tmp_path / "k.pem"
    write_key(path, Ed25519PrivateKey.generate(), passphrase)
    whole = path.read_bytes()
    for damaged in (b"", whole[:40], whole[:70] + b"\0" * 30, whole.replace(b"-----END", b"")):
        path.write_bytes(damaged)
        with pytest.raises(ConfigError, match="damaged") as caught:
            read_key(path, passphrase)
        assert "kit key rotate targets" in caught.value.fix


def test_a_command_with_a_damaged_key_ends_in_words(desk: Desk) -> None:
    release(desk, 1)
    for path in desk.keys.folder.glob("targets-*.pem"):
        path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ConfigError, match="damaged") as caught:
        release(desk, 2)
    assert "targets-" in caught.value.where


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl program")
def test_openssl_reads_the_file_and_names_scrypt(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    write_key(path, Ed25519PrivateKey.generate(), b"correct horse")
    openssl = str(shutil.which("openssl"))
    opened = [openssl, "pkey", "-in", str(path), "-passin", "pass:correct horse", "-noout"]
    assert subprocess.run(opened, check=False).returncode == 0
    parsed = [openssl, "asn1parse", "-in", str(path)]
    assert "scrypt" in subprocess.run(parsed, capture_output=True, text=True, check=True).stdout


def test_keys_need_a_passphrase_unless_one_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSPHRASE_VARIABLE, raising=False)
    folder = str(tmp_path / "keys")
    code, said = kit("key", "init", "--keys", folder)
    assert (code, PASSPHRASE_VARIABLE in said) == (2, True)
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "short")
    assert kit("key", "init", "--keys", folder)[0] == 2
    assert not list(tmp_path.glob("keys/*"))
    assert kit("key", "init", "--keys", folder, "--no-passphrase")[0] == 0
    rows = json.loads(kit("key", "list", "--keys", folder, "--json")[1])
    assert [(row["role"], row["held"]) for row in rows] == [
        ("root", "UNENCRYPTED"), ("targets", "UNENCRYPTED"),
    ]  # fmt: skip


def test_a_lost_passphrase_is_told_with_the_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "correct horse")
    store = KeyStore(tmp_path)
    made = make_keys(store, owner="ada")
    assert [half.role for half in made] == ["root", "targets"]
    allowed = [half.key_id for half in made]
    assert store.signers("targets", allowed)[0].public_key.keyid == made[1].key_id
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "battery staple")
    with pytest.raises(ConfigError, match="not the passphrase of targets-") as caught:
        KeyStore(tmp_path).signers("targets", allowed)
    assert "cannot be recovered" in caught.value.fix
    assert "kit key rotate targets" in caught.value.fix


def test_at_a_terminal_one_types_it_twice_and_then_once(tmp_path: Path) -> None:
    asked: list[str] = []
    answers = iter(["correct horse", "correct horse", "typo", "correct horse"])

    def ask(question: str) -> str:
        asked.append(question)
        return next(answers)

    made = make_keys(KeyStore(tmp_path, Passphrases(ask)), owner="ada")
    assert len(asked) == 2
    store = KeyStore(tmp_path, Passphrases(ask))
    for half in made:  # the second key opens with what opened the first
        assert store.signers(half.role, [half.key_id])
    assert len(asked) == 4
    differing = iter(["correct horse", "battery staple"])
    with pytest.raises(UsageError, match="two different"):
        make_keys(KeyStore(tmp_path / "x", Passphrases(lambda _: next(differing))))


def test_a_public_half_with_another_keys_id_is_refused(tmp_path: Path) -> None:
    one, two = make_keys(KeyStore(tmp_path), no_passphrase=True)
    forged = one.model_copy(update={"key": two.key})
    (tmp_path / "forged.pub").write_text(forged.model_dump_json())
    with pytest.raises(BundleError, match="not that of the key"):
        read_public(tmp_path / "forged.pub")
    (tmp_path / "huge.pub").write_text("x" * 10_000)
    with pytest.raises(ConfigError, match="too long"):
        read_public(tmp_path / "huge.pub")


# -- releasing ------------------------------------------------------------------------------------


def test_releases_count_up_and_a_return_gets_a_new_number(desk: Desk) -> None:
    first, second = release(desk, 1), release(desk, 2)
    assert (first.release.release, first.first) == (1, True)
    assert (second.release.release, second.first) == (2, False)
    assert release(desk, 2) == Signed(second.release, is_new=False)
    with pytest.raises(UsageError, match="was release 1, and 2 followed"):
        release(desk, 1)
    assert sign_release(desk, make_bundle(version=1), again=True).release.release == 3
    assert sign_release(desk, make_bundle(version=1), again=True).is_new is False
    with pytest.raises(UsageError, match="never released"):
        sign_release(desk, bring(desk, 9), again=True)
    assert numbers(desk) == [(1, 1), (2, 2), (3, 1)]


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


def test_a_lost_answer_to_the_first_publish_is_found_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bring(desk, 1)
    with monkeypatch.context() as cut:
        cut.setattr(desk.trusted, "adopt", lambda _root: (_ for _ in ()).throw(OSError("power")))
        with pytest.raises(OSError, match="power"):
            sign_release(desk, content)
    assert sign_release(desk, content).is_new is False
    assert numbers(desk) == [(1, 1)]


def test_what_has_expired_is_renewed_and_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roots, "TARGETS_LIFE", timedelta(seconds=2))
    release(desk, 1)
    expires = desk.trusted.refresh().targets.expires
    while datetime.now(timezone.utc) <= expires:
        time.sleep(0.05)
    monkeypatch.undo()
    with pytest.raises(BundleError, match="expired"):
        release(desk, 2)
    status = key_status.look(desk)
    assert status.advice("H") == ["kit key renew targets --hub H"]
    found = desk.trusted.refresh(expired_is_fine=True)
    targets = roots.resigned(desk, found, found.root)
    desk.client.send_metadata(targets=text_of(targets))
    assert release(desk, 2).release.release == 2
    assert key_status.look(desk).advice("H") == []


# -- a hub that lies ------------------------------------------------------------------------------


class LyingHub(HubClient):
    """Serves something else for some names."""

    def __init__(self, hub: RunningHub, lies: dict[str, bytes | None]) -> None:
        super().__init__(hub.address, hub.tokens["engineer"])
        self._lies = lies

    def metadata(self, name: str, limit: int) -> bytes | None:
        return self._lies[name] if name in self._lies else super().metadata(name, limit)


def lied_to(desk: Desk, hub: RunningHub, lies: dict[str, bytes | None]) -> Desk:
    client = LyingHub(hub, lies)
    return Desk(client, TrustedCopy(client, desk.trusted.folder), desk.keys)


def served(desk: Desk, name: str) -> bytes:
    content = desk.client.metadata(name, 5_000_000)
    assert content is not None
    return content


def test_an_older_list_of_releases_is_not_signed_on(desk: Desk, hub: RunningHub) -> None:
    release(desk, 1)
    old = served(desk, "timestamp.json")
    release(desk, 2)
    content = bring(desk, 3)
    victim = lied_to(desk, hub, {"timestamp.json": old})
    with pytest.raises(BundleError, match="older releases than this machine has seen"):
        sign_release(victim, content)
    for name in ("timestamp.json", "snapshot.json"):  # with the copies wiped, the witness remains
        (desk.trusted.folder / name).unlink()
    with pytest.raises(BundleError, match="older releases than this machine has seen"):
        sign_release(victim, content)
    assert sign_release(desk, content).release.release == 3


def test_foreign_mixed_absent_and_endless_metadata_is_not_signed_on(
    desk: Desk, hub: RunningHub, tmp_path: Path
) -> None:
    release(desk, 1)
    first = served(desk, "1.targets.json")
    release(desk, 2)
    other = RunningHub(tmp_path / "other")
    foreign = other.desk(tmp_path / "thief")
    make_keys(foreign.keys, no_passphrase=True)
    release(foreign, 7)
    thiefs = {name: served(foreign, name) for name in ("timestamp.json", "1.root.json")}
    other.stop()
    root = Metadata[Root].from_bytes(thiefs["1.root.json"])
    root.signed.version = 2
    root.sign(foreign.keys.signers("root", root.signed.roles["root"].keyids)[0])
    content = bring(desk, 3)
    attacks: list[tuple[dict[str, bytes | None], str]] = [
        ({"timestamp.json": thiefs["timestamp.json"]}, "not to be trusted"),
        ({"2.root.json": root.to_bytes()}, "not to be trusted"),
        ({"2.targets.json": first}, "not to be trusted"),
        ({"2.targets.json": None}, "lacks 2.targets.json"),
        ({"2.targets.json": b"{" * 300}, "not to be trusted"),
    ]
    for lies, why in attacks:
        with pytest.raises(BundleError, match=why):
            sign_release(lied_to(desk, hub, lies), content)
    assert numbers(desk) == [(1, 1), (2, 2)]
    assert sign_release(desk, content).release.release == 3


def test_more_bytes_than_announced_are_not_read(hub: RunningHub, desk: Desk) -> None:
    release(desk, 1)
    with pytest.raises(DataError, match="more than 100 bytes"):
        desk.client.metadata("1.root.json", 100)


def test_a_hub_without_its_releases_is_given_them_again(desk: Desk, hub: RunningHub) -> None:
    from cloud_sync.fleet import tuf
    from cloud_sync.store.models import Release, TufMetadata

    release(desk, 1)
    release(desk, 2)
    with pytest.raises(UsageError, match="lacks nothing"):
        roots.resend(desk)
    root = desk.trusted.refresh().root
    with hub.hub.database.transaction() as session:  # as a backup from before release 2
        session.query(TufMetadata).filter(
            TufMetadata.role == "targets", TufMetadata.version > 1
        ).delete()
        session.query(Release).filter(Release.release > 1).delete()
        tuf._sign(hub.hub, session, root, fresh_snapshot=True)
    with pytest.raises(BundleError, match="older releases") as caught:
        release(desk, 3)
    assert "kit key resend" in caught.value.fix
    assert roots.resend(desk).targets == 2
    assert release(desk, 3).release.release == 3


# -- approving what the hub trained ---------------------------------------------------------------


def trained(hub: RunningHub, version: int, comparison: dict[str, object]) -> str:
    """A challenger, as a retraining leaves it."""
    from cloud_sync.learning.champions import register_challenger

    with hub.hub.database.transaction() as session:
        content = make_bundle(version=version)
        return register_challenger(hub.hub, session, content, "line-1", comparison, by="job").id


WON = {
    "better": True,
    "reason": "costs 0.31 EUR less \x1b[2J per sample",
    "cost_difference": {"value": -0.31, "low": -0.62, "high": -0.09, "n": 36},
    "disagreement": {"value": 0.4, "low": 0.35, "high": 0.47, "n": 36},
}


def test_a_person_looks_at_a_challenger_and_signs_it(
    desk: Desk, hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    release(desk, 1)
    shutil.copytree(desk.trusted.folder, hub_folder(hub.address))
    bundle = trained(hub, 2, WON)
    words = (
        *("approve", bundle[:12], "--hub", hub.address, "--token", hub.tokens["engineer"]),
        *("--keys", str(desk.keys.folder)),
    )
    code, said = kit(*words)
    assert (code, "--yes" in said) == (2, True)
    assert numbers(desk) == [(1, 1)]
    code, said = kit(*words, "--yes")
    assert code == 0
    assert "costs 0.31 EUR less [2J per sample" in said
    assert "\x1b" not in said
    assert "signed as release 2" in said
    targets = desk.trusted.refresh().targets
    assert all_releases(targets)[-1].expected_disagreement == 0.47
    assert "is already release 2" in kit(*words, "--yes")[1]
    lost = trained(hub, 3, {"better": False, "reason": "too few"})
    code, said = kit("approve", lost, *words[2:], "--yes")
    assert (code, "has not beaten" in said) == (3, True)
    code, said = kit("release", formats.bundle_id(make_bundle(version=1)), *words[2:], "--yes")
    assert (code, "signed as release 3" in said) == (0, True)


def test_other_bytes_than_asked_for_are_not_signed(desk: Desk, hub: RunningHub) -> None:
    from kits.toolchain.signing_table import fetch

    release(desk, 1)
    bundle = trained(hub, 2, WON)
    content = make_bundle(version=2)
    digest = digest_of(content)
    path = hub.hub.config.data_dir / "blobs" / "sha256" / digest[:2] / digest[2:]
    path.write_bytes(make_bundle(version=1))
    with pytest.raises(KitwrightError, match="sends the bundle"):
        fetch(desk.client, bundle)
    assert Metadata[Targets].from_bytes(served(desk, "1.targets.json")).signed.version == 1
