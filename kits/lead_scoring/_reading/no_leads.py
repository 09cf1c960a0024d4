"""Rows among the leads that are none: a report's totals, names of columns that stand there again, headings of groups.

They are told by their form alone; what columns mean is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import cast

from kits.lead_scoring._reading.cells import is_missing
from kits.lead_scoring._reading.names import load_words, words_of
from kits.lead_scoring._reading.sheets import Sheet

TOTAL, NAMES, HEADING = "a total", "the names of the columns again", "a heading"
_FEW_COLUMNS = 2
"""Of so few columns a row with one cell may be a lead."""
_NEARLY_ALL = 0.9
_LONGEST = 60
_NUMBER = re.compile(r"[-+]?[^\w\s]?\s?\d[\d.,'’ \u00a0\u202f]*(?:%|[^\W\d]{0,3}|[€$£¥])")
_COUNTED = re.compile(r"[\s\d:=().,]+$")
"""What may follow a total's word: `Total (149)`, `Summe:`."""


def without_no_leads(sheet: Sheet) -> Sheet:
    """The table without such rows; which, and what each of them is, stands in its `no_leads`."""
    if len(sheet.columns) <= _FEW_COLUMNS:
        return sheet
    found = dict(_found(sheet))
    if not found or len(found) == len(sheet):
        return sheet
    told = tuple((f"{sheet.files[i]}, row {sheet.lines[i]}", why) for i, why in found.items())
    where = {one for one, _ in told}
    kept = sheet.rows([i for i in range(len(sheet)) if i not in found])
    short = tuple(row for row in sheet.short if row not in where)
    return replace(kept, no_leads=told, short=short)


def _found(sheet: Sheet) -> Iterator[tuple[int, str]]:
    columns = list(sheet.cells.values())
    odd = _stands_out(columns[0])
    for i, cells in enumerate(zip(*columns)):
        filled = len(cells) - cells.count("")
        if 2 * filled >= len(cells) and _is_names(cells, filled, sheet.columns):
            yield i, NAMES
        elif filled <= max(2, len(cells) / 2) and _is_total(cells):
            yield i, TOTAL
        elif filled == 1 and cells[0] in odd:
            yield i, HEADING


def _is_names(cells: Sequence[str], filled: int, names: Sequence[str]) -> bool:
    same = sum(cell == name for cell, name in zip(cells, names))
    return same >= max(2, _NEARLY_ALL * filled)


def _is_total(row: Sequence[str]) -> bool:
    """A total's word with nothing but numbers beside it."""
    cells = [text for cell in row if (text := cell.strip())]
    others = [cell for cell in cells if not _says_total(cell)]
    return len(others) < len(cells) and all(_NUMBER.fullmatch(cell) for cell in others)


def _says_total(cell: str) -> bool:
    return len(cell) <= _LONGEST and words_of(_COUNTED.sub("", cell)) in _total_words()


@cache
def _total_words() -> frozenset[str]:
    return frozenset(
        words_of(word) for word in cast("list[str]", load_words("cells.yaml")["totals"])
    )


def _stands_out(cells: Sequence[str]) -> frozenset[str]:
    """Cells of the first column unlike its others: words among numbers, several words where all others are one."""
    known = [cell for cell in cells if not is_missing(cell)]
    words = frozenset(cell for cell in known if not _NUMBER.fullmatch(cell.strip()))
    if sum(cell in words for cell in known) <= (1 - _NEARLY_ALL) * len(known):
        return words
    several = frozenset(cell for cell in known if len(cell.split()) > 1)
    few = sum(cell in several for cell in known) <= (1 - _NEARLY_ALL) * len(known)
    return several if few else frozenset()
