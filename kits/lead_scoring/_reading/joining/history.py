"""A table of changes (lead, field, value, time) → each field's value as it was at the decision."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kits.core.column_names import squeezed
from kits.core.kit import Finding
from kits.lead_scoring._lead import Value
from kits.lead_scoring._reading.columns.names import by_rank
from kits.lead_scoring._reading.joining.events import Seconds, Timed
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

MOST_FIELDS = 300
_SHOWN = 8
_NEARLY_ALL = 0.98


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


Columns = Mapping[str, Sequence[Value] | None]
"""Columns of the leads; None: not known as it was, so it is left out."""


def history_columns(
    leads: Sheet, history: Timed, fields: Fields, decided: Seconds
) -> tuple[Columns, list[Finding]]:
    """The fields that changed, as they were at each lead's decision; in place of the leads' own column."""
    changes = _changes(history, fields)
    keys = [history.link.key(cell) for cell in leads.cells[history.link.lead_column]]
    own = {squeezed(name): name for name in leads.columns}
    columns: dict[str, Sequence[Value] | None] = {}
    unknown: dict[str, int] = {}
    moved = 0
    for field, by_key in changes.items():
        name = own.get(squeezed(field), field)
        today = leads.cells[name] if name in leads.cells else [""] * len(leads)
        found = [by_key.get(key) for key in keys]
        late = sum(_begins_late(one, at) for one, at in zip(found, decided))
        if late and not fields.old and not _complete(found, today):
            unknown[name], columns[name] = late, None
            continue
        texts = [
            _as_of(one, at, current, bool(fields.old))
            for one, at, current in zip(found, decided, today)
        ]
        moved += sum(text != current for text, current in zip(texts, today))
        columns[name] = leads.typed(name, texts).values
    known = [name for name, values in columns.items() if values is not None]
    told = (
        f"{history.sheet.name} joined {history.link.said()}, times from {history.at}: {len(known)} fields as they were at the "
        f"decision ({', '.join(known[:_SHOWN])}); {moved} cells were other than today"
    )
    findings = [Finding("joined", "pass", told)] if known else []
    return columns, [*findings, *_said_unknown(history.sheet, unknown)]


def _begins_late(changes: list[_Change] | None, at: float | None) -> bool:
    """Whether all that is known of a lead's field came after its decision."""
    return changes is not None and at is not None and changes[0].seconds > at


def _complete(found: Sequence[list[_Change] | None], today: Sequence[str]) -> bool:
    """Whether the first entry of each value is there: then a field was empty before it, for whichever lead."""
    entered = [bool(one) for one, cell in zip(found, today) if not is_missing(cell)]
    return sum(entered) >= _NEARLY_ALL * len(entered)


def _said_unknown(sheet: Sheet, unknown: Mapping[str, int]) -> list[Finding]:
    """A gap only where a field was changed later would tell what came later, so the field goes for all leads."""
    if not unknown:
        return []
    rest = len(unknown) - _SHOWN
    more = f" and {rest} more" if rest > 0 else ""
    return [Finding(
        "history-without-old", "warn",
        f"{sheet.name} changes {', '.join(list(unknown)[:_SHOWN])}{more} after the decision and does not say what was there before: "
        "left out for all leads, as today's value was not known then",
        tuple(f"{name}: {n} leads" for name, n in unknown.items()),
        "export the changes with a column of the old values (old_value), or with every lead's first value as a row",
    )]  # fmt: skip


def _changes(history: Timed, fields: Fields) -> dict[str, Mapping[str, list[_Change]]]:
    sheet = history.sheet
    found: dict[str, dict[str, list[_Change]]] = defaultdict(lambda: defaultdict(list))
    old = sheet.cells[fields.old] if fields.old else [""] * len(sheet)
    cells = zip(
        sheet.cells[history.link.column],
        history.known,
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
