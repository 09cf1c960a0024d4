"""A token to sign in at a mail server with, where it takes no password: client credentials and XOAUTH2.

Exchange Online has sign-in by password switched off by default from the end of December 2026 on.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from urllib.parse import urlencode

from pydantic import JsonValue

from cloud_sync.effects.json_http import HttpAnswer, JsonHttp
from cloud_sync.effects.settings import MailConfig
from cloud_sync.effects.targets import DeliveryError
from kits.core.client_credentials import FORM, read_grant, reason, request_form

TIMEOUT_S = 20.0
SPARE_S = 120.0
"""A token is fetched anew so long before it ends."""


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
        form = request_form(config.oauth_client, secret, config.oauth_scope)
        self._form = urlencode(form).encode()
        self._secret = secret
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
        answer = self._http.send("POST", "", self._form, {"content-type": FORM})
        said = self._said(answer)
        grant = read_grant(said) if answer.ok else None
        if grant is None:
            why = (
                "an answer without one" if answer.ok else reason(said, answer.status, self._secret)
            )
            raise DeliveryError(f"no token to sign in with: {why}", where=self._name)
        self._until_s = self._clock() + grant.life_s - SPARE_S
        self._token = grant.token

    def _said(self, answer: HttpAnswer) -> JsonValue:
        try:
            return self._http.parsed(answer)
        except DeliveryError:
            if answer.ok:
                raise
            return None
