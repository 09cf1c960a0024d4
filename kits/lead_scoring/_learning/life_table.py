"""Which share of outcomes is known by now of leads that came one day, by who is still open: however long outcomes take of late.

Where a market takes longer, or less long, than it did, how long the decided leads took says too little of the young ones. Who is
open says it: what becomes of those at each age follows from the hazards of the last months (a period life table with competing
risks, Aalen & Johansen 1978), and of leads that came one day those outcomes are known of which nothing is to come any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.lead_scoring._learning.known_by import FEWEST

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_OF_LATE, _LEAST = 0.25, 200
"""Share of the outcomes that are of late, and how many at least."""
_OTHERS = 2.5
"""Standard deviations by which more or fewer came of late, from which on those of before do not count."""
_AGES = 60
"""Ages that are told apart at most."""
_EACH, _MOST = 20, 400
"""Leads that came together, at least, and into how many such groups all are parted at most."""
_AS_ALL = 3.0
"""Outcomes of each kind, known as the ages of leads let expect, that are added to those of leads that came together."""
_BESIDE = 20
"""Decided leads that came after the last open one, from which on those beside them are not in the data."""
_TOLD, _DONE, _FEW = 0.1, 0.95, 40
"""Share of outcomes known by an age, below which nothing is told of those beside them, and from which on whoever is open may stay so for
ever; and the leads so old, without which none are taken to."""
_HALF = 0.5
_SWEPT = 0.5
"""Leads that a hub knows of before its import ends, for each that was open then, from which on it has met those."""
_CHANCE = 3.0
"""Standard deviations by which fewer are open by chance."""
_TINY = 1e-9


@dataclass(frozen=True)
class Fates:
    """What will become of leads that are open.

    Attributes:
        ages: (steps,) in seconds, rising from 0.
        lost, won: (steps,) share of those open at an age that will be either; the others stay open for ever.
        left_lost, left_won: (steps,) share of either that takes longer than an age.
    """

    ages: Floats
    lost: Floats
    won: Floats
    left_lost: Floats
    left_won: Floats


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
        lost, won = (
            np.interp(ages, fates.ages, left) for left in (fates.left_lost, fates.left_won)
        )
        return np.maximum(1.0 - lost, FEWEST), np.maximum(1.0 - won, FEWEST)

    def halves(self, moment: float) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """After how many seconds half of the lost leads are known, and of the won ones: before, and of late; None: as ever."""
        ages, before, late = self._parted(moment)
        if not late.differ_from(before):
            return None
        was, now = (
            (
                float(ages[np.argmax(found.left_lost <= _HALF)]),
                float(ages[np.argmax(found.left_won <= _HALF)]),
            )
            for found in (before.fates(ages), late.fates(ages))
        )
        return was, now

    def _counted(self, moment: float) -> tuple[_Counted, _Counted]:
        fates = self._fates_of(moment)
        here = np.flatnonzero(self.came <= moment)
        here = here[np.argsort(self.came[here], kind="stable")]
        parts = np.array_split(here, max(1, min(_MOST, len(here) // _EACH))) if here.size else []
        lost, won = (
            _Counted(
                *np.array([self._of_part(part, *one, moment) for part in parts]).reshape(-1, 3).T
            )
            for one in ((0.0, fates.ages, fates.lost), (1.0, fates.ages, fates.won))
        )
        return lost, won

    def _of_part(
        self, part: NDArray[np.intp], outcome: float, ages: Floats, will_be: Floats, moment: float
    ) -> tuple[float, float, float]:
        came, is_open = self.came[part], self.ended[part] > moment
        known = float((self.won[part][~is_open] == outcome).sum())
        to_come = np.interp(moment - came[is_open], ages, will_be).sum()
        return float(came.mean()), known, float(to_come)

    def _fates_of(self, moment: float) -> Fates:
        if moment not in self._at:
            self._at[moment] = self._fates_at(moment)
        return self._at[moment]

    def _fates_at(self, moment: float) -> Fates:
        """By the hazards of either outcome at each age: those of late, where they are others than before."""
        ages, before, late = self._parted(moment)
        return (late if late.differ_from(before) else late.and_(before)).fates(ages)

    def _parted(self, moment: float) -> tuple[Floats, _Risks, _Risks]:
        """Ages, what happened before, and what of late."""
        known = self.timed & (self.ended <= moment)
        ages, count = _steps_of((self.ended - self.came)[known]), int(known.sum())
        since = -np.inf
        if count > 2 * _LEAST:
            since = float(np.sort(self.ended[known])[-max(_LEAST, round(_OF_LATE * count))])
        return ages, self._risks(ages, -np.inf, since), self._risks(ages, since, moment)

    def _risks(self, ages: Floats, since: float, moment: float) -> _Risks:
        """Between two moments."""
        here = self.timed & (self.came <= moment) & (self.ended > since)
        came, ended, won = self.came[here], self.ended[here], self.won[here]
        began, until = np.maximum(0.0, since - came), np.minimum(ended, moment) - came
        at_risk = [
            np.clip(np.minimum(until, late) - np.maximum(began, early), 0.0, None).sum()
            for early, late in pairwise(ages)
        ]
        ends = ended <= moment
        lost, bought = (
            np.histogram(until[ends & (won == outcome)], bins=ages)[0]
            if len(ages) > 1
            else ages[1:]
            for outcome in (0.0, 1.0)
        )
        return _Risks(np.array(at_risk), lost.astype(np.float64), bought.astype(np.float64))


@dataclass(frozen=True)
class _Risks:
    """What happened at each age.

    Attributes:
        at_risk: (steps - 1,) seconds that leads were open between two ages.
        lost, won: (steps - 1,) outcomes then.
    """

    at_risk: Floats
    lost: Floats
    won: Floats

    def and_(self, other: _Risks) -> _Risks:
        """Both."""
        return _Risks(self.at_risk + other.at_risk, self.lost + other.lost, self.won + other.won)

    def differ_from(self, other: _Risks) -> bool:
        """Whether more or fewer outcomes of a kind came than by the hazards of others (a log-rank test of each)."""
        per = self.at_risk / np.maximum(other.at_risk + self.at_risk, _TINY)
        for own, others in ((self.lost, other.lost), (self.won, other.won)):
            expected = (own + others) * per
            chance = float((expected * (1.0 - per)).sum())
            if abs(float((own - expected).sum())) > _OTHERS * np.sqrt(max(chance, 1.0)):
                return True
        return False

    def fates(self, ages: Floats) -> Fates:
        """From the oldest age back."""
        total = self.lost + self.won
        goes = -np.expm1(-total / np.maximum(self.at_risk, _TINY) * np.diff(ages))
        share = self.won / np.maximum(total, 1.0)
        stays = np.concatenate([np.ones(1), np.cumprod(1.0 - goes)])
        ends = stays[:-1] * goes
        to_come = [
            np.append(np.cumsum(one[::-1])[::-1], 0.0)
            for one in (ends * (1.0 - share), ends * share)
        ]
        left = np.maximum(stays, _TINY)
        will_lose, will_win = (np.minimum(one / left, 1.0) for one in to_come)
        left_lost, left_won = (one / max(one[0], _TINY) for one in to_come)
        return Fates(ages, will_lose, will_win, left_lost, left_won)


@dataclass(frozen=True)
class Known:
    """Decided leads, as if outcomes took as long as ever.

    Attributes:
        order: (leads,) when they came; 0: nobody knows.
        own: (leads,) share of outcomes of their kind that are known at their age.
        either: (leads,) share of that kind of which fewer are known.
    """

    order: Floats
    own: Floats
    either: Floats


def enough(known: Known, still: Floats) -> bool:
    """Whether no fewer leads are open than there would be beside decided ones if outcomes took as long as ever.

    As many of all are taken to stay open for ever as of the oldest.

    Args:
        still: (open,) when they came.
    """
    told = (known.either >= _TOLD) & (known.order > 0)
    if not told.any():
        return True
    done = np.sort(known.order[told & (known.either >= _DONE)])
    early, open_early = len(done) // 2, 0.0
    if early >= _FEW:
        open_early = float((still <= done[early]).sum())
    never = open_early / (open_early + max(early, 1))
    decided, own = float(told.sum()), known.own[told]
    expected = float((1.0 / own).sum()) / (1.0 - never)
    found = float((still <= known.order[told].max()).sum())
    chance = float(((1.0 - own) / own**2).sum()) + expected * never * (1.0 + expected / (early + 1.0)) + 1.0  # fmt: skip
    return found - (expected - decided) >= -_CHANCE * float(np.sqrt(chance))


def _steps_of(spans: Floats) -> Floats:
    """(steps,) ages between which about as many outcomes come, from 0 on."""
    found = np.unique(np.quantile(spans, np.linspace(0.0, 1.0, _AGES + 1))) if len(spans) else spans
    steps: Floats = np.concatenate([np.zeros(1), found[found > 0]])
    return steps


def open_here(items: Sequence[DatasetItem], order: Floats, won: Floats) -> Flags:
    """(items,) which leads are open; of those that were open when they were imported none, where a hub has met them since.

    Without a key nobody knows which of the hub's leads they are, and each would be there twice.

    Args:
        order: (items,) seconds since 1970; 0: nobody knows.
        won: (items,) 1 or 0; NaN: open.
    """
    still = np.isnan(won)
    met = np.array([bool(item.sample.device) for item in items], dtype=bool)
    return still & met if _are_met(met, order, still) else still


def open_beside(items: Sequence[DatasetItem], order: Floats, won: Floats) -> Floats | None:
    """When open leads came; None where those that are open beside decided ones are not in the data.

    Args: as of `open_here`.
    """
    still = open_here(items, order, won) & (order > 0)
    met = np.array([bool(item.sample.device) for item in items], dtype=bool)
    unknown = met.any() and bool((still & ~met).any())
    if unknown or not still.any():
        return None
    after = np.isfinite(won) & (order > order[still].max())
    return None if after.sum() > _BESIDE else order[still]


def _are_met(met: Flags, order: Floats, still: Flags) -> bool:
    """Whether a hub knows leads that came before the last imported one: half as many at least as were open then."""
    imported = ~met & (order > 0)
    if not met.any() or not imported.any():
        return False
    early = met & (order > 0) & (order <= order[imported].max())
    return bool(early.sum() >= _SWEPT * (imported & still).sum())
