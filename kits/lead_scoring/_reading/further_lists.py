"""Whether a table lists further leads of the kind that another one lists, though it does not tell itself what became of them:
those that came last, those that are open, those that were lost with the reason why.

By their ids, which are of one kind and not the same, and by the columns that both have. Such tables are put together in `stacking.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from kits.core.column_names import plain, squeezed
from kits.lead_scoring._reading.cells import is_missing
from kits.lead_scoring._reading.lead_ids import counts_rows, is_numbered
from kits.lead_scoring._reading.loose_keys import bare_id
from kits.lead_scoring._reading.names import names_for, rank
from kits.lead_scoring._reading.sales import named_like_sales
from kits.lead_scoring._reading.sheets import Sheet
from kits.lead_scoring._reading.things import FIRM, PERSON, kind_of_rows, of_customers

_MOSTLY, _HALF = 0.75, 0.5
_UNIQUE = 0.98
_MET = 0.02
"""Rows of one that the other one has too, by chance."""


def lists_further(told: Sheet, other: Sheet, outcome: str) -> bool:
    """Whether `other` lists leads of the kind of `told` that are not among them.

    Args:
        told: a table that tells what became of its rows.
        outcome: the column that tells it, squeezed; empty: its own name does.
    """
    mine, theirs = _names(told), _names(other)
    common = sorted(mine.keys() & theirs.keys())
    alike = len(common) / len(mine.keys() | theirs.keys())
    if alike < _HALF or _of_another_kind(told, other):
        return False
    ids = [name for name in common if _names_each(told, mine[name], other, theirs[name])]
    if ids:
        own = any(_of_leads(mine[name]) for name in ids)
        return alike >= (_HALF if own else _MOSTLY) and all(
            _apart(told.cells[mine[name]], other.cells[theirs[name]]) for name in ids
        )
    # lists that are kept by hand count their rows, each from one on
    return outcome in common and alike >= _MOSTLY and not _met(told, mine, other, theirs, common)


def _names(sheet: Sheet) -> dict[str, str]:
    return {squeezed(name): name for name in sheet.columns}


def _of_another_kind(told: Sheet, other: Sheet) -> bool:
    """Whether a table is called like firms, persons or sales, and the one of the leads is not."""
    kind = kind_of_rows(other)
    apart = kind in (FIRM, PERSON) and kind != kind_of_rows(told)
    return apart or (named_like_sales(other) and not named_like_sales(told))


def _names_each(told: Sheet, mine: str, other: Sheet, theirs: str) -> bool:
    """Whether a column that both have gives each row of both a number of its own, which is neither its place nor a customer's."""
    if (rank(mine, "id") is None and not is_numbered(mine)) or of_customers(mine):
        return False
    return all(_once(sheet.cells[name]) for sheet, name in ((told, mine), (other, theirs)))


def _once(cells: Sequence[str]) -> bool:
    known = {cell.strip() for cell in cells if not is_missing(cell)}
    return len(known) >= _UNIQUE * len(cells) and not counts_rows(cells)


def _of_leads(name: str) -> bool:
    """Whether an id is called that of a lead, and not simply an id."""
    return plain(name) != "id" and squeezed(name) in names_for("lead_id")


def _apart(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether hardly an id of the one is in the other, with the zeros before it or without."""
    known = {bare_id(cell) or cell.strip().casefold() for cell in mine}
    met = sum((bare_id(cell) or cell.strip().casefold()) in known for cell in theirs)
    return met <= _MET * len(theirs)


def _met(
    told: Sheet, mine: dict[str, str], other: Sheet, theirs: dict[str, str], common: Sequence[str]
) -> bool:
    """Whether rows of one are in the other, by all columns that both have."""
    rows = set(zip(*(told.cells[mine[name]] for name in common)))
    same = sum(row in rows for row in zip(*(other.cells[theirs[name]] for name in common)))
    return same > _MET * len(other)
