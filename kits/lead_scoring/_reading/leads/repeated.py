"""Rows with the id of another row → the newest of each, before anything is counted or told of the leads.

Which column has the ids is `columns/roles.py`'s question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.columns.names import rank
from kits.lead_scoring._reading.leads.changed_later import changed_later
from kits.lead_scoring._reading.leads.further_leads import days_of_customers
from kits.lead_scoring._reading.leads.identities import identities

_SHOWN = 10
Age = tuple[float, float]
"""When a row was changed last, and its place in time."""


def newest_of_each(known: Known, *, stated: bool) -> tuple[Known, list[Finding]]:
    """The leads without the older rows of each id, and what is said of it; nothing where no id comes twice.

    Args:
        stated: a person said which column has the ids.
    """
    ids = identities(known)
    days = days_of_customers(known, stated=stated)
    whose = list(zip(ids, days))
    if len(set(whose)) == len(whose):
        return known, []
    ages = [_age(known, row) for row in range(len(ids))]
    best: dict[tuple[str, str], int] = {}
    for row, identity in enumerate(whose):
        other = best.get(identity)
        if other is None or _state(known, ages, row) >= _state(known, ages, other):
            best[identity] = row
    before = {name for name in known.columns if rank(name, "old_value") is not None}
    newest = known.only(sorted(best.values()))
    if before:
        newest = _of_changes(newest, before)
    changed = changed_later(known, whose, best) if not before else None
    said = _said(known, whose, ages, best, sorted(before))
    return newest, [said, *([changed] if changed else [])]


def _of_changes(known: Known, before: Collection[str]) -> Known:
    """The leads of a table of changes: without what was before the last one, which is when an outcome was known."""
    columns = {name: values for name, values in known.columns.items() if name not in before}
    if known.roles.outcome_at or not known.roles.changed_at:
        return replace(known, columns=columns)
    ended = [at if won is not None else None for at, won in zip(known.changed_at, known.won)]
    roles = replace(known.roles, outcome_at=(known.roles.changed_at,))
    return replace(known, columns=columns, outcome_at=ended, roles=roles)


def _age(known: Known, row: int) -> Age:
    return _or_never(known.changed_at[row]), _or_never(known.order[row])


def _state(known: Known, ages: Sequence[Age], row: int) -> tuple[float, float, bool, float]:
    """What a later state of a lead has more of: when it came says nothing where two rows tell the same."""
    decided = known.won[row] is not None
    return *ages[row], decided, _or_never(known.outcome_at[row])


def _rows(n: int) -> str:
    return "1 row repeats" if n == 1 else f"{n} rows repeat"


def _or_never(seconds: float | None) -> float:
    return float("-inf") if seconds is None else seconds


def _said(
    known: Known,
    ids: Sequence[tuple[str, str]],
    ages: Sequence[Age],
    best: Mapping[tuple[str, str], int],
    before: Sequence[str],
) -> Finding:
    roles = known.roles
    twice = [identity for (identity, _), n in Counter(ids).items() if n > 1]
    by = roles.changed_at or roles.decided_at or roles.order or "+".join(roles.outcome_at)
    equal = {
        identity
        for row, identity in enumerate(ids)
        if row != best[identity] and ages[row] == ages[best[identity]]
    }
    told = f", by {by}" if by else ""
    if equal and not by:
        told = ": a decided row goes before an open one, then the later outcome, then the later row"
    elif equal:
        told += (
            f"; of {len(equal)} the rows are equal in it: there a decided one goes before an open one, then the later "
            "outcome, then the later row"
        )
    if before:
        told += f"; {', '.join(before)} tells what was before a change: left out"
    return Finding(
        "repeated-ids", "warn",
        f"{_rows(len(ids) - len(best))} the id of another row ({roles.id}); the newest of each was kept{told}",
        tuple(sorted(twice)[:_SHOWN]) if not any("@" in one for one in twice) else (),
        "nothing to do if a row is a later state of the same lead; else name another column with model.source.id",
        left_out=len(ids) - len(best),
    )  # fmt: skip
