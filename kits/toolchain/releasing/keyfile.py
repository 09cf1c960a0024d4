"""A private key in a file: PKCS#8, encrypted with a passphrase through scrypt (RFC 7914, RFC 8018).

`cryptography` reads this form but writes PBKDF2 with 2,048 rounds, which a stolen file does not
withstand; so the frame is written here. `openssl pkey` reads it too.
"""

from __future__ import annotations

import hashlib
import secrets
import textwrap
from base64 import b64encode
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kits.core.errors import ConfigError
from kits.core.files import make_folder, write_atomically

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
    make_folder(path.parent, 0o700)
    try:
        write_atomically(path, _encode(key, passphrase), private=True, new=True)
    except FileExistsError:
        raise ConfigError(
            "this key file exists already",
            where=str(path),
            fix="another name; a key is never written over",
        ) from None


def read_key(path: Path, passphrase: bytes | None) -> Ed25519PrivateKey:
    """The key in a file.

    Args:
        passphrase: None for a file that is not encrypted.

    Raises:
        ConfigError: no Ed25519 key there, damaged, or readable by others.
        ValueError: the passphrase is wrong.
        TypeError: a passphrase is needed and none was given, or the other way round.
    """
    try:
        content = path.read_bytes()
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise ConfigError(
            "no private key", where=str(path), fix="kit key list shows which there are"
        ) from None
    if mode & 0o077:
        raise ConfigError(
            "others may read this private key", where=str(path), fix=f"chmod 600 {path}"
        )
    _check_whole(content, path)
    try:
        key = serialization.load_pem_private_key(content, passphrase)
    except UnsupportedAlgorithm as error:  # the passphrase opened it, and there is no key inside
        raise _damaged(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(
            "not an Ed25519 key", where=str(path), fix="name a PEM file with an Ed25519 key"
        )
    return key


def _check_whole(content: bytes, path: Path) -> None:
    """Tells a damaged file from one that waits for its passphrase. Raises ConfigError."""
    try:
        serialization.load_pem_private_key(content, None)
    except TypeError:  # whole, and encrypted
        return
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> ConfigError:
    return ConfigError(
        "this private key is damaged, or no private key at all",
        where=str(path),
        fix="put the copy from your safe place here; without one, a holder of a root key replaces "
        "the key: kit key rotate targets, kit key remove root",
    )


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
