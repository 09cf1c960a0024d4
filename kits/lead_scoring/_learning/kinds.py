"""What a column holds: numbers, yes and no, dates, choices, several choices, text. By its cells, and by a person's word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.core.column_names import plain
from kits.lead_scoring._features import cells
from kits.lead_scoring._features.units import Units, agrees, apart, usual_unit
from kits.lead_scoring._lead import Value
from kits.lead_scoring._learning.sheet import Ints, Sheet
from kits.lead_scoring.config import ColumnsConfig

Floats = NDArray[np.float64]
Kind: TypeAlias = Literal["number", "truth", "choice", "date", "many", "text"]
_ALMOST_ALL = 0.95
_SOME = 0.1
_MANY_DISTINCT = 60
_CODES = frozenset({
    "id", "ids", "code", "key", "nr", "nummer", "number", "plz", "zip", "zipcode", "postcode", "postleitzahl", "type", "typ", "region", "segment",
    "cluster", "kennung", "schluessel", "codigo", "codice", "tipo", "numero",
    "channel", "kanal", "canal", "canale", "kanaal", "category", "cat", "kategorie", "categorie", "categoria", "kategoria", "kategori", "source", "quelle", "fonte",
    "bron", "zrodlo", "medium", "industry", "branche", "sector", "sektor", "settore", "branch", "filiale", "sucursal", "store", "department", "abteilung", "agent",
    "product", "produkt", "produit", "producto", "prodotto", "country", "pais", "paese", "district", "occupation", "beruf", "profession",
})  # fmt: skip
"""What a column is called whose numbers only tell things apart: the last word of its name, without a number behind it (`cat1`)."""
_CAMPAIGNS = frozenset({"campaign", "kampagne", "campagne", "campana", "campagna", "campanha", "kampania", "kampan", "kampanj"})  # fmt: skip
"""The same where they are no counts: a bank notes under `campaign` how often it called."""
_SMALLEST = 3
"""Counts are small: half of the leads have one of so few."""
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
    readable = ~np.isnan(numbers)
    if _mostly(readable, often) and _mostly(readable & _of_one_unit(values, often), often):
        return "choice" if _are_codes(name, numbers, often) else "number"
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


def _are_codes(name: str, numbers: Floats, often: Ints) -> bool:
    """Whether whole numbers only tell things apart (`Campaign ID`): 112 is no more than 111, but another.

    Args:
        numbers: (values,) different ones, NaN where a cell is none.
        often: (values,) leads with each.
    """
    known = numbers[~np.isnan(numbers)]
    whole = bool(np.all(np.mod(known, 1) == 0))
    last = plain(name).rstrip("_0123456789").rsplit("_", 1)[-1]
    named = last in _CODES or (last in _CAMPAIGNS and not _are_counts(numbers, often))
    return named and whole and len(known) * _CODE_OFTEN <= int(often.sum())


def _are_counts(numbers: Floats, often: Ints) -> bool:
    """Whether numbers begin at nought or one, and most leads have one of the smallest."""
    smallest = np.argsort(numbers)[:_SMALLEST]  # NaN is sorted to the end
    return bool(numbers[smallest[0]] in (0.0, 1.0) and 2 * often[smallest].sum() >= often.sum())


def _mostly(readable: NDArray[np.bool_], often: Ints) -> bool:
    return bool(often[readable].sum() >= _ALMOST_ALL * often.sum())
