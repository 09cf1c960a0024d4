"""The rows by which a table is judged: from all over it, since the first ones of a sorted table say one thing alone."""

from __future__ import annotations

from kits.core.row_sources import RowSource
from kits.core.tables import BadRow, Row

MOST_ROWS = 2_000


def spread_rows(table: RowSource, most: int = MOST_ROWS) -> list[Row]:
    """Rows at even distances, in the table's order, at least half of `most`; all of a table that has no more.

    Published sets are sorted by class, by date or by who wrote: thousands of rows come before the second intent.
    """
    kept: list[Row] = []
    step, number = 1, 0
    for found in table.rows():
        if isinstance(found, BadRow):
            continue
        if number % step == 0:
            kept.append(found[1])
        if len(kept) > most:
            kept, step = kept[::2], 2 * step
        number += 1
    return kept
