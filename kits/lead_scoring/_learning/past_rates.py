"""How leads with each value of a choice, or each word of a text, did in the past: smoothed by the average of all.

What is learned from sees them out of fold, so that no lead meets its own outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._learning.frequent import NAMED
from kits.lead_scoring._learning.sheet import Ints, Sheet

Floats = NDArray[np.float64]
Told: TypeAlias = Literal["choice", "text"]
Unseen: TypeAlias = Literal["choice", "text", "parts"]
_MOST: Mapping[Told, int] = {"choice": 1_000, "text": 2_000}
"""Values, and words, of one column whose rates a bundle keeps."""
_PRIOR = 20.0
"""Leads with the average rate, by which each rate is smoothed."""
_FOLDS = 5


@dataclass(frozen=True)
class _Held:
    """What some rows hold of a column.

    Attributes:
        words: values of choices, or words of texts.
        owner: (mentions,) the cell that holds it.
        word: (mentions,) and which it is.
        cell: (rows,) the cell of each row.
        cells: how many there are.
    """

    words: tuple[str, ...]
    owner: Ints
    word: Ints
    cell: Ints
    cells: int

    def log_odds(self, rows: NDArray[np.bool_], won: Floats) -> Floats:
        """(words,) smoothed log-odds of rows with each, less the average's (empirical Bayes, Micci-Barreca 2001)."""
        held = np.bincount(self.cell[rows], minlength=self.cells)
        bought = np.bincount(self.cell[rows], won[rows], self.cells)
        base = (won[rows].sum() + 0.5) / (np.count_nonzero(rows) + 1)
        counts = np.bincount(self.word, held[self.owner], len(self.words))
        wins = np.bincount(self.word, bought[self.owner], len(self.words)).astype(np.float64)
        rate = (wins + _PRIOR * base) / (counts + _PRIOR)
        return np.asarray(np.log(rate / (1 - rate)) - np.log(base / (1 - base)))

    def sums(self, odds: Floats) -> Floats:
        """(rows,) of what each row holds, by the odds of each word."""
        found = np.bincount(self.owner, odds[self.word], self.cells).astype(np.float64)
        return found[self.cell]


def past_rates(
    sheet: Sheet, rows: Ints, won: Floats, name: str, kind: Told, often: Mapping[str, int]
) -> dict[str, float]:
    """Value or word → log-odds, the most frequent first; of those that several leads share.

    Args:
        won: (all rows) 1 or 0.
        often: how many of the rows hold each.
    """
    held = _held(sheet, rows, name, kind)
    odds = held.log_odds(np.ones(len(rows), dtype=bool), won[rows])
    rates = {
        word: round(float(odds[n]), 6)
        for n, word in enumerate(held.words)
        if often.get(word, 0) >= NAMED
    }
    return dict(sorted(rates.items(), key=lambda item: -often[item[0]])[: _MOST[kind]])


def unseen_rates(
    sheet: Sheet,
    rows: Ints,
    won: Floats,
    name: str,
    kind: Unseen,
    rated: Collection[str],
    seed: int,
) -> Floats:
    """(rows,) how what each row holds did in the rows of the other folds.

    Args:
        kind: `parts`: the words of a choice, each by itself.
        rated: words that have a rate; of a choice all of its values have one here.
    """
    held, outcomes = _held(sheet, rows, name, kind), won[rows]
    counts = np.array([kind == "choice" or word in rated for word in held.words], dtype=bool)
    fold = np.random.default_rng(seed).integers(_FOLDS, size=len(rows))
    found = np.zeros(len(rows))
    for one in range(_FOLDS):
        own = fold == one
        found[own] = held.sums(np.where(counts, held.log_odds(~own, outcomes), 0.0))[own]
    return found


def _held(sheet: Sheet, rows: Ints, name: str, kind: Unseen) -> _Held:
    distinct, codes = sheet.column(name)
    if kind == "choice":
        words, place = sheet.choices(name)
        return _Held(words, np.arange(len(distinct)), place, codes[rows], len(distinct))
    bags = sheet.bags(name, kind)
    return _Held(bags.words, bags.owner, bags.word, codes[rows], len(distinct))
