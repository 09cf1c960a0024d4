"""Secrets and web hygiene: password hashes, random tokens, throttling, safe redirects, headers.

Pure functions and small objects of values; no database and no routes (see `auth.py`). Nothing here
ever logs or returns a secret other than the one it has just made.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0


class LoginThrottle:
    """Slows down guessing: per login and address, and more loosely per login and per address.

    The first `free` failures of a key cost nothing; each further one doubles the wait, up to
    `max_wait_s`. Kept in memory, at most `capacity` keys; the least recently failed is forgotten.

    Args:
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        free: int = 5,
        max_wait_s: float = 900.0,
        forget_after_s: float = 3600.0,
        capacity: int = 20_000,
    ) -> None:
        self._clock = clock
        self._free = free
        self._max_wait_s = max_wait_s
        self._forget_after_s = forget_after_s
        self._capacity = capacity
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, login: str, address: str) -> float:
        """Seconds until the next attempt is allowed; 0 when it is now."""
        with self._lock:
            return max(self._wait_of(key, free) for key, free in self._keys(login, address))

    def failed(self, login: str, address: str) -> None:
        """Counts a failed attempt."""
        with self._lock:
            for key, _ in self._keys(login, address):
                entry = self._failures.setdefault(key, _Failures())
                if self._clock() - entry.last > self._forget_after_s:
                    entry.count = 0
                entry.count += 1
                entry.last = self._clock()
                self._failures.move_to_end(key)
            while len(self._failures) > self._capacity:
                self._failures.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        """Forgets the failures of this login at this address (not those of the address alone)."""
        with self._lock:
            self._failures.pop((login, address), None)

    def _keys(self, login: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
        # the loose limits stop one address trying many logins, and many addresses trying one login
        return (
            ((login, address), self._free),
            (("", address), self._free * 10),
            ((login, ""), self._free * 10),
        )

    def _wait_of(self, key: tuple[str, str], free: int) -> float:
        entry = self._failures.get(key)
        if entry is None or entry.count < free:
            return 0.0
        since = self._clock() - entry.last
        if since > self._forget_after_s:
            return 0.0
        penalty = min(self._max_wait_s, 2.0 ** min(entry.count - free, 30))
        return max(0.0, penalty - since)
