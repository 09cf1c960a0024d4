"""Columns of past leads → columns of the matrix, as an `Encoder` makes them, many rows at a time.

What an encoder does with one cell stands in `_features/encoder.py`; a test holds both to the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features import cells
from kits.lead_scoring._features.encoder import PARTS, met_in
from kits.lead_scoring._features.spec import (
    ChoiceColumn,
    Column,
    DateColumn,
    ManyColumn,
    NumberColumn,
    TextColumn,
    TruthColumn,
)
from kits.lead_scoring._features.week import locals_of
from kits.lead_scoring._learning.sheet import Bags, Floats32, Ints, Sheet

_DAY_S, _DAY_US, _HOUR_US = 86_400.0, 86_400_000_000, 3_600_000_000


def block(sheet: Sheet, column: Column, rows: Ints) -> Floats32:
    """(rows, width) what a column of an encoder makes of some rows."""
    make = cast("Callable[[Sheet, Column, Ints], Floats32]", _MAKERS[column.kind])
    return make(sheet, column, rows)


def _number(sheet: Sheet, column: NumberColumn, rows: Ints) -> Floats32:
    held = sheet.column(column.name)[1][rows]
    return sheet.numbers(column.name).astype(np.float32)[held, None]


def _truth(sheet: Sheet, column: TruthColumn, rows: Ints) -> Floats32:
    distinct, codes = sheet.column(column.name)
    table = np.array([cells.to_truth(value) for value in distinct], dtype=np.float32)
    return table[codes[rows], None]


def _date(sheet: Sheet, column: DateColumn, rows: Ints) -> Floats32:
    moments = sheet.moments(column.name)[sheet.column(column.name)[1][rows]]
    known = np.isfinite(moments)
    shown = locals_of(np.where(known, moments, 0.0), column.zone)
    micros = np.rint(shown * 1e6).astype(np.int64)
    days, hours = micros // _DAY_US, micros % _DAY_US // _HOUR_US
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    # the first of January 1970 was a Thursday
    made: list[NDArray[np.int64] | NDArray[np.float64]] = [months % 12 + 1, (days + 3) % 7]
    if column.hour:
        made.append(hours)
    if column.age:
        made.append((sheet.at[rows] - moments) / _DAY_S)
    found = np.stack(made, axis=1).astype(np.float32)
    found[~known] = np.nan
    return found


def _choice(sheet: Sheet, column: ChoiceColumn, rows: Ints) -> Floats32:
    words, place = sheet.choices(column.name)
    held = place[sheet.column(column.name)[1][rows]]
    width, says = len(column.values), len(column.words)
    found = np.zeros((len(rows), width + says + bool(column.rates)), dtype=np.float32)
    number = _places(column.values, words)[held]
    own = np.flatnonzero(number >= 0)
    found[own, number[own]] = 1.0
    met = np.fromiter(map(met_in(column), words), dtype=bool, count=len(words))
    found[~met[held], :width] = np.nan
    if says:
        bags, codes = sheet.bags(column.name, "parts"), sheet.column(column.name)[1][rows]
        found[:, width : width + says] = _several(bags, codes, column.words)[:, :says]
    if column.rates:
        rates = np.array([column.rates.get(word, 0.0) for word in words], dtype=np.float32)
        found[:, -1] = rates[held]
    return found


def _several(bags: Bags, codes: Ints, values: Sequence[str]) -> Floats32:
    table = np.zeros((len(bags.sizes), len(values) + 1), dtype=np.float32)
    number = _places(values, bags.words)[bags.word]
    own = number >= 0
    table[bags.owner[own], number[own]] = 1.0
    table[:, -1] = bags.sizes
    return table[codes]


def _many(sheet: Sheet, column: ManyColumn, rows: Ints) -> Floats32:
    codes = sheet.column(column.name)[1][rows]
    return _several(sheet.bags(column.name, "many"), codes, column.values)


def _text(sheet: Sheet, column: TextColumn, rows: Ints) -> Floats32:
    codes, bags = sheet.column(column.name)[1][rows], sheet.bags(column.name, "text")
    found = _several(bags, codes, column.words)
    if not column.rates:
        return found
    rates = np.array([round(column.rates.get(word, 0.0) * PARTS) for word in bags.words])
    told = np.bincount(bags.owner, rates[bags.word], len(bags.sizes))[codes]
    return np.column_stack([found, (told / PARTS).astype(np.float32)])


def _places(values: Sequence[str], words: Sequence[str]) -> Ints:
    """(words,) where each stands among the values; -1: nowhere."""
    known = {value: number for number, value in enumerate(values)}
    return np.array([known.get(word, -1) for word in words], dtype=np.intp)


_MAKERS = {
    "number": _number,
    "truth": _truth,
    "choice": _choice,
    "date": _date,
    "many": _many,
    "text": _text,
}
