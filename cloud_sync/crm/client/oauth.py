"""Access tokens by OAuth 2.0: fetched when they are needed, fetched anew when they have ended.

Which grant a CRM takes is for its own file.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import JsonValue

from cloud_sync.crm.client.http import CrmRefusedError, Wire, one, text, value_of, words_in
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import ConfigError

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT_S = 180
_FRESH_S = 5.0
_SIGN_IN, _SERVER = 401, 500

Took = Callable[[Mapping[str, JsonValue]], None]


def nothing(_answer: Mapping[str, JsonValue]) -> None:
    """For answers of which only the token counts."""


class Tokens:
    """The token of one connection.

    Args:
        wire: of the connection.
        url: of the server that gives tokens.
        path: there.
        form: makes the fields of a request for one.
        took: is told the answer, before the token is used.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        wire: Wire,
        url: str,
        path: str,
        form: Callable[[], Mapping[str, str]],
        *,
        took: Took = nothing,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = wire
        self._http = wire.to(url)
        self._path = path
        self._form = form
        self._took = took
        self._clock = clock
        self._token = ""
        self._fetched_at = float("-inf")
        self._lock = threading.Lock()

    def headers(self) -> dict[str, str]:
        """Of a request; fetches a token if there is none. Raises DeliveryError."""
        with self._lock:
            if not self._token:
                self._fetch()
            return {"authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """Gets another token; False: this one is fresh, another will not help. Raises DeliveryError."""
        with self._lock:
            if self._clock() - self._fetched_at < _FRESH_S:
                return False
            self._fetch()
            return True

    def _fetch(self) -> None:
        self._token = ""
        body = urlencode(self._form()).encode()
        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = self._wire.send(self._http, "POST", self._path, body, kind)
        found = one(value_of(answer.raw)) if answer.whole else {}
        if not answer.ok:
            # 400 invalid_grant and the like: the connection's fault, never a lead's
            status = answer.status if answer.status >= _SERVER else _SIGN_IN
            said = words_in({**found}) or f"HTTP {answer.status}"
            raise CrmRefusedError(
                f"gives no token: {said}", status=status, where=self._wire.name, retry=True,
                value={**found},
            )  # fmt: skip
        token = text(found.get("access_token"))
        if not token or not token.isascii() or not token.isprintable():
            raise DeliveryError(f"gives no token: HTTP {answer.status}", where=self._wire.name)
        self._took(found)
        self._token, self._fetched_at = token, self._clock()


def signed_assertion(pem: str, claims: Mapping[str, JsonValue], where: str) -> str:
    """A JWT, RS256 (RFC 7515).

    Raises:
        ConfigError: the key is no RSA key.
    """
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(where) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _no_key(where)
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": "RS256"}, {**claims})]  # fmt: skip
    signed = b".".join(map(_base64url, parts))
    signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return (signed + b"." + _base64url(signature)).decode()


def _base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _no_key(where: str) -> ConfigError:
    return ConfigError("not an RSA key in PEM without a password", where=where)
