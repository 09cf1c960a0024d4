"""Fits an encoder to past leads: which values are frequent, which words, and how values of many did.

How values did is learned out of fold, so that a lead does not see its own outcome in the matrix it is learned from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features.encoder import (
    Encoder,
    digest_of_choice,
    filled,
    part_of,
    typical_row,
)
from kits.lead_scoring._features.spec import (
    ChoiceColumn,
    Column,
    DateColumn,
    EncoderSpec,
    ManyColumn,
    NumberColumn,
    TextColumn,
    TruthColumn,
)
from kits.lead_scoring._learning.blocks import block
from kits.lead_scoring._learning.kinds import Kind
from kits.lead_scoring._learning.sheet import Floats32, Ints, Sheet

Floats = NDArray[np.float64]
_FREQUENT = 10
"""A value that was met so often has a column of its own."""
_MOST_VALUES, _MOST_WORDS = 24, 40
"""Values of a choice, and words of a text or values of a cell of several, that have columns of their own at most."""
_LEAST_VALUES, _ALL_VALUES = 2, 360
"""Of one column at least, and of all columns together: so the matrix stays narrow, whatever a firm exports."""
_WITH_RATES = 8
"""From so many frequent values on, how they did in the past is one more column."""
_NAMED = 5
"""Leads that share a value before a bundle names it."""
_MOST_MET = 1_000
_PRIOR = 20.0
"""Leads with the average rate, by which each value's rate is smoothed."""
_RATE_FOLDS = 5
_AGE_KNOWN = 0.5
_AT_ONCE = 65_536
"""Rows that are looked at together: what is asked of each cell takes no memory for all of them."""


@dataclass(frozen=True)
class Encoded:
    """An encoder and the rows it was fitted on.

    Attributes:
        matrix: (rows, columns), past rates out of fold.
    """

    spec: EncoderSpec
    matrix: Floats32

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder itself."""
        return Encoder(self.spec)


def fit_encoder(
    sheet: Sheet, rows: Ints, won: Floats, kinds: Mapping[str, Kind], seed: int
) -> Encoded:
    """An encoder for the columns of `kinds`.

    Args:
        rows: those to learn from.
        won: (all rows) 1 or 0.
    """
    often = {name: _often(sheet, rows, name, kind) for name, kind in kinds.items()}
    values = _values(often, kinds, len(rows))
    fitted: list[Column] = []
    for name, kind in kinds.items():
        column: Column | None
        if kind == "choice":
            column = _choice(sheet, rows, won, name, often[name], values[name])
        else:
            column = _fit(sheet, rows, name, kind, values.get(name, ()))
        if column is not None:
            fitted.append(column)
    spec = EncoderSpec(columns=tuple(fitted))
    matrix, places = _matrix(sheet, rows, spec)
    for column, end in zip(fitted, places[1:]):
        if isinstance(column, ChoiceColumn) and column.rates:
            matrix[:, end - 1] = _unseen_rates(sheet, rows, won, column.name, seed)
    return Encoded(spec.model_copy(update={"typical": _typical(matrix)}), matrix)


def encode(sheet: Sheet, rows: Ints, spec: EncoderSpec) -> Floats32:
    """(rows, columns) of some rows by a fitted encoder."""
    return filled(_matrix(sheet, rows, spec)[0], typical_row(spec))


def _typical(matrix: Floats32) -> tuple[float | None, ...]:
    """As in `EncoderSpec`, by the rows that are learned from."""
    if not len(matrix):
        return ()
    lacks, flags = np.zeros(matrix.shape[1], dtype=bool), np.ones(matrix.shape[1], dtype=bool)
    for start in range(0, len(matrix), _AT_ONCE):
        part = matrix[start : start + _AT_ONCE]
        lacks |= np.isnan(part).any(axis=0)
        flags &= ((part == 0) | (part == 1)).all(axis=0)
    found = matrix.mean(axis=0, dtype=np.float64)
    for number in np.flatnonzero(~(lacks | flags)):
        found[number] = np.median(matrix[:, number])
    return tuple(None if gap else round(one, 6) for gap, one in zip(lacks.tolist(), found.tolist()))


def _matrix(sheet: Sheet, rows: Ints, spec: EncoderSpec) -> tuple[Floats32, list[int]]:
    """The matrix, and where the block of each column begins, with the end of the last."""
    places = [0]
    for column in spec.columns:
        places.append(places[-1] + len(part_of(column).labels))
    matrix = np.empty((len(rows), places[-1]), dtype=np.float32)
    for column, (start, end) in zip(spec.columns, pairwise(places)):
        matrix[:, start:end] = block(sheet, column, rows)
    return matrix, places


def _often(sheet: Sheet, rows: Ints, name: str, kind: Kind) -> dict[str, int]:
    """How many of some leads hold each choice or word of a column; empty where it has none."""
    if kind == "choice":
        words, numbers = _words(sheet, rows, name)
        counts = np.bincount(numbers, minlength=len(words)).astype(np.float64)
    elif kind in ("many", "text"):
        bags = sheet.bags(name, kind)
        held = np.bincount(sheet.column(name)[1][rows], minlength=len(bags.sizes))
        words = bags.words
        weights = held[bags.owner]
        counts = np.bincount(bags.word, weights, len(words)).astype(np.float64)
    else:
        return {}
    return {word: int(n) for word, n in zip(words, counts) if n}


def _values(
    often: Mapping[str, Mapping[str, int]], kinds: Mapping[str, Kind], rows: int
) -> dict[str, tuple[str, ...]]:
    """Values that have columns of their own: the most frequent ones of each column, and of all columns together.

    Of very many columns each keeps its first two; the other places go to values that many leads have and many lack.
    """
    most = {"choice": _MOST_VALUES}
    found = {
        name: _frequent(counts, rows, most.get(kinds[name], _MOST_WORDS))
        for name, counts in often.items()
        if kinds[name] in ("choice", "many", "text")
    }
    places = [
        (place >= _LEAST_VALUES, -min(often[name][word], rows - often[name][word]), name, place)
        for name, words in found.items()
        for place, word in enumerate(words)
    ]
    if len(places) <= _ALL_VALUES:
        return found
    kept = {(name, place) for _, _, name, place in sorted(places)[:_ALL_VALUES]}
    return {
        name: tuple(word for place, word in enumerate(words) if (name, place) in kept)
        for name, words in found.items()
    }


def _fit(sheet: Sheet, rows: Ints, name: str, kind: Kind, values: tuple[str, ...]) -> Column:
    if kind == "number":
        return NumberColumn(name=name)
    if kind == "truth":
        return TruthColumn(name=name)
    if kind == "date":
        return _date(sheet, rows, name)
    if kind == "many":
        return _many(sheet, name, values)
    return TextColumn(name=name, words=values)


def _many(sheet: Sheet, name: str, values: tuple[str, ...]) -> ManyColumn:
    joints = sheet.joints(name)
    return ManyColumn(name=name, values=values, commas=joints == ",", slashes=joints == "/")


def _date(sheet: Sheet, rows: Ints, name: str) -> DateColumn:
    """By its distinct cells, each as often as there are moments of decisions beside it."""
    moments, held = sheet.moments(name), sheet.column(name)[1][rows]
    _, decided = np.unique(sheet.at[rows], return_inverse=True)
    width = int(decided.max(initial=0)) + 1
    _, first = np.unique(held * width + decided, return_index=True)
    known = moments[held[first]]
    ages = np.isfinite(sheet.at[rows][first])
    return DateColumn(
        name=name, age=_mostly(ages), hour=_mostly(known[np.isfinite(known)] % 86_400 != 0)
    )


def _mostly(said: NDArray[np.bool_]) -> bool:
    """Whether more than half of them; nothing is said of none."""
    return bool(said.size) and bool(said.mean() > _AGE_KNOWN)


def _choice(
    sheet: Sheet,
    rows: Ints,
    won: Floats,
    name: str,
    often: Mapping[str, int],
    values: tuple[str, ...],
) -> ChoiceColumn | None:
    if not values:
        return None
    rates: dict[str, float] = {}
    frequent = sum(n >= _FREQUENT for n in often.values())
    if frequent > min(_WITH_RATES, max(len(values), _LEAST_VALUES)):
        words, numbers = _words(sheet, rows, name)
        table = _log_odds(numbers, won[rows], len(words))
        rates = {
            w: round(float(table[n]), 6) for n, w in enumerate(words) if often.get(w, 0) >= _NAMED
        }
    rare = sorted(set(often) - set(values), key=lambda word: (-often[word], word))
    return ChoiceColumn(
        name=name,
        values=values,
        rare=tuple(sorted(map(digest_of_choice, rare[:_MOST_MET]))),
        all_met=len(rare) <= _MOST_MET,
        rates=dict(sorted(rates.items(), key=lambda item: -often[item[0]])[:_MOST_MET]),
    )


def _words(sheet: Sheet, rows: Ints, name: str) -> tuple[tuple[str, ...], Ints]:
    """Choices in one form, and for each of some rows which one it holds."""
    words, place = sheet.choices(name)
    return words, place[sheet.column(name)[1][rows]]


def _frequent(often: Mapping[str, int], rows: int, most: int) -> tuple[str, ...]:
    """The most frequent ones; what nearly all or nearly none have tells nothing."""
    least = min(_FREQUENT, max(_NAMED, rows // 50))
    kept = [word for word, n in often.items() if least <= n <= rows - least]
    return tuple(sorted(kept, key=lambda word: (-often[word], word))[:most])


def _log_odds(numbers: Ints, won: Floats, count: int) -> Floats:
    """(count,) smoothed log-odds of each value less the average's (empirical Bayes, Micci-Barreca 2001)."""
    base = (won.sum() + 0.5) / (len(won) + 1)
    wins = np.bincount(numbers, weights=won, minlength=count)
    rate = (wins + _PRIOR * base) / (np.bincount(numbers, minlength=count) + _PRIOR)
    odds: Floats = np.log(rate / (1 - rate)) - np.log(base / (1 - base))
    return odds


def _unseen_rates(sheet: Sheet, rows: Ints, won: Floats, name: str, seed: int) -> Floats:
    """(rows,) how each row's value did in the rows of the other folds."""
    words, numbers = _words(sheet, rows, name)
    fold = np.random.default_rng(seed).integers(_RATE_FOLDS, size=len(rows))
    found = np.zeros(len(rows))
    for one in range(_RATE_FOLDS):
        own = fold == one
        table = _log_odds(numbers[~own], won[rows][~own], len(words))
        found[own] = table[numbers[own]]
    return found
