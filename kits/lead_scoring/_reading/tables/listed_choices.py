"""Sheets with the choices of columns of the leads, side by side, from which cells are picked: they list nobody.

A row of such a sheet puts choices together that have nothing to do with each other: joined to the leads it would say that those of
the fair are won.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kits.core.column_names import squeezed
from kits.core.kit import Finding
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

_LEAST_COLUMNS, _MOST_ROWS, _LARGER = 2, 60, 5
_AGAIN = 3
"""Leads that share a choice, on the average."""
_NEARLY_ALL, _HALF = 0.8, 0.5
_FIX = "nothing to do, unless what stands in one row belongs together: state what the table is, with model.source.tables"


def without_choices(
    sheets: Sequence[Sheet], role: Callable[[Sheet], str]
) -> tuple[list[Sheet], list[Finding]]:
    """The tables without those that list choices alone, and what is said of these.

    Args:
        role: what a person said a table is; empty: nothing.
    """
    lists = {
        one.name: other.name
        for one in sheets
        for other in sheets
        if not role(one) and _lists_choices(one, other)
    }
    left = [sheet for sheet in sheets if sheet.name not in lists]
    told = [
        Finding("choices", "pass", f"{name} was passed over: it lists the choices of columns of {other}", (name,), _FIX)
        for name, other in lists.items()
    ]  # fmt: skip
    return left, told


def _lists_choices(one: Sheet, other: Sheet) -> bool:
    """Whether the columns of a short table have choices of the columns of these names in a long one, each once; those that the long
    one does not have, something else in each row, too."""
    if len(one) > _MOST_ROWS or len(other) < _LARGER * len(one):
        return False
    theirs = {squeezed(name): name for name in other.columns}
    pairs = {name: named for name in one.columns if (named := theirs.get(squeezed(name)))}
    lists = (_each_once(one.cells[name]) for name in one.columns if name not in pairs)
    if len(pairs) < _LEAST_COLUMNS or not all(lists):
        return False
    if not all(_are_choices(one.cells[name], other.cells[named]) for name, named in pairs.items()):
        return False
    (mine, first), *rest = pairs.items()
    # what else stands there may well be of things, such as firms
    most = _NEARLY_ALL if len(pairs) == len(one.columns) else _HALF
    return all(_beside(one, mine, name, other, first, named) < most for name, named in rest)


def _beside(one: Sheet, mine: str, name: str, other: Sheet, first: str, named: str) -> float:
    """How many rows of the long table have beside a choice what the short one has: it is about things, where nearly all do."""
    beside = dict(zip(map(str.strip, one.cells[mine]), map(str.strip, one.cells[name])))
    rows = zip(map(str.strip, other.cells[first]), map(str.strip, other.cells[named]))
    met = [beside[here] == there for here, there in rows if beside.get(here)]
    return sum(met) / max(1, len(met))


def _each_once(cells: Sequence[str]) -> bool:
    known = [cell.strip() for cell in cells if not is_missing(cell)]
    return len(set(known)) == len(known)


def _are_choices(cells: Sequence[str], used: Sequence[str]) -> bool:
    known = [cell.strip() for cell in cells if not is_missing(cell)]
    there = [cell.strip() for cell in used if not is_missing(cell)]
    different = set(there)
    often = len(there) >= _AGAIN * len(different)
    met = sum(cell in different for cell in known)
    return bool(known) and often and _each_once(cells) and met >= _NEARLY_ALL * len(known)
