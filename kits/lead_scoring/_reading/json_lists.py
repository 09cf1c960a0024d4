"""Lists of objects in a row of JSON: fields with a name and a value, answers to questions, tags. And any value as a text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

from pydantic import JsonValue

from kits.lead_scoring._reading.json_answers import Object

MAX_CELL = 64 << 10
_NAMES = (
    "name", "label", "title", "column", "question", "key", "code", "slug", "field", "field_name", "definition",
    "custom_field_definition_id", "ref", "field_id", "definition_id", "id",
)  # fmt: skip
"""Of an object that has a value, what it is the value of; the most readable first."""
_CALLED = ("name", "label", "title")
_OF_TAGS = frozenset({
    *_CALLED, "id", "color", "colour", "slug", "key", "type", "object", "uri", "url", "links", "text_color", "background_color",
    "created_at", "updated_at",
})  # fmt: skip
"""All that a tag or a choice has beside its name."""


def named_values(entries: list[JsonValue]) -> Object:
    """Fields that an API lists as objects with a name and a value, as Copper, Shopify, monday and Typeform do; empty where it
    is another list, or one of which one entry counts (`primary`)."""
    found: Object = {}
    for entry in entries:
        if not isinstance(entry, dict) or "primary" in entry or not _has_value(entry):
            return {}
        label = _label(entry)
        if not label or label in found:
            return {}
        found[label] = entry["text"] if isinstance(entry.get("text"), str) else _own_value(entry)
    return found


def is_typed(value: Object) -> bool:
    """Whether it is a field with its kind, as Notion has them: `{"type": "select", "select": {"name": "Web"}}`."""
    kind = value.get("type")
    return isinstance(kind, str) and kind in value and set(value) <= {"id", "type", kind}


def typed_value(value: Object) -> JsonValue:
    """What such a field holds."""
    held = value[str(value["type"])]
    if isinstance(held, list):
        texts = [one.get("plain_text") for one in held if isinstance(one, dict)]
        return "".join(t for t in texts if isinstance(t, str)) or text_of(held)
    if isinstance(held, dict):
        known = ("name", "label", "start", "string", "number", "boolean", "prefix")
        return next((held[key] for key in known if held.get(key) is not None), None)
    return held


def is_shortened(value: JsonValue) -> bool:
    """Whether a list holds several objects, of which one alone is read: none is marked as the first, and they are no tags."""
    entries = value if isinstance(value, list) else []
    objects = [entry for entry in entries if isinstance(entry, dict)]
    several = len(objects) > 1 and not any("primary" in entry for entry in objects)
    return several and not _tags(entries)


def text_of(value: JsonValue) -> str:
    """Any value as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return _listed(value)
    return json.dumps(value, ensure_ascii=False)[:MAX_CELL]


def _has_value(entry: Object) -> bool:
    named = bool({"value", "text", "answer"} & set(entry)) or isinstance(entry.get("values"), list)
    kind = entry.get("type")
    return named or (isinstance(kind, str) and kind in entry)


def _own_value(entry: Object) -> JsonValue:
    """A field's value, or several of Kommo's: `values: [{value: A}, {value: B}]` is `A;B`."""
    several, kind = entry.get("values"), entry.get("type")
    if "value" in entry:
        return entry["value"]
    if isinstance(several, list):
        return _joined([one.get("value") if isinstance(one, dict) else one for one in several])
    return entry["answer"] if "answer" in entry else _chosen(entry.get(str(kind)))


def _chosen(answer: JsonValue) -> JsonValue:
    """Typeform's answer: `{"type": "choice", "choice": {"label": "Web"}}`, of several `{"labels": […]}`."""
    if not isinstance(answer, dict):
        return answer
    several = answer.get("labels")
    return _joined(several) if isinstance(several, list) else answer.get("label")


def _joined(values: Sequence[JsonValue]) -> JsonValue:
    texts = [text_of(one) for one in values if one is not None]
    return ";".join(texts) if texts else None


def _label(value: JsonValue) -> str:
    if isinstance(value, dict):
        return next((text for key in _NAMES if (text := _label(value.get(key)))), "")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _listed(value: list[JsonValue]) -> str:
    if len(value) == 2 and type(value[0]) is int and isinstance(value[1], str):
        return value[1]  # Odoo's link to a record: its number and its name
    if tags := _tags(value):
        return ";".join(tags)[:MAX_CELL]
    if value and all(isinstance(entry, dict) for entry in value):
        entries = cast("list[Object]", value)
        chosen = next((entry for entry in entries if entry.get("primary") is True), entries[0])
        return text_of(
            chosen.get("value", chosen.get("name", ""))
        )  # Pipedrive's e-mails and phones
    return ";".join(text_of(entry) for entry in value if not isinstance(entry, list))[:MAX_CELL]


def _tags(entries: Sequence[JsonValue]) -> list[str]:
    """What the tags or choices of a list are called, as those of Kommo and Notion; empty where it is another list."""
    called: list[str] = []
    for entry in entries:
        if not isinstance(entry, dict) or not set(entry) <= _OF_TAGS:
            return []
        name = next((entry[key] for key in _CALLED if isinstance(entry.get(key), str)), None)
        if not isinstance(name, str) or not name:
            return []
        called.append(name)
    return called
