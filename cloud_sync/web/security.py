"""Secrets and web hygiene: password hashes, random tokens, safe redirects, headers.

Pure functions; no database and no routes (see `auth.py`), no counting of tries (`throttle.py`). Nothing here ever logs or returns a secret other than the one it has just made.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from kits.core.errors import UsageError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

TOKEN_PREFIX = "kwt_"  # noqa: S105  a public prefix, so that leaked tokens are found by scanners
MIN_PASSWORD_LENGTH = 10
MAX_PASSWORD_LENGTH = 256

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; script-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "object-src 'none'"
    ),
}
"""For every page of the hub."""

NOT_KEPT = {"Cache-Control": "no-store"}
"""For all that says nothing else: leads and mails stay in no browser's folder, nor with a proxy, for whoever comes next."""

UNTRUSTED_CONTENT_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
"""For bytes that came from a device or a user: shown, never executed."""


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    # OWASP's second recommended setting for argon2id: 19 MiB, 2 passes, 1 lane
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher().hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """The password as an argon2id hash.

    Raises:
        UsageError: too short or too long.
    """
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise UsageError(
            f"a password needs {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters",
            fix="take four random words",
        )
    return _hasher().hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether `password` fits; takes as long when there is no such person (`stored` is None)."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        _hasher().verify(stored or _decoy(), password[: MAX_PASSWORD_LENGTH + 1])
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return _hasher().check_needs_rehash(stored)


def new_secret(prefix: str = "") -> str:
    """256 random bits as text."""
    return prefix + secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """What is stored of a random secret. Plain SHA-256: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(one: str, two: str) -> bool:
    """Comparison in constant time."""
    return hmac.compare_digest(one.encode(), two.encode())


def safe_next(path: str, fallback: str = "/") -> str:
    """`path` when it leads to a page of this hub, else `fallback` (no open redirects)."""
    decoded = unquote(path)
    if any(ord(c) < 0x20 for c in decoded) or "\\" in decoded:
        return fallback
    if not path.startswith("/") or decoded.startswith("//"):
        return fallback
    parts = urlsplit(path)
    return fallback if parts.scheme or parts.netloc else path
