"""What a new root or new targets must be before the hub takes them. Pure: no tables, no signing.

The client workflow of The Update Framework (specification 1.0.34, section 5.3), and what this hub
asks besides: it alone signs snapshot and timestamp, and it signs nothing else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from tuf.api.exceptions import RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets, Timestamp

from cloud_sync.errors import ConflictError
from kits.core.errors import BundleError
from kits.core.releases import MAX_METADATA_BYTES, is_withdrawal
from kits.core.sample import utc_now

if TYPE_CHECKING:
    from securesystemslib.signer import Key

MAX_SKIP = 1000
"""A hub restored from a backup is sent the newest targets again; more than this is no backup."""
Kind = TypeVar("Kind", Root, Targets)


def parse(kind: type[Kind], content: bytes) -> Metadata[Kind]:
    """Raises BundleError."""
    limit = MAX_METADATA_BYTES[kind.type]
    if len(content) > limit:
        raise BundleError(
            f"{kind.type} metadata of {len(content)} bytes; at most {limit} are taken",
        )
    try:
        found: Metadata[Kind] = Metadata.from_bytes(content)
    except (RepositoryError, RecursionError) as error:
        raise BundleError(f"not TUF metadata: {error}", where=kind.type) from error
    if found.signed.type != kind.type:
        raise BundleError(f"this is {found.signed.type} metadata, not {kind.type}")
    return found


def next_root(old: Metadata[Root] | None, content: bytes, online: list[Key]) -> Metadata[Root]:
    """The root that follows `old`, checked as a device would.

    Args:
        online: keys of this hub, one of which snapshot and timestamp must go by.

    Raises:
        BundleError: not signed by enough keys of both, expired, or not fit for this hub.
        ConflictError: not the next version.
    """
    new = parse(Root, content)
    expected = old.signed.version + 1 if old is not None else 1
    if new.signed.version != expected:
        raise ConflictError(
            f"root version {new.signed.version} is not the next one, {expected}",
            fix="repeat the command: it begins with what the hub has now",
        )
    if old is not None:
        _check_signed(old.signed, Root.type, new, "the keys of the root in force")
    _check_signed(new.signed, Root.type, new, "its own keys")
    _check_fresh(new)
    _check_roles(new.signed, online)
    return new


def _check_signed(root: Root, role: str, new: Metadata[Kind], by: str) -> None:
    try:
        root.verify_delegate(role, new.signed_bytes, new.signatures)
    except UnsignedMetadataError as error:
        need = root.roles[role].threshold
        raise BundleError(
            f"{role} {new.signed.version} is not signed by {need} of {by}",
            fix="kit key list shows which keys you hold; kit key sign adds a second holder's",
        ) from error


def _check_fresh(new: Metadata[Kind]) -> None:
    if new.signed.is_expired(utc_now()):
        raise BundleError(
            f"{new.signed.type} {new.signed.version} has expired on {new.signed.expires:%Y-%m-%d}",
            fix="check the clock of the machine that signed it",
        )


def _check_roles(root: Root, online: list[Key]) -> None:
    """Online roles belong to this hub's key alone; no other role may have it.

    Raises:
        BundleError: the hub could not sign, could sign releases, or two ids hide one key.
    """
    mine = {key.keyid for key in online}
    values = {_value(key) for key in online}
    if not root.consistent_snapshot:
        raise BundleError("the root must ask for consistent snapshots")
    for role in (Snapshot.type, Timestamp.type):
        named = root.roles[role]
        if not named.keyids or not set(named.keyids) <= mine or named.threshold != 1:
            raise BundleError(f"the root does not give {role} to this hub's key alone")
    if root.roles[Snapshot.type].keyids != root.roles[Timestamp.type].keyids:
        raise BundleError("snapshot and timestamp are signed by one key here")
    for role in (Root.type, Targets.type):
        named = root.roles[role]
        held = [_value(root.keys[keyid]) for keyid in named.keyids]
        if values & set(held):
            raise BundleError(f"the hub's online key must not sign {role}")
        if len(set(held)) < len(held):
            raise BundleError(f"{role} names one key twice")
        if not 1 <= named.threshold <= len(held):
            raise BundleError(f"{role} needs {named.threshold} of {len(held)} keys")


def _value(key: Key) -> str:
    """The key itself, whatever id it goes by."""
    return json.dumps(key.keyval, sort_keys=True).lower()


def next_targets(root: Root, old: Metadata[Targets] | None, content: bytes) -> Metadata[Targets]:
    """The targets that follow `old`: every release stays as it is, or is withdrawn.

    Raises:
        BundleError: not signed by enough keys, expired, or with delegations.
        ConflictError: not a version that follows, or a release was left out.
    """
    new = parse(Targets, content)
    last = old.signed.version if old is not None else 0
    if not last < new.signed.version <= last + MAX_SKIP:
        raise ConflictError(
            f"targets version {new.signed.version} does not follow {last}",
            fix="repeat the command: it begins with what the hub has now",
        )
    _check_signed(root, Targets.type, new, "the targets keys")
    _check_fresh(new)
    if new.signed.delegations is not None:
        raise BundleError("targets with delegations are not taken here")
    for path, target in (old.signed.targets if old is not None else {}).items():
        if not _stays(target, new.signed.targets.get(path)):
            raise ConflictError(
                "a release that is in force was left out or changed",
                where=path,
                fix="repeat the command: it begins with what the hub has now",
            )
    return new


def _stays(old: TargetFile, new: TargetFile | None) -> bool:
    """Whether a release is as it was, but for the word that it is withdrawn."""
    if new is None:
        return False
    if not is_withdrawal(old.custom, new.custom):
        return new == old
    rest = {**new.unrecognized_fields, "custom": old.custom}
    return TargetFile(new.length, new.hashes, new.path, rest) == old


def still_valid(root: Root, targets: Metadata[Targets] | None) -> Metadata[Targets]:
    """Raises BundleError: the new root has other targets keys, so targets must come with it."""
    if targets is None:
        raise BundleError("the first root comes with targets", fix="kit publish --hub URL")
    _check_signed(root, Targets.type, targets, "the new root's targets keys")
    return targets
