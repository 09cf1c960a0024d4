"""What is known of a table of leads once its columns are told apart: the leads, their outcomes and their places in time.

Built by `understand`; turned into samples in `samples.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from kits.core.column_names import squeezed
from kits.core.dataset import Split
from kits.core.moments import end_of_month
from kits.lead_scoring._features.units import Units
from kits.lead_scoring._lead import Value
from kits.lead_scoring._mailbox import KIND
from kits.lead_scoring._reading.cells import Typed
from kits.lead_scoring._reading.dashes import with_dashes
from kits.lead_scoring._reading.lead_order import BY_ROWS
from kits.lead_scoring._reading.learned import Learned
from kits.lead_scoring._reading.mapping import Mapping as Crm
from kits.lead_scoring._reading.mapping import find_mapping
from kits.lead_scoring._reading.names import speaks_of
from kits.lead_scoring._reading.noughts import with_noughts
from kits.lead_scoring._reading.outcome import Outcome
from kits.lead_scoring._reading.outcome_by_filled import by_filled
from kits.lead_scoring._reading.outcome_by_parts import by_likely_name
from kits.lead_scoring._reading.outcome_learned import Says, says_of
from kits.lead_scoring._reading.outcomes import find_outcome
from kits.lead_scoring._reading.personal import Personal, find_personal, mail_kinds
from kits.lead_scoring._reading.returning import by_lot, returning
from kits.lead_scoring._reading.role_times import seconds_of
from kits.lead_scoring._reading.roles import (
    Roles,
    find_roles,
    with_arrival,
    with_outcome_times,
    without_end,
    without_sorting,
)
from kits.lead_scoring._reading.sheets import Sheet
from kits.lead_scoring._reading.split_answers import without_answers
from kits.lead_scoring._reading.stated import columns_stated
from kits.lead_scoring._reading.stated_splits import named_splits
from kits.lead_scoring._roles import LearnedRoles
from kits.lead_scoring._written import Written
from kits.lead_scoring.config import Config, SourceConfig

Seconds = Sequence[float | None]
_PROGRAMS = ("JSON", "parquet")
"""Forms in which a number's decimal sign is the point."""
_SEVERAL = 3
"""Columns that tell the decimal sign of a table whose cells are parted as where it is the other one."""


@dataclass(frozen=True)
class Known:
    """A table of leads that is understood.

    Attributes:
        sheet: its rows.
        columns: column → (rows,) values that may be learned from.
        typed: values of all columns, those too that may not.
        roles: what columns are for.
        crm: whose names they have; None: no CRM's.
        outcome: what became of the leads; None: no column tells.
        personal: columns kept out because they name somebody.
        later: columns kept out because the CRM fills them in afterwards.
        at: (rows,) when each would have been scored, seconds since 1970.
        outcome_at: (rows,) when its outcome was known.
        changed_at: (rows,) when its record was changed last.
        order: (rows,) place in time.
        asked: columns of the bundle that is to score these leads; empty: none.
        said: what cells of the outcome meant in leads that were learned from.
    """

    sheet: Sheet
    columns: Mapping[str, Sequence[Value]]
    typed: Mapping[str, Typed]
    roles: Roles
    crm: Crm | None
    outcome: Outcome | None
    personal: tuple[Personal, ...]
    later: tuple[str, ...]
    at: Seconds
    outcome_at: Seconds
    changed_at: Seconds
    order: Seconds
    asked: frozenset[str] = frozenset()
    said: Says = ()

    @property
    def names(self) -> list[str]:
        """Names of the columns as the leads have them: as the CRM's API calls them where an export adds to it.

        A bundle knew its columns beside others of the same bare name, or without them: its names go before.
        """
        if self.crm is None:
            return list(self.columns)
        shown = {name: self.crm.shown(name) for name in self.columns}
        counts = Counter(shown.values())
        first = {bare: name for name, bare in reversed(shown.items()) if name not in self.asked}
        return [
            name if name in self.asked
            else bare if counts[bare] == 1 or (bare in self.asked and first[bare] == name)
            else name
            for name, bare in shown.items()
        ]  # fmt: skip

    @property
    def won(self) -> Sequence[bool | None]:
        """(rows,) what became of each lead."""
        return self.outcome.won if self.outcome is not None else [None] * len(self.sheet)

    @property
    def told_roles(self) -> LearnedRoles:
        """What its columns are for, as a bundle keeps it."""
        roles, outcome = self.roles, self.outcome
        return LearnedRoles(
            id=roles.id,
            decided_at=roles.decided_at,
            outcome=outcome.columns if outcome is not None else (),
            says=says_of(outcome, self.sheet, self.said),
            outcome_at=roles.outcome_at,
            customers=roles.customers,
        )

    @property
    def ranked(self) -> bool:
        """Whether places in time are numbers that rise, no dates."""
        name = self.roles.order
        return name == BY_ROWS or (bool(name) and self.typed[name].kind != "date")

    def by_month(self, *columns: str) -> bool:
        """Whether one of these columns tells months without days."""
        return any(self.typed[name].months for name in columns if name)

    @property
    def came_by(self) -> Seconds:
        """(rows,) when each had come for certain: of what tells a month without days its last moment."""
        if not self.by_month(self.roles.decided_at):
            return self.at
        return [None if at is None else end_of_month(at) for at in self.at]

    @property
    def written(self) -> Written:
        """How its numbers and dates are written, by most of the columns that tell it."""
        signs = [one.commas for one in self.typed.values() if one.commas is not None]
        orders = Counter(one.dates for one in self.typed.values() if one.dates != "auto")
        dates = orders.most_common(1)[0][0] if orders else ""
        found = {"commas": 2 * sum(signs) > len(signs), "dates": dates}
        return Written.model_validate(found)

    @property
    def units(self) -> dict[str, Units]:
        """What the numbers of its columns are in, where that is told, by the leads' names of columns."""
        named = zip(self.columns, self.names)
        return {
            name: one.units for own, name in named if (one := self.typed.get(own)) and one.units
        }

    @property
    def splits(self) -> Sequence[Split | None]:
        """(rows,) the split that a column or a file's name states."""
        return named_splits(self.sheet, self.roles.split)

    def only(self, rows: Sequence[int]) -> Known:
        """Some of the rows, by index."""
        outcome = self.outcome
        if outcome is not None:
            outcome = replace(outcome, won=tuple(outcome.won[row] for row in rows))
        typed = {
            name: replace(one, values=[one.values[row] for row in rows])
            for name, one in self.typed.items()
        }
        return replace(
            self,
            sheet=self.sheet.rows(rows),
            columns={n: [values[row] for row in rows] for n, values in self.columns.items()},
            typed=typed,
            outcome=outcome,
            at=[self.at[row] for row in rows],
            outcome_at=[self.outcome_at[row] for row in rows],
            changed_at=[self.changed_at[row] for row in rows],
            order=[self.order[row] for row in rows],
        )


Extend = Callable[[Sheet, Roles, Seconds], Mapping[str, Sequence[Value] | None]]
"""More columns from other tables, for leads with these times; one of the same name is replaced, or left out by None."""


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
    source = config.source
    sheet, typed = _typed(sheet, config)
    own = _own(sheet, joined, source)
    crm = find_mapping(own.columns, source.mapping)
    learned = learned or Learned()
    free = _unasked(own, learned, crm, source)
    before = learned.roles_in(free)
    outcome = find_outcome(free, source, crm, before.outcome, before.says)
    if outcome is None and not source.outcome:
        outcome = by_filled(free, before.outcome) or (
            None if learned.names else by_likely_name(free)
        )
    roles = find_roles(
        free,
        typed,
        source,
        crm,
        outcome.columns if outcome else (),
        before,
        scored=bool(learned.names),
    )
    keep = set(config.columns.keep)
    # a few leads that are scored may tell something else than those that were learned from
    not_personal = {roles.id, roles.order, *keep, *learned.names}
    personal = tuple(p for p in find_personal(sheet) if p.column not in not_personal)
    later = tuple(n for n in crm.later(own.columns) if n not in keep) if crm else ()
    times = tuple(n for n in crm.times(own.columns) if n not in keep) if crm else ()
    if outcome is not None and not source.order and roles.order:
        roles = without_sorting(roles, typed[roles.order], outcome.won)
    if crm is None and not source.decided_at:
        assumed = learned.dated_otherwise(roles.decided_at, own.columns)
        roles = replace(roles, doubts=(*roles.doubts, *assumed))
    if outcome is not None and not before.decided_at:
        roles = with_arrival(roles, free, outcome.won, source)
        roles = without_end(roles, free, typed, outcome.won, source, crm)
    at = _seconds(sheet, (roles.decided_at,))
    if outcome is not None and not (roles.outcome_at or source.outcome_at):
        roles = with_outcome_times(roles, free, typed, outcome, at)
    known_at = _seconds(sheet, roles.outcome_at, latest=True)
    if crm is None:
        outcome = with_dashes(sheet, outcome, at, source)
        outcome = with_noughts(sheet, outcome, at, known_at, source)
    outcome = without_answers(sheet, named_splits(sheet, roles.split), outcome)
    order = _order(sheet, typed, roles, at, known_at)
    if before.mark:
        roles = replace(roles, customers=before.customers)
    elif by_lot(order, outcome.won if outcome is not None else [None] * len(sheet)):
        free = _unasked(sheet, learned, crm, source)
        roles = replace(roles, customers=_customers(free, roles, outcome, crm))
    out = _kept_out(roles, outcome, personal, (*later, *times)) | (set(roles.customers) - keep)
    columns = _learnable(sheet, typed, personal, out)
    if extend is not None:
        added = extend(sheet, roles, at)
        for name, values in added.items():
            if values is None:
                columns.pop(name, None)
            elif name not in out:
                columns[name] = values
    return Known(
        sheet, columns, typed, roles, crm, outcome, personal, later, at, known_at,
        _seconds(sheet, (roles.changed_at,)), order, learned.names, before.says,
    )  # fmt: skip


def _typed(sheet: Sheet, config: Config) -> tuple[Sheet, dict[str, Typed]]:
    """The values of all columns; where a column's numbers do not tell their decimal sign, that of all others is theirs."""
    choices, numbers = set(config.columns.categorical), set(config.columns.numeric)
    typed = {
        name: sheet.typed(name, as_text=name in choices, as_number=name in numbers)
        for name in sheet.cells
    }
    sheet, typed = _with_points(sheet, typed, numbers)
    told = {one.commas for one in typed.values()} - {None}
    unsure = [name for name, one in typed.items() if one.doubt]
    by_program = sheet.form.startswith(_PROGRAMS)
    if not unsure or (len(told) != 1 and not by_program):
        return sheet, typed
    if told == {True} and not by_program:
        sheet = replace(sheet, likely_commas=True)
        typed |= {name: sheet.typed(name, as_number=name in numbers) for name in unsure}
    return sheet, typed | {name: replace(typed[name], doubt="") for name in unsure}


def _with_points(
    sheet: Sheet, typed: dict[str, Typed], numbers: Collection[str]
) -> tuple[Sheet, dict[str, Typed]]:
    """Where semicolons part cells, and points are the decimal sign all the same: several columns tell it, and none has a comma.
    A column with three decimals in each cell looked like thousands there. Sums of money are: they have two decimals or none."""
    likely = [name for name, one in typed.items() if one.commas is True]
    points = sum(one.commas is False and not one.doubt for one in typed.values())
    money = any(typed[name].units - {"%"} or speaks_of(name, "money_words") for name in likely)
    if not likely or money or points < _SEVERAL or sheet.likely_commas or sheet.numbers != "auto":
        return sheet, typed
    other = replace(sheet, points=True)
    again = {name: other.typed(name, as_number=name in numbers) for name in likely}
    if any(one.commas is True for one in again.values()):
        return sheet, typed
    return other, typed | again


def _learnable(
    sheet: Sheet, typed: Mapping[str, Typed], personal: Sequence[Personal], out: set[str]
) -> dict[str, Sequence[Value]]:
    """The columns that are not kept out, and what kind of mailbox an address is."""
    columns = {name: column.values for name, column in typed.items() if name not in out}
    for one in personal:
        if one.what == "e-mail address":
            columns[f"{one.column}{KIND}"] = mail_kinds(sheet.cells[one.column])
    return columns


def _own(sheet: Sheet, joined: Sequence[str], source: SourceConfig) -> Sheet:
    """The table without what was joined to it, but for what a person names."""
    return _without(sheet, set(joined) - columns_stated(source))


def _unasked(sheet: Sheet, learned: Learned, crm: Crm | None, source: SourceConfig) -> Sheet:
    """The table without the columns that a bundle knows leads by, which have no other meaning, but for what a person names."""
    if not learned.names:
        return sheet
    named = {squeezed(name) for name in columns_stated(source)}

    def known(name: str) -> bool:
        bare = crm.shown(name) if crm is not None else name
        return not learned.names.isdisjoint((name, bare)) and squeezed(name) not in named

    return _without(sheet, set(filter(known, sheet.columns)))


def _without(sheet: Sheet, out: set[str]) -> Sheet:
    return replace(sheet, cells={n: c for n, c in sheet.cells.items() if n not in out})


def _customers(
    sheet: Sheet, roles: Roles, outcome: Outcome | None, crm: Crm | None
) -> tuple[str, ...]:
    """The columns that name who asked, of those that have no other meaning."""
    taken = {
        roles.id,
        roles.decided_at,
        roles.changed_at,
        roles.order,
        roles.split,
        *roles.outcome_at,
    }
    taken |= set(outcome.columns if outcome is not None else ())
    among = [name for name in sheet.columns if name not in taken]
    return returning(sheet, among, of_a_crm=crm is not None)


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
