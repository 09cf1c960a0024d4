"""Fits an encoder to past leads: which values are frequent, which words, and how values of many did.

How values did is learned out of fold, so that a lead does not see its own outcome in the matrix it is learned from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features import cells
from kits.lead_scoring._features.encoder import Encoder, digest_of_choice, part_of
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
from kits.lead_scoring._learning.kinds import Kind
from kits.lead_scoring._learning.sheet import Floats32, Ints, Sheet

Floats = NDArray[np.float64]
_FREQUENT = 10
"""A value that was met so often has a column of its own."""
_MOST_VALUES, _LEAST_VALUES, _ALL_VALUES = 24, 4, 600
"""Values of one column that have columns of their own, at most and at least, and of all columns together."""
_WITH_RATES = 8
"""From so many frequent values on, how they did in the past is one more column."""
_NAMED = 5
"""Leads that share a value before a bundle names it."""
_MOST_MET = 1_000
_MOST_WORDS = 40
_PRIOR = 20.0
"""Leads with the average rate, by which each value's rate is smoothed."""
_RATE_FOLDS = 5
_AGE_KNOWN = 0.5


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
    choices = sum(kind == "choice" for kind in kinds.values())
    most = int(np.clip(_ALL_VALUES // max(1, choices), _LEAST_VALUES, _MOST_VALUES))
    fitted: list[Column] = []
    blocks: list[Floats32] = []
    for name, kind in kinds.items():
        column = (
            _choice(sheet, rows, won, name, most)
            if kind == "choice"
            else _fit(sheet, rows, name, kind)
        )
        if column is None:
            continue
        fitted.append(column)
        block = sheet.block(part_of(column), rows)
        if isinstance(column, ChoiceColumn) and column.rates:
            block[:, -1] = _unseen_rates(sheet, rows, won, name, seed)
        blocks.append(block)
    matrix = np.hstack(blocks) if blocks else np.empty((len(rows), 0), dtype=np.float32)
    return Encoded(EncoderSpec(columns=tuple(fitted)), matrix)


def encode(sheet: Sheet, rows: Ints, spec: EncoderSpec) -> Floats32:
    """(rows, columns) of some rows by a fitted encoder."""
    blocks = [sheet.block(part_of(column), rows) for column in spec.columns]
    return np.hstack(blocks) if blocks else np.empty((len(rows), 0), dtype=np.float32)


def _fit(sheet: Sheet, rows: Ints, name: str, kind: Kind) -> Column:
    if kind == "number":
        return NumberColumn(name=name)
    if kind == "truth":
        return TruthColumn(name=name)
    if kind == "date":
        return _date(sheet, rows, name)
    read = cells.to_choices if kind == "many" else cells.to_words
    distinct, codes = sheet.column(name)
    counts = np.bincount(codes[rows], minlength=len(distinct))
    often: dict[str, int] = {}
    for (value, _), n in zip(distinct, counts.tolist()):
        for word in read(value) if n else ():
            often[word] = often.get(word, 0) + n
    words = _frequent(often, len(rows), _MOST_WORDS)
    if kind == "many":
        return ManyColumn(name=name, values=words)
    return TextColumn(name=name, words=words)


def _date(sheet: Sheet, rows: Ints, name: str) -> DateColumn:
    distinct, codes = sheet.column(name, True)
    used = [distinct[code] for code in np.unique(codes[rows]).tolist()]
    moments = np.array([cells.to_moment(value) for value, _ in used])
    known = moments[np.isfinite(moments)]
    age = np.isfinite([at for _, at in used]).mean() > _AGE_KNOWN
    return DateColumn(
        name=name, age=bool(age), hour=bool((known % 86_400 != 0).mean() > _AGE_KNOWN)
    )


def _choice(sheet: Sheet, rows: Ints, won: Floats, name: str, most: int) -> ChoiceColumn | None:
    words, numbers = _words(sheet, rows, name)
    counts = np.bincount(numbers, minlength=len(words))
    often = {word: int(n) for word, n in zip(words, counts) if n}
    values = _frequent(often, len(rows), most)
    if not values:
        return None
    rates: dict[str, float] = {}
    if len([n for n in often.values() if n >= _FREQUENT]) > min(_WITH_RATES, most):
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


def _words(sheet: Sheet, rows: Ints, name: str) -> tuple[list[str], Ints]:
    """Choices in one form, and for each of some rows which one it holds."""
    distinct, codes = sheet.column(name)
    known: dict[str, int] = {}
    place = np.array(
        [known.setdefault(cells.to_choice(v), len(known)) for v, _ in distinct], np.intp
    )
    return list(known), place[codes[rows]]


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
