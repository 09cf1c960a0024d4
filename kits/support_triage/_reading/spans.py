"""Entities as tables state them → spans in the text that models read.

A table counts in its own text column; a model reads subject and body of a mail without quotes and signature. Each
entity is looked up where the column's text lies in that, and its characters must be the same there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from kits.core.prediction import Span
from kits.core.tables import Row
from kits.support_triage._reading.roles import Roles

MAX_PIECES = 200
_LABEL_KEYS = ("label", "type", "entity", "entity_type", "name", "slot", "tag", "entity_group")
_START_KEYS = ("start", "begin", "start_offset", "from", "start_char")
_END_KEYS = ("end", "stop", "end_offset", "to", "end_char")
_TEXT_KEYS = ("text", "value", "surface", "word", "string")


@dataclass(frozen=True, slots=True)
class Piece:
    """One stated entity: characters `start` to `end` (exclusive) of the text column, −1 where only its words are told."""

    label: str
    start: int
    end: int
    words: str = ""


def pieces_in(row: Row, roles: Roles) -> tuple[Piece, ...]:
    """What one row states."""
    found: list[Piece] = []
    if roles.entity_type:
        label = row.get(roles.entity_type, "").strip()
        start, end = _whole(row.get(roles.entity_start, "")), _whole(row.get(roles.entity_end, ""))
        if label and start is not None and end is not None and start < end:
            found.append(Piece(label, start, end))
    if roles.entities:
        found.extend(_from_json(row.get(roles.entities, "")))
    return tuple(found[:MAX_PIECES])


def place(pieces: Sequence[Piece], column: str, read: str) -> tuple[Span, ...]:
    """Spans in `read` of entities stated in `column`; those that are not found are left out.

    Where a table tells an entity's words, they decide: its offsets may count in subject and body together.
    """
    offset = _offset(column, read)
    spans: dict[tuple[int, int, str], Span] = {}
    for piece in pieces:
        counted = column[piece.start : piece.end] if piece.start >= 0 else ""
        elsewhere = bool(piece.words) and counted != piece.words
        words = piece.words if elsewhere else counted
        # a space or two are marked with an entity now and then
        lead = len(words) - len(words.lstrip())
        words = words.strip()
        if not words:
            continue
        start = _where(read, words, piece.start + lead + (0 if elsewhere else offset))
        if start >= 0:
            span = Span(start, start + len(words), piece.label, words)
            spans[span.start, span.end, span.label] = span
    return tuple(sorted(spans.values(), key=lambda span: (span.start, span.end, span.label)))


def _offset(column: str, read: str) -> int:
    """How far the column's text is moved in what is read; 0 when it is not there in one piece."""
    core = column.strip()
    at = read.find(core) if core else -1
    return at - (len(column) - len(column.lstrip())) if at >= 0 else 0


def _where(read: str, words: str, expected: int) -> int:
    """Start of `words`: at the expected place, else the nearest occurrence, else −1."""
    if expected >= 0 and read.startswith(words, expected):
        return expected
    best, at = -1, read.find(words)
    while at >= 0:
        if best < 0 or abs(at - expected) < abs(best - expected):
            best = at
        at = read.find(words, at + 1)
    return best


def _from_json(cell: str) -> Iterator[Piece]:
    """`{"date": {"text": …, "span": [3, 9]}}`, or a list of objects with label, start and end."""
    try:
        value: JsonValue = json.loads(cell) if cell.strip() else None
    except (ValueError, RecursionError):
        return
    if isinstance(value, dict):
        for name, entry in value.items():
            for one in entry if isinstance(entry, list) else [entry]:
                yield from _of_entry(one, name)
    elif isinstance(value, list):
        for entry in value[:MAX_PIECES]:
            yield from _of_entry(entry, "")


def _of_entry(entry: JsonValue, name: str) -> Iterator[Piece]:
    if isinstance(entry, str) and name and entry:
        yield Piece(name, -1, -1, entry)
        return
    if isinstance(entry, list) and len(entry) == 3:
        entry = dict(zip(("start", "end", "label"), entry))
    if not isinstance(entry, dict):
        return
    label = name or str(_first(entry, _LABEL_KEYS) or "")
    span = entry.get("span")
    if isinstance(span, list) and len(span) == 2:
        start, end = _whole(span[0]), _whole(span[1])
    else:
        start, end = _whole(_first(entry, _START_KEYS)), _whole(_first(entry, _END_KEYS))
    words = str(_first(entry, _TEXT_KEYS) or "")
    if label and start is not None and end is not None and 0 <= start < end:
        yield Piece(label, start, end, words)
    elif label and words:
        yield Piece(label, -1, -1, words)


def _first(entry: dict[str, JsonValue], keys: Sequence[str]) -> JsonValue:
    return next((entry[key] for key in keys if key in entry), None)


def _whole(value: JsonValue) -> int | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.strip().isdigit() and len(value.strip()) < 10:
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else None
