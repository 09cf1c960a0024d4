"""Colours that a person gave to the rows of a spreadsheet: no column, unless a person says that they tell what became of a lead.

They are written while a lead is worked on, so nothing is ever learned from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from kits.core.column_names import squeezed
from kits.core.row_sources import RowSource
from kits.core.spreadsheets.workbook import SheetTable
from kits.lead_scoring._reading.outcome.told import Likely
from kits.lead_scoring._reading.tables.sheets import Sheet

ROW_COLOUR = "row colour"
"""What `model.source.outcome` calls them by."""
_SPELT = frozenset(map(squeezed, (ROW_COLOUR, "row color")))
_WON, _LOST = "green", "red"


def colours_of(table: RowSource, lines: Sequence[int]) -> Sequence[str]:
    """(rows,) the colour of each row; empty where colours tell no row from another.

    Args:
        lines: the number of each row in its sheet.
    """
    if not isinstance(table, SheetTable) or not table.colours:
        return ()
    return [table.colours.get(line, "") for line in lines]


def with_row_colours(sheets: Sequence[Sheet], outcome: str) -> list[Sheet]:
    """A file's tables with their colours as a column, where a person named it as the outcome and one of them has any."""
    if squeezed(outcome) not in _SPELT or not any(sheet.colours for sheet in sheets):
        return list(sheets)
    return [
        replace(sheet, cells={**sheet.cells, outcome: sheet.colours or [""] * len(sheet)})
        for sheet in sheets
    ]


def coloured_rows(sheet: Sheet) -> list[Likely]:
    """What a person could state where colours may tell what became of the leads; none where there are no colours."""
    counts = Counter(filter(None, sheet.colours))
    if not counts:
        return []
    won, lost = (
        [colour for colour in counts if colour.split(" ")[0] == meaning]
        for meaning in (_WON, _LOST)
    )
    stated = f"[{', '.join(won) or '…'}], model.source.lost: [{', '.join(lost) or '…'}]"
    told = ", ".join(f"{colour} {n}" for colour, n in counts.most_common())
    rest = len(sheet.colours) - counts.total()
    none = f", none {rest}" if rest else ""
    return [Likely(ROW_COLOUR, f"{ROW_COLOUR}: {told}{none}", stated)]
