"""HubSpot's webhooks: an array of at most a hundred events, each of one record.

Source: HubSpot "Webhooks API". `eventId` alone is not unique, so the id is made of all that stays the same when an event
is sent again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cloud_sync.crm.inbound.messages import (
    may_be_id,
    moment_ms,
    objects_of,
    read_json,
    record_id,
    word,
)
from cloud_sync.crm.inbound.reading import OTHER_OBJECT, Message
from cloud_sync.crm.kinds.base import CrmEvent, What
from cloud_sync.crm.kinds.hubspot.objects import object_of
from cloud_sync.errors import MalformedError
from cloud_sync.store.types import JsonObject

_WHAT: Final[dict[str, What]] = {
    "creation": "created", "deletion": "deleted", "privacyDeletion": "erased", "merge": "merged",
}  # fmt: skip
"""All other kinds are changes (`propertyChange`, `associationChange`, `restore`)."""
_NAMED: Final = ("objectId", "fromObjectId", "primaryObjectId", "newObjectId")
"""Where an event names its record: one of an association, and at times one of a merge, have no `objectId`."""


def read(message: Message) -> list[CrmEvent]:
    """Its events.

    Raises:
        MalformedError: not an array of events.
        TooLargeError: more than a hundred.
    """
    items = objects_of(read_json(message.body), "an array of HubSpot's events")
    wanted = object_of(message.thing).one
    return [event for number, item in enumerate(items) for event in _events(message, item, number, wanted)]  # fmt: skip


def _events(message: Message, item: JsonObject, number: int, wanted: str) -> Iterator[CrmEvent]:
    kind = word(item.get("subscriptionType"))
    thing, _, step = kind.rpartition(".")
    if not thing:
        raise MalformedError("an event without its kind", where=f"[{number}].subscriptionType")
    if thing == "object":  # the newer form names the object by its number
        thing = word(item.get("objectTypeId")) or word(item.get("fromObjectTypeId"))
    lead = _record(item, number)
    if "eventId" in item:
        parts = [word(item.get(key)) for key in ("appId", "portalId", "subscriptionId", "eventId")]
        name = "-".join([*parts, lead, word(item.get("occurredAt"))])
    else:
        name = message.name(number, telling="occurredAt" in item)
    at = moment_ms(item.get("occurredAt")) or message.now
    what = _WHAT.get(step, "changed")
    skip = "" if object_of(thing).one == wanted else OTHER_OBJECT
    changed = word(item.get("propertyName"))
    source = word(item.get("sourceId"))
    ours = bool(source) and source == message.options.get("our_user", "")
    if what == "merged":
        yield from _merged(item, name, CrmEvent(name, lead, what, at, skip=skip, body=item))
        return
    fields = frozenset({changed}) if changed else None
    yield CrmEvent(name, lead, what, at, fields, ours=ours, skip=skip, body=item)


def _record(item: JsonObject, number: int) -> str:
    found = (item[key] for key in _NAMED if item.get(key) is not None)
    return record_id(next(found, None), f"[{number}].objectId")


def _merged(item: JsonObject, name: str, event: CrmEvent) -> Iterator[CrmEvent]:
    """The records that went into another are gone; the one that is left has changed.

    HubSpot makes a new record of both. Then the one that people kept is gone as well, and not among the merged ones.
    """
    listed = item.get("mergedObjectIds")
    gone = [*(listed[:100] if isinstance(listed, list) else []), item.get("primaryObjectId")]
    named = (word(item.get(key)) for key in ("newObjectId", "primaryObjectId"))
    left = next(filter(may_be_id, named), event.object_id)
    yield CrmEvent(name, left, "joined", event.at, skip=event.skip, body=item)
    ids = dict.fromkeys(map(word, gone))
    for lead in (one for one in ids if may_be_id(one) and one != left):
        yield CrmEvent(f"{name}-{lead}", lead, "merged", event.at, skip=event.skip, into=left)
