"""Who a mail is: an identity that is the same after a restart, a move and a second delivery.

It is made of what the sender wrote, not of what servers put on top, so that two copies of one mail are one;
and of all of its text, so that nobody can hide a mail behind the Message-ID of another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

_TRACE = (
    "received",
    "return-path",
    "delivered-to",
    "x-",
    "authentication-results",
    "dkim-",
    "arc-",
)
"""Headers servers add on the way, by their beginnings."""
_NAMED = ("message-id", "from", "reply-to", "date", "subject")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
MAX_HEAD = 1 << 18
"""Bytes of the headers that stand for a mail too large to be read."""
_MAX_HEADERS = 1000
_MAX_HEADER_BYTES = 1 << 18


def sample_id_of(account: str, content: bytes, extra: str = "") -> str:
    """The identity of a mail in an account: 26 characters.

    Args:
        extra: told of a mail of which not all was read (its size).
    """
    head, body = split(content)
    headers = header_values(head)
    told = [(name, "".join(headers.get(name, ()))) for name in _NAMED]
    if not headers.get("message-id"):
        # nothing tells it from others but what it looks like altogether
        told = sorted(
            (name, value)
            for name, values in headers.items()
            if not name.startswith(_TRACE)
            for value in values
        )
    hashed = hashlib.sha256()
    for part in (account, extra, *(f"{name}:{value}" for name, value in told)):
        hashed.update(part.encode("utf-8", "surrogateescape") + b"\0")
    hashed.update(body.replace(b"\r\n", b"\n").rstrip(b"\n"))
    number = int.from_bytes(hashed.digest()[:16], "big")
    return "m" + "".join(_ALPHABET[number >> 5 * i & 31] for i in range(24, -1, -1))


def split(content: bytes) -> tuple[bytes, bytes]:
    """Headers and body of a mail."""
    ends = [(at, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (at := content.find(mark)) >= 0]
    if not ends:
        return content, b""
    at, size = min(ends)
    return content[:at], content[at + size :]


def header_values(head: bytes) -> Mapping[str, tuple[str, ...]]:
    """Lower-case name → unfolded values, undecoded; of a bounded number of headers."""
    found: dict[str, list[str]] = {}
    name, count = "", 0
    for line in head[:_MAX_HEADER_BYTES].decode("utf-8", "surrogateescape").splitlines():
        if line[:1] in (" ", "\t"):
            if name:
                found[name][-1] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower() if colon else ""
        count += 1
        if count > _MAX_HEADERS:
            break
        if name:
            found.setdefault(name, []).append(value.strip())
    return {key: tuple(values) for key, values in found.items()}
