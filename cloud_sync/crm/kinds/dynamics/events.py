"""Dataverse's webhooks (Dynamics 365): the execution context of one step, as JSON.

Source: Microsoft "Use webhooks to create external handlers for server events". Of a context above 256 KB Dataverse leaves
out the record; its id is there always.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.inbound.messages import (
    MAX_FIELDS,
    may_be_id,
    moment_ms,
    moment_text,
    object_at,
    read_json,
    record_id,
    word,
)
from cloud_sync.crm.inbound.reading import OTHER_OBJECT, Message
from cloud_sync.crm.kinds.base import CrmEvent, What
from cloud_sync.errors import MalformedError
from cloud_sync.store.types import JsonObject

_WHAT: Final[dict[str, What]] = {"create": "created", "delete": "deleted"}
_DATE: Final = re.compile(r"/Date\((-?[0-9]{1,15})[+-]?[0-9]{0,4}\)/")


def read(message: Message) -> list[CrmEvent]:
    """Its event, of a merge one of each record.

    Raises:
        MalformedError: not an execution context.
    """
    item = read_json(message.body)
    if not isinstance(item, dict):
        raise MalformedError("not an execution context of Dataverse")
    step = word(item.get("MessageName")).lower()
    if not step:
        raise MalformedError("a context without its message", where="MessageName")
    entity = word(item.get("PrimaryEntityName"))
    told = _moment(item.get("OperationCreatedOn"))
    at = told or message.now
    user = word(item.get("InitiatingUserId") or item.get("UserId"))
    operation = word(item.get("OperationId")) or word(item.get("RequestId"))
    name = operation or message.name(0, telling=told is not None)
    lead = record_id(item.get("PrimaryEntityId"), "PrimaryEntityId").lower()
    skip = "" if entity in ("", message.thing) else OTHER_OBJECT
    if step == "merge":
        # the record that is left is the target, and named first
        gone = word(_parameter(item, "SubordinateId").get("value")).lower()
        away = (
            [CrmEvent(f"{name}-{gone}", gone, "merged", at, skip=skip, into=lead)]
            if may_be_id(gone)
            else []
        )
        return [CrmEvent(name, lead, "joined", at, skip=skip, body=item), *away]
    return [
        CrmEvent(
            name, lead, _WHAT.get(step, "changed"), at, _changed(item),
            ours=bool(user) and user == message.options.get("our_user", ""), skip=skip, body=item,
        )
    ]  # fmt: skip


def _changed(context: JsonObject) -> frozenset[str] | None:
    attributes = object_at(_parameter(context, "Target"), "value").get("Attributes")
    rows = attributes[:MAX_FIELDS] if isinstance(attributes, list) else []
    names = {word(row.get("key")) for row in rows if isinstance(row, dict)}
    return frozenset(names - {""}) or None


def _parameter(context: JsonObject, key: str) -> JsonObject:
    parameters = context.get("InputParameters")
    some = parameters[:MAX_FIELDS] if isinstance(parameters, list) else []
    return next((one for one in some if isinstance(one, dict) and one.get("key") == key), {})


def _moment(value: JsonValue) -> datetime | None:
    found = _DATE.fullmatch(value) if isinstance(value, str) and len(value) < 40 else None
    return moment_ms(int(found[1])) if found else moment_text(value)
