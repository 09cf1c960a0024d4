"""Client credentials (RFC 6749, section 4.4): what a server of tokens is asked, and what it answers. No network here.

So an app signs in at mail servers that take no password, as those of Microsoft 365
(Microsoft, "Authenticate an IMAP, POP or SMTP connection using OAuth").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

SCOPE: Final = "https://outlook.office365.com/.default"
"""Exchange Online's."""
FORM: Final = "application/x-www-form-urlencoded"
SHORT_S: Final = 600.0
"""Taken for a token's life where its server does not say."""
_LONG_S = 10.0 * 86_400
_WORDS = 200


@dataclass(frozen=True, slots=True)
class Grant:
    """A token, and for how many seconds it is good."""

    token: str = field(repr=False)
    life_s: float


def request_form(client: str, secret: str, scope: str) -> dict[str, str]:
    """The fields of a request; the secret is among them."""
    return {
        "grant_type": "client_credentials", "client_id": client, "client_secret": secret, "scope": scope,
    }  # fmt: skip


def read_grant(answer: JsonValue) -> Grant | None:
    """What a yes gives; None: nothing that can stand in a header."""
    found = answer if isinstance(answer, Mapping) else {}
    token, life_s = found.get("access_token"), found.get("expires_in")
    if not (isinstance(token, str) and token and token.isascii() and token.isprintable()):
        return None
    if isinstance(life_s, bool) or not isinstance(life_s, int | float) or not 0 < life_s < _LONG_S:
        life_s = SHORT_S
    return Grant(token, float(life_s))


def reason(answer: JsonValue, status: int, secret: str) -> str:
    """Why a server gives none, in its own words, on one line; by its number where they repeat the secret."""
    found = answer if isinstance(answer, Mapping) else {}
    said = found.get("error_description") or found.get("error")
    words = said if isinstance(said, str) and secret not in said else f"HTTP {status}"
    return "".join(char if char.isprintable() else " " for char in words)[:_WORDS].strip()


def xoauth2(user: str, token: str) -> Callable[..., str]:
    """What smtplib asks for its words: those of XOAUTH2, and nothing to the reasons of a refusal."""

    def words(challenge: bytes | None = None) -> str:
        return f"user={user}\x01auth=Bearer {token}\x01\x01" if challenge is None else ""

    return words
