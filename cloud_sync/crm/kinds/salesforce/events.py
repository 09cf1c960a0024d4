"""Salesforce's Outbound Messages: at most a hundred records as they are now, answered by an `Ack`.

Source: Salesforce "Outbound Messaging". A message names its organisation, which must be ours. It says what a record is,
not what changed: our own writes come back once, are read, move no score, and the circle ends there.
"""

from __future__ import annotations

from typing import Final

from cloud_sync.crm.inbound.messages import moment_text, record_id, word
from cloud_sync.crm.inbound.reading import OTHER_OBJECT, Message
from cloud_sync.crm.inbound.schemes.verifying import UnverifiedError
from cloud_sync.crm.kinds.base import Answer, CrmEvent, What
from cloud_sync.crm.kinds.salesforce.soap import Notification, read_outbound
from cloud_sync.store.types import JsonObject
from kits.core.errors import ConfigError
from kits.core.record_keys import salesforce_id

ACK: Final = Answer(
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
    b"</notificationsResponse></soapenv:Body></soapenv:Envelope>",
    "text/xml",
)
_TIMES: Final = ("SystemModstamp", "LastModifiedDate")


def read(message: Message) -> list[CrmEvent]:
    """Its events.

    Raises:
        UnverifiedError: it is of another organisation than `options.organization`.
        MalformedError: no outbound message.
        TooLargeError: more than a hundred notifications.
    """
    found = read_outbound(message.body)
    if not _is_of(found.organization, message.options.get("organization", "")):
        raise UnverifiedError("sender")
    return [_event(message, one, number) for number, one in enumerate(found.notifications)]


def _is_of(organization: str, wanted: str) -> bool:
    try:
        return bool(wanted) and long_id(organization) == long_id(wanted)
    except ConfigError:
        return False


def _event(message: Message, one: Notification, number: int) -> CrmEvent:
    times = (moment_text(one.fields.get(name)) for name in _TIMES)
    at = next((time for time in times if time is not None), None)
    body: JsonObject = {"type": one.kind, **one.fields}
    return CrmEvent(
        word(one.id) or message.name(number, telling=at is not None),
        record_id(one.fields.get("Id"), "sObject.Id"), _what(one), at or message.now,
        skip="" if one.kind == message.thing else OTHER_OBJECT, body=body,
    )  # fmt: skip


def _what(one: Notification) -> What:
    if one.fields.get("IsDeleted", "").lower() == "true":
        return "deleted"
    created = one.fields.get("CreatedDate")
    return "created" if created and created == one.fields.get("LastModifiedDate") else "changed"


def long_id(text: str) -> str:
    """An id of 15 or 18 characters as the 18 that need not tell small letters from capital ones.

    Raises:
        ConfigError: it is no id, or its last three letters are not those of the first fifteen.
    """
    short = text[:15]
    if not (text.isascii() and text.isalnum() and len(text) in (15, 18)):
        raise ConfigError("not an id of Salesforce", where=text[:18], fix="15 or 18 letters and digits")  # fmt: skip
    whole = salesforce_id(short)
    if text not in (short, whole):
        raise ConfigError(
            "not an id of Salesforce: its end does not fit", where=text, fix="copy it again"
        )
    return whole
