"""Ids of leads as the leads that are there have them: a spreadsheet takes the zeros before a number away, and the next export
calls its column otherwise. Read as they stand they would be other leads, and each would be there twice.

What a state of a lead takes the place of is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kits.core.column_names import squeezed
from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.joining.loose_keys import bare_id, lost_something, told_apart
from kits.lead_scoring._reading.leads.before import Before
from kits.lead_scoring._reading.leads.ids import counts_rows
from kits.lead_scoring._reading.values.cells import is_missing

_LEAST, _HALF, _NEARLY_ALL = 20, 0.5, 0.95
_DAY = 86_400.0
_CLOCK = 1e8
"""Places in time from which on they are seconds since 1970, and not ranks, which each import counts anew."""


def ids_as_before(known: Known, before: Before) -> tuple[Known, Finding | None]:
    """The leads under the ids that they had in earlier imports, and what was changed; None: nothing was."""
    name = known.roles.id
    if not name or not before.places or known.crm is not None:
        return known, None
    cells = known.sheet.cells[name]
    form = _form(list(before.places), cells)
    given = [cell if is_missing(cell) else cell.strip() for cell in cells]
    ids = [one if is_missing(one) else form(one) for one in given]
    met = [row for row, one in enumerate(ids) if one in before.places]
    if ids != given and _came_apart(known, before, ids, met):
        ids = given  # another program counts its leads from one on, too
        met = [row for row, one in enumerate(ids) if one in before.places]
    renamed = name != before.column
    if renamed and (before.column in known.sheet.cells or not _are_they(known, before, ids, met)):
        return known, None
    if not renamed and ids == given:
        return known, None
    return _with_ids(known, before.column, ids), _said(known, before.column, ids, len(met))


def _form(before: Sequence[str], cells: Sequence[str]) -> Callable[[str], str]:
    """How ids were written: as they are, with zeros before them, or without."""
    given = [cell for cell in cells if not is_missing(cell)]
    numbers = all(bare_id(cell) and cell.strip().isdecimal() for cell in (*before, *given))
    apart = all(told_apart(list(dict.fromkeys(some)), long=False) for some in (before, given))
    if not numbers or not apart or not lost_something(before, given):
        return str
    widths = {len(cell) for cell in before}
    if len(widths) == 1 and any(cell.startswith("0") for cell in before):
        width = widths.pop()
        return lambda cell: cell.zfill(width)
    return lambda cell: bare_id(cell) or cell


def _came_apart(known: Known, before: Before, ids: Sequence[str], met: Sequence[int]) -> bool:
    """Whether most leads that would be there already came on another day than those."""
    pairs = ((before.places[ids[row]], known.order[row]) for row in met)
    known_both = [(a, b) for a, b in pairs if a is not None and b is not None and min(a, b) > _CLOCK]  # fmt: skip
    return sum(abs(a - b) > _DAY for a, b in known_both) > _HALF * len(known_both)


def _are_they(known: Known, before: Before, ids: Sequence[str], met: Sequence[int]) -> bool:
    """Whether ids under another name are those of the leads that are there: the name differs in signs alone, or they came when those came."""
    if squeezed(known.roles.id) == squeezed(before.column):
        return True
    if counts_rows(ids) or len(met) < max(_LEAST, _HALF * min(len(before.places), len(ids))):
        return False
    pairs = ((before.places[ids[row]], known.order[row]) for row in met)
    places = [(then, now) for then, now in pairs if then is not None and now is not None]
    same = sum(then == now for then, now in places)
    return len(places) >= _LEAST and same >= _NEARLY_ALL * len(places)


def _with_ids(known: Known, column: str, ids: Sequence[str]) -> Known:
    was = known.roles.id
    cells = {
        (column if name == was else name): (ids if name == was else given)
        for name, given in known.sheet.cells.items()
    }
    numeric = frozenset(column if name == was else name for name in known.sheet.numeric)
    return replace(
        known,
        sheet=replace(known.sheet, cells=cells, numeric=numeric),
        typed={**known.typed, column: known.typed[was]},
        roles=replace(known.roles, id=column),
    )


def _said(known: Known, column: str, ids: Sequence[str], met: int) -> Finding:
    was = known.roles.id
    told = [f"{was} was taken for {column} of earlier imports"] if was != column else []
    pairs = zip(known.sheet.cells[was], ids)
    changed = [(cell.strip(), one) for cell, one in pairs if cell.strip() != one]
    if changed:
        cell, one = changed[0]
        told.append(f"ids of {was} were read as they were written before, {one} for {cell}")
    return Finding(
        "ids-as-before",
        "warn",
        f"{' and '.join(told)}: {met} of {len(ids)} leads are there already",
        (was,),
        "nothing to do if these are the same leads; else import with --replace, or into a project of its own",
    )
