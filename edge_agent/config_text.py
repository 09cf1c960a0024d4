"""`agent.yaml` in words: every key with its meaning, what is set without secrets, and what is wrong.

Works on any model of sections; which keys there are says `config.py`. It reads no file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from edge_agent.actions.config import ACTIONS
from edge_agent.errors import AgentConfigError
from edge_agent.sources.config import SOURCES
from kits.core.errors import did_you_mean

_MASK = "***"
_USER_IN_URL = re.compile(r"(?<=://)[^/]*(?=@)")
_QUERY_IN_URL = re.compile(r"(?<=[?&])([^=&#]*=)?[^&#]+")


def _by_kind(sections: tuple[type[BaseModel], ...]) -> dict[str, type[BaseModel]]:
    return {get_args(section.model_fields["kind"].annotation)[0]: section for section in sections}


_FAMILIES = {"source": _by_kind(SOURCES), "actions": _by_kind(ACTIONS)}
"""Keys whose value is one of several sections, or a list of such: kind → section."""
_KINDS = {kind: section for family in _FAMILIES.values() for kind, section in family.items()}


def explain(error: ValidationError, where: str, model: type[BaseModel]) -> AgentConfigError:
    """One fault as an error a person can mend; `model` is the whole configuration's."""
    # a misspelt key first: it also makes the right one missing
    first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    keys = [str(part) for part in first["loc"]]
    place = f"{where}: {'.'.join(keys) or 'top level'}"
    if first["type"] == "extra_forbidden":
        return AgentConfigError(
            f"unknown key {keys[-1]!r}",
            where=place,
            fix=did_you_mean(keys[-1], _known_keys(keys, model)),
        )
    return AgentConfigError(first["msg"], where=place, fix="edge-agent config show --describe")


def _known_keys(keys: list[str], model: type[BaseModel]) -> list[str]:
    for key in keys[:-1]:
        field = model.model_fields.get(key)
        annotation = field.annotation if field is not None else _KINDS.get(key)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)


def shown(config: BaseModel) -> dict[str, JsonValue]:
    """The configuration as JSON values, secrets replaced by `***`."""
    dumped: dict[str, JsonValue] = config.model_dump(mode="json")
    actions = dumped["actions"]
    for section in (dumped["source"], *(actions if isinstance(actions, list) else [])):
        if isinstance(section, dict):
            _mask(section)
    return dumped


def _mask(section: dict[str, JsonValue]) -> None:
    headers, url = section.get("headers"), section.get("url")
    if section.get("password"):
        section["password"] = _MASK
    if isinstance(headers, dict):
        section["headers"] = dict.fromkeys(headers, _MASK)
    if isinstance(url, str):
        section["url"] = _masked(url)


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
