"""A report grouped by a column writes its cell once, at the first row of each group: the rows below get it, too.

Only where the report itself says how far a group goes: by a count behind the cell (`Won (63)`), or by a line of totals at
its end. An empty cell elsewhere is an empty cell.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from kits.lead_scoring._reading.tables.sheets import Sheet

_COUNTED = re.compile(r"(.{1,200}?)\s*\((\d{1,7})\)")


def filled_down(sheet: Sheet, begins: Collection[int]) -> Sheet:
    """The table with such columns filled; which these are, stands in its `grouped`.

    Args:
        begins: rows of the table that come first or next after a line of totals.
    """
    cells = dict(sheet.cells)
    found: list[str] = []
    for name, column in sheet.cells.items():
        if not column or not column[0].strip() or all(map(str.strip, column)):
            continue
        starts = [row for row, cell in enumerate(column) if cell.strip()]
        sizes = [end - start for start, end in pairwise([*starts, len(column)])]
        counted = _without_counts([column[row] for row in starts], sizes)
        by_totals = len(starts) > 1 and starts == sorted(begins)
        if counted or by_totals:
            titles = counted or [column[row] for row in starts]
            filled = [title for title, size in zip(titles, sizes) for _ in range(size)]
            found.append(name)
            if any(list(other) == filled for other in sheet.cells.values()):
                del cells[name]  # the column by which it is grouped stands there once more
            else:
                cells[name] = filled
    return replace(sheet, cells=cells, grouped=tuple(found)) if found else sheet


def _without_counts(cells: Sequence[str], sizes: Sequence[int]) -> list[str]:
    """The cells without their counts, where each is that of its group; else none."""
    matches = [_COUNTED.fullmatch(cell.strip()) for cell in cells]
    told = [match[1] for match, size in zip(matches, sizes) if match and int(match[2]) == size]
    return told if len(told) == len(cells) else []
