"""A table of what happened when (visits, mails, purchases) → how often, how lately, how variedly and for how much, up to the decision.

A row later than a lead's decision is never counted for it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kits.core.kit import Finding
from kits.lead_scoring._lead import Value
from kits.lead_scoring._reading.columns.role_times import seconds_of
from kits.lead_scoring._reading.joining.clocks import clocks_apart, on_the_half_hour
from kits.lead_scoring._reading.joining.relations import Link
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.things import ranked_in
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring._reasons.naming import COUNT, IN_ALL, KINDS, LAST, LATEST

_DAY = 86_400.0
_KINDS = 10
"""The most frequent kinds are counted one by one."""
_MOST_KINDS = 200
_HALF = 0.5
_FEW, _MUCH = 10, 0.2
"""Leads with rows on the day on which they came that are worth a word, and their share of those that have rows."""

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
        amount: its column that tells what each came to; empty: none.
    """

    sheet: Sheet
    link: Link
    label: str
    at: str
    seconds: Seconds
    known: Seconds
    kind: str
    amount: str


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


def find_amount(sheet: Sheet) -> str:
    """The column that tells what each event came to: for most rows, in one unit and in numbers that can only be read one way."""
    for name in ranked_in(sheet, sheet.columns, "amount"):
        typed = sheet.typed(name)
        given = sum(isinstance(value, float) for value in typed.values)
        if typed.kind == "number" and not typed.doubt and given > _HALF * len(sheet):
            return name
    return ""


def event_columns(
    leads: Sheet, events: Timed, decided: Seconds, until: Seconds, *, days: bool = False
) -> tuple[dict[str, list[Value]], list[Finding]]:
    """Columns of the leads from rows at or before their decision.

    Args:
        decided: (leads,) seconds since 1970; a lead without one has no events.
        until: (leads,) the end of that second or minute, to which rows count.
        days: leads tell the day on which they came and no hour.
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
    found = [
        sorted({event for key in events.link.keys(cell) for event in by_key.get(key, ())})
        for cell in leads.cells[events.link.lead_column]
    ]
    amounts = events.sheet.typed(events.amount).values if events.amount else ()
    rows = [_row(*one, amounts) for one in zip(found, decided, until)]
    said = [_said(events, rows, len(leads)), *_by_the_clock(events, found, rows, decided, days)]
    columns = _columns(events.label, rows, common)
    return columns | _amounts(f"{events.label}: {events.amount}", rows, bool(amounts)), said


@dataclass(frozen=True)
class _Row:
    """What had happened to one lead when it was decided; None: its decision has no time.

    Attributes:
        amounts: what the events came to that say it, in the order of time.
    """

    count: int
    later: int
    same_day: int
    days: float | None
    kinds: Mapping[str, int]
    amounts: Sequence[float]


def _row(
    found: list[_Event], at: float | None, until: float | None, amounts: Sequence[Value]
) -> _Row | None:
    if at is None or until is None:
        return None
    n = bisect_right(found, until, key=lambda event: event[0])
    kinds = Counter(kind for _, _, kind, _ in found[:n] if kind)
    last = max((happened for _, happened, _, _ in found[:n]), default=None)
    days = max(at - last, 0.0) / _DAY if last is not None else None
    same_day = sum(happened < at + _DAY for _, happened, _, _ in found[n:])
    happened = sorted((happened, row) for _, happened, _, row in found[:n]) if amounts else []
    came_to = [amount for _, row in happened if isinstance(amount := amounts[row], float)]
    return _Row(n, len(found) - n, same_day, days, kinds, came_to)


def _by_the_clock(
    events: Timed,
    found: Sequence[list[_Event]],
    rows: Sequence[_Row | None],
    decided: Seconds,
    days: bool,
) -> list[Finding]:
    if days:
        return _of_the_day(events, rows)
    lags = [
        [happened - at for known, happened, _, _ in one if known == happened]
        for one, at in zip(found, decided)
        if at is not None and not on_the_half_hour(at)
    ]
    return clocks_apart(events.sheet.name, lags)


def _of_the_day(events: Timed, rows: Sequence[_Row | None]) -> list[Finding]:
    """Whether many leads have a row on the day on which they came: the form that made each of them may be among these."""
    some = sum(1 for row in rows if row is not None and row.count + row.later)
    have = sum(1 for row in rows if row is not None and row.same_day)
    if have < max(_FEW, _MUCH * some):
        return []
    return [Finding(
        "rows-of-the-day", "warn",
        f"{have} of {some} leads have rows of {events.sheet.name} on the day on which they came; no hour of it is told, so these "
        "rows may be later and are left out, though the form that made a lead may be one of them",
        fix="export the leads with the time of day at which they came",
    )]  # fmt: skip


def _columns(
    label: str, rows: Sequence[_Row | None], common: Sequence[str]
) -> dict[str, list[Value]]:
    columns: dict[str, list[Value]] = {
        f"{label}: {COUNT}": [None if r is None else float(r.count) for r in rows],
        f"{label}: {LAST}": [None if r is None or r.days is None else round(r.days, 3) for r in rows],
    }  # fmt: skip
    if common:
        columns[f"{label}: {KINDS}"] = [None if r is None else float(len(r.kinds)) for r in rows]
    for kind in common:
        columns[f"{label}: {kind}"] = [None if r is None else float(r.kinds.get(kind, 0)) for r in rows]  # fmt: skip
    return columns


def _amounts(what: str, rows: Sequence[_Row | None], told: bool) -> dict[str, list[Value]]:
    """What events came to in all, and the latest of them."""
    if not told:
        return {}
    return {
        f"{what} {IN_ALL}": [None if r is None else round(sum(r.amounts), 6) for r in rows],
        f"{what} {LATEST}": [None if r is None or not r.amounts else r.amounts[-1] for r in rows],
    }  # fmt: skip


def _said(events: Timed, rows: Sequence[_Row | None], leads: int) -> Finding:
    known = sum(r.count for r in rows if r is not None)
    later = sum(r.later for r in rows if r is not None)
    lone = len(events.sheet) - events.link.rows
    told = (
        f"{events.sheet.name} joined {events.link.said()}, times from {events.at}: {events.link.leads} of {leads} leads have "
        f"rows; {known} rows are known at the decision, {later} are later and were left out"
    )
    return Finding("joined", "pass", told + (f", {lone} belong to no lead" if lone else ""))
