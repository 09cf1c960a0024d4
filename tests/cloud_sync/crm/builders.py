"""Builders for tests of what CRMs send: messages signed as each vendor's documents say, not by the hub's own code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.connections import Connection
from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Request
from cloud_sync.hub import Hub
from kits.core.files import write_atomically

NOW = 1_800_000_000.0
HUB = "https://hub.example"
TEXT_SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ORGANIZATION = "00D5g000001abCD"


@dataclass(frozen=True)
class Way:
    """How a vendor signs.

    Attributes:
        headers: (secret, method, url, body, seconds) → headers.
        tail: the secret stands at the end of the path.
        query: the secret is this field of the query.
    """

    kind: str
    secret: str
    headers: Callable[[str, str, str, bytes, float], dict[str, str]]
    tail: bool = False
    query: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


def _hmac(secret: str, text: bytes) -> bytes:
    return hmac.new(secret.encode(), text, hashlib.sha256).digest()


def _hubspot3(secret: str, method: str, url: str, body: bytes, at: float) -> dict[str, str]:
    stamp = str(int(at * 1000))
    signed = _hmac(secret, method.encode() + url.encode() + body + stamp.encode())
    return {
        "x-hubspot-signature-v3": base64.b64encode(signed).decode(),
        "x-hubspot-request-timestamp": stamp,
    }


def _hubspot2(secret: str, method: str, url: str, body: bytes, _at: float) -> dict[str, str]:
    text = (secret + method + url).encode() + body
    return {"x-hubspot-signature": hashlib.sha256(text).hexdigest()}


def _hubspot1(secret: str, _method: str, _url: str, body: bytes, _at: float) -> dict[str, str]:
    return {"x-hubspot-signature": hashlib.sha256(secret.encode() + body).hexdigest()}


def _standard(secret: str, _method: str, _url: str, body: bytes, at: float) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    name, stamp = "msg_" + hashlib.sha256(body).hexdigest()[:20], str(int(at))
    signed = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }


def _stripe(secret: str, _method: str, _url: str, body: bytes, at: float) -> dict[str, str]:
    stamp = str(int(at))
    signed = _hmac(secret, stamp.encode() + b"." + body).hex()
    return {"stripe-signature": f"t={stamp},v1={signed},v0={'0' * 64}"}


def _twenty(secret: str, _method: str, _url: str, body: bytes, at: float) -> dict[str, str]:
    stamp = str(int(at * 1000))
    return {
        "x-twenty-webhook-signature": _hmac(secret, stamp.encode() + b":" + body).hex(),
        "x-twenty-webhook-timestamp": stamp,
        "x-twenty-webhook-nonce": "n0",
    }


def _mautic(secret: str, _method: str, _url: str, body: bytes, _at: float) -> dict[str, str]:
    return {"webhook-signature": base64.b64encode(_hmac(secret, body)).decode()}


def _github(secret: str, _method: str, _url: str, body: bytes, _at: float) -> dict[str, str]:
    return {"x-hub-signature-256": "sha256=" + _hmac(secret, body).hex()}


def _basic(secret: str, _method: str, _url: str, _body: bytes, _at: float) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}


def _bearer(secret: str, _method: str, _url: str, _body: bytes, _at: float) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def _bare(_secret: str, _method: str, _url: str, _body: bytes, _at: float) -> dict[str, str]:
    return {}


WAYS: dict[str, Way] = {
    "hubspot-v3": Way("hubspot", TEXT_SECRET, _hubspot3),
    "hubspot-v2": Way("hubspot", TEXT_SECRET, _hubspot2),
    "hubspot-v1": Way("hubspot", TEXT_SECRET, _hubspot1),
    "standard": Way("webhook", WHSEC, _standard),
    "stripe": Way("webhook", "whsec_like_stripes_own", _stripe),
    "twenty": Way("webhook", "twentys-secret", _twenty),
    "mautic": Way("webhook", "mautics-secret", _mautic),
    "github": Way("webhook", "It's a Secret to Everybody", _github),
    "pipedrive": Way("pipedrive", "hub:a long pass:word", _basic),
    "odoo": Way("odoo", "Zq3-unguessable", _bare, tail=True),
    "salesforce-outbound": Way(
        "salesforce", "Zq3-unguessable", _bare, tail=True, options={"organization": ORGANIZATION}
    ),
    "dataverse": Way("dynamics", "a-webhook-key", _bare, query="code"),
    "bearer": Way("webhook", "a-long-token", _bearer),
}


def hubspot_event(number: int = 1, lead: int = 7, **said: object) -> dict[str, object]:
    """As HubSpot's page on webhooks shows one."""
    return {
        "eventId": number, "subscriptionId": 12345, "portalId": 62515, "appId": 54321,
        "occurredAt": int(NOW * 1000) + number, "subscriptionType": "contact.propertyChange",
        "attemptNumber": 0, "objectId": lead, "propertyName": "jobtitle", "propertyValue": "CTO",
        "changeSource": "CRM", **said,
    }  # fmt: skip


def pipedrive_event(
    said: Mapping[str, object] = MappingProxyType({}), lead: int = 7
) -> dict[str, object]:
    """As Pipedrive's guide for webhooks v2 shows one."""
    meta = {
        "id": "c5b1e3a6-0000-4a3c-9b57-000000000001", "action": "change", "entity": "deal",
        "entity_id": str(lead), "timestamp": "2027-01-15T08:00:01.000Z", "attempt": 1,
        "change_source": "app", "user_id": "11", "company_id": "1", "version": "2.0",
    }  # fmt: skip
    return {
        "meta": {**meta, **said},
        "data": {"id": lead, "title": "A"},
        "previous": {"title": "B"},
    }


def outbound_message(
    *leads: str, organization: str = ORGANIZATION, extra: str = "", kind: str = "Lead"
) -> bytes:
    """As Salesforce's WSDL of outbound messages says."""
    notifications = "".join(
        f"<Notification><Id>04l00000000{number:07d}</Id>"
        f'<sObject xsi:type="sf:{kind}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        f"<sf:Id>{lead}</sf:Id><sf:SystemModstamp>2027-01-15T08:00:0{number}.000Z</sf:SystemModstamp>{extra}"
        "</sObject></Notification>"
        for number, lead in enumerate(leads)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
        '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
        f"<OrganizationId>{organization}</OrganizationId><ActionId>04k</ActionId>"
        "<SessionId>00Dsecret!session</SessionId><EnterpriseUrl>https://x</EnterpriseUrl>"
        f"{notifications}</notifications></soapenv:Body></soapenv:Envelope>"
    ).encode()


BODIES: dict[str, bytes] = {
    "hubspot": json.dumps([hubspot_event()]).encode(),
    "pipedrive": json.dumps(pipedrive_event()).encode(),
    "salesforce": outbound_message("00Q5g00000AbCdE"),
    "odoo": json.dumps(
        {"_action": "to the hub(#7)", "_id": 7, "_model": "crm.lead", "write_date": "2027-01-15 08:00:01"}
    ).encode(),
    "dynamics": json.dumps(
        {
            "MessageName": "Update", "PrimaryEntityName": "lead", "OperationId": "op-1",
            "PrimaryEntityId": "A0000000-0000-0000-0000-000000000007",
            "OperationCreatedOn": f"/Date({int(NOW * 1000)})/",
            "InputParameters": [
                {"key": "Target", "value": {"Attributes": [{"key": "jobtitle", "value": "CTO"}]}}
            ],
        }
    ).encode(),
    "webhook": json.dumps(
        {"type": "lead.changed", "timestamp": "2027-01-15T08:00:01Z", "data": {"id": "7"}}
    ).encode(),
}  # fmt: skip
"""A message of one lead, by kind."""


def signed(
    scheme: str,
    body: bytes | None = None,
    *,
    at: float = NOW,
    name: str = "crm",
    secret: str = "",
    query: str = "",
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Request:
    """A message to the connection `name`, signed."""
    way = WAYS[scheme]
    secret = secret or way.secret
    content = BODIES[way.kind] if body is None else body
    asked = "&".join(part for part in (f"{way.query}={secret}" if way.query else "", query) if part)
    path = f"/v1/crm/{name}" + (f"/{secret}" if way.tail else "") + (f"?{asked}" if asked else "")
    signed = way.headers(secret, "POST", HUB + path, content, at)
    return Request(
        "POST", HUB + path, {**signed, **headers}, content, tail=secret if way.tail else ""
    )


def connect(
    hub: Hub,
    scheme: str,
    *,
    name: str = "crm",
    secrets: tuple[str, ...] | None = None,
    **settings: object,
) -> Connection:
    """A connection whose messages are verified by a scheme."""
    way = WAYS[scheme]
    options = {**way.options, **settings.pop("options", {})}  # type: ignore[dict-item]  # a test's own options
    made = CrmSettings.model_validate(
        {"kind": way.kind, "scheme": scheme, "options": options, **settings}
    )
    given = Secrets((way.secret,) if secrets is None else secrets)
    return connections.add(hub, name, made, "", given, by="test")


def write_private(file: Path, text: str) -> None:
    """A file that nobody else may read."""
    write_atomically(file, text.encode(), private=True)
