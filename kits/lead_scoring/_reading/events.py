"""A table of what happened when (visits, mails, forms) → how often, how lately and how variedly, up to the decision.

A row later than a lead's decision is never counted for it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kits.core.kit import Finding
from kits.lead_scoring._lead import Value
from kits.lead_scoring._reading.cells import is_missing
from kits.lead_scoring._reading.relations import Link
from kits.lead_scoring._reading.role_times import seconds_of
from kits.lead_scoring._reading.sheets import Sheet
from kits.lead_scoring._reading.things import ranked_in

_DAY = 86_400.0
_KINDS = 10
"""The most frequent kinds are counted one by one."""
_MOST_KINDS = 200
_HALF = 0.5

Seconds = Sequence[float | None]
_Event = tuple[float, float, str, int]
"""From when on it was known, when it happened, its kind, and its row: of a lead's several ids two may have it."""


@dataclass(frozen=True)
class Timed:
    """A table with a time in each row.

    Attributes:
        seconds: (rows,) when it happened, since 1970.
        known: (rows,) from when on it was known: of a mere date, from the end of its day.
        kind: its column that tells kinds of events apart; empty: none.
    """

    sheet: Sheet
    link: Link
    label: str
    at: str
    seconds: Seconds
    known: Seconds
    kind: str


def find_time(sheet: Sheet, stated: str = "", meaning: str = "happened_at") -> tuple[str, Seconds]:
    """The column that tells when a row happened, and its times; empty when there is none.

    Args:
        meaning: the names to look for.
    """
    for name in [stated] if stated else ranked_in(sheet, sheet.columns, meaning):
        seconds = seconds_of(sheet, name, latest=True)
        if sum(s is not None for s in seconds) > _HALF * len(sheet):
            return name, seconds
    return "", ()


def known_from(sheet: Sheet, name: str, seconds: Seconds) -> list[float | None]:
    """When each row was known: what has a date alone may have happened in the evening, and no hour can be assumed."""
    clock = any(s % _DAY for s in seconds if s is not None)
    return [
        s + _DAY if s is not None and not s % _DAY and not (clock and ":" in cell) else s
        for s, cell in zip(seconds, sheet.cells[name])
    ]


def find_kind(sheet: Sheet) -> str:
    """The column that tells kinds of events apart."""
    for name in ranked_in(sheet, sheet.columns, "kind"):
        kinds = {cell for cell in sheet.cells[name] if not is_missing(cell)}
        if 1 < len(kinds) <= _MOST_KINDS:
            return name
    return ""


def event_columns(
    leads: Sheet, events: Timed, decided: Seconds
) -> tuple[dict[str, list[Value]], Finding]:
    """Columns of the leads from rows at or before their decision.

    Args:
        decided: (leads,) seconds since 1970; a lead without one has no events.
    """
    by_key: dict[str, list[_Event]] = defaultdict(list)
    kinds = events.sheet.cells[events.kind] if events.kind else [""] * len(events.sheet)
    cells = zip(events.sheet.cells[events.link.column], events.seconds, events.known, kinds)
    for row, (cell, seconds, known, kind) in enumerate(cells):
        if seconds is not None and known is not None:
            event = (known, seconds, "" if is_missing(kind) else kind.strip(), row)
            for key in events.link.keys(cell):
                by_key[key].append(event)
    common = [
        k for k, _ in Counter(k.strip() for k in kinds if not is_missing(k)).most_common(_KINDS)
    ]
    rows = [
        _row(sorted({event for key in events.link.keys(cell) for event in by_key.get(key, ())}), at)
        for cell, at in zip(leads.cells[events.link.lead_column], decided)
    ]
    return _columns(events.label, rows, common), _said(events, rows, len(leads))


@dataclass(frozen=True)
class _Row:
    """What had happened to one lead when it was decided; None: its decision has no time."""

    count: int
    later: int
    days: float | None
    kinds: Mapping[str, int]


def _row(found: list[_Event], at: float | None) -> _Row | None:
    if at is None:
        return None
    n = bisect_right(found, at, key=lambda event: event[0])
    kinds = Counter(kind for _, _, kind, _ in found[:n] if kind)
    days = (at - max(happened for _, happened, _, _ in found[:n])) / _DAY if n else None
    return _Row(n, len(found) - n, days, kinds)


def _columns(
    label: str, rows: Sequence[_Row | None], common: Sequence[str]
) -> dict[str, list[Value]]:
    columns: dict[str, list[Value]] = {
        f"{label}: count": [None if r is None else float(r.count) for r in rows],
        f"{label}: days since last": [None if r is None or r.days is None else round(r.days, 3) for r in rows],
    }  # fmt: skip
    if common:
        columns[f"{label}: kinds"] = [None if r is None else float(len(r.kinds)) for r in rows]
    for kind in common:
        columns[f"{label}: {kind}"] = [None if r is None else float(r.kinds.get(kind, 0)) for r in rows]  # fmt: skip
    return columns


def _said(events: Timed, rows: Sequence[_Row | None], leads: int) -> Finding:
    known = sum(r.count for r in rows if r is not None)
    later = sum(r.later for r in rows if r is not None)
    lone = len(events.sheet) - events.link.rows
    told = (
        f"{events.sheet.name} joined {events.link.said()}, times from {events.at}: {events.link.leads} of {leads} leads have "
        f"rows; {known} rows are known at the decision, {later} are later and were left out"
    )
    return Finding("joined", "pass", told + (f", {lone} belong to no lead" if lone else ""))
