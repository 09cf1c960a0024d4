"""What pydantic finds wrong with a configuration, or with a file of ours, in plain words: key, what it must be, what helps.

A field may say in `json_schema_extra={"expected": "…"}` what a pattern of it means. Where a value
stands in the file is `settings.py`'s business; no model is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from kits.core.errors import did_you_mean

KeyPath = tuple[int | str, ...]
Limits = Mapping[str, Any]
"""What pydantic says of a fault beside its kind: `ge`, `expected`, …"""

_WORDS: Mapping[str, Callable[[Limits], str]] = {
    "missing": lambda _: "is missing",
    "string_type": lambda _: "must be text",
    "path_type": lambda _: "must be a path",
    "int_type": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "float_parsing": lambda _: "must be a number",
    "finite_number": lambda _: "must be a number with an end, not .inf or .nan",
    "bool_type": lambda _: "must be true or false",
    "bool_parsing": lambda _: "must be true or false",
    "tuple_type": lambda _: "must be a list, as in [one, two]",
    "list_type": lambda _: "must be a list, as in [one, two]",
    "model_type": lambda _: "must hold keys and values",
    "model_attributes_type": lambda _: "must hold keys and values",
    "dict_type": lambda _: "must hold keys and values",
    "greater_than": lambda limits: f"must be more than {_number(limits['gt'])}",
    "greater_than_equal": lambda limits: f"must be {_number(limits['ge'])} or more",
    "less_than": lambda limits: f"must be less than {_number(limits['lt'])}",
    "less_than_equal": lambda limits: f"must be {_number(limits['le'])} or less",
    "multiple_of": lambda limits: f"must be a multiple of {_number(limits['multiple_of'])}",
    "literal_error": lambda limits: f"must be {limits['expected']}",
    "union_tag_invalid": lambda limits: (
        f"there is no {_named(limits)} {limits['tag']!r}, only {limits['expected_tags']}"
    ),
    "union_tag_not_found": lambda limits: f"lacks the key {_named(limits)}",
    "string_too_short": lambda limits: f"must have {limits['min_length']} or more characters",
    "string_too_long": lambda limits: f"must have {limits['max_length']} or fewer characters",
    "too_long": lambda limits: f"must have {limits['max_length']} or fewer entries",
    "extra_forbidden": lambda _: "is not known here",
}
"""Kind of fault → what is said; for others pydantic's own words must do."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One key that is wrong; `fix` may be empty."""

    path: KeyPath
    unknown: bool
    words: str
    fix: str


def complaints(faults: Iterable[ErrorDetails], model: type[BaseModel]) -> list[Complaint]:
    """One complaint per key; misspelt keys first, as they also make the right ones missing."""
    found: dict[KeyPath, Complaint] = {}
    for fault in faults:
        one = _complaint(fault, model)
        known = found.get(one.path)
        if known is not None and known.words != one.words:
            # a key that may be one of two kinds fails as both
            words = f"{known.words}, or {one.words.removeprefix('must be ')}"
            one = Complaint(one.path, one.unknown, words, one.fix or known.fix)
        found[one.path] = one
    return sorted(found.values(), key=lambda one: not one.unknown)


def plain(fault: ErrorDetails) -> str:
    """What a fault says, for whoever does not know which program checks it."""
    words = _WORDS.get(fault["type"])
    if words is not None:
        return words(fault.get("ctx", {}))
    return fault["msg"].removeprefix("Value error, ").removeprefix("Input ")


def misfit(what: str, error: ValidationError, newer: str) -> tuple[str, str]:
    """What is wrong with something that Kitwright wrote, and what to do: a key too many is of a newer version.

    Args:
        what: names it, as in "the bundle's config".
        newer: what to do where a newer version wrote it.
    """
    faults = error.errors()
    unknown = [fault for fault in faults if fault["type"] == "extra_forbidden"]
    first = (unknown or faults)[0]
    key = ".".join(map(str, first["loc"]))
    if unknown:
        return f"{what} has {key!r}, which this version of Kitwright does not know", newer
    return f"{what} is malformed: {key}: {first['msg']}".replace(": :", ":"), ""


def _complaint(fault: ErrorDetails, model: type[BaseModel]) -> Complaint:
    path, holders, field = _locate(fault["loc"], model)
    if fault["type"] == "extra_forbidden":
        keys = [f.alias or k for m in holders for k, f in m.model_fields.items() if not f.exclude]
        return Complaint(path, True, "unknown key", did_you_mean(str(path[-1]), keys))
    if fault["type"] == "string_pattern_mismatch" and field is not None:
        extra = field.json_schema_extra
        expected = extra.get("expected") if isinstance(extra, dict) else None
        return Complaint(path, False, f"must be {expected or 'of another form'}", _meaning(field))
    if fault["type"] == "union_tag_invalid":
        limits = fault["ctx"]
        tags = [tag.strip(" '") for tag in str(limits["expected_tags"]).split(",")]
        return Complaint(path, False, plain(fault), did_you_mean(str(limits["tag"]), tags))
    return Complaint(path, False, plain(fault), _meaning(field))


def _locate(
    loc: KeyPath, model: type[BaseModel]
) -> tuple[KeyPath, Sequence[type[BaseModel]], FieldInfo | None]:
    """Path of keys without what pydantic adds, the models the last key stands in, its field."""
    path: list[int | str] = []
    holders: Sequence[type[BaseModel]] = [model]
    inside: Sequence[type[BaseModel]] = [model]
    field: FieldInfo | None = None
    for part in loc:
        if isinstance(part, int):
            path.append(part)
            continue
        tagged = [one for one in inside if _is_tagged(one, part)]
        fields = [f for one in inside if (f := _field_of(one, part))]
        if fields:
            holders, field, inside = inside, fields[0], _models_in(fields[0].annotation)
        elif tagged:
            inside = tagged
            continue
        elif not (inside or (field is not None and _is_mapping(field.annotation))):
            continue  # a member of a union, or the name of a validator
        elif "[" in part:
            continue
        else:
            holders = inside
        path.append(part)
    return tuple(path), holders, field


def _field_of(model: type[BaseModel], key: str) -> FieldInfo | None:
    by_alias = {f.alias: f for f in model.model_fields.values() if f.alias}
    return model.model_fields.get(key) or by_alias.get(key)


def _is_tagged(model: type[BaseModel], tag: str) -> bool:
    return any(get_args(field.annotation) == (tag,) for field in model.model_fields.values())


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


def _is_mapping(annotation: object) -> bool:
    return get_origin(annotation) is dict


def _meaning(field: FieldInfo | None) -> str:
    return f"it means: {field.description}" if field is not None and field.description else ""


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _named(limits: Limits) -> str:
    return str(limits["discriminator"]).strip("'")
