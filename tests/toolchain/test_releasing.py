"""Releases are counted, found again after a lost answer, renewed, and looked at before they are signed."""

from __future__ import annotations

import json
import shutil
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Targets

from kits.core import bundle as formats
from kits.core.errors import BundleError, KitwrightError, UsageError
from kits.core.sample import digest_of
from kits.toolchain.releasing import key_status, roots
from kits.toolchain.releasing.pending import text_of
from kits.toolchain.releasing.releases import Signed, all_releases, sign_release
from kits.toolchain.releasing.roots import Desk
from kits.toolchain.releasing.signing_table import Offer, fetch
from kits.toolchain.releasing.tokens import hub_folder
from tests.cloud_sync.fleet_builders import make_bundle

from .engineering import bring, kit, numbers, release, served
from .running_hub import RunningHub

# fastapi builds some body models late and then warns about an alias it set itself
pytestmark = pytest.mark.filterwarnings(
    "ignore:The 'alias' attribute:pydantic.warnings.UnsupportedFieldAttributeWarning"
)


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
    release(desk, 1)
    found = desk.trusted.refresh()
    with monkeypatch.context() as brief:
        brief.setattr(
            roots, "TARGETS_LIFE", timedelta(seconds=5)
        )  # the hub refuses what has expired
        targets = roots.resigned(desk, found, found.root)
    desk.client.send_metadata(targets=text_of(targets))
    while datetime.now(timezone.utc) <= targets.signed.expires:
        time.sleep(0.05)
    with pytest.raises(BundleError, match="targets is expired; the clock here says 2") as told:
        release(desk, 2)
    assert told.value.fix == f"kit key renew targets --hub {desk.client.address}"
    status = key_status.look(desk)
    assert status.advice("H") == ["kit key renew targets --hub H"]
    found = desk.trusted.refresh(expired_is_fine=True)
    targets = roots.resigned(desk, found, found.root)
    desk.client.send_metadata(targets=text_of(targets))
    assert release(desk, 2).release.release == 2
    assert key_status.look(desk).advice("H") == []


def test_of_a_root_that_has_expired_the_remedy_is_to_renew_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was to delete what this machine has verified, as if the hub had been made anew."""
    release(desk, 1)
    with monkeypatch.context() as brief:
        brief.setattr(roots, "ROOT_LIFE", timedelta(seconds=5))
        ends = datetime.now(timezone.utc) + timedelta(seconds=5)
        pending = roots.renewed(desk, desk.trusted.refresh())
        pending.sign(desk.keys)
        roots.send(desk, pending)
    while datetime.now(timezone.utc) <= ends:
        time.sleep(0.05)
    with pytest.raises(BundleError, match="the hub shows has ended: Final root") as told:
        release(desk, 2)
    assert told.value.fix == f"kit key renew root --hub {desk.client.address}"


def trained(hub: RunningHub, version: int, comparison: dict[str, object], beaten: str = "") -> str:
    """A challenger, as a retraining leaves it."""
    from cloud_sync.learning.champions import register_challenger

    content = make_bundle(version=version)
    return register_challenger(hub.hub, content, "line-1", comparison, by="job", beaten=beaten).id


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
    assert "verdicts changed   40.0%, at most 47.0%" in said
    assert "up to 47.0% of the verdicts may change" in said
    assert "signed as release 2" in said
    targets = desk.trusted.refresh().targets
    assert all_releases(targets)[-1].expected_disagreement == 0.47
    assert "is already release 2" in kit(*words, "--yes")[1]
    lost = trained(hub, 3, {"better": False, "reason": "too few"})
    code, said = kit("approve", lost, *words[2:], "--yes")
    assert (code, "has not beaten" in said) == (3, True)
    code, said = kit("release", formats.bundle_id(make_bundle(version=1)), *words[2:], "--yes")
    assert (code, "signed as release 3" in said) == (0, True)


def test_what_beat_an_earlier_champion_is_refused_before_anybody_signs(
    desk: Desk, hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    release(desk, 1)
    late = trained(hub, 2, WON, formats.bundle_id(make_bundle(version=1)))
    release(desk, 3)
    shutil.copytree(desk.trusted.folder, hub_folder(hub.address))
    code, said = kit(
        *("approve", late[:12], "--hub", hub.address, "--token", hub.tokens["engineer"]),
        *("--keys", str(desk.keys.folder), "--yes"),
    )
    assert (code, "never compared with version 3" in said) == (6, True)
    assert "cloud-sync retrain run line-1" in said
    assert numbers(desk) == [(1, 1), (2, 3)]


def offer(disagreement: object) -> Offer:
    content = make_bundle(version=2)
    said: dict[str, object] = {"comparison": {"better": True, "disagreement": disagreement}}
    return Offer(formats.open_bytes(content), content, said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said",
    [
        {"high": 1.0},
        {"value": 0.9, "high": 0.1},
        {"value": -0.1, "high": 0.1},
        {"value": 0.1, "high": 1.1},
        {"value": 0.1, "high": float("nan")},
        {"value": "some", "high": 0.1},
        [0.1, 0.2],
        1.0,
        None,
    ],
)
def test_a_figure_that_is_not_shown_is_not_signed(said: object) -> None:
    """A lying hub would open the shadow of every device by it."""
    made = offer(said)
    assert any("verdicts changed   not stated" in line for line in made.lines())
    assert made.expected() is None
    assert "no change of verdicts" in made.limit()


def test_no_more_than_half_is_signed_on_the_hubs_word_alone() -> None:
    for high, signed in ((0.03, 0.03), (0.5, 0.5), (0.89, 0.5), (1.0, 0.5)):
        made = offer({"value": 0.02, "high": high})
        assert made.expected() == signed
        assert f"up to {signed:.1%} of the verdicts may change" in made.limit()
        assert ("--expect-changes" in made.limit()) == (high > signed)
    made = offer({"value": 0.8, "high": 0.89})
    assert made.expected(0.9) == 0.9
    assert "up to 90.0%" in made.limit(0.9)
    assert made.expected(0.0) == 0.0


def test_what_a_person_lets_change_is_what_devices_get_to_see(
    desk: Desk, hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    release(desk, 1)
    shutil.copytree(desk.trusted.folder, hub_folder(hub.address))
    wide = {**WON, "disagreement": {"value": 0.83, "high": 0.89}}
    there = (
        *("--hub", hub.address, "--token", hub.tokens["engineer"]),
        *("--keys", str(desk.keys.folder), "--yes", "--json"),
    )
    for version, more, signed in ((2, (), 0.5), (3, ("--expect-changes", "0.9"), 0.9)):
        code, said = kit("approve", trained(hub, version, wide), *there, *more)
        assert code == 0, said
        assert json.loads(said)["expected_disagreement"] == signed
        newest = all_releases(desk.trusted.refresh().targets)[-1]
        assert (newest.release, newest.expected_disagreement) == (version, signed)


def test_other_bytes_than_asked_for_are_not_signed(desk: Desk, hub: RunningHub) -> None:

    release(desk, 1)
    bundle = trained(hub, 2, WON)
    content = make_bundle(version=2)
    digest = digest_of(content)
    path = hub.hub.config.data_dir / "blobs" / "sha256" / digest[:2] / digest[2:]
    path.write_bytes(make_bundle(version=1))
    with pytest.raises(KitwrightError, match="sends the bundle"):
        fetch(desk.client, bundle)
    assert Metadata[Targets].from_bytes(served(desk, "1.targets.json")).signed.version == 1


def test_what_is_released_already_is_signed_anew_where_a_person_lets_more_change(
    desk: Desk, hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was said to be signed with that share and was not: the shadow of every device went on to refuse it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    mine = formats.bundle_id(make_bundle(version=1))
    release(desk, 1)
    shutil.copytree(desk.trusted.folder, hub_folder(hub.address))
    words = (
        *("--hub", hub.address, "--token", hub.tokens["engineer"]),
        *("--keys", str(desk.keys.folder), "--yes"),
    )
    for _ in range(2):  # what was answered and not heard is not signed once more
        code, said = kit("release", mine, *words, "--expect-changes", "0.9", "--json")
        assert (code, json.loads(said)["release"]) == (0, 2)
        assert json.loads(said)["expected_disagreement"] == 0.9
    code, said = kit("release", mine, *words)
    assert (code, "is already release 2" in said) == (0, True)
    assert "it stands with up to 90.0% of verdicts" in said
    assert numbers(desk) == [(1, 1), (2, 1)]
    won = trained(hub, 2, WON)
    for more, number, share in (((), 3, 0.47), (("--expect-changes", "0.6"), 4, 0.6)):
        code, said = kit("approve", won, *words, *more, "--json")
        assert (code, json.loads(said)["release"]) == (0, number)
        assert json.loads(said)["expected_disagreement"] == share
