"""Dataverse's webhooks (Dynamics 365): the execution context of one step, as JSON.

Source: Microsoft "Use webhooks to create external handlers for server events". Of a context above 256 KB Dataverse leaves
out the record; its id is there always.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.base import CrmEvent, What
from cloud_sync.crm.messages import (
    MAX_FIELDS,
    moment_ms,
    moment_text,
    object_at,
    read_json,
    record_id,
    word,
)
from cloud_sync.crm.reading import OTHER_OBJECT, Message
from cloud_sync.errors import MalformedError
from cloud_sync.store.types import JsonObject

_WHAT: Final[dict[str, What]] = {"create": "created", "delete": "deleted", "merge": "merged"}
_DATE: Final = re.compile(r"/Date\((-?[0-9]{1,15})[+-]?[0-9]{0,4}\)/")


def read(message: Message) -> list[CrmEvent]:
    """Its event.

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
    at = _moment(item.get("OperationCreatedOn"))
    user = word(item.get("InitiatingUserId") or item.get("UserId"))
    operation = word(item.get("OperationId")) or word(item.get("RequestId"))
    return [
        CrmEvent(
            operation or message.name(0, telling=at is not None),
            record_id(item.get("PrimaryEntityId"), "PrimaryEntityId").lower(),
            _WHAT.get(step, "changed"), at or message.now, _changed(item),
            ours=bool(user) and user == message.options.get("our_user", ""),
            skip="" if entity in ("", message.thing) else OTHER_OBJECT, body=item,
        )
    ]  # fmt: skip


def _changed(context: JsonObject) -> frozenset[str] | None:
    parameters = context.get("InputParameters")
    for parameter in parameters[:MAX_FIELDS] if isinstance(parameters, list) else []:
        if isinstance(parameter, dict) and parameter.get("key") == "Target":
            attributes = object_at(parameter, "value").get("Attributes")
            rows = attributes[:MAX_FIELDS] if isinstance(attributes, list) else []
            names = {word(row.get("key")) for row in rows if isinstance(row, dict)}
            return frozenset(names - {""}) or None
    return None


def _moment(value: JsonValue) -> datetime | None:
    found = _DATE.fullmatch(value) if isinstance(value, str) and len(value) < 40 else None
    return moment_ms(int(found[1])) if found else moment_text(value)
