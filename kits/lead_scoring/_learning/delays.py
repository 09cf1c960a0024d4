"""How long outcomes take, and what that does to leads that are decided early: more of these are won, or lost, than of all like them.

Whether the outcome of a lead is known yet hangs on which it is and on how old the lead is. Then those that are known have the
same weights as all, and log-odds that are off by the logarithm of how much likelier a won lead is known by its age than a lost
one (as samples drawn by outcome, Prentice & Pyke 1979): a model that is fitted beside that number learns of all leads from the
young ones, too. Where figures are counted, a lead stands for as many as one of its outcome and age takes to be known. Which
share is known by an age is told by their dates, or of lost ones by who is still open (`known_by.py`); where outcomes take longer of
late, or less long, by who is still open of those that came together (`life_table.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.lead_scoring._learning.known_by import FEWEST, KnownBy, by_open, by_spans
from kits.lead_scoring._learning.life_table import LifeTable
from kits.lead_scoring._learning.open_leads import Known, OpenBeside, open_beside
from kits.lead_scoring._learning.settled import dates_began, settled_of
from kits.lead_scoring._reading.samples import OUTCOME_AT, RANK, SETTLED_AT

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_DAY = 86_400.0
_OUTCOMES = (0.0, 1.0)
_LEAST, _DATED = 20, 0.9
"""Outcomes of a kind that have a date, at least, and the share of all of the kind that have one or are old."""
_LEAST_KNOWN = 0.1
"""Share of outcomes of either kind known by an age, below which leads so young stand for nobody: hardly any of the kind is there."""
NEARLY = 0.9
"""Share of outcomes known by an age, from which on the leads are taken as they are."""
_STEPS = 1024
"""Parts of a lead in which they are counted: sums of such numbers are exact, whatever their order."""
_UNSTEADY, _PAIRED = 0.15, 1_000
"""Rank correlation of how long outcomes took with when their leads came, from which on they took longer or shorter of late; by so
many leads at most. Of 80 leads whose outcomes always take as long it is beyond that once in ten times."""
_CHANCE = 3.0
"""Standard deviations by which more or fewer leads are open by chance."""
_CERTAINLY = 1.7
"""The same times the root of the leads, from which on that is no chance: two and a half standard deviations of it."""

LONGER, SOONER = "longer", "less long"
_SOME_BY_AGE, _BY_AGE = 20, 0.05
"""Lost leads that took as long as any, and the share of them, from which on they are lost by their age."""
_STRAYS, _FAR_DAYS = 0.01, 90.0
"""Share of dates that may be errors, and days by which such a one lies beyond the others."""
_TOGETHER, _TIMES, _BUSY = 10, 3.0, 10
"""Outcomes of one day that count as closed together: so many at least, and so many times those of the tenth busiest day."""


@dataclass(frozen=True)
class Delays:
    """When leads came and their outcomes were known.

    Attributes:
        order, settled: (rows,) seconds since 1970; 0: nobody knows when it came, and it counts as old.
        won: (rows,) 1 or 0.
        now: until when the data goes.
        dated: (rows,) whose date of the outcome is known; None: all.
        lost: which share of lost leads is known by an age now, where they have no dates.
        ended: (rows,) when each was closed, where outcomes count later: NaN where nobody knows; None: they do not.
        rate: share won of all leads, where those that are not won yet count as lost; 0: only those count that are decided.
        still: (open,) when leads came that are open beside them, where outcomes take longer of late, or less long; None: they take as
            long as ever, or nobody knows.
        open: how many leads are open beside them; None: those are not in the data.
        unmatched: how long outcomes took of late by their dates, for which too few leads are open or such are not in the data: longer, or
            less long; empty: as long as ever, or who is open tells it.
    """

    order: Floats
    settled: Floats
    won: Floats
    now: float
    dated: Flags | None = None
    lost: KnownBy | None = None
    ended: Floats | None = None
    rate: float = 0.0
    still: Floats | None = None
    open: OpenBeside | None = None
    unmatched: str = ""
    _leans: dict[float, Floats] = field(default_factory=dict, init=False, repr=False)

    def lean(self, moment: float = math.inf) -> Floats:
        """(rows,) what log-odds of leads whose outcome is known by then have more than those of all leads like them."""
        moment = min(moment, self.now)
        if moment not in self._leans:
            lost, won = self._shares(self.order, moment)
            lean = np.log(won) - np.log(lost)
            if self.dated is not None and self.lost is None:
                lean[~self.dated] = 0.0  # either outcome counts after as long (`settled.py`)
            self._leans[moment] = lean
        return self._leans[moment]

    def stands_for(self, order: Floats, won: Flags) -> Floats:
        """(leads,) how many each stands for: itself, and those of its outcome and age that are not known yet; 0: too young to tell.

        Where too few would be left to judge by, each stands for itself.

        Args:
            order: (leads,) when each came.
            won: (leads,) what became of it.
        """
        share_lost, share_won = self._shares(order, self.now)
        told = np.minimum(share_lost, share_won) >= _LEAST_KNOWN
        if min(won[told].sum(), (~won[told]).sum()) < _LEAST:
            return np.ones(len(order))
        each = np.where(told, 1.0 / np.where(won, share_won, share_lost), 0.0)
        found: Floats = np.round(each * _STEPS) / _STEPS
        return found

    @property
    def untold(self) -> float:
        """Share of known leads that are so young that hardly any of one outcome are known."""
        return float((np.minimum(*self._shares(self.order, self.now)) < _LEAST_KNOWN).mean())

    @property
    def complete(self) -> Flags:
        """(rows,) whether nearly all leads of that age are known, of either outcome."""
        return np.minimum(*self._shares(self.order, self.now)) >= NEARLY

    @property
    def steady(self) -> bool:
        """Whether outcomes took as long of late as before: not where many leads were closed on one day, or all by a new rule."""
        if self.unmatched or self._closed_at_once:
            return False
        return self.still is not None or not any(self.closed._otherwise(one) for one in self._dated)

    @property
    def reckoned(self) -> bool:
        """Whether leads are better learned from by it than as they are, steady or not.

        Where outcomes take longer of late than their dates tell, those that are not known yet are more than is reckoned with, but never
        fewer.
        """
        if self.steady:
            return True
        sooner = (self.closed._drift(one)[0] > _UNSTEADY for one in self._dated)
        return not self._closed_at_once and (self.still is not None or not any(sooner))

    @property
    def _dated(self) -> tuple[float, ...]:
        """The outcomes that dates tell of."""
        return _OUTCOMES if self.lost is None else _OUTCOMES[1:]

    @property
    def _closed_at_once(self) -> bool:
        closed = self.closed
        # those who came on one day and are lost by their age are lost on one day
        ended = closed.is_dated & ~closed.by_age
        return any(
            _closed_together(closed.settled[ended & (closed.won == one)]) for one in self._dated
        )

    @property
    def closed(self) -> Delays:
        """The same by the days on which leads were closed: outcomes may count later, once all leads as old have had their time."""
        if self.ended is None or self.lost is not None:
            return self
        told = np.isfinite(self.ended) & self.is_dated
        settled = np.where(told, np.fmax(self.ended, self.order), self.settled)
        return Delays(self.order, settled, self.won, self.now, told)

    @property
    def by_age(self) -> Flags:
        """(rows,) lost by their age alone: many took as long, to the second, and fewer any longer."""
        lost: Flags = (self.won == 0) & self.is_dated
        took = np.round(self.settled - self.order)
        spans, often = np.unique(took[lost], return_counts=True)
        many = np.flatnonzero(often >= max(_SOME_BY_AGE, _BY_AGE * lost.sum()))
        if not many.size or often[many[-1] + 1 :].sum() >= often[many[-1]]:
            return np.zeros(len(lost), dtype=bool)
        longest: Flags = lost & (took == spans[many[-1]])
        return longest

    @property
    def is_dated(self) -> Flags:
        """(rows,) whose outcome has a date."""
        return np.ones(len(self.won), dtype=bool) if self.dated is None else self.dated

    def strange(self, outcome: float) -> float:
        """Share of those of a kind of which nothing tells when they were known, and that are not old enough for that to be all one."""
        own = self.won == outcome
        return float((~self.is_dated & ~self.complete)[own].mean())

    def without(self, rows: Flags) -> Delays:
        """Without the outcomes of some leads: those are open, where such are in the data."""
        left = ~rows
        dated = None if self.dated is None else self.dated[left]
        ended = None if self.ended is None else self.ended[left]
        still = None if self.still is None else np.concatenate([self.still, self.order[rows]])
        return Delays(
            self.order[left], self.settled[left], self.won[left], self.now, dated, self.lost, ended, self.rate, still
        )  # fmt: skip

    @cached_property
    def table(self) -> LifeTable | None:
        """Of these leads and those who are open beside them; None: outcomes take as long as ever."""
        if self.still is None:
            return None
        rows = self.order > 0
        return LifeTable.of(self.order[rows], self.settled[rows], self.won[rows], self.is_dated[rows], self.still)  # fmt: skip

    def known_by(self, ages: Floats) -> tuple[Floats, Floats]:
        """(n,) share of lost leads that are known at ages in seconds, and of won ones: as long as outcomes take now."""
        if self.table is not None:
            return self.table.by_age(ages, self.now)
        return self._shares(self.now - ages, self.now)

    @property
    def spans(self) -> tuple[Floats, Floats]:
        """(dated lost,) how long these took, in seconds, and (dated won,) the same of those."""
        return self._spans(0.0, self.now)[0], self._spans(1.0, self.now)[0]

    def _shares(self, order: Floats, moment: float) -> tuple[Floats, Floats]:
        """(leads,) share of lost ones that are known at their age of a moment, and of won ones."""
        if self.table is not None:
            return self.table.known(order, min(moment, self.now))
        ages = moment - order
        lost, won = (by_spans(*self._spans(one, moment)).by(ages) for one in _OUTCOMES)
        if self.lost is not None:
            # before now, who has no date counted after as long as is taken for half of them, and was one of those known now
            counted = (moment >= self.now) | (ages >= self._waited)
            lost = np.where(counted, self.lost.by(self.now - order), FEWEST)
        if self.rate:
            known = self._won_by_now.by(self.now - order)
            lost = lost * (1.0 - self.rate * known) / (1.0 - self.rate)
        return lost, won

    @cached_property
    def _won_by_now(self) -> KnownBy:
        return by_spans(*self._spans(1.0, self.now))

    @property
    def _waited(self) -> float:
        """Since when leads without a date count, in seconds since they came."""
        return float(np.median((self.settled - self.order)[self.won == 0]))

    def _drift(self, outcome: float) -> tuple[float, bool]:
        """Rank correlation of how long outcomes of a kind took with when their leads came, and whether that is no chance; positive: they
        took less long of late.
        """
        spans, ages = self._spans(outcome, self.now)
        found = _correlation(spans, ages)
        return found, abs(found) * math.sqrt(min(len(spans), _PAIRED)) > _CERTAINLY

    def _otherwise(self, outcome: float) -> bool:
        """Whether outcomes of a kind took longer of late than before, or less long, as it seems."""
        return abs(self._drift(outcome)[0]) > _UNSTEADY

    def beside(self, still: Floats | None) -> Delays:
        """The same with the open leads of the data: by them, if outcomes take longer of late, or less long.

        By more open ones than there would be, or by the dates of decided ones. Fewer are missing, unless outcomes were sooner by their
        dates: then nothing tells of outcomes that take longer but dates, long after. Where they take as long as ever, dates follow a
        market in which more or fewer buy at once.

        Args:
            still: (open,) when they came; None: such are not in the data.
        """
        drifts = [self._drift(one) for one in _OUTCOMES]
        longer = any(drift < 0 and sure for drift, sure in drifts)
        sooner = any(drift > 0 and sure for drift, sure in drifts)
        if still is None:
            way = LONGER if longer else SOONER if sooner else ""
            return replace(self, unmatched="" if self._closed_at_once else way)
        lost, won = self._shares(self.order, self.now)
        known = Known(self.order, np.where(self.won > 0, won, lost), np.minimum(lost, won))
        found = OpenBeside.of(known, still)
        more = found.more if found is not None else 0.0
        seems = longer or any(abs(drift) > _UNSTEADY for drift, _ in drifts)
        by_open = more > _CHANCE or (sooner if more < -_CHANCE else seems)
        unmatched = LONGER if longer and more <= _CHANCE and not self._closed_at_once else ""
        return replace(self, still=still if by_open else None, open=found, unmatched=unmatched)

    def _spans(self, outcome: float, moment: float) -> tuple[Floats, Floats]:
        """How long outcomes of a kind took that were known by a moment, and how long each could have taken to be known."""
        own = self.is_dated & (self.won == outcome) & (self.settled <= moment) & (self.order > 0)
        return (self.settled - self.order)[own], moment - self.order[own]


def _correlation(spans: Floats, ages: Floats) -> float:
    """Kendall's rank correlation of pairs of which either could have taken as long as the other (Tsai 1990); 0 without any."""
    if len(spans) > _PAIRED:
        drawn = np.linspace(0, len(spans) - 1, _PAIRED).astype(np.intp)
        spans, ages = spans[drawn], ages[drawn]
    took, came = spans[:, None], ages[:, None]
    could = (
        took <= ages
    )  # each took no longer than since it came: then the other could have taken as long
    longer = could & (took > spans)
    pairs = 2 * longer.sum() + (could & (took == spans)).sum() - len(spans)
    order = 2 * ((longer & (came > ages)).sum() - (longer & (came < ages)).sum())
    return float(order / pairs) if pairs else 0.0


def _closed_together(settled: Floats) -> bool:
    """Whether so many outcomes are of one day as of no other: somebody tidied up. Where that is done each month, it is no other day."""
    if not len(settled):
        return False
    often = np.sort(np.unique(np.floor(settled / _DAY), return_counts=True)[1])
    usual = often[-min(_BUSY, len(often))]
    return bool(often[-1] >= _TOGETHER and often[-1] > _TIMES * usual)


def delays_of(
    items: Sequence[DatasetItem], order: Floats, won: Floats, open_for_days: int = 0
) -> Delays | None:
    """How long outcomes take, as training and figures reckon with it; None where it is not known, or was otherwise of late."""
    found = all_delays(items, order, won, open_for_days)
    return found if found is not None and found.reckoned else None


def all_delays(
    items: Sequence[DatasetItem], order: Floats, won: Floats, open_for_days: int = 0
) -> Delays | None:
    """How long outcomes take, steady or not; None where too few won ones have a date, or lost ones cannot be told of.

    Leads without a date that are older than outcomes take are no hindrance: an import without dates, say, and what came to the hub
    since.

    Args:
        items: all leads, the open ones too, which tell until when the data goes.
        order: (items,) places in time.
        won: (items,) 1 or 0; NaN: open. Rows of what is found are the others.
        open_for_days: as the configuration states.
    """
    rows = np.flatnonzero(np.isfinite(won))
    decided, came, outcome = [items[row] for row in rows.tolist()], order[rows], won[rows]
    dated = np.array([_is_dated(item) for item in decided], dtype=bool)
    lost, had = (dated[outcome == kind] for kind in _OUTCOMES)
    if min(len(lost), had.sum()) < _LEAST:
        return None
    settled = np.fmax(settled_of(decided, came, outcome, open_for_days), came)
    now = latest_of(np.concatenate([order, settled[dated]]))
    began = dates_began(came[~dated], settled[dated])
    if began is not None:
        dated &= came >= began  # of those who came before, the quick ones have no date
    ended = _ended(decided) if any(SETTLED_AT in item.sample.meta for item in decided) else None
    found = Delays(came, settled, outcome, now, dated, ended=ended)
    told = min(int((dated & (outcome == kind)).sum()) for kind in _OUTCOMES)
    if told >= _LEAST and max(map(found.strange, _OUTCOMES)) <= 1 - _DATED:
        if open_for_days or ended is not None:
            return found
        return found.beside(open_beside(items, order, won))
    if had.mean() < _DATED or lost.mean() > 1 - _DATED:
        return None
    placed = order > 0
    known = by_open((now - order)[placed], won[placed], by_spans(*found._spans(1.0, now)))
    return None if known is None else replace(found, lost=known)


def latest_of(times: Floats) -> float:
    """Until when data goes; a few dates far beyond all others are errors."""
    tail = np.sort(times)[-max(2, int(_STRAYS * len(times))) :]
    apart = np.flatnonzero(np.diff(tail) > _FAR_DAYS * _DAY)
    return float(tail[apart[0]] if apart.size else tail[-1])


def _ended(items: Sequence[DatasetItem]) -> Floats:
    """(rows,) when each was closed; NaN where nobody knows."""
    ends = (item.sample.meta.get(OUTCOME_AT) for item in items)
    return np.array([float(e) if isinstance(e, int | float) else math.nan for e in ends])


def _is_dated(item: DatasetItem) -> bool:
    meta = item.sample.meta
    return RANK not in meta and isinstance(meta.get(OUTCOME_AT), int | float)
