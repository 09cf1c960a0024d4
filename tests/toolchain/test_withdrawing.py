"""Taking releases back, at a real hub: by number or bundle, alone or with all before, by function and verb."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kits.core import bundle as formats
from kits.core.errors import BundleError, UsageError
from kits.core.releases import Release
from kits.toolchain.commands.publish import after_withdrawal
from kits.toolchain.releasing import key_status, roots
from kits.toolchain.releasing.key_making import make_keys
from kits.toolchain.releasing.keys import KeyStore
from kits.toolchain.releasing.releases import all_releases, sign_release
from kits.toolchain.releasing.roots import Desk
from kits.toolchain.releasing.tokens import TOKEN_VARIABLE, hub_folder
from kits.toolchain.releasing.trust import TrustedCopy
from kits.toolchain.releasing.withdrawing import clean_reason, concerned, withdraw
from tests.cloud_sync.fleet_builders import make_bundle

from .engineering import kit, release
from .running_hub import RunningHub

# fastapi builds some body models late and then warns about an alias it set itself
pytestmark = pytest.mark.filterwarnings(
    "ignore:The 'alias' attribute:pydantic.warnings.UnsupportedFieldAttributeWarning"
)


def withdrawn(desk: Desk) -> dict[int, str]:
    """Number → reason, as this desk verifies it."""
    found = all_releases(desk.trusted.refresh().targets)
    return {one.release: one.withdrawn for one in found if one.withdrawn is not None}


def meant(desk: Desk, word: str, *, older: bool = False) -> list[int]:
    return [one.release for one in concerned(desk.trusted.refresh().targets, word, older=older)]


def test_all_releases_of_the_same_bytes_are_meant(desk: Desk) -> None:
    """1: a, 2: b, 3: a again, 4: c."""
    release(desk, 1)
    release(desk, 2)
    sign_release(desk, make_bundle(version=1), again=True)
    release(desk, 3)
    first = formats.bundle_id(make_bundle(version=1))
    for word in ("line-1/1", "line-1/3", first, first[:8]):
        assert meant(desk, word) == [1, 3]
    assert meant(desk, "line-1/2") == [2]
    # what came back under a higher number stays, when only older numbers are meant
    assert meant(desk, "line-1/2", older=True) == [1, 2]
    assert meant(desk, "line-1/4", older=True) == [1, 2, 3, 4]
    for word in ("line-1/5", "line-2/1", "line-1", first[:7], "0" * 8, "../1", ""):
        with pytest.raises(UsageError, match="no such release"):
            meant(desk, word)


def test_a_withdrawn_bundle_is_released_again_only_on_purpose(desk: Desk) -> None:
    release(desk, 1)
    release(desk, 2)
    found = concerned(desk.trusted.refresh().targets, "line-1/2")
    withdraw(desk, found, "misses scratches")
    assert withdrawn(desk) == {2: "misses scratches"}
    assert meant(desk, "line-1/2") == []
    with pytest.raises(UsageError, match="was withdrawn: misses scratches") as caught:
        release(desk, 2)
    assert "kit release" in caught.value.fix
    again = sign_release(desk, make_bundle(version=2), again=True)
    assert (again.is_new, again.release.release, again.release.withdrawn) == (True, 3, None)
    assert release(desk, 2).is_new is False
    assert withdrawn(desk) == {2: "misses scratches"}


def test_marks_survive_whatever_is_signed_afterwards(desk: Desk) -> None:
    release(desk, 1)
    withdraw(desk, concerned(desk.trusted.refresh().targets, "line-1/1"), "misses scratches")
    release(desk, 2)
    found = desk.trusted.refresh()
    made = make_keys(desk.keys, no_passphrase=True, roles=("targets",))
    add = [half.for_metadata() for half in made]
    pending = roots.change(desk, found, "targets", add=add)
    pending.sign(desk.keys)
    roots.send(desk, pending)
    release(desk, 3)
    assert withdrawn(desk) == {1: "misses scratches"}


def test_a_hub_that_keeps_a_withdrawal_to_itself_is_found_out(
    desk: Desk, hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(desk, 1)
    found = concerned(desk.trusted.refresh().targets, "line-1/1")
    monkeypatch.setattr(desk.client, "send_metadata", lambda **_: None)
    with pytest.raises(BundleError, match="still shows it"):
        withdraw(desk, found, "misses scratches")


def test_a_reason_is_one_line_of_words() -> None:
    assert clean_reason("  misses\n\x1b[2Jscratches ") == "misses [2Jscratches"
    assert len(clean_reason("x" * 500)) == 200
    for nothing in ("", " ", "\x1b\n"):
        with pytest.raises(UsageError, match="told why"):
            clean_reason(nothing)


@pytest.mark.parametrize(
    ("name", "next_step"),
    [
        ("lead-scoring", "cloud-sync leads models"),
        ("visual-inspection", "cloud-sync rollout start"),
    ],
)
def test_what_comes_next_is_where_it_decided(name: str, next_step: str) -> None:
    taken_back = Release(bundle="a" * 64, project="shop", kit=name, version=2, release=2)
    said = after_withdrawal(taken_back)
    assert next_step in said and ("--bundle aaaaaaaaaaaa" in said) == (name != "lead-scoring")


def test_the_verb_says_what_it_would_do_asks_and_does_it_once(
    desk: Desk, hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv(TOKEN_VARIABLE, hub.tokens["engineer"])
    desk = Desk(desk.client, TrustedCopy(desk.client, hub_folder(hub.address)), KeyStore())
    make_keys(desk.keys, no_passphrase=True, owner="ada")
    for version in (1, 2, 3):
        release(desk, version)
    words = ("withdraw", "line-1/2", "--hub", hub.address, "--reason", "misses scratches")
    code, said = kit(*words)
    assert (code, "--yes" in said) == (2, True)
    code, said = kit(*words, "--older", "--dry-run")
    assert (code, "would withdraw line-1/1, line-1/2" in said) == (0, True)
    assert withdrawn(desk) == {}
    code, said = kit(*words, "--yes", "--json")
    assert code == 0, said
    assert json.loads(said) == {
        "withdrawn": ["line-1/2"], "reason": "misses scratches", "dry_run": False,
    }  # fmt: skip
    assert withdrawn(desk) == {2: "misses scratches"}
    code, said = kit(*words, "--yes")
    assert (code, "withdrawn already" in said) == (0, True)
    code, said = kit(*words, "--older", "--yes")
    assert (code, "withdrew line-1/1" in said) == (0, True)
    told = key_status.look(desk)
    assert "line-1: release 3, withdrawn are 1, 2" in told.text()
    assert told.as_json()["withdrawn"] == {"line-1": [1, 2]}
    kit("withdraw", "line-1/3", *words[2:], "--yes")
    assert "line-1: release 3, withdrawn: misses scratches" in key_status.look(desk).text()
