"""What the cells of an outcome's column meant in the many leads that were learned from: so those of a later table are read.

A week's export may hold open leads alone, of which the furthest look as if they were won.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from kits.lead_scoring._reading.outcome.cells import Cells, known_cells
from kits.lead_scoring._reading.outcome.found import Outcome, cells_said
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

Means: TypeAlias = Literal["won", "lost", "open"]
Says: TypeAlias = tuple[tuple[str, Means], ...]
"""Cell, in lower case, and what it means."""
_MEANS: Mapping[bool | None, Means] = {True: "won", False: "lost", None: "open"}
_WON = {means: won for won, means in _MEANS.items()}
_MOST, _LONGEST = 20, 60
"""Different cells that are words for a state, and the characters of one: more are dates, sums or what somebody wrote."""


def says_of(outcome: Outcome | None, sheet: Sheet, before: Says = ()) -> Says:
    """What each cell of the column means that tells the outcome; empty where several do, or a cell means several things.

    Where all of them mean the same it is told by there being one, whatever it says: a day, or who sold it.

    Args:
        before: what is known of it already, which goes on.
    """
    if outcome is None or len(outcome.columns) != 1 or outcome.columns[0] not in sheet.cells:
        return ()
    met = set(zip(map(_key, sheet.cells[outcome.columns[0]]), outcome.won))
    found = {cell: _MEANS[won] for cell, won in met if not is_missing(cell)}
    if len(found) != sum(not is_missing(cell) for cell, _ in met) or len(found) > _MOST:
        return before
    known = {**found, **dict(before)}
    if len(set(known.values())) < 2:
        return ()
    return tuple(sorted(known.items())) if max(map(len, known), default=0) <= _LONGEST else before


def as_learned(
    found: Outcome | None, sheet: Sheet, columns: Sequence[str], says: Says
) -> Outcome | None:
    """The outcome by what cells meant before; of others what was found.

    Args:
        columns: those that told it then, which the table has.
    """
    if len(columns) != 1 or not says or (found is not None and found.columns != tuple(columns)):
        return found
    means, cells = {cell: _WON[what] for cell, what in says}, sheet.cells[columns[0]]
    keys = list(map(_key, cells))
    if not any(key in means for key in keys):
        return found
    otherwise = found.won if found is not None else [None] * len(cells)
    won = tuple(means.get(key, other) for key, other in zip(keys, otherwise))
    if found is not None and won == found.won:
        return found
    known = known_cells(cells)
    by_cell = dict(zip(cells, won))
    chosen = Cells(
        frozenset(cell for cell in known if by_cell[cell] is True),
        frozenset(cell for cell in known if by_cell[cell] is False),
    )
    said = f"{columns[0]} ({cells_said(known, chosen)}; as in the leads learned from)"
    return Outcome(
        tuple(columns), won, said, "lost" not in dict(says).values() and False not in won
    )


def _key(cell: str) -> str:
    return cell.strip().casefold()
