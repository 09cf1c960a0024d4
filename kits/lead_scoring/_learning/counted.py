"""A column as reasons count it: its distinct cells with what became of the leads that hold them, and what kind it is.

Counts only. What is told of them stands in `rates.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._lead import Value
from kits.lead_scoring._learning.sheet import Ints, Sheet
from kits.lead_scoring._reasons.spec import Kind, Tally
from kits.lead_scoring._reasons.values import is_missing, yes_or_no
from kits.lead_scoring.config import Config

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_MOSTLY = 0.95
"""Share of a column's values that must be numbers or days for it to be one."""
_FREE_TEXT = 0.5
"""Above this share of different values a column is free text: only whether there is one is told."""
_LEAST_FREE = 50
_JOINED = 0.1
"""Share of a column's values that must hold several choices for it to be one of such."""


@dataclass(frozen=True)
class Counted:
    """The distinct cells of a column that hold something, in the order they are first met.

    Attributes:
        places: (cells,) among all distinct ones.
        values: what they hold.
        n, won: (cells,) leads that hold it, and those of them that were won.
    """

    places: Ints
    values: tuple[Value, ...]
    n: Ints
    won: Ints

    def tally(self, which: Flags | slice = slice(None)) -> Tally:
        """Of some of them."""
        return Tally(n=int(self.n[which].sum()), won=int(self.won[which].sum()))


def count(sheet: Sheet, name: str, won: Floats) -> Counted:
    """The cells of a column.

    Args:
        won: (rows,) 1 or 0.
    """
    distinct, codes = sheet.column(name)
    given = [place for place, value in enumerate(distinct) if not is_missing(value)]
    places = np.array(given, dtype=np.intp)
    n = np.bincount(codes, minlength=len(distinct))[places]
    bought = np.bincount(codes, weights=won, minlength=len(distinct))[places]
    values = tuple(distinct[place] for place in given)
    return Counted(places, values, n, bought.astype(np.intp))


def numbers_of(sheet: Sheet, name: str) -> Floats:
    """(distinct cells,) numbers; yes and no are none."""
    distinct, _ = sheet.column(name)
    truths = np.array([isinstance(value, bool) for value in distinct], dtype=bool)
    return np.where(truths, np.nan, sheet.numbers(name))


def kind_of(sheet: Sheet, name: str, known: Counted, config: Config) -> Kind:
    """What a column is to a reader, by a person's word, else by the values that are there."""
    if not known.values or name in config.columns.categorical:
        return "choice"
    return "number" if name in config.columns.numeric else _kind_by_values(sheet, name, known)


def _kind_by_values(sheet: Sheet, name: str, known: Counted) -> Kind:
    words, place = sheet.choices(name)
    choices = {words[one] for one in np.unique(place[known.places]).tolist()}
    if all(yes_or_no(choice) for choice in choices):
        return "choice"
    count = int(known.n.sum())
    if known.n[~np.isnan(numbers_of(sheet, name)[known.places])].sum() >= _MOSTLY * count:
        return "number"
    if known.n[~np.isnan(sheet.moments(name)[known.places])].sum() >= _MOSTLY * count:
        return "days"
    joined = np.array([isinstance(value, str) and ";" in value for value in known.values])
    if known.n[joined].sum() >= _JOINED * count or sheet.joints(name) != ";":
        return "many"
    return "given" if count >= _LEAST_FREE and len(choices) > _FREE_TEXT * count else "choice"
