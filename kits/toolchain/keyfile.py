"""A private key in a file: PKCS#8, encrypted with a passphrase through scrypt (RFC 7914, RFC 8018).

`cryptography` reads this form but writes PBKDF2 with 2,048 rounds, which a stolen file does not
withstand; so the frame is written here. `openssl pkey` reads it too.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import textwrap
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kits.core.errors import ConfigError

# 16 MiB and about half a second for each guess; more memory than this OpenSSL refuses to use
_COST, _BLOCK, _PARALLEL = 1 << 14, 8, 8
_OID_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_OID_SCRYPT = bytes.fromhex("06092b06010401da47040b")
_OID_AES_256_CBC = bytes.fromhex("060960864801650304012a")


def write_key(path: Path, key: Ed25519PrivateKey, passphrase: bytes | None) -> None:
    """Writes a new file that only its owner may read (0600), durably.

    Args:
        passphrase: None writes the key as it is.

    Raises:
        ConfigError: the file exists.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError("this key file exists already", where=str(path)) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(_encode(key, passphrase))
        file.flush()
        os.fsync(file.fileno())


def read_key(path: Path, passphrase: bytes | None) -> Ed25519PrivateKey:
    """The key in a file.

    Raises:
        ConfigError: no Ed25519 key there, or readable by others.
        ValueError: the passphrase is wrong.
        TypeError: a passphrase is needed and none was given, or the other way round.
    """
    try:
        content = path.read_bytes()
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise ConfigError("no private key", where=str(path)) from None
    if mode & 0o077:
        raise ConfigError(
            "others may read this private key", where=str(path), fix=f"chmod 600 {path}"
        )
    key = serialization.load_pem_private_key(content, passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError("not an Ed25519 key", where=str(path))
    return key


def is_encrypted(path: Path) -> bool:
    """Whether a passphrase is needed."""
    return b"ENCRYPTED" in path.read_bytes()[:64]


def _encode(key: Ed25519PrivateKey, passphrase: bytes | None) -> bytes:
    if passphrase is None:
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    plain = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    salt, start = secrets.token_bytes(16), secrets.token_bytes(16)
    derived = hashlib.scrypt(
        passphrase, salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, maxmem=1 << 26, dklen=32
    )
    padder = padding.PKCS7(128).padder()
    cipher = Cipher(algorithms.AES256(derived), modes.CBC(start)).encryptor()
    hidden = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    numbers = b"".join(_integer(value) for value in (_COST, _BLOCK, _PARALLEL))
    derivation = _sequence(_OID_SCRYPT, _sequence(_octets(salt), numbers))
    encryption = _sequence(_OID_AES_256_CBC, _octets(start))
    scheme = _sequence(_OID_PBES2, _sequence(derivation, encryption))
    body = b64encode(_sequence(scheme, _octets(hidden))).decode()
    lines = "\n".join(textwrap.wrap(body, 64))
    name = "ENCRYPTED PRIVATE KEY"
    return f"-----BEGIN {name}-----\n{lines}\n-----END {name}-----\n".encode()


def _tagged(tag: int, content: bytes) -> bytes:
    """DER: tag, length, content; up to 65,535 bytes."""
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes(2 if size > 255 else 1, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _tagged(0x30, b"".join(parts))


def _octets(content: bytes) -> bytes:
    return _tagged(0x04, content)


def _integer(value: int) -> bytes:
    return _tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))
