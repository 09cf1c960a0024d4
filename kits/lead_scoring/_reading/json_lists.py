"""Lists of objects in a row of JSON: fields with a name and a value, answers to questions, tags. And any value as a text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

from pydantic import JsonValue

from kits.lead_scoring._reading.json_answers import Object
from kits.lead_scoring._reading.names import squeezed

MAX_CELL = 64 << 10
_NAMES = (
    "name", "label", "title", "column", "question", "key", "code", "slug", "field", "fieldname", "columnname", "definition",
    "customfield", "dealfield", "idcustomfield", "customfielddefinitionid", "attributedefinitionid", "ref", "fieldid", "columnid",
    "definitionid", "questionid", "id",
)  # fmt: skip
"""Of an object that has a value, what it is the value of, without signs; the most readable first."""
_VALUES = (
    "value", "answer", "displayvalue", "fieldvalue", "stringvalue", "numbervalue", "booleanvalue", "datevalue",
    "answerdetails",
)  # fmt: skip
"""Under which names, without signs, such an object has it; the most readable first."""
_FIELD = ({"id", "content"}, {"name", "content"}, {"id", "name", "content"})
"""All keys of Keap's fields; a note has more beside its content."""
_VERSION = {"active_from", "active_until", "attribute_type"}
_NOT_HELD = {*_VERSION, "created_by_actor", "target_object", "referenced_actor_type", "currency_code"}  # fmt: skip
"""What a version says beside the value."""
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
        found[label] = _own_value(entry)
    return found


def numbered_answers(answers: Object) -> Object:
    """Jotform's: `{"4": {"text": "Your trade", "type": …, "answer": "Roofs"}}`; empty where it is something else."""
    found: Object = {}
    for number, entry in answers.items():
        if not number.isdecimal() or not isinstance(entry, dict):
            return {}
        if "answer" in entry:
            label = _label(entry.get("text")) or _label(entry.get("name"))
            if not label or label in found:
                return {}
            found[label] = entry.get("prettyFormat") or entry["answer"]
    return found


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
    return held[0] if len(held) == 1 else _joined(held)


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
    return several and not _tags(entries) and not _plain(entries)


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
    named = _under(entry, _VALUES) or "text" in entry or isinstance(entry.get("values"), list)
    kind = entry.get("type")
    return bool(named) or set(entry) in _FIELD or (isinstance(kind, str) and kind in entry)


def _under(entry: Object, names: Sequence[str]) -> list[JsonValue]:
    """What an object has under names that are written without signs, in their order."""
    own = {squeezed(key): value for key, value in entry.items()}
    return [own[name] for name in names if name in own]


def _own_value(entry: Object) -> JsonValue:
    """A field's value, or several of Kommo's: `values: [{value: A}, {value: B}]` is `A;B`."""
    if isinstance(entry.get("text"), str):
        return entry["text"]  # monday's, beside the same as it is stored
    several, kind = entry.get("values"), entry.get("type")
    if "value" not in entry and isinstance(several, list):
        return _joined([one.get("value") if isinstance(one, dict) else one for one in several])
    if found := _under(entry, _VALUES):
        value = next((one for one in found if one is not None), None)
        return _option(entry, _innermost(value))
    return entry["content"] if "content" in entry else _chosen(entry.get(str(kind)))


def _innermost(value: JsonValue) -> JsonValue:
    """Without what a program puts around a value for its kind: `{"number": "5"}`, `{"textQuestionAnswer": {"answer": "5"}}`."""
    while isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return value


def _option(entry: Object, value: JsonValue) -> JsonValue:
    """A choice by its name where a field tells what its numbers mean, as ClickUp's do."""
    config = entry.get("type_config")
    options = config.get("options") if isinstance(config, dict) else None
    names = {
        text_of(one[key]): one.get("name", one.get("label"))
        for one in (options if isinstance(options, list) else [])
        for key in ("orderindex", "id")
        if isinstance(one, dict) and key in one
    }
    if names and isinstance(value, list):
        return _joined([names.get(text_of(one), one) for one in value])
    return names.get(text_of(value), value)


def _chosen(answer: JsonValue) -> JsonValue:
    """Typeform's answer: `{"type": "choice", "choice": {"label": "Web"}}`, of several `{"labels": […]}`."""
    if not isinstance(answer, dict):
        return answer
    several = answer.get("labels")
    return _joined(several) if isinstance(several, list) else answer.get("label")


def _held(version: Object) -> JsonValue:
    told = [value for key, value in version.items() if key not in _NOT_HELD]
    named = [one["title"] for one in told if isinstance(one, dict) and "title" in one]
    return next((one for one in (*named, *told) if isinstance(one, str | int | float)), None)


def _joined(values: Sequence[JsonValue]) -> JsonValue:
    texts = [text_of(one) for one in values if one is not None]
    return ";".join(texts) if texts else None


def _label(value: JsonValue) -> str:
    if isinstance(value, dict):
        return next((text for own in _under(value, _NAMES) if (text := _label(own))), "")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _listed(value: list[JsonValue]) -> str:
    if len(value) == 2 and type(value[0]) is int and isinstance(value[1], str):
        return value[1]  # Odoo's link to a record: its number and its name
    if tags := _tags(value):
        return ";".join(tags)[:MAX_CELL]
    if several := _plain(value):
        return ";".join(several)[:MAX_CELL]
    if value and all(isinstance(entry, dict) for entry in value):
        entries = cast("list[Object]", value)
        chosen = next((entry for entry in entries if entry.get("primary") is True), entries[0])
        return text_of(
            chosen.get("value", chosen.get("name", ""))
        )  # Pipedrive's e-mails and phones
    return ";".join(text_of(entry) for entry in value if not isinstance(entry, list))[:MAX_CELL]


def _plain(entries: Sequence[JsonValue]) -> list[str]:
    """Values of objects that say nothing else: `[{"value": "A"}, {"value": "B"}]`; empty where it is another list."""
    if all(isinstance(entry, dict) and set(entry) == {"value"} for entry in entries):
        return [text_of(entry["value"]) for entry in cast("list[Object]", entries)]
    return []


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
