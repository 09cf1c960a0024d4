"""The rows by which a table is judged: from all over it, since the first ones of a sorted table say one thing alone."""

from __future__ import annotations

import random
from collections.abc import Iterator

from kits.core.row_sources import RowSource
from kits.core.tables import BadRow, Row

MOST_ROWS = 2_000
_SEED = 0


def spread_rows(table: RowSource, most: int = MOST_ROWS) -> list[Row]:
    """Rows from everywhere alike, in the table's order, at least half of `most`; all of a table that has no more.

    Published sets are sorted by class, by date or by who wrote: thousands of rows come before the second intent. Of each stretch one
    row is drawn, the same at each reading: at even distances a table of questions and answers by turns would have no answers.
    """
    drawn = random.Random(_SEED)  # noqa: S311 - which rows are looked at, no secrets
    kept: list[Row] = []
    step, number, chosen = 1, 0, 0
    for found in table.rows():
        if isinstance(found, BadRow):
            continue
        if number % step == 0:
            chosen = number + drawn.randrange(step)
        if number == chosen:
            kept.append(found[1])
        if len(kept) > most:
            kept = [kept[at + drawn.randrange(2)] for at in range(0, len(kept) - 1, 2)]
            step *= 2
            number = -1
        number += 1
    return kept


def good_rows(table: RowSource) -> Iterator[Row]:
    """All rows that can be read."""
    return (found[1] for found in table.rows() if not isinstance(found, BadRow))
