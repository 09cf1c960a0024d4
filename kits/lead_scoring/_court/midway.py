"""Columns that came into use midway, as a field does that the firm added: judged on the leads since.

Beside the leads from before, which all lack it, a field that is filled in with the outcome looks harmless; what ships has
it for every lead to come. The yardstick is that of all other columns, on those leads alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

import numpy as np

from kits.lead_scoring._court.accused import Mark
from kits.lead_scoring._court.case import FOLDS, Case, as_lag, marks_in
from kits.lead_scoring._court.columns import Codes, Column
from kits.lead_scoring._court.leaks import Power
from kits.lead_scoring._court.measured import measure, weigh
from kits.lead_scoring._court.measures import alone

_HEAD, _LATE, _STRAY = 0.05, 0.1, 0.01
"""Shares of leads: those that show how it was before use, those that must have come before, strays among the users."""
_LEAST = 30
"""Leads that have something else than those before."""
_SPAN = 0.1
"""Share of leads within which columns that came into use are looked at together."""


@dataclass(frozen=True)
class BegunMidway:
    """What a column tells of the leads since it came into use."""

    name: str
    marks: tuple[Mark, ...]
    power: Power
    sentence: str


def begun_midway(case: Case, columns: Sequence[Column], seed: int) -> Iterator[BegunMidway]:
    """Columns in use for the later leads alone, of which something is to be asked there.

    Args:
        columns: those that may be learned from.
    """
    if not case.timed:
        return
    started = {one.name: row for one in columns if (row := start_of(one.codes)) is not None}
    for first, names in _together(started):
        since = _since(case, columns, first)
        if since.measurable:
            yield from _judged(case, since, names, first, seed)


def start_of(codes: Codes) -> int | None:
    """The row from which on a column is in use; None: from the first leads on, or never.

    Args:
        codes: (rows,) its bins, rows in order of time.
    """
    rows = len(codes)
    head = codes[: max(1, round(_HEAD * rows))]
    if not rows:
        return None
    others = np.flatnonzero(codes != np.bincount(head).argmax())
    if len(others) < _LEAST:
        return None
    first = int(others[int(_STRAY * len(others))])
    return first if first >= _LATE * rows else None


def _together(started: dict[str, int]) -> Iterator[tuple[int, list[str]]]:
    """First row → columns that came into use about then."""
    if not started:
        return
    rows = sorted(started.values())
    span = max(1, round(_SPAN * rows[-1]))
    left = sorted(started, key=lambda name: started[name])
    while left:
        first = started[left[0]]
        names = [name for name in left if started[name] < first + span]
        left = left[len(names) :]
        yield first, names


def _since(case: Case, columns: Sequence[Column], first: int) -> Case:
    """The case of the leads from a row on."""
    kept = slice(first, None)
    rows = len(case.won) - first
    cut = tuple(one.rows(kept) for one in columns)
    return replace(
        case,
        columns=cut,
        won=case.won[kept],
        order=case.order[kept],
        decided_at=None if case.decided_at is None else case.decided_at[kept],
        recent=case.recent[kept],
        lot=case.lot[kept],
        periods=(np.arange(rows) * FOLDS // max(rows, 1)).astype(np.intp),
        timed=False,  # whether columns moved is asked of all leads
    )


def _judged(
    case: Case, since: Case, names: Collection[str], first: int, seed: int
) -> Iterator[BegunMidway]:
    mine = [one for one in since.columns if one.name in names]
    asked = [one.name for one in mine if marks_in(one, since) or _own(one, since).striking]
    if not asked:
        return
    measured = measure(since.columns, since, seed)
    weighed = weigh(measured, since, measured.own)
    for name in asked:
        yield BegunMidway(name, weighed.marks[name], weighed.power[name], _said(case, first))


def _own(column: Column, case: Case) -> Power:
    seen = as_lag(column, case)
    return Power(alone(seen.codes, seen.bins, case.won, case.periods))


def _said(case: Case, first: int) -> str:
    rows = len(case.won)
    when = f"lead {first + 1:,} of {rows:,}"
    if case.decided_at is not None:
        day = datetime.fromtimestamp(float(case.decided_at[first]), timezone.utc).date()
        when = day.isoformat()
    return f"in use only since {when}: told of the {rows - first:,} leads since, of {rows:,}"
