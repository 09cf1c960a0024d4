"""Samples in the order of their scores, weighed: areas under curves, hits among the first, all with ties shared evenly.

A weight says how often a sample was drawn, so that one sorting serves every resample. Pure arrays; `stats.py` has the
same areas for a single set of samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Tally:
    """Samples and hits per distinct score, highest score first: arrays of (scores,)."""

    n: Floats
    hit: Floats

    @property
    def base(self) -> float:
        """Share of hits; NaN of nothing."""
        total = self.n.sum()
        return float(self.hit.sum() / total) if total else math.nan

    def auc(self) -> float:
        """Area under the ROC curve; NaN when all are hits, or none is."""
        others = self.n - self.hit
        all_hits, all_others = self.hit.sum(), others.sum()
        if not all_hits or not all_others:
            return math.nan
        below = all_others - np.cumsum(others)
        return float((self.hit * (below + others / 2)).sum() / (all_hits * all_others))

    def average_precision(self) -> float:
        """Area under the precision-recall curve, step-wise over distinct scores; NaN without a hit."""
        all_hits = self.hit.sum()
        if not all_hits:
            return math.nan
        precision = np.cumsum(self.hit) / np.maximum(np.cumsum(self.n), 1e-300)
        return float((self.hit * precision).sum() / all_hits)

    def hits(self, count: float) -> float:
        """Expected hits among the first `count`, where samples of one score come in any order."""
        ends = np.cumsum(self.n)
        count = min(count, float(ends[-1])) if len(ends) else 0.0
        if count <= 0:
            return 0.0
        place = int(np.searchsorted(ends, count))
        before = float(ends[place - 1]) if place else 0.0
        sure = float(self.hit[:place].sum())
        return sure + (count - before) * float(self.hit[place] / self.n[place])

    def precision_at(self, share: float) -> float:
        """Share of hits among the first `share` of samples; NaN of nothing."""
        count = share * float(self.n.sum())
        return self.hits(count) / count if count > 0 else math.nan

    def lift_at(self, share: float) -> float:
        """How many times as often the first `share` are hits as all; NaN without a hit."""
        return self.precision_at(share) / self.base if self.base else math.nan

    def gain(self, shares: Floats) -> Floats:
        """Share of all hits that are among the first `shares` of samples."""
        total = float(self.n.sum())
        all_hits = max(float(self.hit.sum()), 1e-300)
        return np.array([self.hits(share * total) / all_hits for share in shares])


class Ranked:
    """Scores with outcomes, sorted once.

    Args:
        score: (samples,).
        hit: (samples,) whether it is one of those that are looked for.
    """

    def __init__(self, score: Floats, hit: Flags) -> None:
        self._order = np.argsort(-score, kind="stable")
        ranked = score[self._order]
        new = np.append(True, ranked[1:] != ranked[:-1]) if len(ranked) else np.zeros(0, bool)
        self._starts = np.flatnonzero(new)
        self._hit = hit[self._order].astype(np.float64)
        self._latest: tuple[Floats | None, Tally] | None = None

    def tally(self, weight: Floats | None = None) -> Tally:
        """The tally of a resample; scores that were not drawn are left out.

        The latest is kept, as several figures are asked for the same one.

        Args:
            weight: (samples,) how often each was drawn, not changed afterwards; None: once.
        """
        if self._latest is None or self._latest[0] is not weight:
            self._latest = weight, self._tally(weight)
        return self._latest[1]

    def _tally(self, weight: Floats | None) -> Tally:
        if not len(self._order):
            return Tally(np.zeros(0), np.zeros(0))
        drawn = np.ones(len(self._order)) if weight is None else weight[self._order]
        n = np.add.reduceat(drawn, self._starts)
        hit = np.add.reduceat(drawn * self._hit, self._starts)
        there = n > 0
        return Tally(n[there], hit[there])


def threshold_for(score: Floats, share: float) -> float:
    """The lowest score at which at most `share` of samples are taken, but always the best ones.

    Samples of one score are taken together, so that fewer may be taken than the share allows.

    Args:
        score: (samples,), one at least.
        share: of all, 0 to 1.
    """
    different, counts = np.unique(-score, return_counts=True)
    fitting = int(np.searchsorted(np.cumsum(counts), share * len(score) + 1e-9, side="right"))
    return float(-different[max(fitting, 1) - 1])
