"""Which tables list the same kind of leads, though their columns differ: by what tells their outcome, by their ids, by their names.

Those with the same columns are found in `stacking.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from kits.core.column_names import squeezed
from kits.core.errors import ConfigError, DataError
from kits.lead_scoring._reading.columns.mapping import Mapping, find_mapping
from kits.lead_scoring._reading.joining.relations import is_id, same_rows
from kits.lead_scoring._reading.outcome.by_files import say_both_ends
from kits.lead_scoring._reading.outcome.column import find_outcome
from kits.lead_scoring._reading.tables.further_lists import lists_further
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring.config import SourceConfig

_HALF = 0.5
_LEAST = 3
"""Columns in common from which on two tables may list the same kind of leads."""
_SURE = 2
"""How surely a column must tell outcomes: it says won and lost."""

Group: TypeAlias = list[Sheet]


@dataclass(frozen=True)
class _Told:
    """What a table says itself of what became of its rows.

    Attributes:
        column: as names are compared; empty: none tells it.
        sure: it says won and lost.
        unclear: several columns tell it, and not the same.
    """

    column: str = ""
    sure: bool = False
    unclear: bool = False


@dataclass
class Kinds:
    """Compares tables, each pair once.

    Attributes:
        role: what a person said a table is; empty: nothing.
    """

    source: SourceConfig
    role: Callable[[Sheet], str]
    _told: dict[int, _Told] = field(default_factory=dict)
    _crms: dict[int, Mapping | None] = field(default_factory=dict)
    _pairs: dict[tuple[int, int], bool] = field(default_factory=dict)

    def next_pair(self, groups: Sequence[Group]) -> tuple[Group, Group] | None:
        """Two groups that list the same kind of leads, and not the same leads, the earlier one first; None: there are no more."""
        for number, one in enumerate(groups):
            for other in groups[number + 1 :]:
                if self.role(one[0]) == self.role(other[0]) and self._are_one(one, other):
                    return one, other
        return None

    def _are_one(self, one: Group, other: Group) -> bool:
        pairs = [(a, b) for a in one for b in other]
        if not any(self._of_one_kind(a, b) for a, b in pairs) and not self._named(one, other):
            return False
        return not any(_same_leads(a, b) for a, b in pairs)

    def _of_one_kind(self, one: Sheet, other: Sheet) -> bool:
        pair = (id(one), id(other))
        if pair not in self._pairs:
            self._pairs[pair] = self._compared(one, other)
        return self._pairs[pair]

    def _compared(self, one: Sheet, other: Sheet) -> bool:
        if not are_alike(one, other):
            return False
        return self.role(one) == "leads" or self._told_of_one_kind(one, other)

    def _told_of_one_kind(self, one: Sheet, other: Sheet) -> bool:
        """Whether the same column tells what became of both, or of one, and the other lists further leads."""
        mine, theirs = self._of(one), self._of(other)
        if mine.unclear or theirs.unclear or not (mine.column or theirs.column):
            return False
        same = not mine.column or not theirs.column or mine.column == theirs.column
        if not same or (mine.sure and theirs.sure):
            return same
        told, rest = (one, other) if mine.column else (other, one)
        column = mine.column or theirs.column
        crms = [crm.object for crm in map(self._crm, (one, other)) if crm is not None]
        if len(set(crms)) > 1:  # deals and contacts
            return False
        return lists_further(told, rest, column, crm=len(crms) > 1)

    def _named(self, one: Group, other: Group) -> bool:
        """Whether no column tells what became of the rows, but the names of tables do: `Won`, `Lost` and `Open`."""
        both = [*one, *other]
        if any(self._of(sheet) != _Told() for sheet in both):
            return False
        return say_both_ends(both) and any(lists_further(a, b, "") for a in one for b in other)

    def _of(self, sheet: Sheet) -> _Told:
        if id(sheet) not in self._told:
            self._told[id(sheet)] = self._asked(sheet)
        return self._told[id(sheet)]

    def _asked(self, sheet: Sheet) -> _Told:
        try:
            found = find_outcome(sheet, self.source, self._crm(sheet))
        except DataError:
            return _Told(unclear=True)
        except ConfigError:
            return _Told()
        if found is None or not found.columns:
            return _Told()
        return _Told(squeezed(found.columns[0]), found.kind <= _SURE and not found.all_lost)

    def _crm(self, sheet: Sheet) -> Mapping | None:
        """Whose names a table's columns have; None: no CRM's."""
        if id(sheet) not in self._crms:
            self._crms[id(sheet)] = find_mapping(sheet.columns, self.source.mapping)
        return self._crms[id(sheet)]


def are_alike(one: Sheet, other: Sheet) -> bool:
    """Whether tables have so many columns in common that they may list the same kind of leads."""
    common = _names(one).keys() & _names(other).keys()
    return len(common) >= _LEAST and _alike(one, other) >= _HALF


def _names(sheet: Sheet) -> dict[str, str]:
    return {squeezed(name): name for name in sheet.columns}


def _alike(one: Sheet, other: Sheet) -> float:
    mine, theirs = _names(one).keys(), _names(other).keys()
    return len(mine & theirs) / len(mine | theirs)


def _same_leads(one: Sheet, other: Sheet) -> bool:
    """Whether rows with the same id say the same: two exports of the same leads, which are joined."""
    mine, theirs = _names(one), _names(other)
    ids = (name for name in sorted(mine.keys() & theirs.keys()) if is_id(mine[name]))
    return any(same_rows(one, mine[name], other, theirs[name]) for name in ids)
