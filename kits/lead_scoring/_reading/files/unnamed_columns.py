"""Whether the first row of a table names no columns, but is a row like the others: public data often comes without names.

Its columns would be called by one lead's cells (`39`, `State-gov`), and that lead would be lost.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

_AGAIN = re.compile(r"_\d+$")
"""What is put behind a name that stands there twice."""
_LOOKED_AT = 2_000
_NEARLY_ALL = 0.8
_MANY = 20
"""Rows from which on cells tell what a column holds."""


def first_row_is_data(sheet: Sheet) -> bool:
    """Whether names of columns are cells of them: numbers above numbers, and words that come again below themselves.

    Numbers alone tell nothing, as columns may be called by years; nor do words, as a cross may repeat its column's name.
    """
    if len(sheet) < _MANY:
        return False
    numbers = words = 0
    for name in sheet.columns:
        cells = [cell.strip() for cell in islice(sheet.cells[name], _LOOKED_AT)]
        known = [cell for cell in cells if not is_missing(cell)]
        own = _AGAIN.sub("", name.strip())
        if is_number(own):
            numbers += bool(known) and all(map(is_number, known))
        else:
            words += own in known and _varied(known)
    return numbers > 0 and words > 0 and numbers + words >= _NEARLY_ALL * len(sheet.columns)


def _varied(known: Sequence[str]) -> bool:
    return len(set(known)) > 1


def is_number(text: str) -> bool:
    """Whether a name or cell is a number."""
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
