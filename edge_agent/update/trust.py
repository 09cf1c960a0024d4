"""What the release engineer has signed, as far as this device may believe the hub about it.

The client workflow of The Update Framework (specification 1.0.34, section 5.3) on python-tuf's
`TrustedMetadataSet`, with what a device needs besides: metadata is stored with fsync, and expiry is
judged at a time that neither a wrong clock nor whoever answers for the hub can choose. Counters
of releases are kept elsewhere (`slots.py`).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue, ValidationError

from edge_agent.errors import MetadataError, UntrustedBundleError
from edge_agent.log import log
from edge_agent.update.hub_metadata import HubMetadata
from edge_agent.update.records import Signed
from edge_agent.update.time_floor import TimeFloor
from kits.core.errors import BundleError
from kits.core.files import sweep_torn, write_atomically
from kits.core.hub_api import TimeStatement
from kits.core.releases import MAX_METADATA_BYTES, Release, read_release

if TYPE_CHECKING:
    from tuf.api.metadata import Root, TargetFile, Targets
    from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet

_ROTATIONS = 256


class Trust:
    """The device's view of the signed releases. Not for several threads at once.

    Args:
        folder: where metadata is kept.
        root: the root metadata from enrolment; None: the hub had none then, and the first one it
            shows over the same authenticated connection is kept for good.
    """

    def __init__(
        self,
        folder: Path,
        root: Mapping[str, JsonValue] | None,
        hub: HubMetadata,
        floor: TimeFloor,
    ) -> None:
        self._folder = folder
        for place in (folder, folder / "roots"):
            sweep_torn(place)
        self._given = json.dumps(dict(root)).encode() if root is not None else None
        self._hub = hub
        self._floor = floor

    def signed(self, path: str) -> Signed:
        """The release at `path` of the newest targets metadata.

        Raises:
            HubUnreachableError: the hub does not answer.
            MetadataError: its metadata is expired, older than what was seen, or wrongly signed.
            UntrustedBundleError: no release is signed at that path.
        """
        target = self.refresh().targets.get(path)
        if target is None:
            raise UntrustedBundleError(
                "this release is not signed", where=path, fix="kit approve BUNDLE --hub URL"
            )
        return _as_signed(path, target)

    def withdrawal(self, project: str, bundle: str) -> str:
        """Why no release of a bundle is in force any more; empty when one is, or none ever was.

        Raises:
            HubUnreachableError, MetadataError: as for `signed`.
        """
        found: list[Release] = []
        for path, target in self.refresh().targets.items():
            with suppress(UntrustedBundleError):  # what is no release is no word about one
                found.append(_as_signed(path, target).release)
        mine = [one for one in found if (one.project, one.bundle) == (project, bundle)]
        if not mine or any(one.withdrawn is None for one in mine):
            return ""
        return max(mine, key=lambda one: one.release).withdrawn or ""

    def refresh(self) -> Targets:
        """Brings the metadata up to date, from root to targets.

        Raises:
            HubUnreachableError: the hub does not answer.
            MetadataError: as for `signed`.
        """
        from tuf.api.exceptions import RepositoryError

        try:
            return self._refresh()
        except RepositoryError as error:
            reason = str(error) or type(error).__name__
            raise MetadataError(f"the hub's signed metadata is refused: {reason}") from error

    def _refresh(self) -> Targets:
        trusted = self._roots()
        self._floor.trust_only(trusted.root.roles["timestamp"].keyids)
        said, key_id = self._signed_time(trusted.root)
        self._floor.hear(said.time)
        trusted.reference_time = self._floor.now(said.time)
        self._timestamp(trusted)
        self._snapshot(trusted)
        self._targets(trusted)
        # only now: a time far ahead would have expired everything, and must not be remembered
        self._floor.rise(said.time, key_id)
        return trusted.targets

    # -- roles -----------------------------------------------------------------------------------

    def _roots(self) -> TrustedMetadataSet:
        from tuf.api.exceptions import RepositoryError

        trusted = self._first_root()
        first = trusted.root.version + 1
        for version in range(first, first + _ROTATIONS):
            kept = self._folder / "roots" / f"{version}.root.json"
            with suppress(OSError, RepositoryError):  # absent, or damaged: the hub has it
                trusted.update_root(kept.read_bytes())
                continue
            data = self._hub.get(kept.name, MAX_METADATA_BYTES["root"])
            if data is None:
                break
            trusted.update_root(data)
            write_atomically(kept, data)
            log("root_rotated", version=version)
        return trusted

    def _first_root(self) -> TrustedMetadataSet:
        from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
        from tuf.ngclient.config import EnvelopeType

        kept = self._folder / "first_root.json"
        data = self._given or _read(kept)
        if data is not None:
            return TrustedMetadataSet(data, EnvelopeType.METADATA)
        data = self._hub.get("1.root.json", MAX_METADATA_BYTES["root"])
        if data is None:
            raise MetadataError("the hub has no signed releases yet", fix="kit publish --hub URL")
        trusted = TrustedMetadataSet(data, EnvelopeType.METADATA)
        write_atomically(kept, data)
        log("root_pinned", version=trusted.root.version)
        return trusted

    def _timestamp(self, trusted: TrustedMetadataSet) -> None:
        from tuf.api.exceptions import EqualVersionNumberError, RepositoryError

        kept = self._folder / "timestamp.json"
        with suppress(OSError, RepositoryError):  # also an expired one guards against older ones
            trusted.update_timestamp(kept.read_bytes())
        data = self._required("timestamp.json", "timestamp", None)
        with suppress(EqualVersionNumberError):
            trusted.update_timestamp(data)
            write_atomically(kept, data)

    def _snapshot(self, trusted: TrustedMetadataSet) -> None:
        from tuf.api.exceptions import RepositoryError

        kept = self._folder / "snapshot.json"
        with suppress(OSError, RepositoryError):
            trusted.update_snapshot(kept.read_bytes(), trusted=True)
            return
        meta = trusted.timestamp.snapshot_meta
        data = self._required(f"{meta.version}.snapshot.json", "snapshot", meta.length)
        trusted.update_snapshot(data)
        write_atomically(kept, data)

    def _targets(self, trusted: TrustedMetadataSet) -> None:
        from tuf.api.exceptions import RepositoryError

        kept = self._folder / "targets.json"
        with suppress(OSError, RepositoryError):
            trusted.update_targets(kept.read_bytes())
            return
        meta = trusted.snapshot.meta.get("targets.json")
        if meta is None:
            raise MetadataError("the hub's snapshot names no targets")
        data = self._required(f"{meta.version}.targets.json", "targets", meta.length)
        trusted.update_targets(data)
        write_atomically(kept, data)

    def _required(self, name: str, role: str, length: int | None) -> bytes:
        most = MAX_METADATA_BYTES[role]
        data = self._hub.get(name, min(length or most, most))
        if data is None:
            raise MetadataError("the hub lacks signed metadata", where=name)
        return data

    # -- time ------------------------------------------------------------------------------------

    def _signed_time(self, root: Root) -> tuple[TimeStatement, str]:
        """What the hub says about the time, signed by the timestamp role for this question only."""
        from securesystemslib.exceptions import UnverifiedSignatureError
        from securesystemslib.signer import Signature

        nonce = secrets.token_hex(32)
        answer = self._hub.ask_time(nonce)
        role = root.roles["timestamp"]
        key = root.keys.get(answer.key_id) if answer.key_id in role.keyids else None
        if key is None:
            raise MetadataError("the hub's word on the time is signed by a key not trusted for it")
        try:
            signature = Signature(answer.key_id, answer.signature)
            key.verify_signature(signature, answer.payload.encode())
            said = TimeStatement.model_validate_json(answer.payload)
        except (UnverifiedSignatureError, ValidationError) as error:
            raise MetadataError("the hub's word on the time is not signed as it should") from error
        if not secrets.compare_digest(said.nonce, nonce):
            raise MetadataError("the hub's word on the time answers another question")
        return said, answer.key_id


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _as_signed(path: str, target: TargetFile) -> Signed:
    try:
        release = read_release(path, target.custom)
        digest = target.hashes["sha256"]
        return Signed(target=path, release=release, length=target.length, sha256=digest)
    except (BundleError, KeyError, ValidationError) as error:
        raise UntrustedBundleError("what is signed is no release", where=path) from error
