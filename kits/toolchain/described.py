"""Configuration keys with their defaults and meaning, read off the pydantic models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python


@dataclass(frozen=True, slots=True)
class DescribedKey:
    """One key; `default` is JSON, or `required`."""

    key: str
    default: str
    description: str


def describe_keys(model: type[BaseModel], prefix: str = "") -> Iterator[DescribedKey]:
    """Every key below `model`; a section is followed by its own keys."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        sections = _models_in(field.annotation)
        about = sections[0].__doc__ if sections else None
        text = field.description or (about or "").strip().partition("\n")[0]
        yield DescribedKey(key, "" if sections else _default(field), text)
        for section in sections:
            kind = section.model_fields.get("kind") if len(sections) > 1 else None
            choice = f"({get_args(kind.annotation)[0]})" if kind else ""
            yield from describe_keys(section, f"{key}{choice}.")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True)
    return json.dumps(to_jsonable_python(value), ensure_ascii=False)


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
