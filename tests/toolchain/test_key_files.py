"""The release engineer's key files: private, behind a passphrase, named when they are damaged."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kits.core.errors import BundleError, ConfigError, UsageError
from kits.toolchain.releasing import keyfile
from kits.toolchain.releasing.key_making import make_keys
from kits.toolchain.releasing.keyfile import read_key, write_key
from kits.toolchain.releasing.keys import KeyStore, read_public
from kits.toolchain.releasing.passphrase import PASSPHRASE_VARIABLE, Passphrases
from kits.toolchain.releasing.roots import Desk

from .engineering import kit, release

# fastapi builds some body models late and then warns about an alias it set itself
pytestmark = pytest.mark.filterwarnings(
    "ignore:The 'alias' attribute:pydantic.warnings.UnsupportedFieldAttributeWarning"
)


@pytest.fixture(autouse=True)
def quick_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a guess costs is fixed by a test of its own."""
    monkeypatch.setattr(keyfile, "_COST", 1 << 4)


def test_a_key_file_is_private_and_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    key, path = Ed25519PrivateKey.generate(), tmp_path / "k.pem"
    write_key(path, key, b"correct horse")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path, b"correct horse").private_bytes_raw() == key.private_bytes_raw()
    with pytest.raises(
        ValueError, match=r"password|deserialize"
    ):  # one wrong key in 256 fits the padding
        read_key(path, b"wrong horse")
    with pytest.raises(ConfigError, match="exists already"):
        write_key(path, key, None)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="others may read"):
        read_key(path, b"correct horse")


def test_enter_alone_is_a_wrong_passphrase(tmp_path: Path) -> None:
    (half,) = make_keys(KeyStore(tmp_path, answering("correct horse")), roles=("targets",))
    typed = answering("", "correct horse")
    assert KeyStore(tmp_path, typed).signers("targets", [half.key_id])
    with pytest.raises(ConfigError, match="not the passphrase"):
        KeyStore(tmp_path, answering("")).signers("targets", [half.key_id])


def answering(*typed: str) -> Passphrases:
    """A person who types these, and the last one again and again."""
    waiting = list(typed)
    return Passphrases(lambda _question: waiting.pop(0) if len(waiting) > 1 else waiting[0])


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
def test_openssl_reads_the_file_and_names_scrypt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # with what a guess really costs
    path = tmp_path / "k.pem"
    write_key(path, Ed25519PrivateKey.generate(), b"correct horse")
    openssl = str(shutil.which("openssl"))
    opened = [openssl, "pkey", "-in", str(path), "-passin", "pass:correct horse", "-noout"]
    assert subprocess.run(opened, check=False).returncode == 0
    parsed = [openssl, "asn1parse", "-in", str(path)]
    told = subprocess.run(parsed, capture_output=True, text=True, check=True).stdout
    assert "scrypt" in told
    numbers = re.findall(r"INTEGER\s+:([0-9A-F]+)", told)
    assert numbers[-3:] == ["4000", "08", "08"]  # 16 MiB, 8 times over


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
