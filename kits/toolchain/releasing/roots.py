"""The root of a hub's releases: which keys may sign what, how many must, and until when.

Every change is a new root on top of the one in force, signed by enough keys of both. When this
person alone is not enough, it waits in a file that others sign (`kit key sign`).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from securesystemslib.signer import Key
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from kits.core.errors import BundleError, GateError, UsageError
from kits.core.hub_api import MetadataVersions
from kits.core.releases import MAX_METADATA_BYTES
from kits.core.sample import utc_now
from kits.toolchain.hub_client import HubClient
from kits.toolchain.releasing.keys import KeyStore, Role
from kits.toolchain.releasing.pending import Pending, text_of
from kits.toolchain.releasing.trust import Releases, TrustedCopy

ROOT_LIFE = timedelta(days=730)
TARGETS_LIFE = timedelta(days=365)
PENDING = "pending.json"
_Role = TypeVar("_Role", Root, Targets)


@dataclass(frozen=True)
class Desk:
    """What a release engineer works with: one hub, what is trusted of it, the keys."""

    client: HubClient
    trusted: TrustedCopy
    keys: KeyStore

    @property
    def pending(self) -> Path:
        """Where a root waits for signatures, or for the hub's answer."""
        return self.trusted.folder / PENDING


def first_root(desk: Desk, threshold: int) -> Pending:
    """The first root of a hub: all root and targets keys in the folder, and the hub's online key.

    Raises:
        UsageError: fewer root keys than must sign.
    """
    root = Root(version=1, expires=_from_now(ROOT_LIFE), consistent_snapshot=True)
    halves = desk.keys.all("root")
    if len(halves) < threshold:
        raise UsageError(
            f"{threshold} root keys must sign and {len(halves)} are known here",
            where=str(desk.keys.folder),
            fix="kit key add root PUB, with what the others' kit key export --public gave",
        )
    for half in desk.keys.all():
        root.add_key(half.for_metadata(), half.role)
    _give_online(root, _online_key(desk.client))
    root.roles[Root.type].threshold = threshold
    return Pending(desk.client.address, Metadata(root))


def change(
    desk: Desk,
    found: Releases,
    role: Role,
    *,
    add: Sequence[Key] = (),
    remove: Iterable[str] = (),
    threshold: int = 0,
) -> Pending:
    """A new root in which a role has other keys, or another number of them must sign.

    Raises:
        UsageError: fewer keys would be left than must sign.
    """
    pending = renewed(desk, found)
    root = pending.root.signed
    for key_id in remove:
        root.revoke_key(key_id, role)
    for key in add:
        root.add_key(key, role)
    named = root.roles[role]
    named.threshold = threshold or named.threshold
    if not 1 <= named.threshold <= len(named.keyids):
        raise UsageError(
            f"{named.threshold} of {len(named.keyids)} keys cannot sign for {role}",
            fix="a threshold from 1 to the number of keys",
        )
    if role == "targets":
        pending.targets = resigned(desk, found, root)
    return pending


def change_online(desk: Desk, found: Releases) -> Pending:
    """A new root that names a new key of the hub."""
    pending = renewed(desk, found)
    _give_online(pending.root.signed, _online_key(desk.client, new=True))
    return pending


def renewed(desk: Desk, found: Releases) -> Pending:
    """The same root once more, good for longer."""
    root = copy.deepcopy(found.root)
    root.version += 1
    root.expires = _from_now(ROOT_LIFE)
    old = Metadata[Root].from_bytes(found.root_bytes)
    return Pending(desk.client.address, Metadata(root), previous=old)


def resigned(desk: Desk, found: Releases, root: Root) -> Metadata[Targets]:
    """The same releases once more, signed by the targets keys that `root` names."""
    targets = copy.deepcopy(found.targets)
    targets.version += 1
    return sign_targets(desk, targets, root)


def sign_targets(desk: Desk, targets: Targets, root: Root) -> Metadata[Targets]:
    """Signs with all targets keys that are here and named by `root`; good for a year from now.

    Raises:
        ConfigError: none is here.
    """
    targets.expires = _from_now(TARGETS_LIFE)
    metadata = Metadata(targets)
    for signer in desk.keys.signers("targets", root.roles[Targets.type].keyids):
        metadata.sign(signer, append=True)
    return metadata


def send(desk: Desk, pending: Pending) -> MetadataVersions:
    """Gives a fully signed root to the hub, and checks what the hub makes of it.

    Raises:
        GateError: signatures are missing; the root waits in `desk.pending`.
        DataError, UnreachableError: see `HubClient`; the root waits there too.
    """
    pending.write(desk.pending)
    lacking = pending.lacking()
    if lacking:
        raise GateError(
            f"not enough yet: {lacking}",
            where=str(desk.pending),
            fix="give this file to another holder: kit key sign FILE; then kit key send FILE",
        )
    root = text_of(pending.root)
    targets = text_of(pending.targets) if pending.targets is not None else ""
    done = desk.client.send_metadata(root=root, targets=targets)
    if not desk.trusted.known:
        desk.trusted.adopt(root.encode())
    desk.trusted.refresh()
    desk.pending.unlink(missing_ok=True)
    if pending.previous is not None:
        old, new = pending.previous.signed, pending.root.signed
        desk.keys.retire(set(old.keys) - set(new.keys))
    return done


def _online_key(client: HubClient, *, new: bool = False) -> Key:
    answer = client.online_key(new=new)
    try:
        return Key.from_dict(answer.key_id, json.loads(json.dumps(answer.key)))
    except (KeyError, ValueError) as error:
        raise BundleError("the hub's online key is not understood") from error


def _give_online(root: Root, key: Key) -> None:
    for role in (Snapshot.type, Timestamp.type):
        for key_id in list(root.roles[role].keyids):
            root.revoke_key(key_id, role)
        root.add_key(key, role)
        root.roles[role].threshold = 1


def _from_now(life: timedelta) -> datetime:
    return (utc_now() + life).replace(microsecond=0)


def resend(desk: Desk) -> MetadataVersions:
    """Gives a hub that was restored from a backup the newer metadata that was verified here.

    The releases go with the first root whose targets keys have signed them: with an older one the hub
    would refuse them, and without them a root that has other targets keys than the one before it.

    Raises:
        UsageError: the hub lacks nothing, or nothing of it is known here.
        ConfigError: the targets keys were changed twice meanwhile, and those in between are not here.
        DataError: the hub refuses, e.g. because a bundle is lost: publish it again first.
    """
    kept = desk.trusted.kept_targets()
    if kept is None:
        raise UsageError(
            "nothing of this hub is known here",
            where=desk.client.address,
            fix="kit key trust first",
        )
    client = desk.client
    missing = [path for path in desk.trusted.roots() if _lacks(client, path.name, Root.type)]
    owed: Metadata[Targets] | None = kept
    if not _lacks(client, f"{kept.signed.version}.targets.json", Targets.type):
        if not missing:
            raise UsageError("the hub lacks nothing", where=client.address, fix="nothing to do")
        owed = None
    for path in missing:
        targets, owed = _with_root(desk, path, owed)
        done = client.send_metadata(root=text_of_bytes(path), targets=targets)
    if owed is not None:
        done = client.send_metadata(targets=text_of(owed))
    return done


def _with_root(
    desk: Desk, path: Path, owed: Metadata[Targets] | None
) -> tuple[str, Metadata[Targets] | None]:
    """Which targets go with a root, and which are still owed to the hub afterwards."""
    root = _root(path)
    if owed is None:
        return "", None
    if root.get_verification_result(Targets.type, owed.signed_bytes, owed.signatures):
        return text_of(owed), None
    before = path.with_name(f"{root.version - 1}.root.json")
    if before.exists() and _root(before).roles[Targets.type] == root.roles[Targets.type]:
        return "", owed
    # its keys have signed neither what the hub has nor what it lacks: the same releases once more
    targets = copy.deepcopy(owed.signed)
    targets.version = _version_at(desk.client, owed.signed.version) + 1
    return text_of(sign_targets(desk, targets, root)), owed


def _version_at(client: HubClient, below: int) -> int:
    """The newest targets that the hub has, 0 for none."""
    older = range(below - 1, 0, -1)
    return next((n for n in older if not _lacks(client, f"{n}.targets.json", Targets.type)), 0)


def _lacks(client: HubClient, name: str, role: str) -> bool:
    return client.metadata(name, MAX_METADATA_BYTES[role]) is None


def _root(path: Path) -> Root:
    return Metadata[Root].from_bytes(path.read_bytes()).signed


def text_of_bytes(path: Path) -> str:
    """A kept metadata file as text."""
    return path.read_bytes().decode()
