"""What a column holds: numbers, yes and no, dates, choices, several choices, text. By its cells, and by a person's word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features import cells
from kits.lead_scoring._features.units import Units, agrees, apart, usual_unit
from kits.lead_scoring._lead import Value
from kits.lead_scoring._learning.sheet import Ints, Sheet
from kits.lead_scoring._reading.names import plain
from kits.lead_scoring.config import ColumnsConfig

Floats = NDArray[np.float64]
Kind: TypeAlias = Literal["number", "truth", "choice", "date", "many", "text"]
_ALMOST_ALL = 0.95
_SOME = 0.1
_MANY_DISTINCT = 60
_CODES = frozenset({
    "id", "ids", "code", "key", "nr", "nummer", "number", "plz", "zip", "zipcode", "postcode", "postleitzahl", "type", "typ", "region", "segment",
    "cluster", "kennung", "schluessel", "codigo", "codice", "tipo", "numero",
})  # fmt: skip
"""What a column is called whose numbers only tell things apart: the last word of its name."""
_CODE_OFTEN = 20
"""Leads that share a code, on the average."""
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
        met = np.flatnonzero(counts)
        if _are_alike(distinct[place] for place in met.tolist()):
            continue
        if name in columns.categorical:
            found[name] = "choice"
        elif name in columns.numeric:
            found[name] = "number"
        else:
            given = [place for place in met.tolist() if not cells.is_missing(distinct[place])]
            found[name] = _kind(sheet, name, np.array(given, dtype=np.intp), counts)
    return found


def _are_alike(values: Iterable[Value]) -> bool:
    """Whether all are the same choice."""
    choices = map(cells.to_choice, values)
    first = next(choices, "")
    return all(one == first for one in choices)


def _kind(sheet: Sheet, name: str, given: Ints, counts: Ints) -> Kind:
    """By the cells that hold something.

    Args:
        given: their places among the distinct ones.
        counts: (cells,) how often each is met.
    """
    values = [sheet.column(name)[0][place] for place in given.tolist()]
    if all(not np.isnan(cells.to_truth(value)) for value in values):
        return "truth"
    often = counts[given]
    total = int(often.sum())
    numbers = sheet.numbers(name)[given]
    if _mostly(~np.isnan(numbers) & _of_one_unit(values, often), often):
        return "choice" if _are_codes(name, numbers, total) else "number"
    if _mostly(~np.isnan(sheet.moments(name)[given]), often):
        return "date"
    joined = np.array([isinstance(value, str) and ";" in value for value in values])
    if often[joined].sum() >= _SOME * total or sheet.joints(name) != ";":
        return "many"
    words = often @ np.array([len(str(value).split()) for value in values]) / total
    if words >= _TEXT_WORDS and len(values) > max(_MANY_DISTINCT, 0.2 * total):
        return "text"
    return "choice"


def _of_one_unit(values: Sequence[Value], often: Ints) -> NDArray[np.bool_]:
    """Which cells are in the unit of most: euros and dollars are no numbers of one column."""
    units: list[Units] = [apart(v)[1] if isinstance(v, str) else frozenset() for v in values]
    usual = usual_unit(zip(units, often.tolist()))
    return np.array([agrees(one, usual) for one in units])


def _are_codes(name: str, numbers: Floats, total: int) -> bool:
    """Whether whole numbers only tell things apart (`Campaign ID`): 112 is no more than 111, but another."""
    known = numbers[~np.isnan(numbers)]
    whole = bool(np.all(np.mod(known, 1) == 0))
    named = plain(name).rsplit("_", 1)[-1] in _CODES
    return named and whole and len(known) * _CODE_OFTEN <= total


def _mostly(readable: NDArray[np.bool_], often: Ints) -> bool:
    return bool(often[readable].sum() >= _ALMOST_ALL * often.sum())
