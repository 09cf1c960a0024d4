"""A replay of samples that wait for people: what working on the best N a month would have earned, beside other orders.

For kits that offer a `ranking` (leads of a CRM). Which were worth it, and what the bundle says of each, is the kit's;
months, orders, money and intervals are made here, knowing no kit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.ranked import Ranked
from kits.core.replay import Ranking
from kits.core.resampling import Figure, estimates
from kits.core.stats import Estimate, opened
from kits.toolchain.replaying.months import Part, parts_of, told, without_clock

Floats = NDArray[np.float64]

_ROUNDS = 300


@dataclass(frozen=True, slots=True)
class LeadOptions:
    """What a person says about the team; None: what the bundle was made for.

    Attributes:
        per_month: that the team can work on.
        value, contact: worth of a hit, and cost of working on one; money.
    """

    per_month: float | None = None
    value: float | None = None
    contact: float | None = None

    @property
    def given(self) -> bool:
        return any(one is not None for one in (self.per_month, self.value, self.contact))

    def over(self, found: Ranking) -> Ranking:
        """The ranking with what was said in place of what the bundle was made for."""
        return replace(
            found,
            capacity=found.capacity if self.per_month is None else _said(self.per_month, found),
            one_month=found.one_month and self.per_month is None,
            per_month=found.per_month if self.per_month is None else self.per_month,
            value=found.value if self.value is None else self.value,
            contact=found.contact if self.contact is None else self.contact,
        )


def _said(per_month: float, found: Ranking) -> str:
    """What a person said of the team, beside what comes in."""
    share = min(1.0, per_month / max(found.incoming, 1.0))
    return f"{per_month:,.0f} of {found.incoming:,.0f} a month ({share:.1%}; --per-month)"


@dataclass(frozen=True, slots=True)
class Month:
    """One month, or part where the data has no clock. Hits are expected ones where samples share a score.

    Attributes:
        called: that the team works on.
        by_score, in_order, at_random, at_best: hits among them when the best scores come first, in the order they came,
            in any order, and had one known.
        days, of_days: days that the data covers, of the month's; 0: no clock.
    """

    name: str
    n: int
    hits: int
    called: float
    by_score: float
    in_order: float
    at_random: float
    at_best: float
    days: int = 0
    of_days: int = 0


@dataclass(frozen=True)
class ReplayedLeads:
    """The answer.

    Attributes:
        precision: share of the called ones that were hits, by score.
        earned: by score, calls paid.
        beyond_order, beyond_random: what the score brings more than the order they came in, and than a random one.
        exploration: what working on a share in random order all the same would have cost.
        ranking: with the terms in force.
    """

    ranking: Ranking
    months: tuple[Month, ...]
    precision: Estimate
    earned: Estimate
    beyond_order: Estimate
    beyond_random: Estimate
    exploration: Estimate
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        return len(self.ranking.score)

    @property
    def called(self) -> float:
        """All that the team works on."""
        return sum(month.called for month in self.months)

    def money(self, hits: float, called: float) -> float:
        """What so many hits bring, calls paid."""
        return hits * self.ranking.value - called * self.ranking.contact


def without_learned(found: Ranking, learned: Collection[str]) -> Ranking:
    """The ranking without samples that its model learned from: of these it knows the answer.

    Args:
        learned: ids of samples that the bundle's model may have learned from.
    """
    kept = found.unseen | ~np.isin(np.array(found.sample_ids), sorted(learned))
    gone = int((~kept).sum())
    if not gone:
        return found
    rows = np.flatnonzero(kept)
    note = f"{gone} were learned from, and no earlier model had judged them: left out, as it knows their answer"
    return replace(
        found,
        sample_ids=tuple(found.sample_ids[row] for row in rows),
        at_s=found.at_s[rows],
        score=found.score[rows],
        hit=found.hit[rows],
        group=tuple(found.group[row] for row in rows),
        unseen=found.unseen[rows],
        notes=(*found.notes, note),
    )


def replay_leads(found: Ranking, options: LeadOptions, seed: int) -> ReplayedLeads:
    """The samples of a ranking month by month.

    Raises:
        DataError: there are none.
    """
    if not len(found.score):
        raise DataError(
            "none of these samples could be judged by a model that had not learned from it",
            fix="replay samples that were not imported, or check the data's kind",
        )
    terms = options.over(found)
    parts = parts_of(terms)
    blocks = [_Block(part, terms) for part in parts]
    figures = _figures(blocks, terms)
    whole = np.ones(len(terms.score))
    called = sum(block.month(whole).called for block in blocks)
    made = _never_certain(estimates(figures, terms.group, seed=seed, rounds=_ROUNDS), called, terms)
    random = made["beyond_random"]
    price = {n: getattr(random, n) * terms.exploration for n in ("value", "low", "high")}
    return ReplayedLeads(
        ranking=terms,
        months=tuple(block.month(whole) for block in blocks),
        precision=made["precision"],
        earned=made["earned"],
        beyond_order=made["beyond_order"],
        beyond_random=random,
        exploration=random.model_copy(update=price),
        notes=_notes(terms, parts),
    )


class _Block:
    """One month's samples, sorted once by score and once by their place."""

    def __init__(self, part: Part, terms: Ranking) -> None:
        self._part = part
        hit = terms.hit[part.rows]
        self._by_score = Ranked(terms.score[part.rows], hit)
        self._in_order = Ranked(-np.arange(len(part.rows), dtype=np.float64), hit)

    def month(self, weight: Floats) -> Month:
        """The month, its samples drawn so often."""
        mine = weight[self._part.rows]
        by_score, in_order = self._by_score.tally(mine), self._in_order.tally(mine)
        n, hits = float(by_score.n.sum()), float(by_score.hit.sum())
        called = min(self._part.capacity, n)
        return Month(
            self._part.name,
            round(n),
            round(hits),
            called,
            by_score.hits(called),
            in_order.hits(called),
            called * hits / n if n else 0.0,
            min(called, hits),
            self._part.days,
            self._part.of,
        )


@dataclass(frozen=True, slots=True)
class _Sums:
    """Hits over all months."""

    called: float
    by_score: float
    in_order: float
    at_random: float


class _Summing:
    """Sums of resamples. All figures of one draw are asked for in turn, so the last one is kept."""

    def __init__(self, blocks: Sequence[_Block]) -> None:
        self._blocks = blocks
        self._last: tuple[Floats, _Sums] | None = None

    def of(self, weight: Floats) -> _Sums:
        """The sums with samples drawn so often."""
        if self._last is None or self._last[0] is not weight:
            months = [block.month(weight) for block in self._blocks]
            sums = _Sums(
                sum(month.called for month in months),
                sum(month.by_score for month in months),
                sum(month.in_order for month in months),
                sum(month.at_random for month in months),
            )
            self._last = weight, sums
        return self._last[1]


def _figures(blocks: Sequence[_Block], terms: Ranking) -> dict[str, Figure]:
    summing, value = _Summing(blocks), terms.value

    def figure(of: Callable[[_Sums], float]) -> Figure:
        return lambda weight: of(summing.of(weight))

    return {
        "precision": figure(lambda s: s.by_score / s.called if s.called else float("nan")),
        "earned": figure(lambda s: s.by_score * value - s.called * terms.contact),
        "beyond_order": figure(lambda s: (s.by_score - s.in_order) * value),
        "beyond_random": figure(lambda s: (s.by_score - s.at_random) * value),
    }


def _never_certain(
    made: Mapping[str, Estimate], called: float, terms: Ranking
) -> dict[str, Estimate]:
    """Where all or none of the called ones were hits, what so few of them still allow, in shares and in money."""
    precision = made["precision"]
    # of an account many may have been called, and they count once
    alone = called * len(set(terms.group)) / len(terms.group)
    exact = opened(precision, max(1, round(alone)))
    below = called * terms.value * (exact.low - precision.low)
    above = called * terms.value * (exact.high - precision.high)
    money = {
        name: one.model_copy(update={"low": one.low + below, "high": one.high + above})
        for name, one in made.items()
    }
    return {**money, "precision": exact}


def _notes(terms: Ranking, parts: Sequence[Part]) -> tuple[str, ...]:
    notes = [
        *([f"capacity: {terms.capacity}"] if terms.capacity else []),
        *terms.notes,
        "counted as if working on one that was a hit is what made it one: an upper end, not an effect",
        *told(parts),
    ]
    if all(part.capacity >= len(part.rows) for part in parts):
        notes.append(
            "all of them can be worked on: nobody is left to choose, so no order earns more than another"
        )
    if not terms.timed:
        notes.append(without_clock(terms, len(parts)))
    return tuple(notes)
