"""Lists of objects in a row of JSON: fields with a name and a value, answers to questions."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from kits.core.answers.values import (
    CALLED,
    innermost,
    is_typed,
    joined,
    plain_values,
    tags_of,
    text_of,
    typed_value,
)
from kits.core.answers.wrapping import Object
from kits.core.column_names import squeezed

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


def flat_fields(fields: Object, depth: int = 4) -> Object:
    """Fields without nesting, called as they are where a file of such rows is read: `{"device": {"browser": "Firefox"}}` is
    `device.browser`, tags are joined by `;`. What lies deeper than `depth` stays as it is."""
    flat: Object = {}
    for name, value in fields.items():
        inner = _inner(value)
        if inner and depth:
            found = flat_fields(inner, depth - 1)
            flat |= {f"{name}.{own}": one for own, one in found.items()}
        elif isinstance(value, dict) and is_typed(value):
            flat[name] = typed_value(value)
        else:
            flat[name] = text_of(value) if isinstance(value, list) else value
    return flat


def _inner(value: JsonValue) -> Object:
    """The fields within a field; empty where it is a value."""
    if isinstance(value, list):
        return named_values(value)
    return value if isinstance(value, dict) and not is_typed(value) else {}


def is_shortened(value: JsonValue) -> bool:
    """Whether a list holds several objects, of which one alone is read: none is marked as the first, and they are no tags."""
    entries = value if isinstance(value, list) else []
    objects = [entry for entry in entries if isinstance(entry, dict)]
    several = len(objects) > 1 and not any("primary" in entry for entry in objects)
    return several and not tags_of(entries) and not plain_values(entries)


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
        return joined([_one_of(one) for one in several])
    if found := _under(entry, _VALUES):
        value = next((one for one in found if one is not None), None)
        return _option(entry, innermost(value))
    return entry["content"] if "content" in entry else _chosen(entry.get(str(kind)))


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
        return joined([names.get(text_of(one), one) for one in value])
    return names.get(text_of(value), value)


def _one_of(several: JsonValue) -> JsonValue:
    """One of several values: `{"value": "A"}`, of Podio a date `{"start": …}` or a choice `{"value": {"text": "A"}}`."""
    if not isinstance(several, dict):
        return several
    value = several.get("value", several.get("start"))
    if isinstance(value, dict):
        return next((value[key] for key in ("text", *CALLED) if key in value), value)
    return value


def _chosen(answer: JsonValue) -> JsonValue:
    """Typeform's answer: `{"type": "choice", "choice": {"label": "Web"}}`, of several `{"labels": […]}`."""
    if not isinstance(answer, dict):
        return answer
    several = answer.get("labels")
    return joined(several) if isinstance(several, list) else answer.get("label")


def _label(value: JsonValue) -> str:
    if isinstance(value, dict):
        return next((text for own in _under(value, _NAMES) if (text := _label(own))), "")
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
