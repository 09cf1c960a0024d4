"""TUF at the hub: takes what the release engineer signed, signs snapshot and timestamp itself.

New metadata is checked as a device would check it, and in one transaction stored and covered by a
new snapshot and timestamp. The hub holds no key for root or targets: who steals everything here can
delay a release, never make one. What it checks is in `tuf_checks.py`, which bundles a release may
name in `bundles.py`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import JsonValue
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from cloud_sync.errors import NotFoundError
from cloud_sync.fleet.tuf_checks import Kind, next_root, next_targets, parse, still_valid
from cloud_sync.hub import Hub, audit
from cloud_sync.store.models import Release, TufMetadata
from kits.core.errors import BundleError, GateError
from kits.core.sample import digest_of, utc_now

if TYPE_CHECKING:
    from securesystemslib.signer import Signer

SNAPSHOT_LIFE = timedelta(days=30)
TIMESTAMP_LIFE = timedelta(days=7)
TIMESTAMP_EVERY = timedelta(days=1)
KEPT_VERSIONS = 5
"""A device that has read the timestamp before must still find what that one names."""
_NAME = re.compile(
    r"(?:(?P<version>[1-9][0-9]{0,14})\.)?(?P<role>root|targets|snapshot|timestamp)\.json"
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is in force after new metadata was taken."""

    root: int
    targets: int
    snapshot: int
    timestamp: int


def read(session: Session, name: str) -> bytes:
    """A metadata file: `timestamp.json` or `{version}.{role}.json`.

    Raises:
        NotFoundError: the hub has no such file.
    """
    match = _NAME.fullmatch(name)
    found = None
    if match is not None and match["role"] == Timestamp.type and match["version"] is None:
        found = newest(session, Timestamp.type)
    elif match is not None and match["version"] is not None and match["role"] != Timestamp.type:
        found = session.get(TufMetadata, (match["role"], int(match["version"])))
    if found is None:
        raise NotFoundError("no such metadata", where=name[:80])
    return found.content


def newest(session: Session, role: str) -> TufMetadata | None:
    """The row of a role's highest version."""
    query = select(TufMetadata).where(TufMetadata.role == role)
    return session.scalar(query.order_by(TufMetadata.version.desc()).limit(1))


def trusted_root(session: Session) -> dict[str, JsonValue] | None:
    """The newest root, for a device that enrols; None before the first release."""
    row = newest(session, Root.type)
    if row is None:
        return None
    value: dict[str, JsonValue] = json.loads(row.content)
    return value


def release_of(session: Session, bundle: str) -> Release:
    """The highest release of a bundle that is in force; it is not withdrawn before the transaction ends.

    Raises:
        GateError: no release engineer has signed it, or it was withdrawn.
    """
    query = select(Release).where(Release.bundle == bundle)
    newest_first = query.order_by(Release.withdrawn_at.is_not(None), Release.release.desc())
    held = newest_first.limit(1).with_for_update(read=True)
    found = session.scalar(held.execution_options(populate_existing=True))
    if found is not None and found.withdrawn_at is not None:
        raise GateError(
            f"release {found.release} of this bundle was withdrawn: {found.withdrawn}",
            where=bundle[:12],
            fix=f"roll another bundle out; kit release {bundle[:12]} --hub URL, if it was a mistake",
        )
    if found is None:
        raise GateError(
            "no release engineer has signed this bundle",
            where=bundle[:12],
            fix=f"kit approve {bundle[:12]} --hub URL",
        )
    return found


def accept(hub: Hub, session: Session, *, root: str = "", targets: str = "", who: str) -> Accepted:
    """Takes a new root, new targets, or both at once; signs snapshot and timestamp anew.

    Raises:
        BundleError: not what a device would accept, or a release names a bundle that is not here.
        ConflictError: not the next version: someone else was faster, or an old file is replayed.
        GateError: a release of a bundle that was trained here and did not beat the champion, or an earlier one.
    """
    from cloud_sync.fleet.bundles import record_releases

    _hold(session)
    old_root = _load(session, Root)
    old_targets = _load(session, Targets)
    new_root = next_root(old_root, root.encode(), hub.keys.public_keys()) if root else old_root
    if new_root is None:
        raise BundleError("the first releases need a root", fix="kit publish --hub URL")
    if targets:
        new_targets = next_targets(new_root.signed, old_targets, targets.encode())
        record_releases(session, old_targets, new_targets.signed, who=who)
        _store(session, Targets.type, new_targets.signed, targets.encode(), who)
    else:
        new_targets = still_valid(new_root.signed, old_targets)
    if root:
        _store(session, Root.type, new_root.signed, root.encode(), who)
    session.flush()
    timestamp = _sign(hub, session, new_root.signed, fresh_snapshot=True)
    meta = timestamp.snapshot_meta
    done = Accepted(
        new_root.signed.version, new_targets.signed.version, meta.version, timestamp.version
    )
    audit(session, who, "tuf.accept", root=done.root, targets=done.targets)
    return done


def online_key_ids(session: Session) -> list[str]:
    """The key ids the root names for snapshot and timestamp; none before the first root."""
    root = _load(session, Root)
    return root.signed.roles[Timestamp.type].keyids if root is not None else []


def settle(hub: Hub) -> None:
    """Retires the hub's old key once the root names the new one; called after the commit."""
    with hub.database.session() as session:
        allowed = online_key_ids(session)
    hub.keys.settle(allowed)


def renewal_due(session: Session, *, now: datetime | None = None) -> bool:
    """Whether `renew` would sign something; takes no lock."""
    row = newest(session, Timestamp.type)
    return row is not None and row.added_at <= (now or utc_now()) - TIMESTAMP_EVERY


def renew(hub: Hub, session: Session) -> None:
    """A new timestamp, and a new snapshot when half of its life is over.

    Raises:
        ConfigError: the hub lacks the key the root names.
    """
    _hold(session)
    root = _load(session, Root)
    snapshot = newest(session, Snapshot.type)
    if root is None or snapshot is None:
        return
    fresh = snapshot.expires_at - utc_now() < SNAPSHOT_LIFE / 2
    _sign(hub, session, root.signed, fresh_snapshot=fresh)


def _hold(session: Session) -> None:
    """Nobody else signs before the transaction ends. The first root stays for ever; the newest may not be, once held."""
    first = select(TufMetadata.version).where(TufMetadata.role == Root.type)
    session.execute(first.order_by(TufMetadata.version).limit(1).with_for_update()).all()


def _load(session: Session, kind: type[Kind]) -> Metadata[Kind] | None:
    """The newest file of a role, as this hub accepted it."""
    row = newest(session, kind.type)
    return None if row is None else parse(kind, row.content)


def _store(
    session: Session,
    role: str,
    signed: Root | Targets | Snapshot | Timestamp,
    content: bytes,
    who: str,
) -> None:
    session.add(
        TufMetadata(
            role=role, version=signed.version, content=content, expires_at=signed.expires,
            added_by=who,
        )
    )  # fmt: skip


def _sign(hub: Hub, session: Session, root: Root, *, fresh_snapshot: bool) -> Timestamp:
    """Signs a timestamp, and before it a snapshot when asked, over the newest targets."""
    now = utc_now()
    signer = hub.keys.signer(root.roles[Timestamp.type].keyids)
    if fresh_snapshot:
        meta = {"targets.json": _meta_of(session, Targets.type)}
        snapshot = Snapshot(
            version=_next_version(session, Snapshot.type), expires=now + SNAPSHOT_LIFE, meta=meta
        )
        _add_signed(session, Metadata(snapshot), signer)
    timestamp = Timestamp(
        version=_next_version(session, Timestamp.type),
        expires=now + TIMESTAMP_LIFE,
        snapshot_meta=_meta_of(session, Snapshot.type),
    )
    _add_signed(session, Metadata(timestamp), signer)
    _forget_old(session)
    return timestamp


def _add_signed(
    session: Session, metadata: Metadata[Snapshot] | Metadata[Timestamp], signer: Signer
) -> None:
    metadata.signed.expires = metadata.signed.expires.replace(microsecond=0)
    metadata.sign(signer)
    content = metadata.to_bytes(JSONSerializer(compact=True))
    _store(session, metadata.signed.type, metadata.signed, content, "hub")
    session.flush()


def _next_version(session: Session, role: str) -> int:
    """One more than the last, and never less than the seconds since 1970.

    A hub restored from an old backup therefore goes on above what devices have seen since.
    """
    row = newest(session, role)
    return max((row.version if row is not None else 0) + 1, int(utc_now().timestamp()))


def _meta_of(session: Session, role: str) -> MetaFile:
    row = newest(session, role)
    assert row is not None
    return MetaFile(row.version, len(row.content), {"sha256": digest_of(row.content)})


def _forget_old(session: Session) -> None:
    for role in (Targets.type, Snapshot.type, Timestamp.type):
        versions = select(TufMetadata.version).where(TufMetadata.role == role)
        kept = session.scalars(
            versions.order_by(TufMetadata.version.desc()).limit(KEPT_VERSIONS)
        ).all()
        session.execute(
            delete(TufMetadata).where(TufMetadata.role == role, TufMetadata.version < min(kept))
        )
