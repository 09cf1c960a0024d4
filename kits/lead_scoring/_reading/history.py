"""A table of changes (lead, field, value, time) → each field's value as it was at the decision."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kits.core.kit import Finding
from kits.lead_scoring._lead import Value
from kits.lead_scoring._reading.events import Seconds, Timed
from kits.lead_scoring._reading.names import by_rank, squeezed
from kits.lead_scoring._reading.sheets import Sheet

MOST_FIELDS = 300


@dataclass(frozen=True)
class Fields:
    """Which columns of a table of changes name the field, its new and its old value."""

    name: str
    new: str
    old: str = ""


def find_fields(sheet: Sheet) -> Fields | None:
    """The columns of a table of changes; None when it is none."""
    names = by_rank(sheet.columns, "field_name")
    new = by_rank(sheet.columns, "new_value")
    old = by_rank(sheet.columns, "old_value")
    if not names or not new or len(set(sheet.cells[names[0]])) > MOST_FIELDS:
        return None
    return Fields(names[0], new[0], old[0] if old else "")


@dataclass(frozen=True)
class _Change:
    seconds: float
    new: str
    old: str


def history_columns(
    leads: Sheet, history: Timed, fields: Fields, decided: Seconds
) -> tuple[dict[str, Sequence[Value]], Finding]:
    """The fields that changed, as they were at each lead's decision; in place of the leads' own column."""
    changes = _changes(history, fields)
    keys = [history.link.key(cell) for cell in leads.cells[history.link.lead_column]]
    own = {squeezed(name): name for name in leads.columns}
    columns: dict[str, Sequence[Value]] = {}
    moved = 0
    for field, by_key in changes.items():
        name = own.get(squeezed(field), field)
        today = leads.cells.get(name)
        texts: list[str] = []
        for row, (key, at) in enumerate(zip(keys, decided)):
            current = today[row] if today is not None else ""
            texts.append(_as_of(by_key.get(key), at, current, bool(fields.old)))
            moved += texts[-1] != current
        columns[name] = leads.typed(name, texts).values
    told = (
        f"{history.sheet.name} joined {history.link.said()}, times from {history.at}: {len(changes)} fields as they were at the "
        f"decision ({', '.join(list(changes)[:8])}); {moved} cells were other than today"
    )
    return columns, Finding("joined", "pass", told)


def _changes(history: Timed, fields: Fields) -> dict[str, Mapping[str, list[_Change]]]:
    sheet = history.sheet
    found: dict[str, dict[str, list[_Change]]] = defaultdict(lambda: defaultdict(list))
    old = sheet.cells[fields.old] if fields.old else [""] * len(sheet)
    cells = zip(
        sheet.cells[history.link.column],
        history.seconds,
        sheet.cells[fields.name],
        sheet.cells[fields.new],
        old,
    )
    for cell, seconds, field, new, before in cells:
        key = history.link.key(cell)
        if key and seconds is not None and field.strip():
            found[field.strip()][key].append(_Change(seconds, new, before))
    for by_key in found.values():
        for changes in by_key.values():
            changes.sort(key=lambda change: change.seconds)
    return dict(found)


def _as_of(changes: list[_Change] | None, at: float | None, current: str, knows_old: bool) -> str:
    """A field's value at a time: what it was last changed to, or what it was before its first change."""
    if not changes:
        return current
    if at is None:
        return ""
    n = bisect_right(changes, at, key=lambda change: change.seconds)
    if n:
        return changes[n - 1].new
    return changes[0].old if knows_old else ""
