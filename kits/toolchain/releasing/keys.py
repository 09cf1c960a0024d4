"""The release engineer's keys: files in one folder, named by role and id, never at the hub.

Beside each private key (`targets-1a2b3c4d.pem`, 0600) lies its public half (`….pub`), so that keys
can be listed and handed out without a passphrase. Which of them sign for a hub is said by that hub's
root (`roots.py`). A key that was replaced moves to `retired/`: another hub's root may still name it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from kits.core.errors import BundleError, ConfigError
from kits.core.files import write_atomically
from kits.core.sample import utc_now
from kits.toolchain.releasing.keyfile import is_encrypted, read_key, write_key
from kits.toolchain.releasing.passphrase import PASSPHRASE_VARIABLE, Passphrases
from kits.toolchain.releasing.tokens import config_folder

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, Key

Role = Literal["root", "targets"]
MAX_PUBLIC_BYTES = 4096
POLICY = "policy.json"
RETIRED = "retired"


class PublicHalf(BaseModel):
    """A `.pub` file: may be given to anybody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    owner: str = Field("", max_length=100, description="whose key it is")
    key_id: str = Field(pattern="^[0-9a-f]{64}$")
    key: dict[str, JsonValue] = Field(description="as it stands in TUF metadata")
    created_at: datetime

    @property
    def name(self) -> str:
        """The files' name without ending."""
        return f"{self.role}-{self.key_id[:8]}"

    def for_metadata(self) -> Key:
        """The key as python-tuf wants it.

        Raises:
            BundleError: the id is not that of the key.
        """
        from securesystemslib.signer import SSlibKey

        value = {**self.key}
        found = SSlibKey.from_dict(self.key_id, value)
        raw = bytes.fromhex(str(found.keyval.get("public", "")))
        if SSlibKey.from_crypto(_public(raw)).keyid != self.key_id:
            raise BundleError("this id is not that of the key", where=self.name)
        return found


class Policy(BaseModel):
    """`policy.json` in the folder of the keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root_threshold: int = Field(1, ge=1, le=20)


class KeyStore:
    """The folder with the keys.

    Args:
        folder: made when the first key is; default: `~/.config/kitwright/keys`.
    """

    def __init__(self, folder: Path | None = None, passphrases: Passphrases | None = None) -> None:
        self.folder = folder or config_folder() / "keys"
        self._passphrases = passphrases or Passphrases()

    def create(self, role: Role, owner: str, passphrase: bytes | None) -> PublicHalf:
        """Makes a key; `passphrase` None leaves it unencrypted."""
        from securesystemslib.signer import CryptoSigner

        private = Ed25519PrivateKey.generate()
        key = CryptoSigner(private).public_key
        half = PublicHalf(
            role=role, owner=owner, key_id=key.keyid, key=key.to_dict(), created_at=utc_now()
        )
        write_key(self._path(half, "pem"), private, passphrase)
        self.add(half)
        return half

    def add(self, half: PublicHalf) -> None:
        """Keeps a public half, of our own key or of somebody else's."""
        content = half.model_dump_json(indent=1).encode() + b"\n"
        write_atomically(self._path(half, "pub"), content)

    @property
    def threshold(self) -> int:
        """How many root keys must sign the first root of a hub. Raises ConfigError for a damaged file."""
        try:
            return Policy.model_validate_json((self.folder / POLICY).read_bytes()).root_threshold
        except FileNotFoundError:
            return 1
        except ValidationError as error:
            raise ConfigError(
                "damaged",
                where=str(self.folder / POLICY),
                fix="put it back from a copy, or delete it and say the threshold again",
            ) from error

    def require(self, threshold: int) -> None:
        """Keeps how many root keys must sign."""
        content = Policy(root_threshold=threshold).model_dump_json().encode()
        write_atomically(self.folder / POLICY, content)

    def retire(self, key_ids: Collection[str]) -> None:
        """Puts keys aside that a root no longer names: no new root will name them."""
        for half in self.all():
            if half.key_id in key_ids:
                for ending in ("pem", "pub"):
                    path = self.folder / f"{half.name}.{ending}"
                    if path.exists():
                        (self.folder / RETIRED).mkdir(mode=0o700, exist_ok=True)
                        path.replace(self.folder / RETIRED / path.name)

    def all(self, role: Role | None = None, *, retired: bool = False) -> list[PublicHalf]:
        """The public halves here, oldest first; `retired` ones only when asked for.

        Raises:
            ConfigError: one of the files is damaged.
        """
        paths = [*self.folder.glob("*.pub")]
        if retired:
            paths += self.folder.glob(f"{RETIRED}/*.pub")
        found = [read_public(path) for path in sorted(paths)]
        chosen = [half for half in found if role in (None, half.role)]
        return sorted(chosen, key=lambda half: half.created_at)

    def holds(self, half: PublicHalf) -> bool:
        """Whether the private half is here."""
        return self._path(half, "pem").exists()

    def is_encrypted(self, half: PublicHalf) -> bool:
        """Whether its file needs a passphrase."""
        return is_encrypted(self._path(half, "pem"))

    def own(self, role: Role, allowed: Collection[str] | None = None) -> list[PublicHalf]:
        """Keys of a role whose private half is here; with `allowed`, those of it, also retired."""
        found = self.all(role, retired=allowed is not None)
        held = [half for half in found if self.holds(half)]
        return [half for half in held if allowed is None or half.key_id in allowed]

    def signers(self, role: Role, allowed: Collection[str]) -> list[CryptoSigner]:
        """Opens the private keys of a role that are here and `allowed`; asks for the passphrase.

        Raises:
            ConfigError: none is here, or the passphrase is wrong.
        """
        halves = self.own(role, allowed)
        if not halves:
            raise ConfigError(
                f"none of the hub's {role} keys is here",
                where=str(self.folder),
                fix="give the right folder with --keys, or let who holds one do it: kit key list",
            )
        return [self._signer(half) for half in halves]

    def new_passphrase(self) -> bytes:
        """Asks for the passphrase of new keys, twice. Raises UsageError without a terminal."""
        return self._passphrases.new()

    def _signer(self, half: PublicHalf) -> CryptoSigner:
        from securesystemslib.signer import CryptoSigner

        path = self._path(half, "pem")
        if not is_encrypted(path):
            return CryptoSigner(read_key(path, None))
        for passphrase in self._passphrases.tries(half.name):
            if not passphrase:
                continue  # Enter alone: no passphrase at all is a TypeError, not a wrong one
            try:
                private = read_key(path, passphrase)
            except ValueError:
                continue
            self._passphrases.worked(passphrase)
            return CryptoSigner(private)
        raise ConfigError(
            f"this is not the passphrase of {half.name}",
            where=str(path),
            fix=f"type it again, or set {PASSPHRASE_VARIABLE}. A lost passphrase cannot be "
            "recovered: a holder of a root key replaces the key (kit key rotate targets, kit key "
            "remove root); when no root key is left, start anew and enrol every device again",
        )

    def _path(self, half: PublicHalf, ending: str) -> Path:
        name = f"{half.name}.{ending}"
        aside = self.folder / RETIRED / name
        return aside if aside.exists() else self.folder / name


def read_public(path: Path) -> PublicHalf:
    """A `.pub` file.

    Raises:
        ConfigError: absent, too long, or no public key.
        BundleError: the id is not that of the key.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_PUBLIC_BYTES + 1)
        if len(content) > MAX_PUBLIC_BYTES:
            raise ConfigError(
                "too long for a public key",
                where=str(path),
                fix="kit key export --public makes one",
            )
        half = PublicHalf.model_validate_json(content)
    except OSError as error:
        raise ConfigError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            fix="name a file that you may read",
        ) from error
    except ValidationError as error:
        raise ConfigError(
            "no public key of Kitwright", where=str(path), fix="kit key export --public makes one"
        ) from error
    half.for_metadata()
    return half


def names(store: KeyStore, key_ids: Iterable[str]) -> list[str]:
    """The ids with their owners, as far as their public halves are here."""
    owners = {half.key_id: half.owner for half in store.all(retired=True)}
    return [
        f"{key_id[:8]} ({owners[key_id] or 'you'})" if key_id in owners else key_id[:8]
        for key_id in key_ids
    ]


def _public(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)
