"""What lies within each other in the JSON of a help desk → columns: `source.body`, the names of tags, the customer's first message.

Cells that are kept as they are stay: entities and the like are read from them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from kits.core.answers.fields import named_values, numbered_answers
from kits.core.answers.values import is_typed, typed_value
from kits.core.column_names import plain
from kits.core.row_sources import RowSource
from kits.core.tables import BadRow, Row, cell_of
from kits.support_triage._reading.authors import by_customers, says_who
from kits.support_triage._reading.gmail import as_message

MAX_COLUMNS = 500
"""Of a row."""
_MAX_DEPTH = 4
MESSAGES = frozenset({
    "messages", "threads", "thread", "comments", "article", "articles", "posts", "conversations", "conversation_parts", "replies", "events",
    "notes", "turns", "updates", "dialogue", "dialog", "log", "original", "utterances",
})  # fmt: skip
"""Lists of what was said to and fro."""
_PERSONS = frozenset(
    {"users", "participants", "people", "persons", "authors", "contacts", "parties"}
)
"""Lists of who spoke."""
_CALLED = ("name", "tag", "title", "label")
_NO_TAG = frozenset({"value", "start", "end", "start_offset", "end_offset", "text", "body"})
_WHEN = frozenset({
    "created_at", "createdat", "created_datetime", "created", "created_time", "createtime", "date", "datecreated", "timestamp", "sent_at",
    "delivered_at",
})  # fmt: skip
_ODATA_WORD = "@OData.Community.Display.V1.FormattedValue"
"""Behind the name of a number: what it is in words."""
_NEARER = 0.5
_CATEGORIES = "cats"
"""Where spaCy has a number for each category."""
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
    found = as_message(row) or dict(row)
    for name, cell in row.items():
        if name.endswith(_ODATA_WORD) and cell:
            found[name.removesuffix(_ODATA_WORD)] = cell
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
    if isinstance(value, list):
        _add_list(found, name, value, depth)
    elif not isinstance(value, dict):
        if value is not None and name not in found:
            found[name] = cell_of(value)
    elif plain(name.rpartition(".")[2]) == _CATEGORIES and (chosen := _chosen(value)):
        found[name] = chosen
    elif (text := _document_text(value)) or (is_typed(value) and (text := _text(value))):
        found[name] = text
    else:
        for key, inner in (numbered_answers(value) or value).items():
            _add(found, f"{name}.{key}", inner, depth + 1)


def _add_list(found: Row, name: str, entries: list[JsonValue], depth: int) -> None:
    objects = [entry for entry in entries if isinstance(entry, dict)] or _said(entries)
    if len(objects) < len(entries) or not objects:
        if len(entries) == 2 and type(entries[0]) is int and isinstance(entries[1], str):
            found[name] = entries[1]  # Odoo's link to a record: its number and its name
        elif depth and (texts := [entry for entry in entries if isinstance(entry, str)]):
            found.setdefault(name, "|".join(texts))
    elif plain(name.rpartition(".")[2]) in _PERSONS and len(objects) > len(by_customers(objects)):
        _add(found, name, dict(_first_said(objects)), depth + 1)
    elif tags := _tags(objects):
        found[name] = "|".join(tags)
    elif plain(name.rpartition(".")[2]) in MESSAGES:
        _add(found, name, dict(_first_said(objects)), depth + 1)
    elif fields := _fields(objects):
        for label, value in fields.items():
            _add(found, f"{name}.{label}", value, depth + 1)
    elif len(objects) == 1 and "start" not in objects[0]:
        _add(found, name, dict(objects[0]), depth)


def _chosen(value: _Object) -> str:
    """The categories whose numbers are nearer to 1; empty where it is something else than numbers."""
    numbers = {name: one for name, one in value.items() if isinstance(one, int | float)}
    chosen = [name for name, number in numbers.items() if number >= _NEARER]
    return "|".join(chosen) if len(numbers) == len(value) else ""


def _text(value: dict[str, JsonValue]) -> str:
    """What a field holds that is kept with its kind, as Notion's are."""
    held = typed_value(value)
    return "" if held is None else cell_of(held)


def _document_text(node: _Object, depth: int = 0) -> str:
    """The text of a document of nodes, as Jira and some editors keep one: `{"type": "doc", "content": [{"type": "paragraph", …}]}`;
    empty where it is none."""
    inner = node.get("content")
    if (
        not isinstance(inner, list)
        or not (depth or node.get("type") == "doc")
        or depth > 2 * _MAX_DEPTH
    ):
        return ""  # fmt: skip
    parts: list[str] = []
    for one in inner:
        if not isinstance(one, dict):
            continue
        text = one.get("text")
        parts.append(text if isinstance(text, str) else _document_text(one, depth + 1))
        if "content" in one or one.get("type") == "hardBreak":
            parts.append("\n")
    return "".join(parts).rstrip("\n") if not depth else "".join(parts)


def _tags(objects: Sequence[_Object]) -> list[str]:
    """What tags are called; empty where the list is of something else."""
    called = [next((v for k in _CALLED if isinstance(v := one.get(k), str)), "") for one in objects]
    return called if all(called) and all(_NO_TAG.isdisjoint(one) for one in objects) else []


def _fields(objects: Sequence[_Object]) -> dict[str, JsonValue]:
    """Fields that are listed with their names or numbers and their values; an entity has a place in the text beside."""
    if any({"start", "end"} & set(one) for one in objects):
        return {}
    return named_values([dict(one) for one in objects])


def _said(entries: Sequence[JsonValue]) -> list[dict[str, JsonValue]]:
    """`[["agent", "Welcome"], ["customer", "Hello"]]` as messages; empty where it is something else."""
    pairs = [one for one in entries if isinstance(one, list) and len(one) == 2]
    if len(pairs) < len(entries) or not all(
        isinstance(who, str) and says_who(who) for who, _ in pairs
    ):
        return []  # fmt: skip
    return [{"author": who, "text": text} for who, text in pairs if plain(str(who)) != "action"]


def _first_said(objects: Sequence[_Object]) -> _Object:
    """The customer's first message; of a list that does not say who wrote, the first of all; none where all are the firm's."""
    return min(by_customers(objects), key=_when, default={})


def _when(one: _Object) -> tuple[float, str]:
    """Order in time: of numbers, or of ISO 8601 as it stands; what has none keeps its place."""
    told = next((value for key, value in one.items() if plain(key) in _WHEN and value), "")
    return (float(told), "") if isinstance(told, int | float) else (0.0, str(told))
