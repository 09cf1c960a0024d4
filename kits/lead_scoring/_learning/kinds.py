"""What a column holds: numbers, yes and no, dates, choices, several choices, text. By its cells, and by a person's word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np

from kits.lead_scoring._features import cells
from kits.lead_scoring._lead import Value
from kits.lead_scoring._learning.sheet import Ints, Sheet
from kits.lead_scoring.config import ColumnsConfig

Kind: TypeAlias = Literal["number", "truth", "choice", "date", "many", "text"]
_ALMOST_ALL = 0.95
_SOME = 0.1
_MANY_DISTINCT = 60
_TEXT_WORDS = 4
"""From so many words in a cell on the average a column of ever new cells is a text."""


def kinds_of(
    sheet: Sheet, rows: Ints, names: Sequence[str], columns: ColumnsConfig
) -> dict[str, Kind]:
    """What each of some columns holds; those that are empty or always the same are left out."""
    found: dict[str, Kind] = {}
    for name in names:
        distinct, codes = sheet.column(name)
        counts = np.bincount(codes[rows], minlength=len(distinct))
        met = [(value, int(n)) for (value, _), n in zip(distinct, counts) if n]
        if len({cells.to_choice(value) for value, _ in met}) < 2:
            continue
        if name in columns.categorical:
            found[name] = "choice"
        elif name in columns.numeric:
            found[name] = "number"
        else:
            given = [(value, n) for value, n in met if not cells.is_missing(value)]
            found[name] = _kind(given)
    return found


def _kind(given: Sequence[tuple[Value, int]]) -> Kind:
    """Of cells that hold something, each with how often."""
    total = sum(n for _, n in given)
    if all(not np.isnan(cells.to_truth(value)) for value, _ in given):
        return "truth"
    if _mostly(given, cells.to_number, total):
        return "number"
    if _mostly(given, cells.to_moment, total):
        return "date"
    joined = sum(n for value, n in given if isinstance(value, str) and ";" in value)
    if joined >= _SOME * total:
        return "many"
    words = sum(n * len(str(value).split()) for value, n in given) / total
    if words >= _TEXT_WORDS and len(given) > max(_MANY_DISTINCT, 0.2 * total):
        return "text"
    return "choice"


def _mostly(given: Sequence[tuple[Value, int]], read: Callable[[Value], float], total: int) -> bool:
    readable = sum(n for value, n in given if not np.isnan(read(value)))
    return readable >= _ALMOST_ALL * total
