"""Tokens that were looked up a moment ago, for routes that are asked by the thousand.

A token that is revoked, or whose person is shut out or has another role, stops at once in this process, and within
`SECONDS` in others; one that expires, within `SECONDS` too. Sessions of browsers and tokens that are not good are looked
up each time, and so is everything at all other routes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from starlette.requests import Request

from cloud_sync.hub import Hub
from cloud_sync.store.models import ApiToken, Person
from cloud_sync.store.remembered import Remembered
from cloud_sync.web.auth import Identity, Role, require
from cloud_sync.web.security import TOKEN_PREFIX, secret_hash

SECONDS: Final = 2.0
MOST: Final = 1_000
_SCHEME: Final = "bearer "


class KnownTokens:
    """Who asks, by a token that is remembered or by the tables. What is kept of a token is its hash, as in the tables.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, hub: Hub, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._known: Remembered[str, Identity] = Remembered(
            hub.database, (ApiToken, Person), seconds=SECONDS, most=MOST, clock=clock
        )

    def at_hand(self, request: Request, role: Role) -> Identity | None:
        """Who asks, where that is known without a query and `role` is reached; None: `identify` is to be asked."""
        secret = _token(request)
        found = self._known.get(secret_hash(secret)) if secret else None
        return found if found is not None and found.may(role) else None

    def identify(self, request: Request, role: Role) -> Identity:
        """Who asks, by the tables.

        Raises:
            UnauthenticatedError: no valid token or session.
            NotAllowedError: the role does not suffice, or the CSRF token is missing.
        """
        version, secret = self._known.version, _token(request)
        found = require(role)(request, self._hub)
        if secret and found.via == "token":
            self._known.keep(secret_hash(secret), found, version)
        return found


def _token(request: Request) -> str:
    """The API token a request shows, as `auth.identify` reads it; empty: none."""
    header = request.headers.get("authorization", "")
    secret = header[len(_SCHEME) :].strip() if header[: len(_SCHEME)].lower() == _SCHEME else ""
    return secret if secret.startswith(TOKEN_PREFIX) else ""
