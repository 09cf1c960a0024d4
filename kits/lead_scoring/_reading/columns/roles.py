"""What the columns of a table of leads are for, apart from the outcome: id, times, order, split; said in words.

A person's statement comes first, then a CRM's own names, then known names, then what the cells look like.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass, replace

from kits.lead_scoring._reading.columns.mapping import Mapping
from kits.lead_scoring._reading.columns.role_times import (
    came_at,
    changed_at,
    comes_before,
    decided_at,
    ends_alone,
    is_past_for_open,
    made_at,
    of_a_decision,
    outcome_at,
    outcome_by_cells,
    seconds_of,
    told_by_month,
)
from kits.lead_scoring._reading.columns.stated import column_named
from kits.lead_scoring._reading.columns.stated_splits import split_column
from kits.lead_scoring._reading.leads.ids import lead_id
from kits.lead_scoring._reading.leads.order import is_sorted_by_outcome, order_column
from kits.lead_scoring._reading.outcome.found import Outcome
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import Typed
from kits.lead_scoring._roles import LearnedRoles
from kits.lead_scoring.config import SourceConfig

NO_GROUP = "none"
"""Stated where leads of one customer need not stay in one split."""


@dataclass(frozen=True)
class Roles:
    """Column names by what they are for; empty where there is none.

    Attributes:
        order: a column whose numbers rise with time, or `rows`.
        group: what must stay in one split, as stated.
        customers: name who asked, of whom some ask again.
        doubts: what was assumed without being told, in sentences.
    """

    id: str = ""
    decided_at: str = ""
    outcome_at: tuple[str, ...] = ()
    changed_at: str = ""
    order: str = ""
    group: str = ""
    split: str = ""
    customers: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    def said(self) -> str:
        """`id=Prospect ID, order=Lead Number`."""
        parts = [
            ("id", self.id), ("decided_at", self.decided_at), ("outcome_at", "+".join(self.outcome_at)),
            ("changed_at", self.changed_at), ("order", self.order), ("group", self.group), ("split", self.split),
            ("customers", "+".join(self.customers)),
        ]  # fmt: skip
        return ", ".join(f"{what}={column}" for what, column in parts if column)


def find_roles(
    sheet: Sheet,
    typed: Table[str, Typed],
    source: SourceConfig,
    mapping: Mapping | None,
    outcome: Outcome | None = None,
    learned: LearnedRoles | None = None,
    *,
    scored: bool = False,
) -> Roles:
    """What the columns are for.

    Args:
        typed: the values of all columns.
        outcome: what became of the leads, where columns state it.
        learned: what a bundle learned of its own tables, of columns that are here too; a person's statement comes before it.
        scored: a bundle is to score these leads.

    Raises:
        ConfigError: a stated column is not there.
        DataError: a stated column does not hold what it should.
    """
    taken, won = (outcome.columns, outcome.won) if outcome is not None else ((), ())
    free = [name for name in sheet.columns if name not in taken]
    before = learned or LearnedRoles.model_validate({})
    decided, doubts = decided_at(sheet, typed, source, mapping, free, before.decided_at)
    free = [name for name in free if name != decided]
    identity = (not source.id and before.id) or lead_id(sheet, source, mapping, free, decided, won)
    if not decided:
        decided, told = made_at(sheet, identity)
        doubts = [*doubts, *told]
    # `Won time` tells by being filled in that a deal was won, and when
    ended = outcome_at(sheet, typed, source, mapping, [*free, *taken], before.outcome_at)
    changed = changed_at(sheet, typed, mapping, [name for name in free if name not in ended])
    order, doubt = order_column(sheet, typed, source, free, bool(decided or ended))
    return Roles(
        id=identity,
        decided_at=decided,
        outcome_at=ended,
        changed_at=changed,
        order=order,
        group=_group(sheet, source, missing_is_fine=scored),
        split=split_column(sheet, free, source, missing_is_fine=scored),
        doubts=tuple(filter(None, (*doubts, *told_by_month(typed, decided, ended), doubt))),
    )


def with_arrival(
    roles: Roles, sheet: Sheet, won: Sequence[bool | None], source: SourceConfig
) -> Roles:
    """Takes a date called like an end, which open leads have too, for when leads came, where nothing else says it."""
    found = "" if roles.decided_at else came_at(sheet, roles.outcome_at, won, source)
    if not found:
        return roles
    ended = tuple(name for name in roles.outcome_at if name != found)
    doubt = f"{found} was taken for the moment at which a lead is scored: leads that are still open have it, too"
    return replace(roles, decided_at=found, outcome_at=ended, doubts=(*roles.doubts, doubt))


def without_end(
    roles: Roles,
    sheet: Sheet,
    typed: Table[str, Typed],
    won: Sequence[bool | None],
    source: SourceConfig,
    mapping: Mapping | None,
) -> Roles:
    """Takes a date that all ended leads have and no open one for the time of the outcome, though it is called like a start, where
    another says when leads came: `Decision date` of an application is not the day of the decision to call."""
    ended = "" if source.decided_at or source.outcome_at else roles.decided_at
    alone = bool(ended) and ends_alone(sheet, ended, won)
    # where all leads have ended, no open one tells
    if not alone and not (of_a_decision(ended) and won and None not in won):
        return roles
    others = [name for name in sheet.columns if name != ended]
    came, doubts = decided_at(sheet, typed, source, mapping, others)
    if not came or not (alone or comes_before(sheet, came, ended)):
        return roles
    why = "no lead that is still open has it" if alone else f"{came} lies before it"
    doubt = f"{ended} was taken for when outcomes were known: {why}"
    found = tuple(dict.fromkeys((*(n for n in roles.outcome_at if n != came), ended)))
    return replace(roles, decided_at=came, outcome_at=found, doubts=(*roles.doubts, *doubts, doubt))


def with_outcome_times(
    roles: Roles,
    sheet: Sheet,
    typed: Table[str, Typed],
    outcome: Outcome,
    at: Sequence[float | None],
) -> Roles:
    """Takes dates that only ended leads have for the times of outcomes, where no name told them; those that tell the outcome first."""
    own = tuple(name for name in outcome.columns if typed[name].kind == "date")
    if own:
        return replace(roles, outcome_at=own)
    taken = {roles.decided_at, roles.changed_at}
    free = [name for name in sheet.columns if name not in taken]
    found = outcome_by_cells(sheet, typed, free, outcome.won, at)
    if not found:
        return roles
    several = len(found) > 1
    doubt = (
        f"{' and '.join(found)} {'were' if several else 'was'} taken for when outcomes were known: only leads that ended "
        f"have {'them' if several else 'it'}"
    )
    return replace(roles, outcome_at=found, doubts=(*roles.doubts, doubt))


def without_vouched(
    roles: Roles, sheet: Sheet, won: Sequence[bool | None], keep: Collection[str]
) -> Roles:
    """Takes dates called like an end for none where a person vouches for them; where open leads have one, too, that lies in the past
    for them, it is told: the trial of somebody may have ended, or his contract with another."""
    ended = tuple(name for name in roles.outcome_at if name not in keep)
    came = seconds_of(sheet, roles.decided_at) if roles.decided_at else []
    of_open = (name for name in ended if is_past_for_open(sheet, name, won, came))
    doubts = tuple(
        f"{name} was taken for when outcomes were known, and not learned from, though open leads have it, too (if it was there when "
        f"a lead came: model.columns.keep: [{name}])"
        for name in of_open
    )
    return replace(roles, outcome_at=ended, doubts=(*roles.doubts, *doubts))


def _group(sheet: Sheet, source: SourceConfig, *, missing_is_fine: bool) -> str:
    if source.group in ("", NO_GROUP):
        return ""
    return column_named(sheet.columns, source.group, "group", missing_is_fine=missing_is_fine)


def without_sorting(roles: Roles, order: Typed, won: Sequence[bool | None]) -> Roles:
    """Takes an assumed order back where leads are sorted by their outcome in it: then it is no time."""
    if not is_sorted_by_outcome(order, won):
        return roles
    doubt = f"{roles.order} rises, but leads are sorted by outcome in it: it is no time, leads are split by lot"
    return replace(roles, order="", doubts=(doubt,))
