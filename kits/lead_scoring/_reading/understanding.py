"""Tells the columns of a table of leads apart: what became of each lead, what columns are for, what may be learned from.

Composition of the steps beside it; what comes of it is `Known`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from kits.core.column_names import squeezed
from kits.lead_scoring._lead import Value
from kits.lead_scoring._reading.columns.counted_days import counted_days
from kits.lead_scoring._reading.columns.known import Known, Seconds
from kits.lead_scoring._reading.columns.learned import Learned
from kits.lead_scoring._reading.columns.mapping import Mapping as Crm
from kits.lead_scoring._reading.columns.mapping import find_mapping
from kits.lead_scoring._reading.columns.personal import POSTCODE, Personal, find_personal, stand_ins
from kits.lead_scoring._reading.columns.role_times import seconds_of
from kits.lead_scoring._reading.columns.roles import (
    Roles,
    find_roles,
    with_arrival,
    with_outcome_times,
    without_end,
    without_sorting,
    without_vouched,
)
from kits.lead_scoring._reading.columns.stated import columns_stated
from kits.lead_scoring._reading.columns.stated_splits import named_splits
from kits.lead_scoring._reading.leads.ids import repeats
from kits.lead_scoring._reading.leads.order import BY_ROWS
from kits.lead_scoring._reading.leads.returning import by_lot, returning
from kits.lead_scoring._reading.outcome.by_filled import by_filled
from kits.lead_scoring._reading.outcome.by_parts import by_likely_name
from kits.lead_scoring._reading.outcome.column import find_outcome
from kits.lead_scoring._reading.outcome.dashes import with_dashes
from kits.lead_scoring._reading.outcome.found import Outcome
from kits.lead_scoring._reading.outcome.noughts import with_noughts
from kits.lead_scoring._reading.outcome.split_answers import without_answers
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.things import of_customers
from kits.lead_scoring._reading.values.cells import Typed
from kits.lead_scoring._reading.values.typed_columns import typed_columns
from kits.lead_scoring._roles import LearnedRoles
from kits.lead_scoring._stand_ins import source_of
from kits.lead_scoring.config import Config, SourceConfig

Extend = Callable[[Sheet, Roles, Seconds], Mapping[str, Sequence[Value] | None]]
"""More columns from other tables, for leads with these times; one of the same name is replaced, or left out by None."""


@dataclass(frozen=True)
class _Asked:
    """A table whose columns are to be told apart.

    Attributes:
        sheet: its rows, with what was joined to them.
        typed: the values of all columns.
        own: it without what was joined.
        free: that without what a bundle knows leads by: what may be an outcome or a time.
        crm: whose names its columns have; None: no CRM's.
        learned: what the bundle knows that the leads are for.
        before: what its columns were to that bundle.
        keep: columns that a person vouches for.
    """

    sheet: Sheet
    typed: Mapping[str, Typed]
    own: Sheet
    free: Sheet
    crm: Crm | None
    source: SourceConfig
    learned: Learned
    before: LearnedRoles
    keep: frozenset[str]

    @classmethod
    def of(cls, sheet: Sheet, config: Config, joined: Sequence[str], learned: Learned) -> _Asked:
        source = config.source
        sheet, typed = typed_columns(sheet, config)
        own = _own(sheet, joined, source)
        crm = find_mapping(own.columns, source.mapping)
        free = _unasked(own, learned, crm, source)
        before, keep = learned.roles_in(free), frozenset(config.columns.keep)
        return cls(sheet, typed, own, free, crm, source, learned, before, keep)


def understand(
    sheet: Sheet,
    config: Config,
    extend: Extend | None = None,
    joined: Sequence[str] = (),
    learned: Learned | None = None,
) -> Known:
    """Tells a table's columns apart.

    Args:
        extend: what other tables know of the leads at a time.
        joined: columns that came from other tables: they tell no outcome and no time unless it is stated.
        learned: what the bundle knows that the leads are for; None: there is none.

    Raises:
        ConfigError: a stated column is not there.
        DataError: a stated column does not hold what it should, or it is unclear which one tells the outcome.
    """
    asked = _Asked.of(sheet, config, joined, learned or Learned())
    sheet, typed, crm, keep = asked.sheet, asked.typed, asked.crm, asked.keep
    outcome = _outcome(asked)
    first = _first_roles(asked, outcome)
    roles = _settled_roles(asked, first, outcome)
    # a few leads that are scored may tell something else than those that were learned from
    learned_from = {name for name in sheet.columns if asked.learned.knows(name, crm)}
    not_personal = {roles.id, roles.order, *learned_from}
    found = find_personal(sheet, counter="" if roles.order else first.order)
    # of a postcode its area is kept
    kept = keep - {p.column for p in found if p.what == POSTCODE}
    personal = tuple(p for p in found if p.column not in not_personal | kept)
    later = tuple(n for n in crm.later(asked.own.columns) if n not in keep) if crm else ()
    times = tuple(n for n in crm.times(asked.own.columns) if n not in keep) if crm else ()
    at = _seconds(sheet, (roles.decided_at,))
    if outcome is not None and not (roles.outcome_at or asked.source.outcome_at):
        roles = with_outcome_times(roles, _without(asked.free, keep), typed, outcome, at)
    known_at = _seconds(sheet, roles.outcome_at, latest=True)
    outcome = _settled_outcome(asked, outcome, roles, at, known_at)
    order = _order(sheet, typed, roles, at, known_at)
    roles = replace(roles, customers=_customers(asked, roles, outcome, order))
    won = outcome.won if outcome is not None else [None] * len(sheet)
    counted = counted_days(typed, at, known_at, won, keep | learned_from)
    after = (*later, *times, *(one.column for one in counted))
    out = _kept_out(roles, outcome, personal, after) | (set(roles.customers) - keep)
    if not asked.source.id and _tells_whom(asked, roles.id):
        out.discard(roles.id)
    made = stand_ins(sheet, personal, asked.learned.columns)
    out |= set(map(source_of, made)) - kept
    columns = {name: column.values for name, column in typed.items() if name not in out} | made
    if extend is not None:
        _add(columns, extend(sheet, roles, at), out)
    return Known(
        sheet, columns, typed, roles, crm, outcome, personal, later, at, known_at,
        _seconds(sheet, (roles.changed_at,)), order, asked.learned.names, asked.before.says,
        counted,
    )  # fmt: skip


def _outcome(asked: _Asked) -> Outcome | None:
    """What became of the leads by what the columns say, before anything is known of when."""
    before, scored = asked.before, bool(asked.learned.names)
    outcome = find_outcome(asked.free, asked.source, asked.crm, before.outcome, before.says)
    if outcome is not None or asked.source.outcome:
        return outcome
    return by_filled(asked.free, before.outcome) or (None if scored else by_likely_name(asked.free))


def _first_roles(asked: _Asked, outcome: Outcome | None) -> Roles:
    """What the columns are for by their names and cells."""
    scored = bool(asked.learned.names)
    return find_roles(
        asked.free, asked.typed, asked.source, asked.crm, outcome, asked.before, scored=scored
    )


def _settled_roles(asked: _Asked, roles: Roles, outcome: Outcome | None) -> Roles:
    """The roles as the outcomes confirm them."""
    free, source, crm = asked.free, asked.source, asked.crm
    if outcome is not None and not source.order and roles.order:
        roles = without_sorting(roles, asked.typed[roles.order], outcome.won)
    if crm is None and not source.decided_at:
        assumed = asked.learned.dated_otherwise(roles.decided_at, asked.own.columns)
        roles = replace(roles, doubts=(*roles.doubts, *assumed))
    if outcome is not None and not asked.before.decided_at:
        roles = with_arrival(roles, free, outcome.won, source)
        roles = without_end(roles, free, asked.typed, outcome.won, source, crm)
    if outcome is not None and crm is None and not (source.outcome_at or asked.before.outcome_at):
        roles = without_vouched(roles, free, outcome.won, asked.keep)
    return roles


def _settled_outcome(
    asked: _Asked, outcome: Outcome | None, roles: Roles, at: Seconds, known_at: Seconds
) -> Outcome | None:
    """The outcomes as the times and the splits of the leads confirm them."""
    if asked.crm is None:
        outcome = with_dashes(asked.sheet, outcome, at, asked.source)
        outcome = with_noughts(asked.sheet, outcome, at, known_at, asked.source)
    return without_answers(asked.sheet, named_splits(asked.sheet, roles.split), outcome)


def _tells_whom(asked: _Asked, name: str) -> bool:
    """Whether an id tells who asked and asked again: where leads are split by time that is learned from, as it was of those that are there."""
    if not of_customers(name):
        return False
    there = asked.learned.names.union(asked.learned.before.filled)
    return name in there if there else repeats(asked.sheet.cells[name])


def _add(
    columns: dict[str, Sequence[Value]],
    added: Mapping[str, Sequence[Value] | None],
    out: set[str],
) -> None:
    """Adds what other tables know, but for what is kept out."""
    for name, values in added.items():
        if values is None:
            columns.pop(name, None)
        elif name not in out:
            columns[name] = values


def _own(sheet: Sheet, joined: Sequence[str], source: SourceConfig) -> Sheet:
    """The table without what was joined to it, but for what a person names."""
    return _without(sheet, set(joined) - columns_stated(source))


def _unasked(sheet: Sheet, learned: Learned, crm: Crm | None, source: SourceConfig) -> Sheet:
    """The table without the columns that a bundle knows leads by, which have no other meaning, but for what a person names."""
    if not learned.names:
        return sheet
    named = {squeezed(name) for name in columns_stated(source)}

    known = {name for name in sheet.columns if learned.knows(name, crm)}
    return _without(sheet, {name for name in known if squeezed(name) not in named})


def _without(sheet: Sheet, out: Collection[str]) -> Sheet:
    return replace(sheet, cells={n: c for n, c in sheet.cells.items() if n not in out})


def _customers(
    asked: _Asked, roles: Roles, outcome: Outcome | None, order: Seconds
) -> tuple[str, ...]:
    """The columns that name who asked, of those that have no other meaning; as the bundle knew them, else where leads are drawn by
    lot."""
    if asked.before.mark:
        return asked.before.customers
    if not by_lot(order, outcome.won if outcome is not None else [None] * len(asked.sheet)):
        return roles.customers
    free = _unasked(asked.sheet, asked.learned, asked.crm, asked.source)
    taken = {
        roles.id,
        roles.decided_at,
        roles.changed_at,
        roles.order,
        roles.split,
        *roles.outcome_at,
    }
    taken |= set(outcome.columns if outcome is not None else ())
    among = [name for name in free.columns if name not in taken]
    return returning(free, among, of_a_crm=asked.crm is not None)


def _kept_out(
    roles: Roles, outcome: Outcome | None, personal: Sequence[Personal], later: Sequence[str]
) -> set[str]:
    """Columns that no model may see: what states the outcome or its time, who it is, and what time it is."""
    out = {roles.id, roles.decided_at, roles.changed_at, roles.order, roles.split, *later}
    return (
        out
        | {p.column for p in personal}
        | set(roles.outcome_at)
        | set(outcome.columns if outcome else ())
    )


def _seconds(sheet: Sheet, columns: Sequence[str], *, latest: bool = False) -> Seconds:
    """Times of rows: the first of the columns that is filled in. `latest`: as `seconds_of` takes it."""
    merged: list[float | None] = [None] * len(sheet)
    for name in columns:
        if not name:
            continue
        found = seconds_of(sheet, name, latest=latest)
        merged = [mine if mine is not None else other for mine, other in zip(merged, found)]
    return merged


def _order(
    sheet: Sheet, typed: Mapping[str, Typed], roles: Roles, at: Seconds, known_at: Seconds
) -> Seconds:
    if roles.order == BY_ROWS:
        return [float(number) for number in range(1, len(sheet) + 1)]
    if roles.order:
        if typed[roles.order].kind == "date":
            return seconds_of(sheet, roles.order)
        return [v if isinstance(v, float) else None for v in typed[roles.order].values]
    # a lead without a date of its own stands where it was decided rather than nowhere
    return [mine if mine is not None else other for mine, other in zip(at, known_at)]
