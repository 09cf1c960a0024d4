"""A new root on its way from holder to holder of root keys, in a file, until enough have signed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Targets, Timestamp

from kits.core.errors import ConfigError
from kits.core.files import write_atomically
from kits.core.releases import MAX_METADATA_BYTES
from kits.toolchain.releasing.keys import KeyStore, names


class PendingFile(BaseModel):
    """The file that root key holders pass around."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hub: str = Field(max_length=500)
    root: str = Field(max_length=MAX_METADATA_BYTES["root"])
    targets: str = Field("", max_length=MAX_METADATA_BYTES["targets"])
    previous: str = Field("", max_length=MAX_METADATA_BYTES["root"])


@dataclass
class Pending:
    """A new root on its way, with the targets that must come with it."""

    hub: str
    root: Metadata[Root]
    targets: Metadata[Targets] | None = None
    previous: Metadata[Root] | None = None

    @classmethod
    def read(cls, path: Path) -> Pending:
        """Raises ConfigError."""
        limit = 2 * sum(MAX_METADATA_BYTES.values())
        try:
            with open(path, "rb") as file:
                stored = PendingFile.model_validate_json(file.read(limit))
            return cls(
                stored.hub,
                Metadata[Root].from_bytes(stored.root.encode()),
                Metadata[Targets].from_bytes(stored.targets.encode()) if stored.targets else None,
                Metadata[Root].from_bytes(stored.previous.encode()) if stored.previous else None,
            )
        except OSError as error:
            raise ConfigError(
                f"cannot be read: {error.strerror}",
                where=str(path),
                fix="name a file that you may read",
            ) from error
        except (ValidationError, RepositoryError) as error:
            raise ConfigError(
                "no root that waits for signatures",
                where=str(path),
                fix="name the file that the other signer wrote",
            ) from error

    def write(self, path: Path) -> None:
        """Keeps it, durably."""
        stored = PendingFile(
            hub=self.hub,
            root=text_of(self.root),
            targets=text_of(self.targets) if self.targets is not None else "",
            previous=text_of(self.previous) if self.previous is not None else "",
        )
        write_atomically(path, stored.model_dump_json(indent=1).encode())

    def sign(self, keys: KeyStore) -> list[str]:
        """Signs with the root keys that are here; the ids of them.

        Raises:
            ConfigError: none of the root's keys is here.
        """
        wanted = set(self.root.signed.roles[Root.type].keyids)
        if self.previous is not None:
            wanted |= set(self.previous.signed.roles[Root.type].keyids)
        signers = keys.signers("root", wanted)
        for signer in signers:
            self.root.sign(signer, append=True)
        return [signer.public_key.keyid for signer in signers]

    def lacking(self) -> str:
        """Which signatures are still missing, in words; empty when it can be sent."""
        new = self.root
        checks = [("its own", new.signed)]
        if self.previous is not None:
            checks.insert(0, ("the present root's", self.previous.signed))
        for whose, by in checks:
            found = by.get_verification_result(Root.type, new.signed_bytes, new.signatures)
            if not found:
                return f"{len(found.signed)} of {found.threshold} signatures by {whose} keys"
        return ""

    def describe(self, keys: KeyStore) -> list[str]:
        """What a holder agrees to by signing."""
        root = self.root.signed
        old = self.previous.signed if self.previous is not None else None
        lines = [f"root {root.version} of {self.hub}, good until {root.expires:%Y-%m-%d}"]
        for role in (Root.type, Targets.type, Timestamp.type):
            now = root.roles[role]
            was = set(old.roles[role].keyids) if old is not None else set()
            marks = [
                name + ("" if old is None or key_id in was else " NEW")
                for name, key_id in zip(names(keys, now.keyids), now.keyids)
            ]
            gone = names(keys, was - set(now.keyids))
            left = f"; no more: {', '.join(gone)}" if gone else ""
            lines.append(f"  {role}: {now.threshold} of {', '.join(marks)}{left}")
        return lines


def text_of(metadata: Metadata[Root] | Metadata[Targets]) -> str:
    """A metadata file as text."""
    return metadata.to_bytes().decode()
