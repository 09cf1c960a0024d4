"""How vendors sign their webhooks, written from their own documents.

The hub verifies by `cloud_sync/crm/inbound/schemes/`, which shares no line with this file: two implementations that have to
agree, and both with the vectors that vendors publish.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

HUBSPOT_ESCAPES: Mapping[str, str] = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
    "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
"""What HubSpot decodes in an address before it signs it."""


@dataclass(frozen=True, slots=True)
class ToSign:
    """A request that is about to be sent.

    Attributes:
        url: as the hub is known outside.
        now: seconds since 1970.
        message_id: the same on every attempt.
        secrets: the one in force first, then those that are being changed over from.
    """

    url: str
    body: bytes
    now: float
    message_id: str
    secrets: tuple[str, ...]
    method: str = "POST"


Signer = Callable[[ToSign], dict[str, str]]


def hubspot_v1(ask: ToSign) -> dict[str, str]:
    """SHA-256 over the app's secret and the body."""
    digest = hashlib.sha256(ask.secrets[0].encode() + ask.body).hexdigest()
    return {"X-HubSpot-Signature": digest, "X-HubSpot-Signature-Version": "v1"}


def hubspot_v2(ask: ToSign) -> dict[str, str]:
    """SHA-256 over the app's secret, method, address and body."""
    signed = f"{ask.secrets[0]}{ask.method}{ask.url}".encode() + ask.body
    digest = hashlib.sha256(signed).hexdigest()
    return {"X-HubSpot-Signature": digest, "X-HubSpot-Signature-Version": "v2"}


def hubspot_v3(ask: ToSign) -> dict[str, str]:
    """HMAC-SHA256 over method, decoded address, body and milliseconds, base64."""
    stamp = str(int(ask.now * 1000))
    head, mark, query = ask.url.partition("?")
    address = _unescaped(head) + mark + _unescaped(query)
    signed = f"{ask.method}{address}".encode() + ask.body + stamp.encode()
    return {
        "X-HubSpot-Signature-v3": base64.b64encode(_hmac(ask.secrets[0].encode(), signed)).decode(),
        "X-HubSpot-Request-Timestamp": stamp,
    }


def standard(ask: ToSign) -> dict[str, str]:
    """Standard Webhooks 1.0: HMAC-SHA256 over `id.seconds.body`, one signature for each secret."""
    stamp = str(int(ask.now))
    signed = f"{ask.message_id}.{stamp}.".encode() + ask.body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in ask.secrets]
    signatures = ["v1," + base64.b64encode(_hmac(key, signed)).decode() for key in keys]
    return {
        "webhook-id": ask.message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signatures),
    }


def stripe(ask: ToSign) -> dict[str, str]:
    """Stripe: `t=seconds,v1=hex`, HMAC-SHA256 over `seconds.body`, one v1 for each secret."""
    stamp = str(int(ask.now))
    signed = stamp.encode() + b"." + ask.body
    parts = [f"v1={_hmac(secret.encode(), signed).hex()}" for secret in ask.secrets]
    return {"Stripe-Signature": ",".join([f"t={stamp}", *parts])}


def twenty(ask: ToSign) -> dict[str, str]:
    """Twenty: HMAC-SHA256 over `milliseconds:body` in hex; its nonce is not signed."""
    stamp = str(int(ask.now * 1000))
    signed = stamp.encode() + b":" + ask.body
    return {
        "X-Twenty-Webhook-Timestamp": stamp,
        "X-Twenty-Webhook-Signature": _hmac(ask.secrets[0].encode(), signed).hex(),
        "X-Twenty-Webhook-Nonce": hashlib.sha256(f"{ask.message_id}{stamp}".encode()).hexdigest()[
            :32
        ],
    }


def mautic(ask: ToSign) -> dict[str, str]:
    """Mautic: HMAC-SHA256 over the body, base64; no moment in it."""
    digest = _hmac(ask.secrets[0].encode(), ask.body)
    return {"Webhook-Signature": base64.b64encode(digest).decode()}


def github(ask: ToSign) -> dict[str, str]:
    """GitHub: `sha256=hex`, HMAC-SHA256 over the body, and the id of the delivery."""
    digest = _hmac(ask.secrets[0].encode(), ask.body).hex()
    return {"X-Hub-Signature-256": f"sha256={digest}", "X-GitHub-Delivery": ask.message_id}


def basic(username: str, password: str) -> dict[str, str]:
    """HTTP Basic, as Pipedrive sends it: no signature at all."""
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


SIGNERS: Mapping[str, Signer] = {
    "hubspot-v1": hubspot_v1,
    "hubspot-v2": hubspot_v2,
    "hubspot-v3": hubspot_v3,
    "standard": standard,
    "stripe": stripe,
    "twenty": twenty,
    "mautic": mautic,
    "github": github,
}


def compact(value: object) -> bytes:
    """JSON without blanks, as most vendors send it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _hmac(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, hashlib.sha256)


def _unescaped(text: str) -> str:
    for escape, plain in HUBSPOT_ESCAPES.items():
        text = text.replace(escape, plain).replace(escape.lower(), plain)
    return text
