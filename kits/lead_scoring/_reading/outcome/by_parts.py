"""What became of a lead, said by the one column of yes and no that leads to learn from have, and leads to be scored lack.

Only where no column is called like an outcome, nor has its words; what is taken so is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.names import by_rank
from kits.lead_scoring._reading.outcome.cells import Cells, cells_by_words, known_cells, says_more
from kits.lead_scoring._reading.outcome.found import Outcome, outcome_of
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

_TWO = 2
_LEAST_SURE = 4


def by_parts(sheet: Sheet) -> Outcome | None:
    """What became of the leads by what one split (`train.csv`) tells of each of its leads, and another (`test.csv`) of none."""
    if not sheet.splits:
        return None
    found = [name for name in sheet.columns if _of_one_part(sheet, name)]
    if len(found) != 1:
        return None
    return _taken(sheet, found[0], "all leads of one split have it, and none of another")


def by_likely_name(sheet: Sheet) -> Outcome | None:
    """What became of the leads by a yes or no of each that is called like what may be an outcome (`Approved`); None where several
    are."""
    found = [name for name in by_rank(sheet.columns, "outcome_perhaps") if _flags(sheet, name)]
    if len(found) != 1 or any(map(is_missing, sheet.cells[found[0]])):
        return None
    return _taken(
        sheet, found[0], "no column is called like an outcome, and this one says yes or no of each"
    )


def _of_one_part(sheet: Sheet, name: str) -> bool:
    if _flags(sheet, name) is None:
        return False
    filled = _filled_by_part(sheet, name)
    return len(filled) >= _TWO and set(filled) == {0.0, 1.0}


def _filled_by_part(sheet: Sheet, name: str) -> Sequence[float]:
    """The share of leads of each split of which the column says something."""
    told: dict[object, list[bool]] = {}
    for part, cell in zip(sheet.splits, sheet.cells[name]):
        told.setdefault(part, []).append(not is_missing(cell))
    return [sum(one) / len(one) for one in told.values()]


def _flags(sheet: Sheet, name: str) -> Cells | None:
    """Which of a column's two cells means yes; None where it has others."""
    cells = sheet.cells[name]
    known = None if says_more(cells, _TWO) else known_cells(cells)
    chosen = cells_by_words(known, named=True) if known else None
    if known is None or chosen is None or not (chosen.won and chosen.lost):
        return None
    return chosen if chosen.won | chosen.lost == set(known) else None


def _taken(sheet: Sheet, name: str, why: str) -> Outcome | None:
    chosen = _flags(sheet, name)
    if chosen is None:
        return None
    told = Finding(
        "assumed", "warn",
        f"{name} was taken for what became of the leads: {why}",
        fix=f"if it does, state it in kit.yaml: model.source.outcome: {name}; if another column tells it, name that one",
    )  # fmt: skip
    return replace(outcome_of(name, sheet.cells[name], chosen), kind=_LEAST_SURE, assumed=told)
