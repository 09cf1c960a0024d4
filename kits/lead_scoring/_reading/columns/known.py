"""What is known of a table of leads once its columns are told apart: the leads, their outcomes and their places in time.

Found in `understanding.py`; turned into samples in `samples.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kits.core.dataset import Split
from kits.core.moments import end_of_month
from kits.lead_scoring._features.units import Units
from kits.lead_scoring._lead import Value
from kits.lead_scoring._reading.columns.counted_days import Counted
from kits.lead_scoring._reading.columns.mapping import Mapping as Crm
from kits.lead_scoring._reading.columns.personal import Personal
from kits.lead_scoring._reading.columns.roles import Roles
from kits.lead_scoring._reading.columns.stated_splits import named_splits
from kits.lead_scoring._reading.leads.order import BY_ROWS
from kits.lead_scoring._reading.outcome.found import Outcome
from kits.lead_scoring._reading.outcome.learned import Says, says_of
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import Typed
from kits.lead_scoring._roles import LearnedRoles
from kits.lead_scoring._written import Written

Seconds = Sequence[float | None]


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
        counted: columns kept out because they count days up to the outcome or to the export.
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
    counted: tuple[Counted, ...] = ()

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
        commas, zone = 2 * sum(signs) > len(signs), self.sheet.zone
        found = {"commas": commas, "dates": dates, "timezone": zone}
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
