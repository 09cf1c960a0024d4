"""Signing in to Salesforce, and requests to the organisation's own server. What is asked there is `client.py`.

Source: "OAuth 2.0" flows of the REST API Developer Guide. An answer with a token names the server to go to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from pydantic import JsonValue

from cloud_sync.crm.client.http import CrmHttp, Wire, many, text, words_in
from cloud_sync.crm.client.oauth import JWT_GRANT, JWT_S, Tokens, signed_assertion
from cloud_sync.crm.kinds.base import Access
from cloud_sync.crm.kinds.salesforce.told import CLIENT

AUDIENCE: Final = "https://login.salesforce.com"
_HOSTS = (
    ".salesforce.com",
    ".force.com",
    ".salesforce.mil",
    ".cloudforce.com",
    ".sfcrmproducts.cn",
)
_USED_UP = "the organisation's API calls of the day are used up"


class Login:
    """The way to one organisation.

    Args:
        access: the address, and the secrets of one OAuth flow.
        wire: how requests go out.
        clock: monotonic seconds.
    """

    def __init__(self, access: Access, wire: Wire, clock: Callable[[], float]) -> None:
        self._access = access
        self._settings = access.settings
        self._secrets = dict(access.secrets)
        self._wire = wire
        self._url = access.settings.url
        self._tokens = Tokens(
            wire, self._url, "/services/oauth2/token", self._form, took=self._took, clock=clock
        )
        self._opened: tuple[str, CrmHttp] | None = None

    @property
    def http(self) -> CrmHttp:
        """Requests to the organisation's own server, which its tokens name."""
        self._tokens.headers()  # first: an answer with a token says which server that is
        if self._opened is None or self._opened[0] != self._url:
            http = CrmHttp(
                self._wire,
                self._url,
                self._headers,
                renew=self._tokens.renew,
                explain=self._explain,
            )
            self._opened = (self._url, http)
        return self._opened[1]

    def _explain(self, status: int, value: JsonValue) -> str:
        if "REQUEST_LIMIT_EXCEEDED" in _codes(value):
            self._wire.budget.use_up(_USED_UP)
        return _explained(status, value)

    def _headers(self) -> dict[str, str]:
        calls = {
            # else an update of ours would hand leads to other people
            "sforce-auto-assign": "FALSE",
            # else a lead that looks like another one takes no score where a rule only warns of that
            "sforce-duplicate-rule-header": "allowSave=true",
            "sforce-call-options": f"client={CLIENT}",
        }
        return {**self._tokens.headers(), **calls}

    def _form(self) -> dict[str, str]:
        own = self._secrets
        who = {"client_id": own["client_id"]}
        secret = {"client_secret": own["client_secret"]} if own.get("client_secret") else {}
        if own.get("refresh_token"):
            grant = {"grant_type": "refresh_token", "refresh_token": own["refresh_token"]}
            return {**grant, **who, **secret}
        if own.get("private_key"):
            claims: dict[str, JsonValue] = {
                "iss": own["client_id"], "sub": own.get("username", ""),
                "aud": self._settings.options.get("audience", AUDIENCE),
                # by its own clock, as soon as it has said what that is
                "exp": int(self._wire.server_time() or self._wire.clock()) + JWT_S,
            }  # fmt: skip
            where = f"{self._access.name}: private_key"
            assertion = signed_assertion(own["private_key"], claims, where)
            return {"grant_type": JWT_GRANT, "assertion": assertion}
        return {"grant_type": "client_credentials", **who, **secret}

    def _took(self, answer: Mapping[str, JsonValue]) -> None:
        """Goes to the server that the answer names, if it is Salesforce's; keeps a refresh token that was turned over."""
        instance = text(answer.get("instance_url")).rstrip("/")
        if instance and self._is_theirs(instance):
            self._url = instance
        turned = text(answer.get("refresh_token"))
        if turned and self._secrets.get("refresh_token") not in (None, "", turned):
            self._secrets["refresh_token"] = turned
            self._access.remember("refresh_token", turned)

    def _is_theirs(self, url: str) -> bool:
        found, own = urlsplit(url), urlsplit(self._settings.url)
        if (found.scheme, found.netloc) == (own.scheme, own.netloc):
            return True
        return (
            found.scheme == "https"
            and found.port is None
            and (found.hostname or "").endswith(_HOSTS)
        )


def _codes(value: JsonValue) -> set[str]:
    return {text(row.get("errorCode")) for row in many(value)}


def _explained(status: int, value: JsonValue) -> str:
    codes = _codes(value)
    table: tuple[tuple[str, Callable[[], str]], ...] = (
        ("REQUEST_LIMIT_EXCEEDED", lambda: _USED_UP),
        ("API_DISABLED_FOR_ORG", lambda: "this edition has no API, or the user lacks the right 'API Enabled'"),
        ("INVALID_FIELD", lambda: f"a field is missing or closed to this user: {words_in(value)}"),
        ("INVALID_TYPE", lambda: f"the object is closed to this user: {words_in(value)}"),
    )  # fmt: skip
    return next((words() for code, words in table if status >= 400 and code in codes), "")
