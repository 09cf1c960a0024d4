"""Messages of a program of yours: JSON whose places the connection's options name.

By default what Standard Webhooks advises, `{"type": "lead.changed", "timestamp": "…", "data": {"id": "…"}}`, or a list of
such. A place is keys with dots between them; where a key has dots itself, with slashes: `/mautic.lead_post_save_new`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.inbound.messages import (
    into_another,
    moment_ms,
    moment_s,
    moment_text,
    names_of,
    objects_of,
    read_json,
    record_id,
    word,
)
from cloud_sync.crm.inbound.reading import OTHER_OBJECT, Message
from cloud_sync.crm.kinds.base import CrmEvent, What

PLACES: Final = {
    "event.list": "", "event.key": "", "event.id": "data.id", "event.type": "type", "event.at": "timestamp",
    "event.fields": "data.fields", "event.object": "", "event.by": "", "event.into": "data.into",
}  # fmt: skip
"""Option → the place by default: the list of events, an event's own id, the record's id, what happened, when, the fields
that changed, what kind of record it is, who did it, which record one went into that was merged away."""
_WORDS: Final[tuple[tuple[str, What], ...]] = (
    ("delet", "deleted"), ("remov", "deleted"), ("destroy", "deleted"), ("merg", "merged"), ("creat", "created"), ("eras", "erased"),
    ("anonymi", "erased"),
)  # fmt: skip
"""How the last word of what happened begins (`lead.deleted`, but not `lead.undeleted`); else it is a change."""
_BETWEEN: Final = re.compile(r"[^a-z]+")
_FAR_S: Final = 100_000_000_000
"""A number above is milliseconds since 1970, below it seconds: the year 5138 in seconds, March 1973 in milliseconds."""


def read(message: Message) -> list[CrmEvent]:
    """Its events.

    Raises:
        MalformedError: nothing at the places that are named.
        TooLargeError: more than a hundred.
    """
    whole = read_json(message.body)
    listed = _place(message, "event.list")
    found = _at(whole, listed) if listed else whole
    items = objects_of(found, "an event, or a list of them")
    return [event for number, item in enumerate(items) for event in _events(message, item, number)]


def _events(message: Message, item: Mapping[str, JsonValue], number: int) -> tuple[CrmEvent, ...]:
    def said(option: str) -> JsonValue:
        place = _place(message, option)
        return _at(item, place) if place else None

    key = word(said("event.key"))
    at = _moment(said("event.at"))
    thing = word(said("event.object"))
    by = word(said("event.by"))
    lead = record_id(said("event.id"), _place(message, "event.id"))
    event = CrmEvent(
        key or message.name(number, telling=at is not None), lead, _what(word(said("event.type"))),
        at or message.verified.at or message.now, names_of(said("event.fields")),
        ours=bool(by) and by == message.options.get("our_user", ""),
        skip="" if thing in ("", message.thing) else OTHER_OBJECT, body=dict(item),
    )  # fmt: skip
    into = word(said("event.into")) if event.what == "merged" else ""
    return into_another(event, into)


def _place(message: Message, option: str) -> str:
    return message.options.get(option, PLACES[option])


def _at(value: JsonValue | Mapping[str, JsonValue], place: str) -> JsonValue:
    keys = place[1:].split("/") if place.startswith("/") else place.split(".")
    for key in keys[:10]:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    if isinstance(value, Mapping):
        return dict(value)
    return value


def _what(said: str) -> What:
    last = _BETWEEN.split(said.lower().strip())[-1]
    return next((what for word, what in _WORDS if last.startswith(word)), "changed")


def _moment(value: JsonValue) -> datetime | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return moment_ms(int(value)) if abs(value) >= _FAR_S else moment_s(value)
    return moment_text(value)
