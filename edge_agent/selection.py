"""Which samples keep their pixels, and why. Events are always kept; pixels cost bytes.

Reasons in order: a way of running that is new, acted on, review band, novelty, random audit. The day's budget is split: the
audit has a part of its own, so that a day full of defects cannot starve the one sample that gives
unbiased rates. The audit is drawn before anything else is looked at.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from edge_agent.config import SelectionConfig
from edge_agent.decide import Outcome
from kits.core.sample import utc_now

KeptFor = Literal["unknown-regime", "act", "review", "novelty", "audit", ""]

_WORTH = {"audit": 4.0, "unknown-regime": 3.0, "review": 3.0, "act": 2.0, "novelty": 1.0, "": 0.0}
_WARM_UP = 50
_FORGET = 0.01
_MAX_ASSETS = 1000


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether and why to keep the pixels; `worth` orders eviction."""

    kept_for: KeptFor
    worth: float
    refused: str = ""

    @property
    def keep(self) -> bool:
        return bool(self.kept_for)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a window of a watched machine adds: there, a state lasts, and only its beginning is news.

    Attributes:
        step: whether its case took a step; only then act and review are reasons to keep it.
        audit_rate: its own probability of an audit.
        novel_per_day: so many windows of the asset are kept each day for a score that is unusual.
        unknown: whether nobody but a person can judge it, because the machine runs as it never did: the
            first window of such a stretch, or a later one, whose score says nothing.
        unknown_per_day: so many first windows of the asset are kept each day.
    """

    asset: str
    step: bool
    audit_rate: float
    novel_per_day: int = 1_000_000
    unknown: Literal["first", "later", ""] = ""
    unknown_per_day: int = 1_000_000


class Novelty:
    """How unusual a score is: standard deviations from a slowly forgetting mean."""

    def __init__(self) -> None:
        self._n = 0
        self._mean = 0.0
        self._var = 0.0

    def distance(self, score: float) -> float:
        """0 until enough has been seen; learns the score afterwards."""
        self._n += 1
        deviation = score - self._mean
        spread = self._var**0.5
        known = self._n > _WARM_UP and spread > 0
        result = abs(deviation) / spread if known else 0.0
        rate = max(1 / self._n, _FORGET)
        self._mean += rate * deviation
        self._var = (1 - rate) * (self._var + rate * deviation * deviation)
        return result


class Selection:
    """Chooses per sample, within the day's budget.

    Args:
        now: the wall clock; a new UTC day renews the budget.
    """

    def __init__(self, config: SelectionConfig, *, now: Callable[[], datetime] = utc_now) -> None:
        self._config = config
        self._now = now
        self._random = random.Random(config.seed)  # noqa: S311  a repeatable draw, not a secret
        self._novelty: dict[str, Novelty] = {}
        self._odd: set[str] = set()
        self._novel_today: dict[str, int] = {}
        self._unknown_today: dict[str, int] = {}
        self._day: date = now().date()
        self._audit_left = 0
        self._rest_left = 0
        self._renew()
        self.kept: dict[str, int] = {}
        self.over_budget = 0

    def choose(
        self, outcome: Outcome, size: Callable[[], int], occasion: Occasion | None = None
    ) -> Choice:
        """Whether to keep a sample; `size` tells its bytes and is asked only when it matters."""
        self._look_at_the_day()
        rate = self._config.audit_rate if occasion is None else occasion.audit_rate
        audited = self._random.random() < rate
        usual = self._usual(occasion.asset if occasion is not None else "")
        novelty = usual.distance(outcome.score) if outcome.score is not None else 0.0
        reason = self._reason(outcome, novelty, audited)
        if occasion is not None:
            reason = self._news(reason, occasion)
        if not reason:
            return Choice("", 0.0)
        if not self._pay(size(), from_audit=audited):
            self.over_budget += 1
            return Choice("", 0.0, refused=f"{reason}: the day's budget is used up")
        self.kept[reason] = self.kept.get(reason, 0) + 1
        return Choice(reason, _WORTH[reason])

    def pay(self, size: int) -> bool:
        """Takes bytes of something that is kept anyway from the day's budget; False: it has none left."""
        self._look_at_the_day()
        return self._pay(size, from_audit=False)

    def _look_at_the_day(self) -> None:
        if self._now().date() != self._day:
            self._day = self._now().date()
            self._renew()

    def _usual(self, asset: str) -> Novelty:
        """What is usual differs from machine to machine; beyond a bound they share one."""
        name = asset if asset in self._novelty or len(self._novelty) < _MAX_ASSETS else ""
        return self._novelty.setdefault(name, Novelty())

    def _news(self, reason: KeptFor, occasion: Occasion) -> KeptFor:
        """Only what begins: an alarm that lasts, or a score that stays unusual, is kept once."""
        if occasion.unknown and reason != "audit":
            return self._unheard_of(reason, occasion)
        was_odd = occasion.asset in self._odd
        if reason == "novelty":
            self._odd.add(occasion.asset)
            today = self._novel_today.get(occasion.asset, 0)
            if was_odd or today >= occasion.novel_per_day:
                return ""
            self._novel_today[occasion.asset] = today + 1
            return reason
        if not reason:
            self._odd.discard(occasion.asset)
        return "" if reason in ("act", "review") and not occasion.step else reason

    def _unheard_of(self, reason: KeptFor, occasion: Occasion) -> KeptFor:
        """Where no score counts: one window for a person, and what steps of its case ask for."""
        if reason in ("act", "review") and occasion.step:
            return reason
        today = self._unknown_today.get(occasion.asset, 0)
        if occasion.unknown != "first" or today >= occasion.unknown_per_day:
            return ""
        self._unknown_today[occasion.asset] = today + 1
        return "unknown-regime"

    def _reason(self, outcome: Outcome, novelty: float, audited: bool) -> KeptFor:
        # an audited sample stays an audit sample even when it was acted on: the rates need it
        if audited:
            return "audit"
        if outcome.verdict == "act" and self._config.keep_acts:
            return "act"
        if outcome.verdict == "review" and self._config.keep_reviews:
            return "review"
        if self._config.novelty and novelty > self._config.novelty:
            return "novelty"
        return ""

    def _renew(self) -> None:
        self._novel_today.clear()
        self._unknown_today.clear()
        budget = self._config.budget_bytes_per_day
        self._audit_left = int(budget * self._config.audit_share)
        self._rest_left = budget - self._audit_left

    def _pay(self, size: int, *, from_audit: bool) -> bool:
        if from_audit and size <= self._audit_left:
            self._audit_left -= size
            return True
        if size <= self._rest_left:
            self._rest_left -= size
            return True
        return False
