"""What became of each lead, as it was found in a table, with the words for it. Which column says so is `column.py`'s question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kits.core.kit import Finding
from kits.lead_scoring._reading.outcome.cells import Cells, known_cells, shown

AGREE = 0.98
"""From so large a share of leads on two columns say the same."""

_MANY = 12
"""Different cells that are not told one by one where all of them mean the same."""


@dataclass(frozen=True)
class Outcome:
    """What became of each lead.

    Attributes:
        columns: those that state it; none of them may be learned from.
        won: (rows,) True, False, or None where it is open.
        said: which cells were taken for what.
        all_lost: no cell means lost, so what is not won may be lost or open.
        unmet: cells that a person stated and no lead has.
        assumed: what was taken for lost without being told.
        placeholders: of which leads it is the form of an answer, and none.
        kind: how it was found; 0 stated or by a CRM's rules or the surest words, the higher the less sure.
    """

    columns: tuple[str, ...]
    won: tuple[bool | None, ...]
    said: str
    all_lost: bool = False
    kind: int = 0
    unmet: tuple[str, ...] = ()
    assumed: Finding | None = None
    placeholders: Finding | None = None

    @property
    def counts(self) -> tuple[int, int, int]:
        """Won, lost, open."""
        return self.won.count(True), self.won.count(False), self.won.count(None)


def outcome_of(
    column: str, cells: Sequence[str], chosen: Cells, known: Counter[str] | None = None
) -> Outcome:
    """The outcome that a column's cells say; `known` are those that say something, where a person stated which."""
    table = dict.fromkeys(chosen.lost, False) | dict.fromkeys(chosen.won, True)
    known = known_cells(cells) if known is None else known
    filled = len(known) > _MANY and chosen.won == known.keys()
    said = f"{column} ({'won: filled in' if filled else cells_said(known, chosen)})"
    return Outcome((column,), tuple(table.get(cell) for cell in cells), said, not chosen.lost)


def cells_said(known: Counter[str], chosen: Cells) -> str:
    """Which cells mean what, in words."""
    rest = [cell for cell in known if cell not in chosen.won and cell not in chosen.lost]
    parts = (("won", chosen.won), ("lost", chosen.lost), ("open", rest))
    return "; ".join(f"{what}: {', '.join(shown(known, cells))}" for what, cells in parts if cells)
