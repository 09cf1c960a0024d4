"""Signs a message by a scheme, as its CRM would: for trying a connection on the hub itself, and for nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote

from cloud_sync.crm.inbound.schemes.described import Shown, Signed
from cloud_sync.crm.inbound.schemes.keys import WHPK, bytes_of_whsec
from cloud_sync.crm.kinds.base import Request
from kits.core.errors import ConfigError

_ID = "kitwright-test"


def sign(scheme: Signed | Shown, url: str, body: bytes, secret: str, now: float) -> Request:
    """A message to `url`, signed or with the secret shown in it.

    Raises:
        ConfigError: the secret is none for this scheme, or only the other side can sign with it.
    """
    if isinstance(scheme, Shown):
        return _show(scheme, url, body, secret)
    if scheme.public_keys and secret.startswith(WHPK):
        raise ConfigError(
            "a public key verifies and cannot sign: only the other side can try it",
            where="webhook secret",
            fix="let the CRM send a message",
        )
    key = bytes_of_whsec(secret) if scheme.key == "whsec" else secret.encode()
    if not key:
        raise ConfigError(
            "not a secret of this scheme", where="webhook secret", fix="whsec_ and base64 of 24 to 64 bytes"
        )  # fmt: skip
    stamp = str(int(now * 1000) if scheme.unit == "ms" else int(now)) if scheme.timestamp else ""
    values = {
        "method": b"POST", "url": url.encode(), "id": _ID.encode(), "timestamp": stamp.encode(),
        "body": body, "secret": secret.encode(),
    }  # fmt: skip
    text = b"".join(values[p] if is_part else p.encode() for is_part, p in scheme.pieces)
    digest = (
        hmac.digest(key, text, scheme.digest)
        if scheme.keyed
        else hashlib.new(scheme.digest, text).digest()
    )
    written = base64.b64encode(digest).decode() if scheme.encoding == "base64" else digest.hex()
    return Request("POST", url, _headers(scheme, written, stamp), body)


def _headers(scheme: Signed, signature: str, stamp: str) -> dict[str, str]:
    if scheme.form == "pairs":
        pairs = ([f"{scheme.timestamp}={stamp}"] if stamp else []) + [
            f"{scheme.prefix}={signature}"
        ]
        return {scheme.header: ",".join(pairs)}
    headers = {scheme.header: scheme.prefix + signature}
    if stamp:
        headers[scheme.timestamp] = stamp
    if scheme.id:
        headers[scheme.id] = _ID
    return headers


def _show(scheme: Shown, url: str, body: bytes, secret: str) -> Request:
    if scheme.place == "path":
        return Request("POST", f"{url}/{secret}", {}, body, tail=secret)
    if scheme.place == "query":
        return Request("POST", f"{url}?{scheme.name}={quote(secret, safe='')}", {}, body)
    if scheme.place == "header":
        return Request("POST", url, {scheme.name: secret}, body)
    shown = base64.b64encode(secret.encode()).decode() if scheme.place == "basic" else secret
    return Request("POST", url, {"authorization": f"{scheme.place.capitalize()} {shown}"}, body)
