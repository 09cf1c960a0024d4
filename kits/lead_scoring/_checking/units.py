"""The rule that a column has one unit in all tables that were imported."""

from __future__ import annotations

from collections.abc import Iterator

from kits.core.kit import Finding
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring._units import counts_of
from kits.lead_scoring.config import Config


def mixed_units(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Columns whose numbers are in one unit in one import and in another one in the next."""
    told = []
    for name, counts in counts_of(table.items).items():
        usual = counts.most_common(1)[0][0]
        if any(usual.isdisjoint(units) for units in counts):
            parts = (f"{' or '.join(sorted(units))} ({n})" for units, n in counts.most_common())
            told.append(f"{name}: {', '.join(parts)}")
    if told:
        yield Finding(
            "mixed-units", "warn",
            f"{len(told)} columns have numbers in several units, by import: none is converted, and they count as the same amounts",
            tuple(told),
            "export them again in one unit and import with --replace, or leave the columns out: model.columns.exclude",
        )  # fmt: skip
