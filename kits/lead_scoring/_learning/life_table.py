"""Which share of outcomes is known by now of leads that came one day, by who is still open: however long outcomes take of late.

Where a market takes longer, or less long, than it did, how long the decided leads took says too little of the young ones. Who is
open says it: what becomes of those at each age follows from the hazards of the last months (a period life table with competing
risks, Aalen & Johansen 1978), and of leads that came one day those outcomes are known of which nothing is to come any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._learning.known_by import FEWEST

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_OF_LATE, _LEAST = 0.25, 200
"""Share of the outcomes that are of late, and how many at least."""
_OTHERS = 2.5
"""Standard deviations by which more or fewer came of late, from which on those of before do not count."""
_EACH, _MOST = 20, 400
"""Leads that came together, at least, and into how many such groups all are parted at most."""
_AS_ALL = 3.0
"""Outcomes of each kind, known as the ages of leads let expect, that are added to those of leads that came together."""
_OLD = 40
"""Leads that came so long ago, without which nothing is told of an age."""
_HALF = 0.5
_TINY = 1e-9


@dataclass(frozen=True)
class Fates:
    """What will become of leads that are open.

    Attributes:
        ages: (steps,) in seconds, at which outcomes come, rising.
        lost, won: (steps + 1,) share of those open before the first, and after each, that will be either; the others stay open for
            ever.
        left_lost, left_won: (steps + 1,) share of either that takes longer.
    """

    ages: Floats
    lost: Floats
    won: Floats
    left_lost: Floats
    left_won: Floats

    def at(self, values: Floats, ages: Floats) -> Floats:
        """(n,) one of these at some ages."""
        found: Floats = values[np.searchsorted(self.ages, ages, side="right")]
        return found

    def half(self, left: Floats) -> float:
        """Age by which half of an outcome is known."""
        return float(np.append(0.0, self.ages)[np.argmax(left <= _HALF)])


@dataclass(frozen=True)
class _Counted:
    """Outcomes of a kind.

    Attributes:
        came: (groups,) when leads that came together did, on average.
        known, to_come: (groups,) how many of them are, and will be.
    """

    came: Floats
    known: Floats
    to_come: Floats

    def share(self, order: Floats, expected: Floats) -> Floats:
        """(n,) which share is known of those who came when these did.

        Args:
            expected: (n,) the same by their ages alone.
        """
        if not self.came.size:
            return np.maximum(expected, FEWEST)
        known, to_come = (np.interp(order, self.came, one) for one in (self.known, self.to_come))
        found: Floats = (known + _AS_ALL * expected) / (known + to_come + _AS_ALL)
        return np.maximum(found, FEWEST)


@dataclass(frozen=True)
class LifeTable:
    """When all leads came and were decided, those too that are open.

    Attributes:
        came: (leads,) seconds since 1970.
        ended: (leads,) when an outcome was known; infinite: it is open.
        won: (leads,) 1 or 0; NaN: open.
        timed: (leads,) whose date is known: the others tell not how long outcomes take.
    """

    came: Floats
    ended: Floats
    won: Floats
    timed: Flags
    _at: dict[float, Fates] = field(default_factory=dict, repr=False)
    _counts: dict[float, tuple[_Counted, _Counted]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, came: Floats, ended: Floats, won: Floats, timed: Flags, still: Floats) -> LifeTable:
        """Of decided leads, and when the open ones came."""
        count = len(still)
        return cls(
            np.concatenate([came, still]),
            np.concatenate([ended, np.full(count, np.inf)]),
            np.concatenate([won, np.full(count, np.nan)]),
            np.concatenate([timed, np.ones(count, dtype=bool)]),
        )

    def known(self, order: Floats, moment: float) -> tuple[Floats, Floats]:
        """(n,) share of lost leads that are known by a moment, of those who came when these did, and of won ones."""
        if moment not in self._counts:
            self._counts[moment] = self._counted(moment)
        found = self._counts[moment]
        expected = self.by_age(np.maximum(moment - order, 0.0), moment)
        lost, won = (one.share(order, share) for one, share in zip(found, expected))
        return lost, won

    def by_age(self, ages: Floats, moment: float) -> tuple[Floats, Floats]:
        """(n,) share of lost leads that are known at ages in seconds, and of won ones, if all went on as of late."""
        fates = self._fates_of(moment)
        lost, won = (fates.at(left, ages) for left in (fates.left_lost, fates.left_won))
        return np.maximum(1.0 - lost, FEWEST), np.maximum(1.0 - won, FEWEST)

    def halves(self, moment: float) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """After how many seconds half of the lost leads are known, and of the won ones: before, and of late; None: as ever."""
        before, late = self._parted(moment)
        if not late.differ_from(before):
            return None
        was, now = (
            (found.half(found.left_lost), found.half(found.left_won))
            for found in (before.fates(), late.fates())
        )
        return was, now

    def _counted(self, moment: float) -> tuple[_Counted, _Counted]:
        fates = self._fates_of(moment)
        here = np.flatnonzero(self.came <= moment)
        here = here[np.argsort(self.came[here], kind="stable")]
        parts = np.array_split(here, max(1, min(_MOST, len(here) // _EACH))) if here.size else []
        lost, won = (
            _Counted(
                *np.array([self._of_part(part, *one, fates, moment) for part in parts])
                .reshape(-1, 3)
                .T
            )
            for one in ((0.0, fates.lost), (1.0, fates.won))
        )
        return lost, won

    def _of_part(
        self, part: NDArray[np.intp], outcome: float, will_be: Floats, fates: Fates, moment: float
    ) -> tuple[float, float, float]:
        came, is_open = self.came[part], self.ended[part] > moment
        known = float((self.won[part][~is_open] == outcome).sum())
        to_come = fates.at(will_be, moment - came[is_open]).sum()
        return float(came.mean()), known, float(to_come)

    def _fates_of(self, moment: float) -> Fates:
        if moment not in self._at:
            self._at[moment] = self._fates_at(moment)
        return self._at[moment]

    def _fates_at(self, moment: float) -> Fates:
        """By the hazards of either outcome at each age: those of late, where they are others than before."""
        before, late = self._parted(moment)
        return (late if late.differ_from(before) else late.and_(before)).fates()

    def _parted(self, moment: float) -> tuple[_Risks, _Risks]:
        """What happened before, and what of late."""
        known = self.timed & (self.ended <= moment)
        ages, count = np.unique(self._spans(self.ended[known], known)), int(known.sum())
        ages = ages[ages <= self._oldest(moment)]
        since = -np.inf
        if count > 2 * _LEAST:
            since = float(np.sort(self.ended[known])[-max(_LEAST, round(_OF_LATE * count))])
        return self._risks(ages, -np.inf, since), self._risks(ages, since, moment)

    def _oldest(self, moment: float) -> float:
        """Age that enough leads have had the time for: the one lead that is older and was won would say that whoever is open will be."""
        came = np.sort(self.came[self.timed & (self.came <= moment)])
        return float(moment - came[_OLD - 1]) if len(came) >= _OLD else 0.0

    def _spans(self, ended: Floats, rows: Flags) -> Floats:
        """(rows,) seconds until some moments; one at least, so that all were open before."""
        return np.maximum(ended - self.came[rows], 1.0)

    def _risks(self, ages: Floats, since: float, moment: float) -> _Risks:
        """After one moment, and until another."""
        here = self.timed & (self.came <= moment) & (self.ended > since)
        ended, won = self.ended[here], self.won[here]
        began = np.sort(np.maximum(since - self.came[here], 0.0))
        until = self._spans(np.minimum(ended, moment), here)
        at_risk = np.searchsorted(began, ages) - np.searchsorted(np.sort(until), ages)
        told = (ended <= moment) & (until <= np.max(ages, initial=0.0))
        lost, bought = (
            np.bincount(np.searchsorted(ages, until[told & (won == one)]), minlength=len(ages))
            for one in (0.0, 1.0)
        )
        return _Risks(ages, *(one.astype(np.float64) for one in (at_risk, lost, bought)))


@dataclass(frozen=True)
class _Risks:
    """What happened at each age.

    Attributes:
        ages: (steps,) at which outcomes came, rising.
        at_risk: (steps,) leads that were open until then.
        lost, won: (steps,) outcomes then.
    """

    ages: Floats
    at_risk: Floats
    lost: Floats
    won: Floats

    def and_(self, other: _Risks) -> _Risks:
        """Both."""
        return _Risks(
            self.ages, self.at_risk + other.at_risk, self.lost + other.lost, self.won + other.won
        )

    def differ_from(self, other: _Risks) -> bool:
        """Whether more or fewer outcomes of a kind came than by the hazards of others (a log-rank test of each)."""
        share = self.at_risk / np.maximum(self.at_risk + other.at_risk, 1.0)
        for own, others in ((self.lost, other.lost), (self.won, other.won)):
            expected = (own + others) * share
            chance = float((expected * (1.0 - share)).sum())
            if abs(float((own - expected).sum())) > _OTHERS * np.sqrt(max(chance, 1.0)):
                return True
        return False

    def fates(self) -> Fates:
        """From the oldest age back."""
        goes = np.minimum((self.lost + self.won) / np.maximum(self.at_risk, 1.0), 1.0)
        share = self.won / np.maximum(self.lost + self.won, 1.0)
        stays = np.concatenate([np.ones(1), np.cumprod(1.0 - goes)])
        ends = stays[:-1] * goes
        to_come = [
            np.append(np.cumsum(one[::-1])[::-1], 0.0)
            for one in (ends * (1.0 - share), ends * share)
        ]
        will_lose, will_win = (np.minimum(one / np.maximum(stays, _TINY), 1.0) for one in to_come)
        left_lost, left_won = (one / max(one[0], _TINY) for one in to_come)
        return Fates(self.ages, will_lose, will_win, left_lost, left_won)
