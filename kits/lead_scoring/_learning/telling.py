"""Which columns say something of the outcome, each by itself: where there are many for few leads won, the rest drowns them.

A column is tested alone, as it stands in the matrix: what leads hold of it (a value, a word, one of some ranges of a
number, nothing) against how often they are won, by the likelihood ratio. So many are taken that chance lets in a few
that say nothing (independence screening, Fan & Lv 2008). What tells something beside another column alone is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features.encoder import Floats32, part_of
from kits.lead_scoring._features.spec import EncoderSpec

Floats = NDArray[np.float64]
MANY = 25
"""From so many columns on they may be too many."""
_LEADS_EACH = 20
"""Leads won, or lost if these are fewer, for each column: with so many none is too many."""
_LET_IN = 3
"""Columns that say nothing and are taken all the same, on the average; and so many are taken at least."""
_RANGES = 6
"""Of a number, with as many leads each."""


def are_many(columns: Collection[str], won: Floats) -> bool:
    """Whether there are many columns for so few outcomes.

    Args:
        won: (rows,) 1 or 0.
    """
    rarer = min(won.sum(), len(won) - won.sum())
    return len(columns) >= MANY and bool(rarer < _LEADS_EACH * len(columns))


def telling(matrix: Floats32, spec: EncoderSpec, won: Floats) -> frozenset[str]:
    """Names of columns that say something of the outcome.

    Args:
        matrix: (rows, columns) by `spec`.
        won: (rows,) 1 or 0.
    """
    from scipy.stats import chi2

    chances: dict[str, float] = {}
    places = np.cumsum([0, *(len(part_of(column).labels) for column in spec.columns)])
    for column, (start, end) in zip(spec.columns, pairwise(places.tolist())):
        told = [_told(matrix[:, place], won) for place in range(start, end)]
        free = sum(degrees for _, degrees in told)
        chances[column.name] = (
            float(chi2.sf(sum(ratio for ratio, _ in told), free)) if free else 1.0
        )
    return _least_likely(chances)


def _least_likely(chances: Mapping[str, float]) -> frozenset[str]:
    """Columns which would hardly look so if they said nothing, by the chance of that."""
    ranked = sorted(chances, key=lambda name: (chances[name], name))
    most = _LET_IN / max(1, len(ranked))
    return frozenset(n for place, n in enumerate(ranked) if place < _LET_IN or chances[n] <= most)


def _told(column: Floats32, won: Floats) -> tuple[float, int]:
    """Twice the log of the likelihood ratio, and its degrees of freedom."""
    held = _held(column)
    met = np.bincount(held)
    some = met > 0
    counts = met[some].astype(np.float64)
    wins = np.bincount(held, weights=won)[some].astype(np.float64)
    share = float(won.mean())
    found = _surprise(wins, counts * share) + _surprise(counts - wins, counts * (1 - share))
    return 2 * found, len(counts) - 1


def _held(column: Floats32) -> NDArray[np.intp]:
    """(rows,) a number for what each holds."""
    if ((column == 0) | (column == 1)).all():
        return column.astype(np.intp)
    lacks = np.isnan(column)
    if lacks.all():
        return np.zeros(len(column), dtype=np.intp)
    limits = np.unique(np.quantile(column[~lacks], np.arange(1, _RANGES) / _RANGES))
    return np.where(lacks, len(limits) + 1, np.searchsorted(limits, column))


def _surprise(seen: Floats, expected: Floats) -> float:
    """Sum of what was seen times the log of how often it was expected; of what was never seen 0."""
    some = seen > 0
    return float((seen[some] * np.log(seen[some] / expected[some])).sum())
