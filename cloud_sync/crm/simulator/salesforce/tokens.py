"""How a client signs in to a pretended Salesforce: its OAuth flows. What a token lets it do is `api.py`."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import JSONResponse

from cloud_sync.crm.simulator.answering import Body, Query
from cloud_sync.crm.simulator.salesforce.vendor import API_USER, Salesforce

_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class TokenIssuer:
    """Gives a token to whoever proves to be one of the clients it knows."""

    def __init__(self, vendor: Salesforce) -> None:
        self._vendor = vendor
        self._state = vendor.state
        self._address = ""

    def admit(self, request: Request, _right: str) -> Mapping[str, str]:
        """Anybody may ask; the server they called is the one the token is for."""
        self._address = str(request.base_url).rstrip("/")
        return {}

    def answer(self, body: Body, _query: Query) -> JSONResponse:
        """Client credentials, a refresh token, or a signed assertion."""
        known = self._state.secrets.api
        grant = body.get("grant_type")
        fine = (
            bool(known.get("client_id"))
            and (
                {
                    "client_credentials": lambda: _same(body, known, "client_id", "client_secret"),
                    "refresh_token": lambda: _same(body, known, "client_id", "refresh_token"),
                    _JWT: lambda: _asserted(str(body.get("assertion", "")), known),
                }.get(str(grant), lambda: False)
            )()
        )
        if not fine:
            return JSONResponse({"error": "invalid_grant", "error_description": "authentication failure"}, 400)  # fmt: skip
        organization = self._vendor.organization
        return JSONResponse({
            "access_token": self._state.tokens.grant(), "token_type": "Bearer", "instance_url": self._address,
            "id": f"https://login.salesforce.com/id/{organization}/{API_USER}", "scope": "api",
        })  # fmt: skip


def _same(body: Body, known: Mapping[str, str], *names: str) -> bool:
    return all(known.get(name) and body.get(name) == known[name] for name in names)


def _asserted(assertion: str, known: Mapping[str, str]) -> bool:
    """Whether the app's own key signed it (RS256), for its user."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    signed, _, signature = assertion.rpartition(".")
    try:
        key = load_pem_private_key(known.get("private_key", "").encode(), password=None)
        claims = json.loads(_unpadded(signed.partition(".")[2]))
        if not isinstance(key, rsa.RSAPrivateKey):
            return False
        key.public_key().verify(
            _unpadded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except (ValueError, InvalidSignature):
        return False
    return bool(
        claims.get("iss") == known.get("client_id") and claims.get("sub") == known.get("username")
    )


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
