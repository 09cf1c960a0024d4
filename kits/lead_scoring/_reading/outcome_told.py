"""Columns that a person is asked about where no known word tells what became of the leads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kits.lead_scoring._reading.names import rank
from kits.lead_scoring._reading.outcome_cells import amounts_of, known_cells, shown
from kits.lead_scoring._reading.sheets import Sheet

_FEW_VALUES = 12


@dataclass(frozen=True)
class Likely:
    """A column that is called like an outcome, though no cell of it is a known word.

    Attributes:
        told: its name and its most frequent cells.
        won: what a person could state for it.
    """

    column: str
    told: str
    won: str


def outcome_by_name(sheet: Sheet) -> list[Likely]:
    """Columns of few values, or of amounts, that are called like an outcome; the likeliest first."""
    named = [
        (place, name) for name in sheet.columns if (place := rank(name, "outcome")) is not None
    ]
    found: list[Likely] = []
    for _, name in sorted(named):
        known = known_cells(sheet.cells[name])
        amounts = len(known) > _FEW_VALUES and amounts_of(name, known)
        if amounts or 1 <= len(known) <= _FEW_VALUES:
            told = f"{name}: {', '.join(shown(known))}"
            found.append(Likely(name, told, '["> 0"]' if amounts else "[…]"))
    return found


def candidates_told(sheet: Sheet, personal: Collection[str] = ()) -> list[str]:
    """Columns of few values, for a person who must say which of them is the outcome; a mark or nothing is two.

    Those that are called like a stage come first.

    Args:
        personal: columns that name persons, which are none.
    """
    told = []
    for name in sorted(sheet.columns, key=lambda name: rank(name, "stage") is None):
        cells = sheet.cells[name]
        known = known_cells(cells)
        values = len(known) + (sum(known.values()) < len(cells))
        if known and 2 <= values <= _FEW_VALUES and name not in personal:
            told.append(f"{name}: {', '.join(shown(known))}")
    return told[:_FEW_VALUES]
