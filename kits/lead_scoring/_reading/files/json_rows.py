"""JSON of CRMs' APIs, or a row a line → columns of texts.

Knows how APIs nest values; how they wrap rows is `kits/core/answers`. What a column means is decided elsewhere.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from kits.core.answers.fields import is_shortened, named_values, numbered_answers
from kits.core.answers.values import (
    is_typed,
    is_versioned,
    text_of,
    typed_value,
    versioned_value,
)
from kits.core.answers.wrapping import Object, keyed_rows, unwrapped
from kits.core.errors import DataError

MAX_BYTES = 512 << 20
MAX_COLUMNS = 2_000
MAX_DEPTH = 4
_LIFTED = frozenset({"properties", "fields", "custom_fields", "custom_fields_values", "attributes"})
"""Objects whose entries are the row's own columns."""
_SALESFORCE = frozenset({"type", "url"})
"""All that the `attributes` of a Salesforce record say."""
_CHANGES = "propertiesWithHistory"
"""Where HubSpot's API tells which value a field had from when."""
_GAP = re.compile(r"[\s,]*")
"""What may stand between documents."""
_TOLD_APART = 20
"""So many rows tell names that come again from those that do not."""
Columns = dict[str, list[str]]
Counts = defaultdict[str, Counter[str]]


@dataclass(frozen=True)
class JsonTable:
    """Rows of a JSON file.

    Attributes:
        cells: column → texts.
        form: how the file was read, for people.
        history: the same of the changes that HubSpot's API tells with each record; empty where it tells none.
        shortened: columns in which a row has several objects, of which one alone was read.
    """

    cells: Columns
    form: str
    history: Columns
    shortened: tuple[str, ...] = ()


def json_rows(path: Path) -> JsonTable:
    """All rows of a file.

    Raises:
        DataError: no JSON, no rows in it, or too large.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(f"{size >> 20} MiB of JSON", where=path.name, fix="write parquet or CSV")
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        value = json.loads(text)
        rows = keyed_rows(value) if isinstance(value, dict) else []
        rows, form = rows or list(unwrapped(value)), "JSON"
    except (ValueError, RecursionError):
        rows, form = _lines(text, path.name), "JSON lines"
    if not rows:
        raise DataError("no rows in this JSON", where=path.name, fix="a list of objects")
    flat = flat_rows(rows)
    columns = list(dict.fromkeys(name for row in flat for name in row))
    if len(columns) > MAX_COLUMNS:
        raise DataError(f"{len(columns)} columns in one file", where=path.name)
    cells = {name: texts_of([row.get(name) for row in flat]) for name in columns}
    several = {name for row in flat for name, value in row.items() if is_shortened(value)}
    return JsonTable(cells, form, _history(rows), tuple(sorted(several)))


def _lines(text: str, where: str) -> list[Object]:
    """A document each line, or, as pages of an API are saved one below the other, over several lines each."""
    rows: list[Object] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.extend(unwrapped(json.loads(line)))
        except (ValueError, RecursionError):
            pages = _pages(text)
            if pages is None:
                raise DataError("not JSON", where=f"{where}, line {number}") from None
            return pages
    return rows


def _pages(text: str) -> list[Object] | None:
    """The rows of documents one after the other; None: they are no JSON."""
    decoder, at = json.JSONDecoder(), _past_gap(text, 0)
    rows: list[Object] = []
    while at < len(text):
        try:
            page, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        if not isinstance(page, dict | list):
            return None
        rows.extend(unwrapped(page))
        at = _past_gap(text, end)
    return rows


def _past_gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at


def flat_rows(rows: Sequence[Object]) -> list[Object]:
    """Rows without nesting. A list whose names hardly come again in other rows holds things with numbers (notes, files), no fields."""
    counts: Counts = defaultdict(Counter)
    flat = [_flat(row, counts) for row in rows]
    things = frozenset(
        name
        for name, met in counts.items()
        if len(rows) >= _TOLD_APART and len(met) > len(rows) / 2 and met.total() < 2 * len(met)
    )
    return [_flat(row, counts, things) for row in rows] if things else flat


def _flat(row: Object, counts: Counts, things: frozenset[str] = frozenset()) -> Object:
    flat: Object = {}
    _flatten(row, "", flat, 0, counts, things)
    return flat


def _flatten(
    row: Object, above: str, flat: Object, depth: int, counts: Counts, things: frozenset[str]
) -> None:
    """Args:
    counts: list → how often each of its names was met.
    things: lists that are no fields.
    """
    for key, value in row.items():
        name = f"{above}{key}"
        if key == _CHANGES:
            continue
        if isinstance(value, list) and name not in things and (named := named_values(value)):
            counts[name].update(named.keys())
            for label, own in named.items():
                bare = key in _LIFTED and not label.isdecimal()
                flat.setdefault(f"{above}{label}" if bare else f"{name}.{label}", own)
        elif isinstance(value, list) and is_versioned(value):
            flat.setdefault(name, versioned_value(value))
        elif not isinstance(value, dict):
            flat.setdefault(name, value)
        elif is_typed(value):
            flat.setdefault(name, typed_value(value))
        elif key == "attributes" and set(value) <= _SALESFORCE:
            continue
        elif answers := numbered_answers(value):
            flat |= {f"{name}.{question}": own for question, own in answers.items()}
        elif depth < MAX_DEPTH:
            _flatten(
                value, above if key in _LIFTED else f"{name}.", flat, depth + 1, counts, things
            )


def _history(rows: list[Object]) -> Columns:
    """The changes of fields, a row each."""
    columns: Columns = {"id": [], "field": [], "value": [], "timestamp": []}
    for row in rows:
        fields = row.get(_CHANGES)
        for field, changes in fields.items() if isinstance(fields, dict) else ():
            for change in changes if isinstance(changes, list) else ():
                if isinstance(change, dict):
                    told = (row.get("id"), field, change.get("value"), change.get("timestamp"))
                    for texts, value in zip(columns.values(), told):
                        texts.append(text_of(value))
    return columns if columns["id"] else {}


def texts_of(values: list[JsonValue]) -> list[str]:
    """A column's values as texts. Odoo writes `false` where a text or a date is empty."""
    worded = any(isinstance(value, str | list) for value in values)
    return ["" if worded and value is False else text_of(value) for value in values]
