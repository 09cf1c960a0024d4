"""Rows among the leads that are none: a report's totals, names of columns or their units once more, headings of groups.

They are told by their form alone; what columns mean is decided elsewhere.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from operator import eq
from typing import cast

from kits.lead_scoring._features.cells import to_number
from kits.lead_scoring._reading.columns.names import load_words, words_of
from kits.lead_scoring._reading.files.grouped import filled_down
from kits.lead_scoring._reading.tables.names import without_times
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring.config import Headings

TOTAL, NAMES, HEADING = "a total", "the names of the columns again", "a heading"
PART = "a part of the row above"
UNITS = "a second line of names or units"
_LONE = "one cell alone"
"""A heading, or a lead of which nothing else is known: it stays, and a person is asked."""
_FEW_COLUMNS = 2
"""Of so few columns a row with one cell may be a lead."""
_LEAST = 2
"""Columns of numbers above which a row of words names them once more; numbers that such a column needs."""
_NEARLY_ALL = 0.9
_SUMMED = 5
"""Rows whose sum no other number is by chance."""
_LONGEST = 60
_NUMBER = re.compile(
    r"[-+]?[^\w\s]?\s?\d[\d.,'’ \u00a0\u202f]*(?:[-–—]{1,2} ?)?(?:%|[^\W\d]{0,3}|[€$£¥])"
)
_OF_PART = re.compile(r".+ \(([^()]+)\)|([^/]+)/.+")
"""A column of a table within the table, as ERPNext and Odoo write it: `Quantity (Items)`, `Order Lines/Product`."""
_COUNTED = re.compile(r"[\s\d:=().,]+$")
"""What may follow a total's word: `Total (149)`, `Summe:`."""

_BETWEEN = re.compile(r"[/:=]")
_OF_WEEK = re.compile(r"\bKW (\d)", re.IGNORECASE)


def without_no_leads(sheet: Sheet, headings: Headings = "auto") -> Sheet:
    """The table without such rows, and with what is told once for a group; which they are, stands in its `no_leads`.

    Args:
        headings: what a person said of rows with one cell alone.
    """
    if len(sheet.columns) <= _FEW_COLUMNS:
        return sheet
    found = dict(_found(sheet, headings))
    lone = [i for i, why in found.items() if why == _LONE]
    if lone:
        found = {i: why for i, why in found.items() if why != _LONE}
        sheet = replace(sheet, lone=tuple(f"{_where(sheet, i)}: {_cell(sheet, i)}" for i in lone))
    if len(found) == len(sheet):
        return sheet
    if not found:
        return filled_down(sheet, ())
    told = tuple((_where(sheet, i), why) for i, why in found.items())
    where = {one for one, _ in told}
    left = [i for i in range(len(sheet)) if i not in found]
    kept = sheet.rows(left)
    short = tuple(row for row in sheet.short if row not in where)
    begins = [n for n, i in enumerate(left) if n == 0 or found.get(i - 1) == TOTAL]
    return filled_down(replace(kept, no_leads=told, short=short), begins)


def _where(sheet: Sheet, row: int) -> str:
    return f"{sheet.files[row]}, row {sheet.lines[row]}"


def _cell(sheet: Sheet, row: int) -> str:
    """The only cell of a row."""
    return max(cells[row] for cells in sheet.cells.values()).strip()[:_LONGEST]


def _found(sheet: Sheet, headings: Headings) -> Iterator[tuple[int, str]]:
    columns, names = list(sheet.cells.values()), sheet.columns
    if _is_units(columns):
        yield 0, UNITS
    odd = _stands_out(columns[0])
    ends = {
        row for row, file in enumerate(sheet.files) if file not in sheet.files[row + 1 : row + 2]
    }
    rows = list(zip(*columns))
    parts = _parts(rows) | _rest_of_lists(rows, names)
    begin = 0
    for i, cells in enumerate(rows):
        filled = len(cells) - cells.count("")
        if i in parts:
            yield i, PART
        elif 2 * filled >= len(cells) and _is_names(cells, filled, names):
            yield i, NAMES
        elif (
            _is_few(cells, filled)
            and (
                is_total(cells)
                or (i in ends and _adds_up(cells, odd))
                or _is_sum_of_group(cells, rows, begin, i)
            )
        ) or (i in ends and _is_sum(cells, rows[:i])):
            begin = i + 1
            yield i, TOTAL
        elif filled == 1 and headings != "keep":
            told = headings == "leave-out" or cells[0] in odd or _names_follow(rows, i, names)
            yield i, HEADING if told else _LONE


def _is_few(cells: Sequence[str], filled: int) -> bool:
    """Whether a row has no more cells than a total may have."""
    return filled <= max(2, len(cells) / 2)


def _names_follow(rows: Sequence[Sequence[str]], row: int, names: Sequence[str]) -> bool:
    """Whether the next row names the columns: then this one is the title of a group."""
    after = rows[row + 1] if row + 1 < len(rows) else ()
    filled = len(after) - after.count("")
    return bool(after) and 2 * filled >= len(after) and _is_names(after, filled, names)


def _parts(rows: Sequence[Sequence[str]]) -> frozenset[int]:
    """Rows of tables within the table: names of their own columns, the same each time, and rows that begin with an empty cell.

    A board lists what there is to do for a lead (its subitems) below it.
    """
    empty = [row for row, cells in enumerate(rows) if not cells[0].strip()]
    above = Counter(rows[row - 1] for row in empty if row and rows[row - 1][0].strip())
    heads = {cells for cells, n in above.items() if n >= _LEAST and _is_head(cells)}
    found: set[int] = set()
    for row, cells in enumerate(rows):
        below = row - 1 in found and not cells[0].strip()
        if below or (cells in heads and row + 1 < len(rows) and not rows[row + 1][0].strip()):
            found.add(row)
    return frozenset(found) if found.issuperset(empty) else frozenset()


def _rest_of_lists(rows: Sequence[Sequence[str]], names: Sequence[str]) -> frozenset[int]:
    """Rows with a further entry of the lead's above them and nothing of its own: a quote's second item, where columns are named so."""
    named = [_OF_PART.fullmatch(name) for name in names]
    own = [place for place, match in enumerate(named) if match is None]
    bare = [row for row, cells in enumerate(rows) if not any(cells[n].strip() for n in own)]
    found = frozenset(row for row in bare if any(cell.strip() for cell in rows[row]))
    if len(own) < _LEAST or len(found) < _LEAST or 0 in found:
        return frozenset()
    others = [cells for row, cells in enumerate(rows) if row not in found]
    known = any(all(cells[place].strip() for cells in others) for place in own)
    return found if known else frozenset()


def _is_head(cells: Sequence[str]) -> bool:
    """Whether a row may name columns: several different words, no number among them."""
    filled = [cell for cell in cells if cell.strip()]
    digits = any(character.isdigit() for cell in filled for character in cell)
    return len(filled) > _LEAST and len(set(filled)) == len(filled) and not digits


def _is_units(columns: Sequence[Sequence[str]]) -> bool:
    """Whether the first row has words alone, some of them above what is numbers or dates all the way down."""
    first = [cells[0].strip() for cells in columns]
    if any(character.isdigit() for cell in first for character in cell):
        return False
    above = (cells for cell, cells in zip(first, columns) if not is_missing(cell))
    return sum(map(_numbers_below, above)) >= _LEAST


def _numbers_below(cells: Sequence[str]) -> bool:
    """Whether all cells but the first are numbers or dates, of which there are some."""
    known = [cell.strip() for cell in cells[1:] if not is_missing(cell)]
    begun = (_NUMBER.fullmatch(cell) or cell[0].isdecimal() for cell in known)
    return len(known) >= _LEAST and all(begun)


def _is_names(cells: Sequence[str], filled: int, names: Sequence[str]) -> bool:
    same: int = sum(map(eq, cells, names))
    return same >= max(2, _NEARLY_ALL * filled)


def is_total(row: Sequence[str]) -> bool:
    """A total's word with nothing but numbers beside it."""
    cells = [text for cell in row if (text := cell.strip())]
    others = [cell for cell in cells if not _says_total(cell)]
    return len(others) < len(cells) and all(_NUMBER.fullmatch(cell) for cell in others)


def _adds_up(row: Sequence[str], odd: frozenset[str]) -> bool:
    """Whether a last row has a word where the others have numbers, and nothing but numbers beside it, in whatever language."""
    first, *others = (cell.strip() for cell in row)
    known = [cell for cell in others if cell]
    word = first in odd and not any(character.isdigit() for character in first)
    return word and bool(known) and all(_NUMBER.fullmatch(cell) for cell in known)


def _is_sum(row: Sequence[str], above: Sequence[Sequence[str]]) -> bool:
    """Whether a last row has a word and nothing but what all numbers above it come to: their sum, with a mean or a count."""
    filled = {place: cell for place, cell in enumerate(row) if cell.strip()}
    numbers = [place for place, cell in filled.items() if _NUMBER.fullmatch(cell.strip())]
    if len(above) < _SUMMED or not numbers or len(filled) - len(numbers) > 1:
        return False
    return any(_come_to(row, above, numbers, commas=commas) for commas in (False, True))


def _is_sum_of_group(
    row: Sequence[str], rows: Sequence[Sequence[str]], begin: int, end: int
) -> bool:
    """Whether a row begins with a total's word, and has what the numbers since the last total come to: `Summe Nord`."""
    word = words_of(row[0]).partition(" ")[0]
    return word in _total_words() and _is_sum(row, rows[begin:end])


def _come_to(
    row: Sequence[str], above: Sequence[Sequence[str]], places: Sequence[int], *, commas: bool
) -> bool:
    sums = 0
    for place in places:
        cells = [cells[place] for cells in above if cells[place].strip()]
        told = to_number(row[place], commas=commas)
        known = [to_number(cell, commas=commas) for cell in cells]
        whole = math.fsum(known)
        summed = math.isclose(told, whole, rel_tol=1e-6, abs_tol=0.01) and whole > max(
            known, default=0.0
        )
        mean = bool(known) and math.isclose(told, whole / len(known), rel_tol=1e-3)
        if not (summed or mean or told == len(known)):
            return False
        sums += summed
    return sums > 0


def _says_total(cell: str) -> bool:
    """Whether a cell is a total's word, with a count or the time that it is of: `Total (149)`, `Summe 03/2024`, `Summe März`."""
    if len(cell) > _LONGEST:
        return False
    if words_of(_COUNTED.sub("", cell)) in _total_words():
        return True
    left = without_times(_OF_WEEK.sub(r"KW\1", _BETWEEN.sub(" ", cell)))
    return words_of(" ".join(left)) in _total_words()


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
