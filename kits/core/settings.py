"""Reading one YAML file into one pydantic model, with errors a person can act on.

Used for `kit.yaml`, `agent.yaml` and `hub.yaml`. Every complaint names the file, the line, the key
and, for a misspelt key, the likely one. It does not know any of these models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from kits.core.complaints import Complaint, KeyPath, complaints
from kits.core.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: it reads ten times as fast, and settings are read at each start."""
_MOST_VALUES = 100_000
_LONGEST_NUMBER = 400
_MERGE = "<<"


def read_settings(path: Path, model: type[Model], *, fix: str = "") -> Model:
    """The settings in a YAML file.

    Args:
        fix: what to do when the file is absent.

    Raises:
        ConfigError: absent, not YAML, an unknown key, or a value that does not fit.
    """
    return parse_settings(read_text(path, fix=fix), model, where=str(path))


def read_beside(data: Path, names: Iterable[str], model: type[Model]) -> Model:
    """What is stated in a file beside data; the model's defaults where there is none.

    Args:
        data: the folder, or one file in it.
        names: of the file, the first that is there counts.

    Raises:
        ConfigError: see `read_settings`.
    """
    folder = data if data.is_dir() else data.parent
    file = next((folder / name for name in names if (folder / name).is_file()), None)
    return model() if file is None else read_settings(file, model)


def parse_settings(text: str, model: type[Model], *, where: str) -> Model:
    """As `read_settings`, for text that is already there.

    Raises:
        ConfigError: see `read_settings`.
    """
    return validate_settings(parse_yaml(text, where), model, where=where, text=text)


def read_text(path: Path, *, fix: str = "") -> str:
    """The text of a configuration file.

    Args:
        fix: what to do when it is absent.

    Raises:
        ConfigError: absent, or no text.
        OSError: this account may not read it.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigError(f"there is no {path.name} here", where=str(path), fix=fix) from None
    except UnicodeDecodeError:
        raise ConfigError(
            "not a text file in UTF-8", where=str(path), fix="save it as UTF-8"
        ) from None


def load_yaml(text: str) -> Any:
    """What a YAML text holds: mappings, lists and plain values, never objects.

    Raises:
        yaml.YAMLError: it is not YAML, a date that is none, nested too deeply, or much more than is written.
    """
    return _load(text, lambda _root: None)


def _load(text: str, look: Callable[[yaml.Node], None]) -> Any:
    """The same. `look`: at what is written, before anything is made of it: what `<<` takes over stands nowhere yet."""
    loader = _LOADER(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        _count(root, {})
        look(root)
        return loader.construct_document(root)
    except (ValueError, RecursionError) as error:
        raise yaml.YAMLError(str(error)) from None
    finally:
        loader.dispose()


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for: what is named by `*` counts as often as it stands there.

    Ten lines can stand for more than a machine holds, and a number in base 60 (`1:30`) costs the square of its length.

    Args:
        known: id of a node → its values; 0 while they are counted.

    Raises:
        ValueError: too many, without end, or a number too long.
    """
    if isinstance(node, yaml.ScalarNode):
        if len(node.value) > _LONGEST_NUMBER and node.tag.endswith((":int", ":float")):
            raise ValueError(f"a number of more than {_LONGEST_NUMBER} characters")
        return 1
    if id(node) in known:
        if known[id(node)] == 0:
            raise ValueError("a value that is a part of itself")
        return known[id(node)]
    known[id(node)] = 0
    pairs = isinstance(node, yaml.MappingNode)
    parts = (part for pair in node.value for part in pair) if pairs else iter(node.value)
    total = 1
    for part in parts:
        total += _count(part, known)
        if total > _MOST_VALUES:
            raise ValueError(f"more than {_MOST_VALUES:,} values")
    known[id(node)] = total
    return total


def parse_yaml(text: str, where: str) -> dict[str, object]:
    """The keys and values of a YAML text; an empty one has none.

    Raises:
        ConfigError: not YAML, something else than keys and values, or a key that stands twice.
    """
    try:
        value = _load(text, lambda root: _require_once(root, where))
    except yaml.YAMLError as error:
        raise ConfigError(_yaml_complaint(error), where=_yaml_place(error, where)) from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError("the file must hold keys and values", where=where, fix="name: value")
    return value


def _require_once(root: yaml.Node, where: str) -> None:
    """That no key stands twice in one place: YAML takes the later one, and what the earlier one says is lost.

    Raises:
        ConfigError: one does.
    """
    for path, first, line in _repeated(root, ()):
        key = ".".join(map(str, path))
        raise ConfigError(
            f"{key!r} stands twice, in lines {first} and {line}: only the later one would count",
            where=f"{where}, line {line}", fix="put both into one",
        )  # fmt: skip


def _repeated(node: yaml.Node, path: KeyPath) -> Iterator[tuple[KeyPath, int, int]]:
    """Keys that stand again in the same place, with both lines; `1` and `"1"` are two."""
    if isinstance(node, yaml.MappingNode):
        lines: dict[tuple[str, str], int] = {}
        for key, child in node.value:
            here, line = (*path, str(key.value)), key.start_mark.line + 1
            name = key.tag, str(key.value)
            if name in lines and key.value != _MERGE:
                yield here, lines[name], line
            lines[name] = line
            yield from _repeated(child, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            yield from _repeated(child, (*path, index))


def validate_settings(
    value: Mapping[str, object],
    model: type[Model],
    *,
    where: str,
    prefix: KeyPath = (),
    text: str = "",
) -> Model:
    """`value` as `model`.

    Args:
        prefix: where in the file `value` stands, for messages.
        text: of the file, for line numbers in messages.

    Raises:
        ConfigError: lists every complaint, the first one with its place and fix.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first, *others = complaints(error.errors(include_url=False), model)
    what = _told(first, prefix)
    for other in others:
        what += f"\n  also:  {_told(other, prefix)}"
    line = _line_of((*prefix, *first.path), key_lines(text))
    raise ConfigError(what, where=f"{where}, line {line}" if line else where, fix=first.fix)


def _told(one: Complaint, prefix: KeyPath) -> str:
    key = ".".join(map(str, (*prefix, *one.path)))
    if one.unknown:
        return f"unknown key {key!r}"
    return f"{key}: {one.words}" if key else one.words


def _line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int | None:
    """Of the key, or of the nearest one above it when it is missing itself."""
    return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), None)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Key path → line number (from 1) of a YAML text; empty when the text is not YAML."""
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:
        return {}
    return dict(_walk(root, ())) if root is not None else {}


def _walk(node: yaml.Node, path: KeyPath) -> Iterator[tuple[KeyPath, int]]:
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
