"""A release engineer at a hub that lies, or was set back: nothing is signed on what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from tuf.api.metadata import Metadata, Root

from kits.core import bundle as formats
from kits.core.errors import BundleError, DataError, UsageError
from kits.toolchain.hub_client import HubClient
from kits.toolchain.releasing import roots
from kits.toolchain.releasing.key_making import make_keys
from kits.toolchain.releasing.releases import sign_release
from kits.toolchain.releasing.roots import Desk
from kits.toolchain.releasing.trust import TrustedCopy
from tests.cloud_sync.fleet_builders import make_bundle

from .engineering import bring, numbers, release, served
from .running_hub import RunningHub

# fastapi builds some body models late and then warns about an alias it set itself
pytestmark = pytest.mark.filterwarnings(
    "ignore:The 'alias' attribute:pydantic.warnings.UnsupportedFieldAttributeWarning"
)


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


def set_back(hub: RunningHub, *, root: Root, targets: int, releases: int) -> None:
    """The hub as a backup has it, from when these were in force."""
    from cloud_sync.fleet import tuf
    from cloud_sync.store.models import Release, TufMetadata

    with hub.hub.database.transaction() as session:
        for role, newest in (("root", root.version), ("targets", targets)):
            session.query(TufMetadata).filter(
                TufMetadata.role == role, TufMetadata.version > newest
            ).delete()
        session.query(Release).filter(Release.release > releases).delete()
        tuf._sign(hub.hub, session, root, fresh_snapshot=True)


def forget_bundle(hub: RunningHub, version: int) -> None:
    """It came after the backup."""
    from cloud_sync.store.models import Bundle

    with hub.hub.database.transaction() as session:
        session.delete(session.get_one(Bundle, formats.bundle_id(make_bundle(version=version))))


def change_keys(desk: Desk, *roles: Literal["root", "targets"]) -> None:
    """New keys for each role, one after the other; the old ones are retired."""
    for role in roles:
        found = desk.trusted.refresh()
        old = desk.keys.own(role, found.root.roles[role].keyids)
        made = make_keys(desk.keys, no_passphrase=True, roles=(role,))
        pending = roots.change(
            desk, found, role, add=[half.for_metadata() for half in made],
            remove=[half.key_id for half in old],
        )  # fmt: skip
        pending.sign(desk.keys)
        roots.send(desk, pending)


def test_a_hub_without_its_releases_is_given_them_again(desk: Desk, hub: RunningHub) -> None:
    release(desk, 1)
    release(desk, 2)
    with pytest.raises(UsageError, match="lacks nothing"):
        roots.resend(desk)
    set_back(hub, root=desk.trusted.refresh().root, targets=1, releases=1)
    with pytest.raises(BundleError, match="older releases") as caught:
        release(desk, 3)
    assert "kit key resend" in caught.value.fix
    forget_bundle(hub, 2)
    with pytest.raises(DataError, match="no bundle") as lost:
        roots.resend(desk)
    assert "kit publish FILE.kwb" in lost.value.fix, "the list of bundles helped nobody"
    bring(desk, 2)
    assert roots.resend(desk).targets == 2
    assert release(desk, 3).release.release == 3


@pytest.mark.parametrize(
    "changed",
    [("root",), ("targets",), ("targets", "root"), ("root", "targets"), ("targets", "targets")],
)
def test_a_hub_without_its_newer_keys_is_given_them_again(
    desk: Desk, hub: RunningHub, changed: tuple[Literal["root", "targets"], ...]
) -> None:
    release(desk, 1)
    root = desk.trusted.refresh().root
    change_keys(desk, *changed)
    newest = release(desk, 2)
    targets = desk.trusted.refresh().targets.version
    set_back(hub, root=root, targets=1, releases=1)
    done = roots.resend(desk)
    assert (done.root, done.targets) == (1 + len(changed), targets)
    assert numbers(desk) == [(1, 1), (2, newest.release.version)]
    assert release(desk, 3).release.release == 3


def test_a_hub_that_lacks_only_keys_is_given_them_again(desk: Desk, hub: RunningHub) -> None:
    release(desk, 1)
    root = desk.trusted.refresh().root
    change_keys(desk, "root", "root")
    set_back(hub, root=root, targets=1, releases=1)
    assert roots.resend(desk).root == 3
    assert release(desk, 2).release.release == 2
