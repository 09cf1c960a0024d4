"""What this machine trusts of a hub's releases: verified copies of its TUF metadata.

A release engineer signs a new list of releases on top of the old one, so the old one must be the
true one: a hub that lies, or was set back, is found out here before anything is signed. Private keys
are in `keys.py`; what is signed is put together in `roots.py` and `releases.py`.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from tuf.api.exceptions import (
    BadVersionNumberError,
    EqualVersionNumberError,
    ExpiredMetadataError,
    RepositoryError,
)
from tuf.api.metadata import Metadata, Root, Targets, Timestamp
from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType

from kits.core.errors import BundleError, ConfigError, DataError, KitwrightError, UsageError
from kits.core.files import write_atomically
from kits.core.releases import MAX_METADATA_BYTES
from kits.toolchain.hub_client import HubClient

MAX_ROTATIONS = 256
_BESIDE_ROOTS = ("timestamp.json", "snapshot.json", "targets.json", "seen.json")
_NOTHING_EXPIRES = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Seen(BaseModel):
    """The highest versions ever verified, written durably: a second witness beside the copies."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    root: int = 0
    targets: int = 0


@dataclass(frozen=True)
class Releases:
    """What a hub has in force, verified."""

    root: Root
    targets: Targets
    timestamp: Timestamp
    root_bytes: bytes


class TrustedCopy:
    """The verified copies of one hub.

    Args:
        folder: of this hub; holds `roots/N.root.json`, `timestamp.json`, `snapshot.json`,
            `targets.json` and `seen.json`.
    """

    def __init__(self, client: HubClient, folder: Path) -> None:
        self._client = client
        self.folder = folder

    @property
    def known(self) -> bool:
        """Whether a root of this hub is trusted here."""
        return bool(self.roots())

    def roots(self) -> list[Path]:
        """The trusted roots, oldest first."""
        return sorted(self.folder.glob("roots/*.root.json"), key=_version)

    def adopt(self, root: bytes) -> None:
        """Trusts a root that was made here or whose fingerprint a person has compared.

        Raises:
            BundleError: it is none, or not signed by its own keys.
        """
        try:
            version = TrustedMetadataSet(root, EnvelopeType.METADATA).root.version
        except RepositoryError as error:
            raise BundleError(f"not a root that can be trusted: {error}") from error
        write_atomically(self.folder / "roots" / f"{version}.root.json", root)

    def follow(self, old: Path) -> Releases:
        """Takes over what was verified of this hub at another address, so that nothing older passes for new.

        Args:
            old: the folder of that address.

        Raises:
            UsageError: nothing is known of that address, or something of this one already.
            BundleError: it is another hub, or one that lost releases, which can be given back to it then; see `refresh`.
        """
        if self.known:
            raise UsageError(
                "a root of this hub is trusted here already",
                where=str(self.folder),
                fix="nothing to do",
            )
        before = TrustedCopy(self._client, old)
        if not before.known:
            raise UsageError("nothing was ever verified here of that address", where=str(old), fix="--sha256 FINGERPRINT")  # fmt: skip
        shown = [
            (self._client.metadata(path.name, MAX_METADATA_BYTES["root"]), path.read_bytes())
            for path in before.roots()
        ]
        if any(served is not None and served != kept for served, kept in shown):
            raise BundleError(
                "this is not the hub that was at that address", where=self._client.address,
                fix="is the new address right? else --sha256 FINGERPRINT, from who published here",
            )  # fmt: skip
        for name in _BESIDE_ROOTS:
            if (old / name).exists():
                write_atomically(self.folder / name, (old / name).read_bytes())
        for path in before.roots():  # the last of all: by them it is known
            write_atomically(self.folder / "roots" / path.name, path.read_bytes())
        return self.refresh(expired_is_fine=True)

    def refresh(self, *, expired_is_fine: bool = False) -> Releases:
        """Brings the copies up to date with the hub, as a device would.

        Args:
            expired_is_fine: to renew what has expired; everything else is checked all the same.

        Raises:
            ConfigError: no root of this hub is trusted here.
            DataError: nothing is published at it yet.
            UsageError: it does not accept the token.
            BundleError: the hub shows what is not signed as it should, or older than was seen.
            UnreachableError: see `HubClient`.
        """
        if not self.known:
            raise self._nothing_trusted()
        try:
            return self._refresh(expired_is_fine)
        except BadVersionNumberError as error:
            raise BundleError(
                f"the hub shows older releases than this machine has seen: {error}",
                where=self._client.address,
                fix="was it restored from a backup? kit key resend --hub URL gives it what it lost",
            ) from error
        except ExpiredMetadataError as error:
            raise self._expired(error) from error
        except RepositoryError as error:
            raise self._not_followed(error) from error

    def _expired(self, error: ExpiredMetadataError) -> BundleError:
        """Nothing is wrong with what was verified here: a person renews root and targets, the hub the others each day."""
        renewed = [role for role in ("root", "targets") if role in str(error)]
        now = f"the clock here says {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"
        return BundleError(
            f"what the hub shows has ended: {error}; {now}",
            where=self._client.address,
            fix=f"kit key renew {renewed[0]} --hub {self._client.address}" if renewed
            else "the hub signs it anew each day while it runs: compare its clock with this one, and look at its log",
        )  # fmt: skip

    def _not_followed(self, error: RepositoryError) -> BundleError:
        """What the hub shows does not follow from what was verified here: it was made anew, set back, or is another's."""
        anew = f"was this hub made anew? delete {self.folder} and repeat the command"
        if self._client.metadata("1.root.json", MAX_METADATA_BYTES["root"]) is not None:
            what, fix = f"the hub's releases are not to be trusted: {error}", anew
        else:
            what = (
                "this hub has no releases, but releases of a hub at this address were verified here"
            )
            fix = f"{anew}; was it restored from a backup? kit key resend --hub {self._client.address}"
        return BundleError(what, where=self._client.address, fix=fix)

    def _nothing_trusted(self) -> KitwrightError:
        """Asks the hub first: a wrong token, or a hub without releases, wants another answer."""
        hub = self._client.address
        if self._client.metadata("1.root.json", MAX_METADATA_BYTES["root"]) is None:
            return DataError(
                "nothing is published at this hub yet", where=hub, fix=f"kit publish --hub {hub}"
            )
        return ConfigError(
            "no root of this hub is trusted on this machine",
            where=hub,
            fix=f"kit key trust --hub {hub} --sha256 FINGERPRINT, from who published first "
            "(kit key status); or --moved-from URL, where it was known here by another address",
        )

    def _refresh(self, expired_is_fine: bool) -> Releases:
        trusted = self._trusted_roots()
        if expired_is_fine:
            trusted.reference_time = _NOTHING_EXPIRES
        root_bytes = self.roots()[-1].read_bytes()
        timestamp = self._timestamp(trusted)
        snapshot = self._snapshot(trusted)
        targets = self._targets(trusted)
        found = Releases(trusted.root, trusted.targets, trusted.timestamp, root_bytes)
        self._check_seen(found)
        for name, content in (
            ("timestamp", timestamp), ("snapshot", snapshot), ("targets", targets),
        ):  # fmt: skip
            write_atomically(self.folder / f"{name}.json", content)
        return found

    def _trusted_roots(self) -> TrustedMetadataSet:
        kept = self.roots()
        trusted = TrustedMetadataSet(kept[0].read_bytes(), EnvelopeType.METADATA)
        for path in kept[1:]:
            trusted.update_root(path.read_bytes())
        for _ in range(MAX_ROTATIONS):
            name = f"{trusted.root.version + 1}.root.json"
            content = self._client.metadata(name, MAX_METADATA_BYTES["root"])
            if content is None:
                break
            trusted.update_root(content)
            write_atomically(self.folder / "roots" / name, content)
        return trusted

    def _timestamp(self, trusted: TrustedMetadataSet) -> bytes:
        kept = self._kept("timestamp")
        with suppress(RepositoryError):  # expired, or signed by a key that was replaced since
            if kept is not None:
                trusted.update_timestamp(kept)
        content = self._required("timestamp.json", MAX_METADATA_BYTES["timestamp"])
        try:
            trusted.update_timestamp(content)
        except EqualVersionNumberError:
            assert kept is not None
            return kept
        return content

    def _snapshot(self, trusted: TrustedMetadataSet) -> bytes:
        kept = self._kept("snapshot")
        with suppress(RepositoryError):
            if kept is not None:
                trusted.update_snapshot(kept, trusted=True)
                return kept
        meta = trusted.timestamp.snapshot_meta
        content = self._required(
            f"{meta.version}.snapshot.json", meta.length or MAX_METADATA_BYTES["snapshot"]
        )
        trusted.update_snapshot(content)
        return content

    def _targets(self, trusted: TrustedMetadataSet) -> bytes:
        meta = trusted.snapshot.meta.get("targets.json")
        if meta is None:
            raise RepositoryError("the snapshot names no targets")
        limit = min(meta.length or MAX_METADATA_BYTES["targets"], MAX_METADATA_BYTES["targets"])
        content = self._required(f"{meta.version}.targets.json", limit)
        trusted.update_targets(content)
        return content

    def _check_seen(self, found: Releases) -> None:
        now = Seen(root=found.root.version, targets=found.targets.version)
        before = self.seen()
        if now.root < before.root or now.targets < before.targets:
            raise BadVersionNumberError(
                f"targets {now.targets} after {before.targets}, root {now.root} after {before.root}"
            )
        write_atomically(self.folder / "seen.json", now.model_dump_json().encode())

    def seen(self) -> Seen:
        """The highest versions verified so far.

        Raises:
            ConfigError: the file is damaged.
        """
        path = self.folder / "seen.json"
        try:
            return Seen.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return Seen()
        except ValidationError as error:
            raise ConfigError(
                "damaged", where=str(path), fix="compare kit key status with a colleague, delete it"
            ) from error

    def kept_targets(self) -> Metadata[Targets] | None:
        """The newest targets this machine has verified, as they were signed."""
        content = self._kept("targets")
        return None if content is None else Metadata[Targets].from_bytes(content)

    def _kept(self, role: str) -> bytes | None:
        try:
            return (self.folder / f"{role}.json").read_bytes()
        except FileNotFoundError:
            return None

    def _required(self, name: str, limit: int) -> bytes:
        content = self._client.metadata(name, limit)
        if content is None:
            raise RepositoryError(f"the hub lacks {name}")
        return content


def fingerprint(root: bytes) -> str:
    """What two people compare before one of them trusts a root: SHA-256 of the file."""
    return hashlib.sha256(root).hexdigest()


def _version(path: Path) -> int:
    return int(path.name.partition(".")[0])
