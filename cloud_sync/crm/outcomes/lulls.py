"""When leads came and were won, and lulls among that: some days on which hardly anybody is won, as around holidays.

After a lull each lead is won so much later, and nothing is wrong with scores. No calendar is asked: a lull is found by the wins that
are missing on some days in a row, as with a scan statistic (Kulldorff 1997), and ends within `LONGEST` days. Whether what is left
is more than chance `pace.py` says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.core.runtime import TellsWhen
from kits.core.stats import Floats

SHORTEST, LONGEST = 4, 35
"""Days: a week-end is none, as how long leads take was learned with week-ends; and what goes on for longer is no lull."""
GOES_ON = 0.25
"""Share of the wins of other days, for as many to be expected, that a lull has at most."""
BEYOND = 9.0
"""Logarithm of how much likelier its wins are if a lull differs from other days than if it does not: where all days of a year are
alike one is found in one year of forty."""
APART, MOST = 28.0, 3
"""Days between two lulls, as otherwise it is none that ends, and how many are looked for."""
DATED = 0.9
"""Share of won leads whose day is known, without which nothing is said of days."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Leads in the order in which they came, shapes (n,).

    Attributes:
        chances: that each is won, as was said when it came.
        came: days since then.
        won: days since each was won; infinite: it is not; NaN: nobody knows when.
    """

    chances: Floats
    came: Floats
    won: Floats

    @property
    def is_won(self) -> Floats:
        """1 or 0."""
        return 1.0 - np.isinf(self.won).astype(np.float64)

    @property
    def took(self) -> Floats:
        """Days until each was won; NaN: it is not, or nobody knows."""
        known = np.where(np.isfinite(self.won), self.won, np.nan)
        return np.maximum(self.came - known, 0.0)

    @property
    def is_dated(self) -> bool:
        """Whether it is known when leads were won."""
        return bool(np.isnan(self.won).sum() <= (1.0 - DATED) * self.is_won.sum())

    def last(self, n: int) -> Followed:
        """The latest of them."""
        return Followed(self.chances[-n:], self.came[-n:], self.won[-n:])

    def expected(self, runtime: TellsWhen) -> Floats:
        """How likely each has been won by now; of other length: nobody knows."""
        return np.array(runtime.won_by(self.chances.tolist(), self.came.tolist()), dtype=np.float64)

    def without(self, lull: Lull) -> Followed:
        """The same by a clock that stood meanwhile."""
        return replace(self, came=lull.cut(self.came), won=lull.cut(self.won))


@dataclass(frozen=True, slots=True)
class Lull:
    """From so many days ago until so many days ago."""

    began: float
    ended: float

    def cut(self, ago: Floats) -> Floats:
        """Days since something, without those of the lull."""
        return ago - np.clip(np.minimum(ago, self.began) - self.ended, 0.0, None)


def by_day(runtime: TellsWhen, days: int) -> Floats:
    """Share of leads that are ever won that has been by each of so many days, shape (days + 1,); empty: nobody knows."""
    ages = [*map(float, range(days + 1)), np.inf]
    found = np.array(runtime.won_by([0.5] * len(ages), ages), dtype=np.float64)
    return found[:-1] / found[-1] if len(found) == len(ages) and found[-1] > 0 else np.zeros(0)


def without_lulls(runtime: TellsWhen, leads: Followed) -> tuple[Followed, list[Lull]]:
    """Leads by a clock that stood in lulls, and these, the greatest first, each by a clock that stood in those before."""
    lulls, cuts = list[Lull](), np.zeros(0)
    share = by_day(runtime, int(leads.came.max()) + 1)
    while leads.is_dated and len(share) and len(lulls) < MOST:
        ever = np.array(runtime.won_by(leads.chances.tolist(), [np.inf] * len(leads.came)))
        lull = _greatest(ever, share, leads, cuts)
        if lull is None:
            break
        leads = leads.without(lull)
        lulls, cuts = [*lulls, lull], np.append(lull.cut(cuts), lull.ended)
    return leads, lulls


def _greatest(ever: Floats, share: Floats, leads: Followed, cuts: Floats) -> Lull | None:
    """The lull that misses most, away from where others were cut out.

    Args:
        ever: (leads,) how likely each is ever won.
        share: of these, by day.
        cuts: days since others were.
    """
    days = len(share) - 1  # of which the last is today
    came = np.bincount(_day(leads.came, days), ever, days)
    expected = np.convolve(came, np.diff(share))[:days]
    won = np.bincount(_day(leads.won[np.isfinite(leads.won)], days), minlength=days)
    best, greatest = BEYOND, None
    due, found = (np.concatenate([[0.0], np.cumsum(each)]) for each in (expected, won))
    for length in range(SHORTEST, min(2 * LONGEST, days - 1) + 1):
        began = days - np.arange(days + 1 - length, dtype=np.float64)
        fewer = _fewer(due[length:] - due[:-length], found[length:] - found[:-length], due[-1], found[-1])  # fmt: skip
        for cut in cuts:
            fewer[(began > cut - APART) & (began - length < cut + APART)] = 0.0
        worst = int(fewer.argmax())
        if fewer[worst] > best:
            best, greatest = fewer[worst], Lull(float(began[worst]), float(began[worst] - length))
    if greatest is None or greatest.began - greatest.ended > LONGEST:
        return None
    return greatest


def _fewer(due: Floats, won: Floats, all_due: float, all_won: float) -> Floats:
    """(spans,) logarithm of how much likelier wins are if spans differ from all other days; 0: there are not so few."""
    share, other_due, other_won = due / max(all_due, 1e-9), all_due - due, all_won - won
    few = won * other_due <= GOES_ON * other_won * due
    ratio = won * _log(won, all_won * share) + other_won * _log(other_won, all_won * (1.0 - share))
    return np.where(few, ratio, 0.0)


def _log(these: Floats, those: Floats) -> Floats:
    found: Floats = np.log(np.maximum(these, 1e-9) / np.maximum(those, 1e-9))
    return found


def _day(ago: Floats, days: int) -> NDArray[np.intp]:
    """Which of so many days something was on, the last of which ends now."""
    found: NDArray[np.intp] = np.clip(days - 1 - np.floor(ago), 0, days - 1).astype(np.intp)
    return found
