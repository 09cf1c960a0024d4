"""Rows of a table of sales of which nothing came: cancelled, refused, refunded.

By the words of a status, by the date of a cancellation, or by a credit note. A shop writes an order of several articles in as many rows, and its
status into the first of them alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import cast

from kits.lead_scoring._reading.columns.mapping import tier_words
from kits.lead_scoring._reading.columns.names import load_words, words_of
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.things import ranked_in
from kits.lead_scoring._reading.values.cells import is_missing

_SHOP = "wc "
"""Before the states of WooCommerce: `wc-cancelled`."""


def called_off(
    sheet: Sheet, keys: Sequence[str], seconds: Sequence[float | None]
) -> frozenset[int]:
    """The rows that are no sales.

    Args:
        keys: (rows,) whose each is.
        seconds: (rows,) when each was sold; empty where nothing tells it.
    """
    states = [sheet.cells[name] for name in _named(sheet, "stage", "payment")]
    ends = [
        sheet.cells[name]
        for name in _named(sheet, "called_off_at")
        if sheet.typed(name).kind == "date"
    ]
    found: set[int] = set()
    for row, key in enumerate(keys):
        mine = [cells[row] for cells in states if not is_missing(cells[row])]
        ended = any(not is_missing(cells[row]) for cells in ends)
        said = any(words_of(cell).removeprefix(_SHOP) in _words() for cell in mine)
        same = (
            row > 0 and key == keys[row - 1] and (not seconds or seconds[row] == seconds[row - 1])
        )
        if ended or said or (not mine and same and row - 1 in found):
            found.add(row)
    return frozenset(found | _taken_back(sheet, keys))


def _taken_back(sheet: Sheet, keys: Sequence[str]) -> set[int]:
    """Credit notes, of a negative sum, and for each the row of the same customer with that sum."""
    for name in _named(sheet, "amount"):
        typed = sheet.typed(name)
        sums = [one if isinstance(one, float) else 0.0 for one in typed.values]
        if typed.kind == "number" and min(sums) < 0:
            return _opposite(sums, keys)
    return set()


def _opposite(sums: Sequence[float], keys: Sequence[str]) -> set[int]:
    given: defaultdict[tuple[str, float], list[int]] = defaultdict(list)
    for row, (key, total) in enumerate(zip(keys, sums)):
        if total > 0:
            given[key, total].append(row)
    notes = [row for row, total in enumerate(sums) if total < 0]
    found = set(notes)
    for row in notes:
        if rows := given[keys[row], -sums[row]]:
            found.add(rows.pop())
    return found


def _named(sheet: Sheet, *meanings: str) -> list[str]:
    return [name for meaning in meanings for name in ranked_in(sheet, sheet.columns, meaning)]


@cache
def _words() -> frozenset[str]:
    more = cast("list[str]", load_words("cells.yaml")["called_off"])
    return tier_words("sure")[1] | tier_words("converted")[1] | {words_of(one) for one in more}
