"""Columns of new leads whose numbers are in another unit than a bundle learned from, and a mixture of currencies in one table.

Nothing is converted: a number in another unit is missing, and told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from kits.core.kit import Finding
from kits.lead_scoring._features.units import is_currency
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring._units import ByColumn

_SHOWN = 10
_MOST_CODES = 500
"""A column of more different cells names no currencies."""
_MANY = 0.01


def without_other_units(known: Known, learned: ByColumn) -> tuple[Known, list[Finding]]:
    """The leads without numbers that a bundle would take for its own unit.

    Args:
        learned: what the bundle's columns are in.
    """
    found, columns = known.units, dict(known.columns)
    told: list[str] = []
    for own, name in zip(known.columns, known.names):
        units = found.get(name, frozenset())
        wanted = learned.get(name, frozenset())
        if units and wanted and units.isdisjoint(wanted):
            columns[own] = [None if isinstance(one, float) else one for one in columns[own]]
            told.append(f"{name}: in {_said(units)}, learned in {_said(wanted)}")
    if not told:
        return known, []
    finding = Finding(
        "other-unit", "warn",
        f"numbers of {len(told)} columns are in another unit than the bundle learned from, and count as missing",
        tuple(told), "bring them in the unit the bundle knows: nothing is converted here",
    )  # fmt: skip
    return replace(known, columns=columns), [finding]


def several_currencies(known: Known) -> Iterator[Finding]:
    """A column that says which currency the amounts of its row are in, with more than one."""
    for name in known.columns:
        counted = Counter(known.sheet.cells.get(name, ()))
        if len(counted) > _MOST_CODES:
            continue
        cells: Counter[str] = Counter()
        for cell, n in counted.items():
            if not is_missing(cell):
                cells[cell.strip()] += n
        if len(cells) < 2 or not all(map(is_currency, cells)):
            continue
        rest = sum(cells.values()) - max(cells.values())
        counts = tuple(f"{cell}: {n} leads" for cell, n in cells.most_common(_SHOWN))
        yield Finding(
            "several-currencies", "warn" if rest > _MANY * len(known.sheet) else "pass",
            f"{name} names {len(cells)} currencies: amounts are read as they stand, none is converted", counts,
            "export amounts in one currency (CRMs have such a column), or leave the others out: model.columns.exclude",
        )  # fmt: skip


def _said(units: frozenset[str]) -> str:
    return " or ".join(sorted(units))
