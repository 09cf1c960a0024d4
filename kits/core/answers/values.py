"""Any value of JSON as a text: tags, links, choices, and what programs put around a value for its kind or its past."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import cast

from pydantic import JsonValue

from kits.core.answers.wrapping import Object

MAX_CELL = 64 << 10
_DATE = re.compile(r"/Date\((-?\d{1,18})(?:[+-]\d{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_VERSION = {"active_from", "active_until", "attribute_type"}
_NOT_HELD = {*_VERSION, "created_by_actor", "target_object", "referenced_actor_type", "currency_code"}  # fmt: skip
"""What a version says beside the value."""
_KINDS = frozenset({
    "$oid", "$date", "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal", "stringValue", "integerValue", "doubleValue",
    "booleanValue", "timestampValue", "referenceValue", "nullValue",
})  # fmt: skip
"""What MongoDB and Firestore put around a value for its kind."""
_OF_CHOICES = frozenset({"id", "value", "color", "self"})
"""All that a choice of Baserow, Jira or Raynet says."""
CALLED = ("name", "label", "title")
_OF_TAGS = frozenset({
    *CALLED, "id", "color", "colour", "slug", "key", "type", "object", "uri", "url", "links", "text_color", "background_color",
    "created_at", "updated_at",
})  # fmt: skip
"""All that a tag or a choice has beside its name."""


def is_typed(value: Object) -> bool:
    """Whether it is a field with its kind, as Notion has them (`{"type": "select", "select": {"name": "Web"}}`), MongoDB and
    Firestore (`{"$date": "2025-…"}`, `{"stringValue": "Web"}`), or a choice (`{"id": 3, "value": "Web", "color": "red"}`)."""
    kind = value.get("type")
    if isinstance(kind, str) and kind in value:
        return set(value) <= {"id", "type", kind}
    return _is_choice(value) or (len(value) == 1 and set(value) <= _KINDS)


def typed_value(value: Object) -> JsonValue:
    """What such a field holds."""
    if "type" not in value:
        return value["value"] if "value" in value else innermost(value)
    held = value[str(value["type"])]
    if isinstance(held, list):
        texts = [one.get("plain_text") for one in held if isinstance(one, dict)]
        return "".join(t for t in texts if isinstance(t, str)) or text_of(held)
    if isinstance(held, dict):
        known = ("name", "label", "start", "string", "number", "boolean", "prefix")
        return next((held[key] for key in known if held.get(key) is not None), None)
    return held


def _is_choice(value: Object) -> bool:
    return {"id", "value"} <= set(value) <= _OF_CHOICES and isinstance(value["value"], str)


def is_versioned(entries: list[JsonValue]) -> bool:
    """Whether it is a field with what it held from when, as Attio has them."""
    return bool(entries) and all(
        isinstance(entry, dict) and set(entry) >= _VERSION for entry in entries
    )


def versioned_value(entries: list[JsonValue]) -> JsonValue:
    """What such a field holds now: `[{"active_until": null, "status": {"title": "Won"}, …}]`."""
    versions = cast("list[Object]", entries)
    current = [one for one in versions if one["active_until"] is None] or versions
    held = [_held(one) for one in current]
    return held[0] if len(held) == 1 else joined(held)


def _held(version: Object) -> JsonValue:
    told = [value for key, value in version.items() if key not in _NOT_HELD]
    named = [one["title"] for one in told if isinstance(one, dict) and "title" in one]
    return next((one for one in (*named, *told) if isinstance(one, str | int | float)), None)


def innermost(value: JsonValue) -> JsonValue:
    """Without what a program puts around a value for its kind: `{"number": "5"}`, `{"textQuestionAnswer": {"answer": "5"}}`."""
    while isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return value


def text_of(value: JsonValue) -> str:
    """Any value as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _moment(value) if value.startswith("/Date(") else value
    if isinstance(value, list):
        return _listed(value)
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value)  # as JSON writes it, in a fifth of the time
    return json.dumps(value, ensure_ascii=False)[:MAX_CELL]


def _moment(text: str) -> str:
    """The milliseconds of OData's older dates: `/Date(1700000000000)/`; behind them may stand a time zone, which changes nothing."""
    told = _DATE.fullmatch(text)
    if told is None:
        return text
    try:
        return (_EPOCH + timedelta(milliseconds=int(told[1]))).isoformat()
    except OverflowError:
        return text


def _listed(value: list[JsonValue]) -> str:
    if len(value) == 2 and type(value[0]) is int and isinstance(value[1], str):
        return value[1]  # Odoo's link to a record: its number and its name
    if tags := tags_of(value):
        return ";".join(tags)[:MAX_CELL]
    if several := plain_values(value):
        return ";".join(several)[:MAX_CELL]
    if value and all(isinstance(entry, dict) for entry in value):
        entries = cast("list[Object]", value)
        chosen = next((entry for entry in entries if entry.get("primary") is True), entries[0])
        return text_of(
            chosen.get("value", chosen.get("name", ""))
        )  # Pipedrive's e-mails and phones
    return ";".join(text_of(entry) for entry in value if not isinstance(entry, list))[:MAX_CELL]


def joined(values: Sequence[JsonValue]) -> JsonValue:
    """Several values as one; None: there are none."""
    texts = [text_of(one) for one in values if one is not None]
    return ";".join(texts) if texts else None


def plain_values(entries: Sequence[JsonValue]) -> list[str]:
    """Values of objects that say nothing else: `[{"value": "A"}, {"value": "B"}]`; empty where it is another list."""
    if all(isinstance(entry, dict) and set(entry) == {"value"} for entry in entries):
        return [text_of(entry["value"]) for entry in cast("list[Object]", entries)]
    return []


def tags_of(entries: Sequence[JsonValue]) -> list[str]:
    """What the tags or choices of a list are called, as those of Kommo and Notion; empty where it is another list."""
    called: list[str] = []
    for entry in entries:
        if not isinstance(entry, dict) or not set(entry) <= _OF_TAGS:
            return []
        name = next((entry[key] for key in CALLED if isinstance(entry.get(key), str)), None)
        if not isinstance(name, str) or not name:
            return []
        called.append(name)
    return called
