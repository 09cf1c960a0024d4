"""Pipedrive's webhooks, version 2: one record in each message, with what it was before.

Source: Pipedrive "Guide for Webhooks v2", "Webhooks v2 migration guide". `previous` has the fields that changed, so a change
by ourselves is known. A record that was merged away is deleted, and `merged_to_id` names the one it went into.
"""

from __future__ import annotations

from typing import Final

from cloud_sync.crm.inbound.messages import (
    into_another,
    moment_s,
    moment_text,
    names_of,
    object_at,
    objects_of,
    read_json,
    record_id,
    word,
)
from cloud_sync.crm.inbound.reading import OTHER_OBJECT, Message
from cloud_sync.crm.kinds.base import CrmEvent, What
from cloud_sync.errors import MalformedError

_WHAT: Final[dict[str, What]] = {
    "create": "created", "added": "created", "change": "changed", "updated": "changed",
    "delete": "deleted", "deleted": "deleted", "merge": "merged", "merged": "merged",
}  # fmt: skip
"""The words of version 2, and those of version 1."""


def read(message: Message) -> list[CrmEvent]:
    """Its events.

    Raises:
        MalformedError: not a message of Pipedrive's.
        TooLargeError: a list of more than a hundred.
    """
    found: list[CrmEvent] = []
    for number, item in enumerate(objects_of(read_json(message.body), "a message of Pipedrive's")):
        meta = object_at(item, "meta")
        what = _WHAT.get(word(meta.get("action")))
        if what is None:
            raise MalformedError("an event without its action", where="meta.action")
        lead = record_id(meta.get("entity_id", meta.get("id")), "meta.entity_id")
        stamp = meta.get("timestamp")
        at = moment_text(stamp) or moment_s(stamp) or message.now
        own = word(meta.get("id")) if "entity_id" in meta else ""
        ours = word(meta.get("user_id")) == message.options.get("our_user", "\n")
        previous = object_at(item, "previous")
        custom = object_at(previous, "custom_fields")
        names = names_of({key: None for key in (*previous, *custom) if key != "custom_fields"})
        same = _plain(word(meta.get("entity", meta.get("object")))) == _plain(message.thing)
        event = CrmEvent(
            own or message.name(number, telling="timestamp" in meta), lead, what, at,
            names if what == "changed" else None,
            ours=ours and word(meta.get("change_source")) == "api",
            skip="" if same else OTHER_OBJECT, body=item,
        )  # fmt: skip
        into = word(meta.get("merged_to_id")) if what in ("deleted", "merged") else ""
        found += into_another(event, into)
    return found


def _plain(thing: str) -> str:
    return thing.lower().rstrip("s")
