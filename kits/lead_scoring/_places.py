"""Where a probability stands: in what the team can call, among other leads, and as points that a person reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kits.core.operating_point import Band

_HOT, _WARM, _COLD = "hot", "warm", "cold"
_MOST_POINTS = 99


@dataclass(frozen=True)
class Places:
    """Of the leads a bundle scores.

    Attributes:
        thresholds: from which probability a lead is hot, and from which warm.
        quantiles: probabilities of leads that no model had seen, rising, at equal steps from 0 to 1; may be empty.

    Where the time of year was learned, all are without it: a team can call as many in one month as in another.
    """

    thresholds: Band
    quantiles: NDArray[np.float64]

    def band(self, chance: float) -> str:
        """Hot, warm or cold, by the operating point."""
        edges = self.thresholds
        return _HOT if chance >= edges.act_at else _WARM if chance >= edges.review_from else _COLD

    def percentile(self, chance: float) -> float:
        """Share of leads that were scored lower, 0 to 1; ties count half."""
        found = self.quantiles
        if not len(found):
            return 0.5
        below, upto = (int(np.searchsorted(found, chance, side)) for side in ("left", "right"))
        if below != upto:
            return (below + upto - 1) / 2 / max(1, len(found) - 1)
        return float(np.interp(chance, found, self._shares))

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        return np.linspace(0.0, 1.0, len(self.quantiles))


def points_of(chance: float) -> int:
    """A probability as 1 to 99 points."""
    return min(_MOST_POINTS, max(1, round(100 * chance)))
