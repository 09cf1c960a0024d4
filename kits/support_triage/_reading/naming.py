"""Which columns go by some names: by the whole name, by what lies innermost, by a word of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from kits.core.column_names import plain

LIFTED = ("fields.", "properties.", "attributes.", "row.", "values.")
"""Objects in which APIs keep what is a record's own."""
_NUMBERED = re.compile(r"c\d+")
_HOLDERS = frozenset(
    {"name", "label", "value", "title", "display_value", "lookup_name", "display_name"}
)
"""What the text of a value is called; what it is of stands before it (`category.name`)."""


def ranked(free: Mapping[str, list[str]], names: Sequence[str], *, words: bool = True) -> list[str]:
    """Columns that go by one of the names: the whole name first, then the last part of what lies within others, then one of
    its words; of equals the one that stands first."""
    order = {word: place for place, word in enumerate(names)}
    found: list[tuple[int, int, int, int, str]] = []
    for at, name in enumerate(free):
        parts = parts_of(name)
        if (called := plain(name)) in order:
            found.append((0, order[called], 0, at, name))
        elif parts and parts[-1] in order:
            found.append((1, order[parts[-1]], len(parts), at, name))
        elif hits := [
            order[word] for word in "_".join(parts).split("_") if words and word in order
        ]:
            found.append((2, min(hits), len(parts), at, name))
    return [name for *_, name in sorted(found)]


def parts_of(name: str) -> list[str]:
    """`fields.summary` → `summary`, `ticket.category.name` → `ticket`, `category`"""
    own = name
    for prefix in LIFTED:
        own = own.removeprefix(prefix)
    parts = [plain(part) for part in own.split(".") if part]
    while len(parts) > 1 and parts[-1] in _HOLDERS:
        parts.pop()
    return parts


def are_unnamed(columns: Iterable[str]) -> bool:
    """Whether the file names no column: they are called by their numbers."""
    return all(_NUMBERED.fullmatch(name) for name in columns)


def words_of(name: str) -> set[str]:
    return set(plain(name).split("_"))
