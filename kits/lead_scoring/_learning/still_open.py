"""What it says of a lead that it is still open: won and lost ones are known after different times, and some are never closed.

Of leads that are open at an age, the log-odds of being won are those of leads that have just come, and the logarithm of the share
of won leads that take longer, less that of the others: Bayes' rule, with what survival analysis calls a landmark at each age
(Anderson, Cain & Gelber 1983). How long either takes is `delays.py`'s; that it takes as long whatever the columns say is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.lead_scoring._learning.delays import NEARLY, Delays
from kits.lead_scoring._learning.open_leads import open_here
from kits.lead_scoring._models.spec import StillOpenSpec
from kits.lead_scoring._reasons.spec import Tally

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_DAY = 86_400.0
_KNOTS = 40
"""Ages that are told apart at most."""
_LEFT = 2.0
"""Leads of either outcome that take longer than an age, without which nothing is told of it: what was told last goes on."""
_FEWEST = 20
"""Leads won that have a date."""
_DONE, _LEAST = 0.95, 40
"""Share of outcomes of either kind known by an age, from which on whoever is still open may stay so for ever; and the leads so old,
without which none are taken to."""
_NOT_TOLD = (
    "open leads: a lead that stays open is scored as one that has just come: how long outcomes take is not known, makes no "
    "difference, or was otherwise of late; model.source.outcome_at names the column that tells it"
)
_WORTH = 0.1
_BEYOND = 3.0
"""Log-odds, and standard errors of them: where no age adds so much, nothing is learned of it."""


@dataclass(frozen=True)
class Staying:
    """How long leads stay open.

    Attributes:
        delays: those that were closed, with their dates.
        by_age: leads that nobody closed, and that count as lost by their age.
        forgotten: leads so old that nearly all outcomes are known, and still open.
        beside: how many stay open for ever, for each lost lead that counts.
        lost_after: seconds after which those of `by_age` count as lost.
    """

    delays: Delays
    by_age: int = 0
    forgotten: int = 0
    beside: float = 0.0
    lost_after: float = 0.0

    @property
    def lost_after_days(self) -> int:
        """Days after which leads are lost that nobody has closed, where that is how most of them are lost; 0: it is not."""
        most = 2 * self.by_age > self.by_age + int((self.delays.won == 0).sum())
        return round(self.lost_after / _DAY) if most else 0

    @cached_property
    def spec(self) -> StillOpenSpec | None:
        """What each age adds; None where that makes no difference."""
        ages = self._ages
        known_lost, known_won = self.delays.known_by(ages)
        closed, won = (float((self.delays.won == outcome).sum()) for outcome in (0.0, 1.0))
        lost = closed + self.by_age
        left_lost = 1.0 - known_lost * closed / max(lost, 1.0)
        # who will never be closed is not among the lost that a model learned from: it shows as the others are closed
        left_lost += self.beside * (1.0 - left_lost)
        left = won * (1.0 - known_won), lost * left_lost
        told = np.cumprod(np.minimum(*left) >= _LEFT) > 0
        (won_adds, won_error), (lost_adds, lost_error) = map(_log_share, left, (won, lost))
        error = np.hypot(won_error, lost_error)
        adds = won_adds - lost_adds
        if not (told & (np.abs(adds) > np.maximum(_WORTH, _BEYOND * error))).any():
            return None
        adds = _shrunk(adds, error)
        days, adds, error = ages[told] / _DAY, adds[told].round(6), error[told].round(6)
        return StillOpenSpec(
            days=tuple(days.tolist()),
            adds=tuple(adds.tolist()),
            errors=tuple(error.tolist()),
            never=round((self.by_age / max(lost, 1.0) + self.beside) / (1.0 + self.beside), 6),
        )

    def open_at(self, days: Sequence[float]) -> dict[float, Tally]:
        """Age in days, from 0 on → of leads old enough to have an outcome those that were still open then, and how many were won."""
        delays = self.delays
        settled = delays.complete & delays.is_dated
        took, outcome = (delays.settled - delays.order)[settled], delays.won[settled]
        lost = float((delays.won[delays.complete] == 0).sum())
        # of later leads those that are never closed may not be there
        never = self.by_age + max(self.forgotten, round(self.beside * lost))
        found = dict[float, Tally]()
        for age in (0.0, *days):
            longer = (took > age * _DAY) | (age == 0.0)
            bought, others = (float(longer[outcome == one].sum()) for one in (1, 0))
            if delays.lost is not None:  # lost ones have no dates
                others = lost * (1.0 - float(delays.known_by(np.array([age * _DAY]))[0][0]))
            found[age] = Tally(n=round(bought + others) + never, won=round(bought))
        return found

    @property
    def done_days(self) -> int:
        """Whole days by which nearly all outcomes of either kind are known."""
        undated = () if self.delays.lost is None else (self.delays.lost.spans,)
        ages = np.unique(np.concatenate([np.zeros(1), *self.delays.spans, *undated]))
        known = np.minimum(*self.delays.known_by(ages))
        return int(np.ceil(ages[int(np.argmax(known >= NEARLY))] / _DAY))

    @property
    def old_won(self) -> tuple[int, int]:
        """Leads so old that nearly all outcomes are known and that are decided, and how many of them were won."""
        old = self.delays.complete
        return int(old.sum()) + self.by_age, int((self.delays.won[old] == 1).sum())

    @property
    def _ages(self) -> Floats:
        """(ages,) in seconds, whole days that rise: as many outcomes come between any two."""
        spans = np.concatenate(self.delays.spans)
        if not len(spans):
            return np.zeros(0)
        steps = np.linspace(0.0, 1.0, _KNOTS + 2)[1:-1]
        days = np.maximum(1.0, np.ceil(np.quantile(spans, steps) / _DAY))
        found: Floats = np.unique(days) * _DAY
        return found


def staying(
    delays: Delays | None, order: Floats, won: Floats, items: Sequence[DatasetItem] = ()
) -> Staying | None:
    """How long leads stay open; None where it is not known how long outcomes take, or was otherwise of late.

    Args:
        delays: since when outcomes count, as training reckons with it.
        order: (leads,) when they came, those still open among them, in seconds since 1970; 0: nobody knows.
        won: (leads,) 1 or 0; NaN: open.
        items: the leads, where a hub may know some of them twice.
    """
    if delays is None:
        return None
    if items:
        once = np.isfinite(won) | open_here(items, order, won)
        order, won = order[once], won[once]
    decided, closed = np.isfinite(won), delays.closed
    by_age = closed.by_age
    took = (closed.settled - closed.order)[by_age]
    closed = closed.without(by_age)
    if (closed.won[closed.is_dated] == 1).sum() < _FEWEST or not closed.steady:
        return None
    old = (order > 0) & (np.minimum(*closed.known_by(closed.now - order)) >= NEARLY)
    return Staying(
        closed,
        int(by_age.sum()),
        int((old & ~decided).sum()),
        _beside(closed, order, won),
        float(np.max(took, initial=0.0)),
    )


def open_note(found: Mapping[float, Tally] | None, *, dated: bool) -> tuple[str, ...]:
    """What a person should know of it who reads probabilities; nothing where data has no clock.

    Args:
        found: as `Staying.open_at` tells it; None: nothing was learned.
    """
    if found is None:
        return (_NOT_TOLD,) if dated else ()
    ages = list(found)
    shown = [ages[len(ages) // 2], ages[-1]]
    told = " and ".join(
        f"{found[age].share:.1%} of those still open after {age:.0f} days" for age in shown
    )
    return (
        f"open leads: {found[0.0].share:.1%} of leads are won, {told}; probabilities of leads that stay open go with their age",
    )


def _beside(closed: Delays, order: Floats, won: Floats) -> float:
    """How many leads are open for each lost one, of the older half of those so old that nearly all outcomes are known.

    A hub may have added decided leads alone: whoever came after the last open one is beside none, and tells nothing.
    """
    until = np.max(order[np.isnan(won)], initial=0.0)
    known = np.minimum(*closed.known_by(closed.now - order)) >= _DONE
    old = (order > 0) & (order <= until) & known
    if old.any():
        old &= order <= np.median(order[old])
    still, lost = int((old & np.isnan(won)).sum()), int((old & (won == 0)).sum())
    return still / lost if lost and still + lost >= _LEAST else 0.0


def _log_share(left: Floats, count: float) -> tuple[Floats, Floats]:
    """(ages,) logarithm of the share that is left, half a lead added to each side, and its standard error (Haldane 1956)."""
    n, many = left + 0.5, count + 0.5
    return np.log(n / many), np.sqrt(np.maximum(1.0 / n - 1.0 / many, 0.0))


def _shrunk(adds: Floats, error: Floats) -> Floats:
    """What may be chance counts for less, as with James & Stein 1961."""
    square = adds**2
    return adds * square / np.maximum(square + error**2, 1e-12)
