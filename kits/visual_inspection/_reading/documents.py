"""JSON files of labels: bounded, and nothing of a file that holds something else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from pydantic import JsonValue

Object: TypeAlias = dict[str, JsonValue]
_MAX_BYTES = 512 << 20
DEEPEST = 3
"""So many folders below the one that is imported a labels file may lie."""


def document(file: Path, most: int = _MAX_BYTES) -> JsonValue:
    """What a JSON file holds; None where it is none, or larger than `most` bytes."""
    try:
        if file.stat().st_size > most:
            return None
        found: JsonValue = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found


def may_hold(file: Path, keys: Iterable[str]) -> bool:
    """Whether all keys stand in a file, so that it is worth to be parsed."""
    try:
        content = file.read_bytes() if file.stat().st_size <= _MAX_BYTES else b""
    except OSError:
        return False
    return all(f'"{key}"'.encode() in content for key in keys)


def lines(file: Path) -> list[Object]:
    """The objects of a file of JSON lines; empty where a line is none."""
    found: list[Object] = []
    try:
        if file.stat().st_size > _MAX_BYTES:
            return []
        for line in file.read_text(encoding="utf-8-sig").splitlines():
            value = json.loads(line) if line.strip() else {}
            if not isinstance(value, dict):
                return []
            if value:
                found.append(value)
    except (OSError, ValueError, RecursionError):
        return []
    return found


def objects(value: JsonValue) -> list[Object]:
    """The objects in a list; empty if it is no list of objects alone."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return []
    return [one for one in value if isinstance(one, dict)]


def within(value: JsonValue, *keys: str) -> JsonValue:
    """What lies under keys of objects in each other; None where one is missing."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def text(value: JsonValue) -> str:
    """A word or a number as a text; empty of anything else."""
    return (
        str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    )


def files_under(path: Path, suffixes: Iterable[str]) -> list[Path]:
    """Files with one of some endings, not deep below a folder, sorted; hidden ones and links out of it are none."""
    wanted, root = frozenset(suffixes), path.resolve()
    patterns = ["/".join(["*"] * depth) for depth in range(1, DEEPEST + 2)]
    found = {file for pattern in patterns for file in path.glob(pattern)}
    return sorted(
        file
        for file in found
        if file.suffix.lower() in wanted
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and file.resolve().is_relative_to(root)
    )
