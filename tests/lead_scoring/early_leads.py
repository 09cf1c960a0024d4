"""A made-up firm of which the won leads are known sooner than the lost ones, as it stands one day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
from pydantic import JsonValue

from kits.core.dataset import Dataset, DatasetItem
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.delays import Delays, delays_of
from kits.lead_scoring._reading.samples import OUTCOME_AT
from tests.lead_scoring.made_leads import DAY_S, START_S
from tests.lead_scoring.trained_leads import a_dataset, splits_in_time

N = 3_000
DAYS = 720.0
WON_DAYS, LOST_DAYS = 40.0, 110.0
"""Until outcomes are known, on average."""


class Firm:
    """Leads of two years, and what is known of them on their last day.

    Attributes:
        at, known: (leads,) days when they came and ended.
        x: (leads,) what is known of each.
        won: (leads,) 1 or 0, known or not.
    """

    def __init__(self, seed: int, n: int = N, won_days: float = WON_DAYS) -> None:
        self.rng = np.random.default_rng(seed)
        self.at = np.sort(self.rng.uniform(0, DAYS, n))
        self.x = self.rng.normal(size=n)
        self.chance = 1 / (1 + np.exp(1.5 - self.x))
        self.won = (self.rng.random(n) < self.chance).astype(np.float64)
        mean = np.where(self.won > 0, won_days, LOST_DAYS)
        self.known = self.at + self.rng.gamma(2.0, mean / 2)

    @property
    def decided(self) -> np.ndarray:
        return self.known <= DAYS

    def delays(self) -> Delays:
        own = self.decided
        return Delays(self.at[own], self.known[own], self.won[own], DAYS)

    def metas(self) -> list[dict[str, JsonValue]]:
        """As a reader notes them: the end of those that have ended."""
        return [
            {
                "order": START_S + at * DAY_S,
                **({OUTCOME_AT: START_S + end * DAY_S} if end <= DAYS else {}),
            }
            for at, end in zip(self.at.tolist(), self.known.tolist())
        ]

    def dataset(self) -> Dataset:
        """All leads, the decided ones split in time."""
        start = datetime.fromtimestamp(START_S, timezone.utc)
        leads = [
            Lead(f"lead {n}", {"size": float(x)}, start + timedelta(days=float(at)))
            for n, (x, at) in enumerate(zip(self.x, self.at))
        ]
        splits = iter(splits_in_time(int(self.decided.sum())))
        where = [next(splits) if known else "train" for known in self.decided]
        outcomes = [bool(won) if known else None for won, known in zip(self.won, self.decided)]
        return a_dataset(leads, outcomes, where, self.metas())


def items_of(metas: Sequence[Mapping[str, JsonValue]]) -> list[DatasetItem]:
    sample = a_dataset([Lead("one", {})], [None], ["train"]).items[0].sample
    return [DatasetItem(replace(sample, meta=dict(meta)), None, "train") for meta in metas]


def known_of(firm: Firm) -> np.ndarray:
    return np.where(firm.decided, firm.won, np.nan)


def found_of(firm: Firm, metas: Sequence[Mapping[str, JsonValue]] | None = None) -> Delays | None:
    order = START_S + firm.at * DAY_S
    return delays_of(items_of(metas or firm.metas()), order, known_of(firm))
