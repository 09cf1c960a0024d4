"""How a hub's releases stand: verified versions, keys, expiries; and trusting one on a new machine."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import JsonValue
from tuf.api.metadata import Root, Timestamp

from kits.core.errors import BundleError, DataError
from kits.core.releases import MAX_METADATA_BYTES, Release
from kits.core.sample import utc_now
from kits.toolchain.releasing.keys import names
from kits.toolchain.releasing.releases import all_releases
from kits.toolchain.releasing.roots import Desk
from kits.toolchain.releasing.trust import MAX_ROTATIONS, fingerprint

WARN = timedelta(days=30)
_SHOWN = 8


@dataclass(frozen=True)
class RoleStatus:
    """One role: its version, keys and last day."""

    role: str
    version: int
    expires: datetime
    threshold: int
    keys: tuple[str, ...]

    @property
    def days_left(self) -> int:
        """Whole days until it expires; negative afterwards."""
        return (self.expires - utc_now()).days


@dataclass(frozen=True)
class Status:
    """A hub as this machine has just verified it."""

    roles: tuple[RoleStatus, ...]
    newest: dict[str, Release]
    withdrawn: dict[str, list[int]]
    fingerprint: str

    def text(self) -> str:
        """For people."""
        lines = [
            f"{one.role:10} {one.version:<11} until {one.expires:%Y-%m-%d} ({one.days_left} days), "
            f"{one.threshold} of {', '.join(one.keys)}"
            for one in self.roles
        ]
        for project, one in self.newest.items():
            gone = self.withdrawn.get(project, [])
            told = f"{project}: release {one.release}"
            if one.withdrawn is not None:
                told += f", withdrawn: {one.withdrawn}"
            elif gone:
                told += f", withdrawn are {', '.join(map(str, gone[-_SHOWN:]))}"
                told += f" and {len(gone) - _SHOWN} before" if len(gone) > _SHOWN else ""
            lines.append(told)
        return "\n".join([*lines, f"root's SHA-256 {self.fingerprint}"])

    def as_json(self) -> dict[str, JsonValue]:
        """For `--json`."""
        return {
            "roles": {
                one.role: {
                    "version": one.version,
                    "expires": one.expires.isoformat(),
                    "days_left": one.days_left,
                    "threshold": one.threshold,
                    "keys": [*one.keys],
                }
                for one in self.roles
            },
            "releases": {project: one.release for project, one in self.newest.items()},
            "withdrawn": {project: [*numbers] for project, numbers in self.withdrawn.items()},
            "root_sha256": self.fingerprint,
        }

    def advice(self, hub: str) -> list[str]:
        """Commands to type soon."""
        soon = [one.role for one in self.roles if one.expires - utc_now() < WARN]
        return [f"kit key renew {role} --hub {hub}" for role in soon if role != Timestamp.type]


def look(desk: Desk) -> Status:
    """Verifies everything but expiry, which is what is shown.

    Raises:
        ConfigError, BundleError, UnreachableError: see `TrustedCopy.refresh`.
    """
    found = desk.trusted.refresh(expired_is_fine=True)
    roles = []
    for signed in (found.root, found.targets, found.timestamp):
        named = found.root.roles[signed.type]
        shown = tuple(names(desk.keys, named.keyids))
        roles.append(
            RoleStatus(signed.type, signed.version, signed.expires, named.threshold, shown)
        )
    releases = all_releases(found.targets)
    withdrawn: dict[str, list[int]] = {}
    for one in releases:
        if one.withdrawn is not None:
            withdrawn.setdefault(one.project, []).append(one.release)
    newest = {one.project: one for one in releases}
    return Status(tuple(roles), newest, withdrawn, fingerprint(found.root_bytes))


def trust_root(desk: Desk, sha256: str) -> int:
    """Trusts the hub's newest root when its fingerprint is `sha256`; its version.

    Where an older root is trusted already, the newest one must also follow from that.

    Raises:
        DataError: the hub has no root.
        BundleError: the fingerprint is another one, or it does not follow.
    """
    if desk.trusted.known:
        found = desk.trusted.refresh(expired_is_fine=True)
        _compare(found.root_bytes, sha256)
        return found.root.version
    newest, version = None, 0
    for number in range(1, MAX_ROTATIONS + 1):
        content = desk.client.metadata(f"{number}.root.json", MAX_METADATA_BYTES[Root.type])
        if content is None:
            break
        newest, version = content, number
    if newest is None:
        hub = desk.client.address
        raise DataError(
            "nothing is published at this hub yet", where=hub, fix=f"kit publish --hub {hub}"
        )
    _compare(newest, sha256)
    desk.trusted.adopt(newest)
    desk.trusted.refresh(expired_is_fine=True)
    return version


def _compare(root: bytes, sha256: str) -> None:
    told = sha256.strip().lower()
    if not hmac.compare_digest(fingerprint(root).encode(), told.encode()):
        raise BundleError(
            "this hub's root has another fingerprint",
            where=fingerprint(root),
            fix="compare again with kit key status on the colleague's machine; if they differ, "
            "somebody stands between you and the hub",
        )
