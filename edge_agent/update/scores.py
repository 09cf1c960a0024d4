"""Have the scores changed? Histograms and the population stability index between two of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

_BINS = 10
_PER_BIN = 10
_PRIOR = 0.5
CERTAIN_SDS = 4.0


class Histogram(BaseModel):
    """Counts of scores between the quantiles of the first ones seen."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, scores: Sequence[float]) -> Histogram | None:
        """With up to ten bins of equal content; None when there are too few scores for two.

        Equal scores share a bin, whose upper edge is the score itself: a detector gives exactly 0
        for most good parts, and that share must not move unseen either.
        """
        bins = min(_BINS, len(scores) // _PER_BIN)
        if bins < 2:
            return None
        inner = np.quantile(np.asarray(scores), np.arange(1, bins) / bins, method="lower")
        edges = tuple(float(edge) for edge in np.unique(inner))
        empty = cls(edges=edges, counts=(0,) * (len(edges) + 1))
        return cls(edges=edges, counts=empty.count(scores))

    def count(self, scores: Sequence[float]) -> tuple[int, ...]:
        """How many scores fall into each bin; the upper edge belongs to the bin."""
        places = np.searchsorted(np.asarray(self.edges), np.asarray(scores), side="left")
        counted = np.bincount(places, minlength=len(self.edges) + 1)
        return tuple(int(n) for n in counted)


def psi(expected: Sequence[int], seen: Sequence[int]) -> float:
    """Population stability index, Σ (p − q)·ln(p / q); bins get half a count so that none is 0.

    Usual reading (Siddiqi, Credit Risk Scorecards, 2006): below 0.1 no change, above 0.25 a large one.
    """
    p = _shares(expected)
    q = _shares(seen)
    return float(np.sum((q - p) * np.log(q / p)))


def noise(expected: Sequence[int], seen: Sequence[int], sds: float = CERTAIN_SDS) -> float:
    """What the index is by chance alone when nothing has changed.

    Args:
        sds: above its mean, in standard deviations.

    Under no change psi / (1/n + 1/m) is about chi-square with (bins − 1) degrees of freedom
    (Yurdakul and Naranjo, Statistical properties of the population stability index, 2020). This is
    its mean and some standard deviations; by default a false alarm in less than 1 of 1,000 probations
    (simulated in the tests).
    """
    degrees = len(expected) - 1
    scale = 1 / max(sum(expected), 1) + 1 / max(sum(seen), 1)
    return scale * (degrees + sds * float(np.sqrt(2 * degrees)))


def _shares(counts: Sequence[int]) -> NDArray[np.float64]:
    filled: NDArray[np.float64] = np.asarray(counts, np.float64) + _PRIOR
    shares: NDArray[np.float64] = filled / filled.sum()
    return shares
