"""A token to sign in at a mail server with, where it takes no password: client credentials and XOAUTH2.

Sources: RFC 6749, section 4.4; Microsoft, "Authenticate an IMAP, POP or SMTP connection using OAuth". Exchange Online has
sign-in by password switched off for its customers from the end of December 2026 on.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from urllib.parse import urlencode

from pydantic import JsonValue

from cloud_sync.effects.json_http import HttpAnswer, JsonHttp, printable
from cloud_sync.effects.settings import MailConfig
from cloud_sync.effects.targets import DeliveryError

TIMEOUT_S = 20.0
SPARE_S = 120.0
"""A token is fetched anew so long before it ends."""
_LIFE_S = 600.0
"""Where its server does not say how long it lives."""


class MailTokens:
    """Fetches tokens and keeps the newest.

    Args:
        secret: of the app `config.oauth_client`.
        name: of the receiver, for errors.
        context: whom to trust; None: the system's CAs.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        config: MailConfig,
        secret: str,
        *,
        name: str,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = JsonHttp(config.oauth_url, {}, TIMEOUT_S, name=name, context=context)
        self._form = {
            "grant_type": "client_credentials", "client_id": config.oauth_client,
            "client_secret": secret, "scope": config.oauth_scope,
        }  # fmt: skip
        self._name = name
        self._clock = clock
        self._token = ""
        self._until_s = 0.0

    def token(self) -> str:
        """One that is good for a mail.

        Raises:
            DeliveryError: there is none; a person may have to mend that, and then the mail goes out.
        """
        if not self._token or self._clock() >= self._until_s:
            self._fetch()
        return self._token

    def forget(self) -> None:
        """The mail server did not take it: the next mail has another."""
        self._token = ""

    def _fetch(self) -> None:
        self._token = ""
        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = self._http.send("POST", "", urlencode(self._form).encode(), kind)
        found = self._said(answer)
        if not answer.ok:
            why = found.get("error_description") or found.get("error") or f"HTTP {answer.status}"
            raise DeliveryError(
                f"no token to sign in with: {printable(str(why))}", where=self._name
            )
        token, life_s = found.get("access_token"), found.get("expires_in")
        if not (isinstance(token, str) and token.isascii() and token.isprintable() and token):
            raise DeliveryError("no token to sign in with: an answer without one", where=self._name)
        if isinstance(life_s, bool) or not isinstance(life_s, int | float):
            life_s = _LIFE_S
        self._until_s = self._clock() + life_s - SPARE_S
        self._token = token

    def _said(self, answer: HttpAnswer) -> dict[str, JsonValue]:
        try:
            found = self._http.parsed(answer)
        except DeliveryError:
            if answer.ok:
                raise
            return {}
        return found if isinstance(found, dict) else {}


def xoauth2(user: str, token: str) -> Callable[..., str]:
    """What smtplib asks for its words: those of XOAUTH2, and nothing to the reasons of a refusal."""

    def words(challenge: bytes | None = None) -> str:
        return f"user={user}\x01auth=Bearer {token}\x01\x01" if challenge is None else ""

    return words
