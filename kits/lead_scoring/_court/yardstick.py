"""How much columns tell together: a linear model on bins, fold by fold, from which a column is taken without learning anew.

It needs no library and is repeatable. It is a yardstick, no candidate for shipping. The sums it is learned from are
made once and serve every outcome (won or lost, early or late).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import Estimate
from kits.lead_scoring._court.columns import Codes, Column, Floats
from kits.lead_scoring._court.measures import auc_of

_PENALTY = 10.0


def design(columns: Sequence[Column], rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """(rows, bins) 1 where a lead is in a bin; empty bins have no place."""
    parts = [
        (column.codes[rows, None] == np.unique(column.codes[rows])).astype(np.float32)
        for column in columns
    ]
    return np.concatenate(parts, axis=1) if parts else np.zeros((len(rows), 0), dtype=np.float32)


@dataclass(frozen=True)
class Sums:
    """What is known of the bins of some leads, whatever the outcome.

    Attributes:
        rows: which leads.
        places: (columns, rows) number of the bin each lead is in, over all columns.
        owner: (bins,) number of the column each bin belongs to.
        folds: (rows,) by lot; each is scored by all the others.
        grams: per fold, (bins, bins) of all other folds, around their mean, with the penalty on the diagonal.
        means: per fold, (bins,) shares in all other folds.
    """

    rows: NDArray[np.intp]
    places: Codes
    owner: Codes
    folds: Codes
    grams: tuple[Floats, ...]
    means: tuple[Floats, ...]

    @staticmethod
    def of(columns: Sequence[Column], folds: Codes, rows: NDArray[np.intp]) -> Sums:
        """Counts bins and pairs of bins."""
        folds = folds[rows]
        places, owner = _places(columns, rows)
        matrix = design(columns, rows)
        parts = [matrix[folds == fold] for fold in range(int(folds.max(initial=0)) + 1)]
        pairs = [(part.T @ part).astype(np.float64) for part in parts]
        counts = [part.sum(0, dtype=np.float64) for part in parts]
        grams, means = [], []
        for fold in range(len(parts)):
            n = max(len(rows) - len(parts[fold]), 1)
            mean = (np.sum(counts, axis=0) - counts[fold]) / n
            gram = np.sum(pairs, axis=0) - pairs[fold] - n * np.outer(mean, mean)
            grams.append(gram + _PENALTY * np.eye(len(owner)))
            means.append(mean)
        return Sums(rows, places, owner, folds, tuple(grams), tuple(means))


def _places(columns: Sequence[Column], rows: NDArray[np.intp]) -> tuple[Codes, Codes]:
    places = np.zeros((len(columns), len(rows)), dtype=np.intp)
    owner: list[int] = []
    for number, column in enumerate(columns):
        used, place = np.unique(column.codes[rows], return_inverse=True)
        places[number] = place + len(owner)
        owner.extend([number] * len(used))
    return places, np.array(owner, dtype=np.intp)


@dataclass(frozen=True)
class _Learned:
    """One fold's model: (bins,) weights, and the inverse over the bins it is made of."""

    kept: NDArray[np.intp]
    inverse: Floats
    weights: Floats
    target: Floats
    base: float


class Yardstick:
    """Ridge regression of an outcome on the bins of some columns.

    Args:
        outcome: (rows,) 1 or 0, of the rows of `sums`.
        columns: numbers of the columns it is made of.
    """

    def __init__(self, sums: Sums, outcome: Floats, columns: Sequence[int]) -> None:
        self._sums = sums
        self._outcome = outcome
        self._columns = tuple(columns)
        kept = np.flatnonzero(np.isin(sums.owner, self._columns))
        self._folds = [self._learn(fold, kept) for fold in range(len(sums.grams))]

    def _learn(self, fold: int, kept: NDArray[np.intp]) -> _Learned:
        sums = self._sums
        known = sums.folds != fold
        base = float(self._outcome[known].mean()) if known.any() else 0.0
        target = np.zeros(len(sums.owner))
        centred = self._outcome[known] - base
        for places in sums.places:
            np.add.at(target, places[known], centred)
        inverse: Floats = np.asarray(
            np.linalg.inv(sums.grams[fold][np.ix_(kept, kept)]), dtype=np.float64
        )
        return _Learned(kept, inverse, inverse @ target[kept], target, base)

    def auc(self, *, without: Sequence[int] = (), also: int | None = None) -> Estimate:
        """AUC on leads that were left out.

        Args:
            without: columns of it that are taken away (by the inverse of a block of an inverse).
            also: a column it has not, that is put in (by the Schur complement).
        """
        scores = np.zeros(len(self._outcome))
        for fold, learned in enumerate(self._folds):
            here = self._sums.folds == fold
            weights = self._weights(fold, learned, without, also)
            scores[here] = learned.base - float(self._sums.means[fold] @ weights)
            for places in self._sums.places:
                scores[here] += weights[places[here]]
        return auc_of(scores, self._outcome == 1)

    def _weights(
        self, fold: int, learned: _Learned, without: Sequence[int], also: int | None
    ) -> Floats:
        """(bins,) weights; 0 for bins that take no part."""
        out = np.zeros(len(self._sums.owner))
        kept, weights, inverse = learned.kept, learned.weights, learned.inverse
        gone = np.isin(self._sums.owner[kept], without)
        if gone.any():
            stays = ~gone
            lost = np.linalg.solve(inverse[np.ix_(gone, gone)], weights[gone])
            out[kept[stays]] = weights[stays] - inverse[np.ix_(stays, gone)] @ lost
            return out
        out[kept] = weights
        if also is not None:
            new = np.flatnonzero(self._sums.owner == also)
            across = self._sums.grams[fold][np.ix_(kept, new)]
            through = inverse @ across
            rest = self._sums.grams[fold][np.ix_(new, new)] - across.T @ through
            out[new] = np.linalg.solve(rest, learned.target[new] - across.T @ weights)
            out[kept] -= through @ out[new]
        return out
