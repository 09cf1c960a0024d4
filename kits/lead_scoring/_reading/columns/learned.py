"""What a bundle, or a version that leads are added to, knows of its tables: used where a new one leaves something open."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from kits.core.dataset import Dataset
from kits.lead_scoring._reading.columns.mapping import Mapping as Crm
from kits.lead_scoring._reading.leads.before import Before
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._roles import ROLES, LearnedRoles, roles_of
from kits.lead_scoring._units import ByColumn, names_learned, objecting_learned, units_learned
from kits.lead_scoring._written import WRITTEN, Written, written_of
from kits.lead_scoring.config import SourceConfig


@dataclass(frozen=True)
class Learned:
    """How its tables were written, and what their columns are.

    Attributes:
        written: numbers and dates, where a table does not tell it.
        roles: what columns are for.
        units: what columns are in.
        names: columns that it knows leads by; empty: there is no bundle.
        objecting: those of them that say who is not to be scored.
        leads: so many told what columns are for; a table of more is asked itself.
        before: leads that are there, to which others are added.
    """

    written: Written = field(default_factory=lambda: Written.model_validate({}))
    roles: LearnedRoles = field(default_factory=lambda: LearnedRoles.model_validate({}))
    units: ByColumn = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    objecting: frozenset[str] = frozenset()
    leads: float = math.inf
    before: Before = field(default_factory=Before)

    @classmethod
    def of(cls, config: Mapping[str, JsonValue]) -> Learned:
        """Takes a bundle's `config`; empty: there is none."""
        return cls(
            Written.model_validate(config.get(WRITTEN) or {}),
            LearnedRoles.model_validate(config.get(ROLES) or {}),
            units_learned(config),
            names_learned(config),
            objecting_learned(config),
        )

    @classmethod
    def of_version(cls, before: Dataset, source: SourceConfig) -> Learned:
        """Takes the leads that are there, which tell more than a table of fewer."""
        written = written_of(before.items, source)
        roles = roles_of(before.items)
        there = Before.of(before, roles.id)
        return cls(written, roles, leads=len(before.items), before=there)

    @property
    def columns(self) -> frozenset[str]:
        """All names of columns that it knows."""
        roles = self.roles
        told = {roles.id, roles.decided_at, *roles.outcome, *roles.outcome_at}
        return self.names.union(told - {""}, self.before.filled)

    def knows(self, column: str, crm: Crm | None) -> bool:
        """Whether leads are known by a column, which an export may have under a longer name. `crm`: whose the table is."""
        bare = crm.shown(column) if crm is not None else column
        return not self.names.isdisjoint((column, bare))

    def roles_in(self, sheet: Sheet) -> LearnedRoles:
        """The roles whose columns a table has; an outcome that several columns told only where all are there."""
        columns = sheet.columns
        roles = self.roles if self.leads >= len(sheet) else LearnedRoles.model_validate({})
        return LearnedRoles(
            id=roles.id if roles.id in columns else "",
            decided_at=roles.decided_at if roles.decided_at in columns else "",
            outcome=roles.outcome if set(roles.outcome) <= set(columns) else (),
            says=roles.says if set(roles.outcome) <= set(columns) else (),
            outcome_at=tuple(name for name in roles.outcome_at if name in columns),
            customers=tuple(name for name in roles.customers if name in columns),
        )

    def nearest(self, found: Sheet, others: Sequence[Sheet]) -> Sheet:
        """The table of leads: the one that was found, unless another has more of the columns that such a table had."""
        roles = self.roles
        told = {roles.id, roles.decided_at, *roles.outcome, *roles.outcome_at} - {""}

        def known(sheet: Sheet) -> tuple[int, int]:
            return len(told.intersection(sheet.columns)), len(
                self.names.intersection(sheet.columns)
            )

        best = max(others, key=known, default=found)
        return best if told and known(best) > known(found) else found

    def dated_otherwise(self, decided_at: str, columns: Collection[str]) -> tuple[str, ...]:
        """What is assumed where leads are dated by another column than those it learned from."""
        was = self.roles.decided_at
        if not was or not decided_at or was in columns:
            return ()
        return (
            f"{decided_at} was taken for the moment at which a lead is scored: {was}, which it was in earlier tables, is not here",
        )
