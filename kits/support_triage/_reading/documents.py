"""A JSON document → its tables: an answer's lists of records, a data frame's columns, pairs of text and label in splits.

What an answer puts around its rows is known to `kits.core.answers`; what columns mean is decided in `roles.py`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from pydantic import JsonValue

from kits.core.answers.grids import listed_table, table_in
from kits.core.answers.wrapping import bare, is_page, keyed_rows, unwrapped
from kits.core.column_names import plain
from kits.core.errors import DataError
from kits.core.row_sources import Source
from kits.core.spreadsheets.naming import where_of
from kits.core.tables import (
    MAX_CELL,
    MAX_DOCUMENT_BYTES,
    encoding_of,
    json_kind,
)
from kits.support_triage._reading.bot_examples import examples_in
from kits.support_triage._reading.listed_rows import ListedRows, columns_of
from kits.support_triage._reading.role_names import LABEL_NAMES, TEXT_NAMES
from kits.support_triage._reading.unfolding import MESSAGES

Object: TypeAlias = dict[str, JsonValue]
_DEEPEST = 3
"""So deep the rows of a document may lie within its keys (`_embedded.conversations`)."""
_SNIFFED_BYTES = 256 << 10
_FEWEST = 2
_MOST_ALIKE = 3
"""Lists under one name; more of them are parts of records or of settings."""
_GAP = re.compile(r"[\s,]*")
"""What may stand between documents."""
_BESIDE: frozenset[str] = frozenset()
_NAMES = frozenset((*TEXT_NAMES, *LABEL_NAMES))


def is_document(path: Path) -> bool:
    """Whether a file is one document of JSON, or pages of an answer one below the other, not a record a line."""
    with path.open("rb") as stream:
        start = stream.read(_SNIFFED_BYTES)
        kind = json_kind(path, start, encoding_of(start)) if start.strip() else ""
        if kind != "lines":
            return kind == "document"
        stream.seek(0)
        first = stream.readline(4 * MAX_CELL)
    try:
        value: JsonValue = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and is_page(value) and not _talks(value)


def open_document(path: Path, name: str) -> list[Source]:
    """The tables of a document, each under the key that it lies at where there are several.

    Raises:
        DataError: no JSON, too large, or no records in it.
    """
    tables = [(key, rows) for key, rows in tables_in(_loaded(path)) if columns_of(rows)]
    if not tables:
        raise DataError(
            "no JSON objects with texts in it",
            where=path.name,
            fix="a list of objects, one for each mail or record, with texts in their fields",
        )
    alone = len(tables) == 1
    return [
        Source(name if alone else where_of(name, key), "" if alone else key, ListedRows.of(rows, "JSON"))
        for key, rows in tables
    ]  # fmt: skip


def tables_in(value: JsonValue) -> Iterator[tuple[str, list[JsonValue]]]:
    """Lists of records with the key that they lie at, those of one key together; a document without any is a record itself."""
    found = list(_inner_tables(_bared(value), "", 0))
    called = Counter(key for key, _ in found)
    tables: dict[str, list[JsonValue]] = {}
    for key, rows in found:
        if called[key] <= _MOST_ALIKE:
            tables.setdefault(key, []).extend(rows)
    several = [rows for rows in tables.values() if len(rows) >= _FEWEST]
    built = {columns_of(rows) for rows in several}
    if several or (len(found) == 1 and isinstance(value, list)):
        # one record alone may be settings
        yield from ((k, r) for k, r in tables.items() if not several or columns_of(r) in built)
    elif isinstance(value, dict):
        yield "", [value]


def _bared(value: JsonValue) -> JsonValue:
    """What lies within objects of one key, as GraphQL's answers do: `{"data": {"repository": {"issues": {…}}}}`."""
    for _ in range(_DEEPEST):
        inner = next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else None
        if not isinstance(inner, dict):
            break
        value = inner
    return value


def _inner_tables(value: JsonValue, key: str, depth: int) -> Iterator[tuple[str, list[JsonValue]]]:
    if isinstance(value, list):
        if rows := _listed(value):
            yield key, rows
    elif isinstance(value, dict):
        if rows := _table(value) or list(examples_in(value)) or [*keyed_rows(value)]:
            yield key, rows
        elif depth < _DEEPEST:
            for name, inner in value.items():
                yield from _inner_tables(inner, name, depth + 1)


def _listed(value: list[JsonValue]) -> list[JsonValue]:
    """The records of a list, without what is put around each, or around some of them."""
    if taught := examples_in(value):
        return list(taught)
    if pairs := _pairs(value) or _told_pairs(value) or listed_table(value):
        return list(pairs)
    if not any(isinstance(entry, dict) for entry in value):
        return []
    if all(isinstance(entry, dict) and is_page(entry) and not _talks(entry) for entry in value):
        return list(unwrapped(value))
    return [bare(entry) if isinstance(entry, dict) and not _talks(entry) else entry for entry in value]  # fmt: skip


def _talks(entry: Object) -> bool:
    """Whether a record holds what was said to and fro: it is no page of an answer."""
    return any(plain(key) in MESSAGES for key in entry)


def _pairs(value: Sequence[JsonValue]) -> list[Object]:
    """`[[text, intent], …]`; empty where it is another list."""
    pairs = [one for one in value if isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) for part in one)]  # fmt: skip
    if len(pairs) < max(_FEWEST, len(value)) or {plain(str(name)) for name in pairs[0]} <= _NAMES:
        return []  # a header is no text
    firsts, seconds = ({str(pair[at]) for pair in pairs} for at in (0, 1))
    # a text hardly ever comes again, a label does
    names = ("text", "intent") if len(firsts) >= len(seconds) else ("intent", "text")
    return [dict(zip(names, pair)) for pair in pairs]


def _told_pairs(value: Sequence[JsonValue]) -> list[Object]:
    """`[[text, {"cats": {…}}], …]`, as spaCy is taught with; empty where it is another list."""
    pairs = [one for one in value if isinstance(one, list) and len(one) == 2]
    told = [
        {"text": text, **more}
        for text, more in pairs
        if isinstance(text, str) and isinstance(more, dict)
    ]
    return told if len(told) == len(value) else []


def _table(value: Object) -> list[JsonValue]:
    """The rows of a table whose cells lie in lists, or of a data frame, whose columns do; empty where it is none."""
    columns = [_column(one) for one in value.values()]
    lengths = {len(one) for one in columns}
    named = any(plain(name) in _NAMES for name in value)
    if named and len(columns) >= _FEWEST and len(lengths) == 1 and min(lengths) >= _FEWEST:
        return [dict(zip(value, cells)) for cells in zip(*columns)]
    return list(table_in(value, _BESIDE) or ())


def _column(value: JsonValue) -> list[JsonValue]:
    """The cells of a data frame's column, listed or numbered; empty where it is none."""
    if isinstance(value, dict) and all(key.isdecimal() for key in value):
        value = list(value.values())
    if not isinstance(value, list) or any(isinstance(cell, dict | list) for cell in value):
        return []
    return value


def _loaded(path: Path) -> JsonValue:
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise DataError("one JSON document of this size", where=path.name, fix="write JSON lines")
    with path.open("rb") as stream:
        encoding = encoding_of(stream.read(_SNIFFED_BYTES))
    text = path.read_text(encoding=encoding, errors="replace")
    try:
        pages = list(_one_by_one(text))
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", where=path.name) from error
    return pages[0] if len(pages) == 1 else pages


def _one_by_one(text: str) -> Iterator[JsonValue]:
    """Documents one after the other."""
    decoder, at = json.JSONDecoder(), _past_gap(text, 0)
    while at < len(text):
        value, end = decoder.raw_decode(text, at)
        yield value
        at = _past_gap(text, end)


def _past_gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at
