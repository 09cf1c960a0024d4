"""What lies within each other in the JSON of a help desk → columns: `source.body`, the names of tags, the customer's first message.

Cells that are kept as they are stay: entities and the like are read from them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from kits.core.row_sources import RowSource
from kits.core.tables import BadRow, Row

MAX_COLUMNS = 500
"""Of a row."""
_MAX_DEPTH = 4
_MESSAGES = frozenset({
    "messages", "threads", "comments", "articles", "posts", "conversations", "conversation_parts", "replies", "events", "notes",
})  # fmt: skip
"""Lists of what was said to and fro."""
_CALLED = ("name", "tag", "title", "label")
_NO_TAG = frozenset({"value", "start", "end", "start_offset", "end_offset", "text", "body"})
_ASKS = frozenset({"customer", "user", "contact", "lead", "end-user", "enduser", "requester", "visitor"})  # fmt: skip
_WHO = ("type", "sender", "sender_type", "role", "direction", "author_type")
_WHEN = ("created_at", "createdat", "created_datetime", "created", "created_time", "date", "timestamp", "sent_at")  # fmt: skip
_FIELD_NAMES = ("name", "title", "label", "key", "slug", "id", "field_id")
_Object = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Unfolded:
    """A table of JSON whose nested values are columns of their own, after those that they lie in.

    Attributes:
        columns: all that its first rows have.
    """

    table: RowSource
    columns: tuple[str, ...]
    numeric: ClassVar[frozenset[str]] = frozenset()
    cuts_rows: ClassVar[bool] = False

    @property
    def form(self) -> str:
        return self.table.form

    @property
    def nested(self) -> frozenset[str]:
        """Columns that lie within others."""
        return frozenset(self.columns) - set(self.table.columns)

    def rows(self) -> Iterator[tuple[int, Row] | BadRow]:
        for found in self.table.rows():
            yield found if isinstance(found, BadRow) else (found[0], unfolded(found[1]))

    def head(self, most: int) -> list[Row]:
        return [unfolded(row) for row in self.table.head(most)]


def unfold(table: RowSource, head: Sequence[Row]) -> tuple[Unfolded, list[Row]]:
    """A table and its first rows, with what lies within their values."""
    rows = [unfolded(row) for row in head]
    return Unfolded(table, tuple(dict.fromkeys(name for row in rows for name in row))), rows


def unfolded(row: Row) -> Row:
    """A row with what its cells hold: their own names stay, nested ones stand behind a point."""
    found = dict(row)
    for name, cell in row.items():
        value = _json_of(cell)
        if value is not None:
            _add(found, name, value, 0)
    return found


def _json_of(cell: str) -> JsonValue:
    if cell[:1] not in ("{", "["):
        return None
    try:
        value: JsonValue = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    return value


def _add(found: Row, name: str, value: JsonValue, depth: int) -> None:
    if len(found) > MAX_COLUMNS or depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            _add(found, f"{name}.{key}", inner, depth + 1)
    elif isinstance(value, list):
        _add_list(found, name, value, depth)
    elif value is not None and name not in found:
        found[name] = value if isinstance(value, str) else json.dumps(value)


def _add_list(found: Row, name: str, entries: list[JsonValue], depth: int) -> None:
    objects = [entry for entry in entries if isinstance(entry, dict)]
    if not objects or len(objects) < len(entries):
        texts = [entry for entry in entries if isinstance(entry, str)]
        if depth and texts:
            found.setdefault(name, "|".join(texts))
    elif tags := _tags(objects):
        found[name] = "|".join(tags)
    elif name.rpartition(".")[2].lower() in _MESSAGES:
        _add(found, name, dict(_first_said(objects)), depth + 1)
    else:
        for label, value in _fields(objects).items():
            _add(found, f"{name}.{label}", value, depth + 1)


def _tags(objects: Sequence[_Object]) -> list[str]:
    """What tags are called; empty where the list is of something else."""
    called = [next((v for k in _CALLED if isinstance(v := one.get(k), str)), "") for one in objects]
    return called if all(called) and all(_NO_TAG.isdisjoint(one) for one in objects) else []


def _fields(objects: Sequence[_Object]) -> dict[str, JsonValue]:
    """Fields that are listed with their names or numbers and their values."""
    found: dict[str, JsonValue] = {}
    for one in objects:
        label = next((str(one[key]) for key in _FIELD_NAMES if one.get(key)), "")
        if "value" not in one or not label or {"start", "end"} & set(one):
            return {}
        found.setdefault(label, one["value"])
    return found


def _first_said(objects: Sequence[_Object]) -> _Object:
    """The customer's first message; of a list that does not say who wrote, the first of all."""
    asked = [one for one in objects if _is_asked(one)] or objects
    return min(asked, key=_when)


def _is_asked(one: _Object) -> bool:
    if one.get("from_agent") is False or one.get("incoming") is True or one.get("inbound") is True:
        return True
    author = one.get("author")
    said = [one.get(key) for key in _WHO]
    said += [author.get(key) for key in _WHO] if isinstance(author, dict) else []
    return any(isinstance(word, str) and word.lower() in _ASKS | {"inbound", "incoming"} for word in said)  # fmt: skip


def _when(one: _Object) -> tuple[float, str]:
    """Order in time: of numbers, or of ISO 8601 as it stands; what has none keeps its place."""
    told = next((value for key, value in one.items() if key.lower() in _WHEN and value), "")
    return (float(told), "") if isinstance(told, int | float) else (0.0, str(told))
