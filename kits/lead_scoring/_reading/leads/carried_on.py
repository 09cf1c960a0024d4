"""Leads that have several rows under one number: carried on from one month's sheet to the next, a row each time something happened, an
offer with its items.

The number of a campaign or of an event has rows of one day, too: those of different firms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from kits.lead_scoring._reading.columns.names import rank
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.things import FIRM, PERSON, kind_of, of_customers
from kits.lead_scoring._reading.values.cells import is_missing

_HALF, _MOSTLY, _HARDLY = 0.5, 0.6, 0.1


def is_carried_on(sheet: Sheet, name: str, free: Sequence[str], won: Sequence[bool | None]) -> bool:
    """Whether the rows of a number are of one lead: most columns say the same in all of them, among them one that tells most leads apart
    and, where there is one, who asked; and they end as one.

    Args:
        name: the column with the numbers.
        free: columns that have no other meaning.
        won: (rows,) what became of them, None where they are open.
    """
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, cell in enumerate(sheet.cells[name]):
        if not is_missing(cell):
            rows[cell.strip()].append(row)
    if 2 * sum(map(len, rows.values())) < len(sheet):
        return False
    several = [own for own in rows.values() if len(own) > 1]
    if not _end_as_one(several, won, sheet.files):
        return False
    others = [one for one in free if one != name and len(set(sheet.cells[one])) > 1]
    stays = [one for one in others if _changed(sheet.cells[one], several) <= _HARDLY]
    asked = [one for one in others if _names_whom(one)]
    firsts = [own[0] for own in rows.values()]
    told = any(_tells_apart(sheet.cells[one], firsts) for one in stays)
    known = not asked or not set(asked).isdisjoint(stays)
    return told and known and len(stays) >= _MOSTLY * len(others)


def _end_as_one(
    several: Sequence[Sequence[int]], won: Sequence[bool | None], files: Sequence[str]
) -> bool:
    """Whether hardly a number is won and lost, and in a file open rows stand before the end everywhere, or behind it: visitors of a fair,
    lots of a tender and some items of an offer end one by one."""
    if not won or all(won[row] is None for own in several for row in own):
        return False
    both = forth = back = 0
    for own in several:
        pairs = [pair for pair in pairwise(own) if files[pair[0]] == files[pair[1]]]
        steps = {(won[row] is None, won[after] is None) for row, after in pairs}
        both += len({won[row] for row in own} - {None}) > 1
        forth += (True, False) in steps
        back += (False, True) in steps
    return max(both, min(forth, back)) <= _HARDLY * len(several)


def _names_whom(name: str) -> bool:
    reached = any(rank(name, by) is not None for by in ("email", "phone"))
    return reached or of_customers(name) or kind_of(name) in (FIRM, PERSON)


def _tells_apart(cells: Sequence[str], firsts: Sequence[int]) -> bool:
    """Whether a column has another cell for most numbers."""
    return len({cells[row].strip() for row in firsts}) >= _HALF * len(firsts)


def _changed(cells: Sequence[str], several: Sequence[Sequence[int]]) -> float:
    """The share of numbers that have different cells in their rows."""
    changed = sum(len({cells[row].strip() for row in own}) > 1 for own in several)
    return changed / max(1, len(several))
