"""Ed25519 keys in private files, and signatures made with them as TUF makes them.

What is signed, by whom and until when is TUF metadata: `cloud_sync.fleet.tuf` at the hub,
`kits.toolchain.releases` at the release engineer.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, JsonValue

from kits.core.errors import BundleError, ConfigError
from kits.core.sample import digest_of

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner


class Envelope(BaseModel):
    """A signed statement."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    payload: str
    key_id: str
    signature: str


class PublicKey(BaseModel):
    """A key to check signatures with; its id is the SHA-256 of the raw key."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: str
    key: str

    @property
    def id(self) -> str:
        return digest_of(base64.b64decode(self.key))


class SigningKey:
    """A private key in a file that only its owner may read."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self.name = name
        self._private = private

    @classmethod
    def create(cls, path: Path, name: str) -> SigningKey:
        """Makes a key and writes it to `path` (mode 0600).

        Raises:
            ConfigError: the file exists.
        """
        private = Ed25519PrivateKey.generate()
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise ConfigError("this key file exists already", where=str(path)) from None
        with os.fdopen(file, "wb") as out:
            out.write(pem)
        return cls(name, private)

    @classmethod
    def load(cls, path: Path, name: str) -> SigningKey:
        """Raises ConfigError when the file is absent or no Ed25519 key."""
        try:
            private = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except FileNotFoundError:
            raise ConfigError("no signing key", where=str(path)) from None
        except ValueError as error:
            raise ConfigError("not a private key", where=str(path)) from error
        if not isinstance(private, Ed25519PrivateKey):
            raise ConfigError("not an Ed25519 key", where=str(path))
        return cls(name, private)

    def signer(self) -> CryptoSigner:
        """Signs TUF metadata with this key; `.public_key` is how metadata names it."""
        from securesystemslib.signer import CryptoSigner

        return CryptoSigner(self._private)

    @property
    def public(self) -> PublicKey:
        raw = self._private.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        return PublicKey(name=self.name, key=base64.b64encode(raw).decode())

    def sign(self, statement: Mapping[str, JsonValue]) -> Envelope:
        """Signs the canonical JSON of `statement`."""
        payload = json.dumps(statement, sort_keys=True, separators=(",", ":"))
        signature = self._private.sign(payload.encode())
        return Envelope(
            payload=payload,
            key_id=self.public.id,
            signature=base64.b64encode(signature).decode(),
        )


def verify(envelope: Envelope, trusted: list[PublicKey]) -> dict[str, JsonValue]:
    """The statement, once a trusted key has been found to have signed it.

    Raises:
        BundleError: the key is not trusted or the signature is wrong.
    """
    key = next((k for k in trusted if hmac.compare_digest(k.id, envelope.key_id)), None)
    if key is None:
        raise BundleError(
            "signed by a key that is not trusted here",
            where=f"key {envelope.key_id[:12]}",
            fix="enroll the device again, or publish with a key the hub knows",
        )
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.key))
    try:
        public.verify(base64.b64decode(envelope.signature), envelope.payload.encode())
        statement = json.loads(envelope.payload)
    except (InvalidSignature, ValueError) as error:
        raise BundleError("the signature does not fit", where=f"key {key.name}") from error
    if not isinstance(statement, dict):
        raise BundleError("a signed statement must be an object", where=f"key {key.name}")
    return statement
