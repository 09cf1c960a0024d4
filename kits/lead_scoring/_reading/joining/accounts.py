"""A table with one row of each firm, product or person → more columns of the leads that name it.

A table about the leads themselves fills their empty cells; where both say something, the leads' own table wins, and it
is counted how often they differ. A row that came later than a lead's decision is not known then; of older rows the values
are those of today, because nothing tells what they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kits.core.column_names import squeezed
from kits.core.kit import Finding
from kits.lead_scoring._lead import Value
from kits.lead_scoring._reading.joining.match_keys import text_key
from kits.lead_scoring._reading.joining.relations import Link
from kits.lead_scoring._reading.joining.several import choose, counted
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

_DAY, _MINUTE, _MOMENT = 86_400.0, 60.0, 0.001

Seconds = Sequence[float | None]


@dataclass(frozen=True)
class Joined:
    """The leads with more columns.

    Attributes:
        added: the columns that are new.
        came: (leads,) when each lead's row came, seconds since 1970; empty where rows have no time.
        rows: (leads,) all rows of each lead; empty where none has several or rows have no time.
        times: (rows of the other table,) when each came.
        count: the column that says how many of them had come at the decision.
    """

    leads: Sheet
    added: tuple[str, ...]
    said: Finding
    came: Seconds = ()
    rows: Sequence[Sequence[int]] = ()
    times: Seconds = ()
    count: str = ""


def join_accounts(
    leads: Sheet, other: Sheet, link: Link, label: str, times: Seconds = ()
) -> Joined:
    """Adds the other table's columns as `label.column`.

    Args:
        times: (rows of the other table,) when each row came, seconds since 1970; empty: not known.
    """
    chosen = choose(leads, other, link, times)
    met = chosen.row
    same = {squeezed(name): name for name in leads.columns} if _of_the_leads(leads, link) else {}
    cells = dict(leads.cells)
    added: list[str] = []
    numeric = set(leads.numeric)
    differ: dict[str, int] = {}
    for name in other.columns:
        if name == link.column:
            continue
        theirs = ["" if row is None else other.cells[name][row] for row in met]
        mine = same.get(squeezed(name))
        if mine is not None and mine != link.lead_column:
            cells[mine], differ[mine] = _filled_up(leads.cells[mine], theirs)
            numeric -= set() if name in other.numeric else {mine}
        else:
            added.append(f"{label}.{name}")
            cells[added[-1]] = theirs
            numeric |= {added[-1]} if name in other.numeric else set()
    came = [None if row is None else times[row] for row in met] if times else ()
    count = f"{label}: count" if chosen.rows and times else ""
    several = f"{chosen.said}; {_count_said(count)}" if chosen.rows else ""
    said = _said(other, link, len(leads), differ, several)
    joined = replace(leads, cells=cells, numeric=frozenset(numeric))
    rows = chosen.rows if count else ()
    return Joined(joined, tuple(added), said, came, rows, times if count else (), count)


def _count_said(count: str) -> str:
    if count:
        return f"{count} is how many had come at the decision"
    return "nothing tells when they came, so how many there were is left out"


def _of_the_leads(leads: Sheet, link: Link) -> bool:
    """Whether the rows are the same records: not where both have an `id` and meet by another column, as a deal meets its contact."""
    theirs = squeezed(link.column)
    elsewhere = any(squeezed(n) == theirs for n in leads.columns if n != link.lead_column)
    return link.unique and link.lead_unique and not elsewhere


def tells_days(leads: Sheet, column: str, decided: Seconds) -> bool:
    """Whether leads came on days of which no hour is told; of months no day is told either."""
    clock = any(at % _DAY for at in decided if at is not None)
    return not clock and not leads.typed(column).months


def end_of_days(decided: Seconds) -> Seconds:
    """Whoever came on a day may have come in the evening: the form of that day is how."""
    return [None if at is None else at + _DAY - 1 for at in decided]


def end_of_minutes(decided: Seconds) -> Seconds:
    """Whoever came in a minute of which no second is told may have come at its end: exports of CRMs tell minutes, and the form that
    made a lead tells seconds."""
    known = [at for at in decided if at is not None]
    if not any(at % _DAY for at in known):
        return decided  # days, of which nothing more is told
    told = next((span for span in (_MINUTE, 1.0) if not any(at % span for at in known)), 0.0)
    return [None if at is None else at + max(told - _MOMENT, 0.0) for at in decided]


def known_by(
    leads: Sheet, joined: Joined, decided: Seconds
) -> tuple[dict[str, Sequence[Value]], int]:
    """The joined columns without rows that came after a lead's decision, and how many leads that concerns."""
    late = [
        came is not None and at is not None and came > at for came, at in zip(joined.came, decided)
    ]
    columns: dict[str, Sequence[Value]] = {}
    if joined.count and any(at is not None for at in decided):
        columns[joined.count] = counted(joined.rows, joined.times, decided)
    if not any(late):
        return columns, 0
    for name in joined.added:
        cells = ["" if out else cell for out, cell in zip(late, leads.cells[name])]
        columns[name] = leads.typed(name, cells).values
    return columns, sum(late)


def _filled_up(mine: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], int]:
    merged, differ = [], 0
    for own, other in zip(mine, theirs):
        if is_missing(own):
            merged.append(other)
            continue
        merged.append(own)
        differ += not is_missing(other) and text_key(own) != text_key(other)
    return merged, differ


def _said(other: Sheet, link: Link, leads: int, differ: dict[str, int], several: str) -> Finding:
    odd = {name: n for name, n in differ.items() if n}
    lone = len(other) - link.rows
    told = f"{other.name} joined {link.said()}: {link.leads} of {leads} leads found a row"
    told += f", {lone} of {len(other)} rows belong to no lead" if lone else ""
    told += f"; {several}" if several else ""
    if odd:
        told += f"; {sum(odd.values())} cells say something else than the leads' own table, which was believed"
    shown = tuple(f"{name}: {n} differ" for name, n in odd.items())
    return Finding("joined", "pass", told, shown)
