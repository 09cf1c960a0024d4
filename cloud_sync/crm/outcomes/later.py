"""Whether leads are won later than others were, or more seldom: by when those were won that are, and how old those are that are not.

Where fewer buy, those that do take as long as ever; where customers take longer, each age is like a younger one. Which of the two
explains leads better is told as their ratio of likelihoods, each at its best (Royall 1997), of `ENOUGH` at least.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cloud_sync.crm.outcomes.lulls import Followed, by_day
from kits.core.runtime import TellsWhen
from kits.core.stats import Floats

ENOUGH = 20.0
"""Times as likely, from which on it is said."""
TIMES = np.geomspace(0.2, 5.0, 65)
"""By how many times as long leads may take, and as often be won, in odds."""
STRAYS, AROUND = 0.05, 3
"""Share of wins on any day, whatever was learned, and days within which one is as good as another."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Which it is.

    Attributes:
        longer: so many times as long leads take, where that alone is what changed.
        odds: so many times as high are the odds of being won, where that is.
        ratio: logarithm of how many times as likely leads are by the first as by the second.
        took, expected: days which half of those won by now took, and would by what was learned.
    """

    longer: float
    odds: float
    ratio: float
    took: float
    expected: float

    @property
    def is_time(self) -> bool | None:
        """Whether it is the time that leads take; None: either may be."""
        return None if abs(self.ratio) < math.log(ENOUGH) else self.ratio > 0


def explained(runtime: TellsWhen, leads: Followed) -> Explained | None:
    """What explains leads that are won otherwise than was to be expected; None: nobody knows when they were won."""
    most = int(leads.came.max() / TIMES[0]) + 2
    share = by_day(runtime, most)
    dated = leads.is_won * np.isfinite(leads.won) > 0
    if not leads.is_dated or not len(share) or not dated.any():
        return None
    ever = np.array(runtime.won_by(leads.chances.tolist(), [np.inf] * len(leads.came)))
    told = _Told(share, np.clip(ever, 1e-4, 1 - 1e-4), leads, dated)
    of_time = [told.likelihood(1.0, float(times)) for times in TIMES]
    of_odds = [told.likelihood(float(times), 1.0) for times in TIMES]
    took, expected = told.middle
    return Explained(
        float(TIMES[int(np.argmax(of_time))]),
        float(TIMES[int(np.argmax(of_odds))]),
        max(of_time) - max(of_odds),
        took,
        expected,
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """Leads of which it is known who was won when (`dated`), and how likely each ever is (`ever`)."""

    share: Floats
    ever: Floats
    leads: Followed
    dated: np.ndarray[tuple[int], np.dtype[np.bool_]]

    def likelihood(self, odds: float, longer: float) -> float:
        """Its logarithm, but for what both have."""
        chance = odds * self.ever / (1.0 + (odds - 1.0) * self.ever)
        took = self.leads.took[self.dated] / longer
        around = self._by(took + AROUND) - self._by(np.maximum(took - AROUND, 0.0))
        around /= AROUND + np.minimum(took, AROUND)
        density = (1.0 - STRAYS) * around + STRAYS / (len(self.share) - 1)
        still = np.isinf(self.leads.won)
        left = 1.0 - chance[still] * self._by(self.leads.came[still] / longer)
        return float(np.log(chance[self.dated] * density / longer).sum() + np.log(left).sum())

    @property
    def middle(self) -> tuple[float, float]:
        """Days that half of those won took, and would of leads so old."""
        days = np.arange(len(self.share), dtype=np.float64)
        came = self.leads.came[self.dated]
        every = [np.minimum(self.share, self._by(np.array([age]))) for age in came]
        # of those that are won by now, which share was by each day
        by = np.mean([one / max(one[-1], 1e-9) for one in every], axis=0)
        return float(np.median(self.leads.took[self.dated])), float(np.interp(0.5, by, days))

    def _by(self, ages: Floats) -> Floats:
        return np.interp(ages, np.arange(len(self.share)), self.share)
