"""What became of a lead, said by two columns: one is filled in for those that were won, one for those that were lost.

A date in either (`Won on`, `Lost on`) or a cross. Only where no column's words say both.
"""

from __future__ import annotations

from collections.abc import Sequence

from kits.lead_scoring._reading.columns.mapping import tier_words
from kits.lead_scoring._reading.columns.names import by_rank, words_of
from kits.lead_scoring._reading.outcome.found import AGREE, Outcome
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import Typed, is_missing

_LEAST_SURE = 2
_FEW = 12


def by_pairs(sheet: Sheet) -> Outcome | None:
    """What became of the leads; None where there are no two such columns, or some leads have both."""
    named = (*by_rank(sheet.columns, "won_mark"), *by_rank(sheet.columns, "sold_at"))
    for won in dict.fromkeys(named):
        for lost in by_rank(sheet.columns, "lost_mark"):
            marked, ended = _marks(sheet, won), _marks(sheet, lost)
            both = sum(a and b for a, b in zip(marked, ended))
            if any(marked) and any(ended) and both <= (1 - AGREE) * sum(marked):
                told = tuple(True if a else False if b else None for a, b in zip(marked, ended))
                said = f"{won} (won: filled in); {lost} (lost: filled in)"
                return Outcome((won, lost), told, said, kind=_LEAST_SURE)
    return None


def _marks(sheet: Sheet, name: str) -> Sequence[bool]:
    """Whether each row has a date or a yes; none where the column holds something else."""
    cells = sheet.cells[name]
    known = {cell for cell in cells if not is_missing(cell)}
    yes, no = tier_words("flags")
    words = {cell: words_of(cell) for cell in known}
    if len(known) <= _FEW and set(words.values()) <= yes | no:
        return [words.get(cell) in yes for cell in cells]
    typed: Typed = sheet.typed(name)
    if typed.kind != "date" or typed.odd:
        return [False] * len(cells)
    return [value is not None for value in typed.values]
