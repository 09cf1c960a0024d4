"""Made-up leads with columns whose nature is known: honest weak and strong ones, planted leaks, drift, identities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from kits.core.annotation import Annotation
from kits.core.dataset import DatasetItem
from kits.core.sample import Sample
from kits.lead_scoring._lead import LOST, MEDIA_TYPE, WON, Lead, Value
from kits.lead_scoring._table import LeadTable, table_of

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
Floats = NDArray[np.float64]


class Made:
    """Leads as columns: `columns` may be added to before `table` is called.

    Attributes:
        won: (rows,) 1 or 0, by `source`, `visits` and `budget`, which are known beforehand.
        rng: what further columns are drawn with.
    """

    def __init__(self, rows: int = 3_000, *, seed: int = 0, strength: float = 1.0) -> None:
        self.rng = np.random.default_rng(seed)
        self.rows = rows
        source = self.rng.choice(["web", "fair", "referral"], rows, p=[0.6, 0.3, 0.1])
        visits = self.rng.poisson(4, rows).astype(float)
        budget = self.rng.lognormal(3, 0.6, rows)
        logit = (
            -1.6
            + strength * (1.6 * (source == "referral") - 0.5 * (source == "fair"))
            + strength * 0.35 * (visits - 4)
            + strength * 0.8 * (np.log(budget) - 3)
        )
        self.won = (self.rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(float)
        self.columns: dict[str, Sequence[Value]] = {
            "source": source.tolist(),
            "visits": visits.tolist(),
            "budget": np.round(budget, 2).tolist(),
            "employees": self.rng.integers(1, 500, rows).astype(float).tolist(),
            "sector": self.rng.choice(["retail", "health", "steel", "food"], rows).tolist(),
        }

    def noisy_truth(self, right: float) -> Floats:
        """(rows,) the outcome, right with that probability, else by lot."""
        lot = (self.rng.random(self.rows) < self.won.mean()).astype(float)
        return np.where(self.rng.random(self.rows) < right, self.won, lot)

    def table(
        self,
        *,
        timed: bool = True,
        clock: bool = False,
        open_leads: Sequence[Mapping[str, Value]] = (),
    ) -> LeadTable:
        """The leads a day apart, or without any time; open ones stand among the latest."""
        leads = [
            (dict(zip(self.columns, values)), won)
            for values, won in zip(zip(*self.columns.values()), self.won)
        ]
        rows = [(fields, float(won)) for fields, won in leads]
        for number, fields in enumerate(open_leads):
            rows.insert(len(leads) // 2 + 2 * number + 1, (dict(fields), float("nan")))
        made = []
        for number, (fields, won) in enumerate(rows):
            at = START + timedelta(days=number) if clock else None
            place = at.timestamp() if at is not None else float(number) if timed else 0.0
            made.append(
                (place, str(number), _item(number, won), Lead(str(number), fields, at), won)
            )
        return table_of(made)


def _item(number: int, won: float) -> DatasetItem:
    label = WON if won == 1 else LOST
    annotation = Annotation(label=label) if np.isfinite(won) else None
    sample = Sample(f"f{number:025d}", MEDIA_TYPE, "", 0, START)
    return DatasetItem(sample=sample, annotation=annotation, split="train")
