"""An Ed25519 key in a private file, and signatures made with it as TUF makes them.

For keys that sign without a person, as the hub's online key does. The release engineer's keys are
behind a passphrase: `kits.toolchain.releasing.keys`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kits.core.errors import ConfigError
from kits.core.files import write_atomically

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner


class SigningKey:
    """A private key in a file that only its owner may read."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def create(cls, path: Path) -> SigningKey:
        """Makes a key and writes it to `path` (mode 0600), durably.

        Raises:
            ConfigError: the file exists.
        """
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        try:
            write_atomically(path, pem, private=True, new=True)
        except FileExistsError:
            raise ConfigError(
                "this key file exists already",
                where=str(path),
                fix="another name; a key is never written over",
            ) from None
        return cls(private)

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Raises ConfigError when the file is absent or no Ed25519 key."""
        try:
            private = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except FileNotFoundError:
            raise ConfigError(
                "no signing key", where=str(path), fix="put it back from your latest backup"
            ) from None
        except (ValueError, TypeError) as error:
            raise ConfigError(
                "not a private key", where=str(path), fix="put it back from your latest backup"
            ) from error
        if not isinstance(private, Ed25519PrivateKey):
            raise ConfigError(
                "not an Ed25519 key", where=str(path), fix="put it back from your latest backup"
            )
        return cls(private)

    def signer(self) -> CryptoSigner:
        """Signs TUF metadata with this key; `.public_key` is how metadata names it."""
        from securesystemslib.signer import CryptoSigner

        return CryptoSigner(self._private)
