"""`agent.yaml` in words: every key with its meaning, and what is set without secrets.

Works on any model of sections; which keys there are says `config.py`. It reads no file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel, JsonValue
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from edge_agent.actions.config import ACTIONS
from edge_agent.sources.config import SOURCES

_MASK = "***"
_USER_IN_URL = re.compile(r"(?<=://)[^/]*(?=@)")
_QUERY_IN_URL = re.compile(r"(?<=[?&])([^=&#]*=)?[^&#]+")


def _by_kind(sections: tuple[type[BaseModel], ...]) -> dict[str, type[BaseModel]]:
    return {get_args(section.model_fields["kind"].annotation)[0]: section for section in sections}


_FAMILIES = {"source": _by_kind(SOURCES), "actions": _by_kind(ACTIONS)}
"""Keys whose value is one of several sections, or a list of such: kind → section."""


def shown(config: BaseModel) -> dict[str, JsonValue]:
    """The configuration as JSON values, secrets replaced by `***`."""
    dumped: dict[str, JsonValue] = config.model_dump(mode="json")
    actions = dumped["actions"]
    for section in (dumped["source"], *(actions if isinstance(actions, list) else [])):
        if isinstance(section, dict):
            _mask(section)
    return dumped


def _mask(section: dict[str, JsonValue]) -> None:
    """Also in the sections inside it, as the APIs and the help desk of a mailbox."""
    for name, value in section.items():
        if name == "headers" and isinstance(value, dict):
            section[name] = dict.fromkeys(value, _MASK)
        elif name == "password" and value:
            section[name] = _MASK
        elif name == "url" and isinstance(value, str):
            section[name] = _masked(value)
        elif name == "token_command" and isinstance(value, list):
            section[name] = [*value[:1], *(_MASK for _ in value[1:])]
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                _mask(inner)


def _masked(url: str) -> str:
    """An address without user and password, in which an @ may be, and without values of its query."""
    if "://" not in url:
        return url  # a file
    return _QUERY_IN_URL.sub(rf"\1{_MASK}", _USER_IN_URL.sub(_MASK, url))


def describe(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Every key as (dotted name, default, description)."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        key = f"{prefix}{name}"
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield key, "", field.description or ""
            yield from describe(annotation, f"{key}.")
        elif key in _FAMILIES:
            yield key, "", field.description or ""
            for kind, section in _FAMILIES[key].items():
                yield from describe(section, f"{key}({kind}).")
        elif name != "kind":
            yield key, _default_text(field), field.description or ""


def _default_text(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return json.dumps(to_jsonable_python(field.get_default(call_default_factory=True)))
