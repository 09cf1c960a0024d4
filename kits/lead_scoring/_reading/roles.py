"""What the columns of a table of leads are for, apart from the outcome: id, times, order, split; said in words.

A person's statement comes first, then a CRM's own names, then known names, then what the cells look like.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from kits.core.column_names import plain, squeezed
from kits.core.errors import DataError
from kits.lead_scoring._reading.cells import Typed, is_missing
from kits.lead_scoring._reading.mapping import Mapping
from kits.lead_scoring._reading.names import names_for, rank
from kits.lead_scoring._reading.outcome import Outcome
from kits.lead_scoring._reading.role_times import (
    came_at,
    changed_at,
    comes_before,
    decided_at,
    ends_alone,
    made_at,
    of_a_decision,
    outcome_at,
    outcome_by_cells,
    told_by_month,
)
from kits.lead_scoring._reading.sheets import Sheet
from kits.lead_scoring._reading.stated import column_named
from kits.lead_scoring._reading.stated_splits import split_column
from kits.lead_scoring._reading.things import of_customers, ranked_in, without_record
from kits.lead_scoring._roles import LearnedRoles
from kits.lead_scoring.config import SourceConfig

BY_ROWS = "rows"
NO_GROUP = "none"
"""Stated where leads of one customer need not stay in one split."""
_ELSEWHERE = re.compile(
    r"network_id$|post(?:al|leit)?_?(?:nr|nummer|no|number|code_no)$|(?:haus|house|hus|huis)_?(?:nr|nummer|no|number)$"
)
_OF_A_NUMBER = ("_id", "_number", "_no", "nr", "nummer", "_key", "_ref", "_reference", "_referenz", "_referentie", "_uuid", "_uid", "_guid")  # fmt: skip
_SIGNED = re.compile(r"nº_(?:d[aeo]l?_)?(?P<after>[^\W_]+).*|(?:.*\W)?(?P<before>\w+)\W* #", re.I)
"""`Nº oportunidad`, `Submission #`; of several (`Nº de visitas`, `Employees #`) it says how many they are."""
_UNIQUE = 0.98
_HALF = 0.5
_PARTS = 5
_LEAST = 20
_RARE = 0.05
_DENSE = 0.05
"""Numbers given one by one leave gaps (other teams' leads), but not twenty times as many as there are leads."""


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
    taken: Sequence[str] = (),
    learned: LearnedRoles | None = None,
    *,
    scored: bool = False,
) -> Roles:
    """What the columns are for.

    Args:
        typed: the values of all columns.
        taken: columns that state the outcome.
        learned: what a bundle learned of its own tables, of columns that are here too; a person's statement comes before it.
        scored: a bundle is to score these leads.

    Raises:
        ConfigError: a stated column is not there.
        DataError: a stated column does not hold what it should.
    """
    free = [name for name in sheet.columns if name not in taken]
    before = learned or LearnedRoles.model_validate({})
    decided, doubts = decided_at(sheet, typed, source, mapping, free, before.decided_at)
    free = [name for name in free if name != decided]
    identity = (not source.id and before.id) or _id(sheet, source, mapping, free, decided)
    if not decided:
        decided, told = made_at(sheet, identity)
        doubts = [*doubts, *told]
    # `Won time` tells by being filled in that a deal was won, and when
    ended = outcome_at(sheet, typed, source, mapping, [*free, *taken], before.outcome_at)
    changed = changed_at(sheet, typed, mapping, [name for name in free if name not in ended])
    order, doubt = _order(sheet, typed, source, free, bool(decided or ended))
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


def _id(
    sheet: Sheet,
    source: SourceConfig,
    mapping: Mapping | None,
    free: Sequence[str],
    decided: str,
) -> str:
    if source.id:
        return column_named(sheet.columns, source.id, "id")
    named = mapping.find(mapping.names.id, free) if mapping else []
    ending = sorted(filter(is_numbered, free), key=of_customers)
    known = [*named, *_own_first(sheet, _of_leads_first(sheet, free))]
    known += [name for name in free if name.strip() == "#"]  # Typeform's
    each = [name for name in dict.fromkeys([*known, *ending]) if _names_each(sheet, name)]
    if each:
        return _given(sheet, each)
    repeating = dict.fromkeys([*named, *ranked_in(sheet, free, "lead_id")])
    several = (name for name in repeating if _repeats(sheet, name) or _states(sheet, name, decided))
    return next(several, "")


def _of_leads_first(sheet: Sheet, free: Sequence[str]) -> Sequence[str]:
    """Columns called like an id, those of leads before those of customers: who comes again has the same number."""
    leads = {*names_for("lead_id")} - {"id"}
    bare = {name: without_record(sheet, name) for name in ranked_in(sheet, free, "id")}
    return sorted(bare, key=lambda name: squeezed(bare[name]) not in leads)


def _given(sheet: Sheet, each: Sequence[str]) -> str:
    """The first of ids that name each row; if it counts the rows of this file, one beside it that a program gave. That of a customer
    or of another thing is taken for a number of rows (`Sr. No.`) alone: a `Deal ID` may count from one as well."""
    first = each[0]
    if not counts_rows(sheet.cells[first]):
        return first
    of_leads = rank(without_record(sheet, first), "lead_id") is not None
    for name in each[1:]:
        cells = sheet.cells[name]
        whose = of_customers(name) or rank(name, "id") is None
        if not counts_rows(cells) and not (of_leads and whose):
            return name
    return first


def _names_each(sheet: Sheet, name: str) -> bool:
    cells = [cell for cell in sheet.cells[name] if not is_missing(cell)]
    return (
        bool(cells) and len(set(cells)) >= _UNIQUE * len(cells) and len(cells) > _HALF * len(sheet)
    )


def _own_first(sheet: Sheet, ranked: Sequence[str]) -> Sequence[str]:
    """A record's own `id`, each once, before ids of the persons and firms that have it, and before others that repeat.

    An API names the contact of each deal, and mostly it is another; who comes a second time has another deal.
    """
    own = next((name for name in ranked if plain(without_record(sheet, name)) == "id"), "")
    if not own or not _each_once(sheet, own):
        return ranked
    leads = names_for("lead_id")
    better = [
        n for n in ranked[: ranked.index(own)] if squeezed(n) in leads and _each_once(sheet, n)
    ]
    return [*better, own, *(name for name in ranked if name not in (own, *better))]


def _each_once(sheet: Sheet, name: str) -> bool:
    cells = [cell.strip() for cell in sheet.cells[name] if not is_missing(cell)]
    return len(set(cells)) == len(sheet) and not counts_rows(cells)


def _group(sheet: Sheet, source: SourceConfig, *, missing_is_fine: bool) -> str:
    if source.group in ("", NO_GROUP):
        return ""
    return column_named(sheet.columns, source.group, "group", missing_is_fine=missing_is_fine)


def _repeats(sheet: Sheet, name: str) -> bool:
    """Whether ids come again because leads do, in a later state or in another export; not because each file counts its rows."""
    files: dict[str, list[str]] = defaultdict(list)
    for file, cell in zip(sheet.files, sheet.cells[name]):
        if not is_missing(cell):
            files[file].append(cell.strip())
    filled = sum(len(cells) for cells in files.values())
    counted = [cells for cells in files.values() if counts_rows(cells)]
    if filled <= _HALF * len(sheet) or counted:
        return False
    return sum(len(set(cells)) for cells in files.values()) > _HALF * filled


def _states(sheet: Sheet, name: str, decided: str) -> bool:
    """Whether a row is one of many states of a lead: those of an id all came at the same moment, others at other ones."""
    if not decided:
        return False
    pairs = zip(sheet.cells[name], sheet.cells[decided])
    known = {(one.strip(), at.strip()) for one, at in pairs if not is_missing(one)}
    ids, moments = {one for one, _ in known}, {at for _, at in known}
    return len(moments) >= _LEAST and len(known) <= len(ids) / _UNIQUE


def counts_rows(ids: Sequence[str]) -> bool:
    """Whether they are 0, 1, 2, … or 1, 2, 3, …: a place in this file, and in the next one another lead's."""
    first = 0 if ids[:1] == ["0"] else 1
    return list(ids) == [str(number) for number in range(first, first + len(ids))]


def _order(
    sheet: Sheet, typed: Table[str, Typed], source: SourceConfig, free: Sequence[str], dated: bool
) -> tuple[str, str]:
    if source.order == BY_ROWS:
        return BY_ROWS, ""
    if source.order:
        name = column_named(sheet.columns, source.order, "order")
        if typed[name].kind not in ("number", "date"):
            raise DataError(
                f"{name!r} holds no numbers that could rise",
                where="kit.yaml: model.source.order",
                fix="name a column of numbers or dates, or write `rows`",
            )
        return name, ""
    if dated:
        return "", ""
    numbers = [
        name
        for name in free
        if rank(name, "order") is not None
        or plain(name) == "c1"
        or is_numbered(name)
        or _counts(typed[name])
    ]
    moments = [name for name in free if rank(name, "moment") is not None]
    for name in (*sorted(numbers, key=_order_rank), *moments):
        if _rises(typed[name]) or (name in moments and _never_falls(typed[name])):
            close = "has numbers so close that they were given one by one,"
            how = "rises from lead to lead" if _never_falls(typed[name]) else close
            return name, f"no date tells when leads came; {name} {how} and was taken for time"
    told = "no date tells when leads came, and no number rises with time: leads are split by lot"
    return "", told


def is_numbered(name: str) -> bool:
    """`opportunity_number`, `Kundennr.`, `ticket_id`, `ID leada`, `Enquiry ref`, `SK_ID_CURR`, `Submission #`; no number of a phone, a house or a place
    (`Postnummer`)."""
    called = plain(name)
    signed = _SIGNED.fullmatch(called) or _SIGNED.fullmatch(name.strip())
    one = signed is not None and not (signed["after"] or signed["before"]).lower().endswith("s")
    ends = called.endswith(_OF_A_NUMBER) or "_id_" in called or one
    elsewhere = rank(name, "phone") is not None or _ELSEWHERE.search(plain(name)) is not None
    return (ends or called.startswith("id_")) and not elsewhere


def _order_rank(name: str) -> int:
    place = rank(name, "order")
    return 1_000 if place is None else place


def _counts(column: Typed) -> bool:
    """The place of each row, from nought or one on or down to it: nothing that a lead is like does so."""
    if column.kind != "number" or len(column.values) < _LEAST:
        return False
    steps = (
        b - a if isinstance(a, float) and isinstance(b, float) else None
        for a, b in pairwise(column.values)
    )
    first, ends = next(steps), {column.values[0], column.values[-1]}
    return (
        first in (1.0, -1.0) and not ends.isdisjoint({0.0, 1.0}) and all(s == first for s in steps)
    )


def _rises(column: Typed) -> bool:
    """Whole numbers, each once, that rise from row to row, or lie so close that they were given one by one."""
    values = [v for v in column.values if isinstance(v, float)]
    if len(values) < _UNIQUE * len(column.values) or len(values) < 2:
        return False
    if len(set(values)) < _UNIQUE * len(values) or any(v % 1 for v in values):
        return False
    rising = all(a < b for a, b in pairwise(values))
    return rising or len(values) >= _DENSE * (max(values) - min(values) + 1)


def _never_falls(column: Typed) -> bool:
    """Numbers that stay or rise from row to row, of which there are many: times since a beginning, in the order of a log."""
    values = [v for v in column.values if isinstance(v, float)]
    if len(values) < _UNIQUE * len(column.values) or len(set(values)) < _LEAST:
        return False
    return all(a <= b for a, b in pairwise(values))


def without_sorting(roles: Roles, order: Typed, won: Sequence[bool | None]) -> Roles:
    """Takes an assumed order back where leads are sorted by their outcome in it: then it is no time."""
    placed = sorted(
        (place, one)
        for place, one in zip(order.values, won)
        if isinstance(place, float) and one is not None
    )
    size = len(placed) // _PARTS
    share = sum(one for _, one in placed) / len(placed) if placed else 0.0
    if size < _LEAST or min(share, 1 - share) < _RARE:
        return roles
    parts = [[one for _, one in placed[n * size : (n + 1) * size]] for n in range(_PARTS)]
    if all(0 < sum(part) < size for part in parts):
        return roles
    doubt = f"{roles.order} rises, but leads are sorted by outcome in it: it is no time, leads are split by lot"
    return replace(roles, order="", doubts=(doubt,))
