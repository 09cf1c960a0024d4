"""Reading one YAML file into one pydantic model, with errors a person can act on.

Used for `kit.yaml`, `agent.yaml` and `hub.yaml`. Every complaint names the file, the line, the key
and, for a misspelt key, the likely one. It does not know any of these models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from kits.core.errors import ConfigError, did_you_mean

Model = TypeVar("Model", bound=BaseModel)
Path_ = tuple[int | str, ...]


def read_settings(path: Path, model: type[Model], *, fix: str = "") -> Model:
    """The settings in a YAML file.

    Args:
        fix: what to do when the file is absent.

    Raises:
        ConfigError: absent, not YAML, an unknown key, or a value that does not fit.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(f"there is no {path.name} here", where=str(path), fix=fix) from None
    except UnicodeDecodeError:
        raise ConfigError("not a text file in UTF-8", where=str(path)) from None
    return parse_settings(text, model, where=str(path))


def parse_settings(text: str, model: type[Model], *, where: str) -> Model:
    """As `read_settings`, for text that is already there.

    Raises:
        ConfigError: see `read_settings`.
    """
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(_yaml_complaint(error), where=_yaml_place(error, where)) from None
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise ConfigError("the file must hold keys and values", where=where, fix="name: value")
    return validate_settings(value, model, where=where, lines=key_lines(text))


def validate_settings(
    value: Mapping[str, object],
    model: type[Model],
    *,
    where: str,
    prefix: Path_ = (),
    lines: Mapping[Path_, int] | None = None,
) -> Model:
    """`value` as `model`.

    Args:
        prefix: where in the file `value` stands, for messages.
        lines: line numbers by key path, from `key_lines`.

    Raises:
        ConfigError: lists every complaint, the first one with its place and fix.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        complaints = error.errors(include_url=False)
    first, *others = complaints
    path = (*prefix, *_without_tags(first["loc"]))
    unknown = first["type"] == "extra_forbidden"
    key = ".".join(str(part) for part in path)
    what = f"unknown key {key!r}" if unknown else f"{key or 'the file'}: {_plain(first['msg'])}"
    for other in others:
        name = ".".join(str(p) for p in (*prefix, *_without_tags(other["loc"])))
        message = "unknown key" if other["type"] == "extra_forbidden" else _plain(other["msg"])
        what += f"\n  also:  {name}: {message}"
    line = (lines or {}).get(path)
    known = _keys_at(model, _without_tags(first["loc"])[:-1])
    hint = did_you_mean(str(path[-1]), known) if unknown else ""
    raise ConfigError(what, where=f"{where}, line {line}" if line else where, fix=hint)


def key_lines(text: str) -> dict[Path_, int]:
    """Key path → line number (from 1) of a YAML text; empty when the text is not YAML."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return {}
    return dict(_walk(root, ())) if root is not None else {}


def _walk(node: yaml.Node, path: Path_) -> Iterator[tuple[Path_, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            here = (*path, str(key.value))
            yield here, key.start_mark.line + 1
            yield from _walk(child, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            here = (*path, index)
            yield here, child.start_mark.line + 1
            yield from _walk(child, here)


def _yaml_complaint(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or str(error)
    return f"not valid YAML: {problem}"


def _yaml_place(error: yaml.YAMLError, where: str) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{where}, line {mark.line + 1}, column {mark.column + 1}" if mark else where


def _without_tags(loc: Path_) -> Path_:
    # pydantic puts names of validators ("function-after[…]") into paths of unions
    return tuple(part for part in loc if not (isinstance(part, str) and "[" in part))


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input ")


def _keys_at(model: type[BaseModel], path: Path_) -> list[str]:
    """The keys allowed at `path` below `model`; empty when it is no model."""
    current: type[BaseModel] | None = model
    for part in path:
        field = current.model_fields.get(str(part)) if current else None
        if isinstance(part, str):
            current = _model_in(field.annotation) if field else None
    return [f.alias or name for name, f in current.model_fields.items()] if current else []


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _model_in(argument)
        if found:
            return found
    return None
