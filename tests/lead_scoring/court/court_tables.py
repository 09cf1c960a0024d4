"""Made-up leads with columns whose nature is known, for tests of the court."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._court.verdicts import Charge, Court
from kits.lead_scoring._lead import Value
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config
from tests.lead_scoring.made_leads import DAY_S, START_S, a_table

Floats = NDArray[np.float64]


class Made:
    """Leads as columns: `columns` may be added to before `table` is called.

    Attributes:
        won: (rows,) 1 or 0, by `source`, `visits` and `budget`, which are known beforehand.
        rng: what further columns are drawn with.
    """

    def __init__(self, rows: int = 2_000, *, seed: int = 0, strength: float = 1.0) -> None:
        self.rng = np.random.default_rng(seed)
        self.rows = rows
        source = self.rng.choice(["web", "fair", "referral"], rows, p=[0.6, 0.3, 0.1])
        visits = self.rng.poisson(4, rows).astype(float)
        budget = self.rng.lognormal(3, 0.6, rows)
        logit = (
            1.6 * (source == "referral")
            - 0.5 * (source == "fair")
            + 0.35 * (visits - 4)
            + 0.8 * (np.log(budget) - 3)
        )
        chance = 1 / (1 + np.exp(1.6 - strength * logit))
        self.won: Floats = (self.rng.random(rows) < chance).astype(float)
        self.columns: dict[str, Sequence[Value]] = {
            "source": source.tolist(),
            "visits": visits.tolist(),
            "budget": np.round(budget, 2).tolist(),
            "employees": self.rng.integers(1, 500, rows).astype(float).tolist(),
            "sector": self.rng.choice(["retail", "health", "steel", "food"], rows).tolist(),
        }

    def at_s(self) -> Floats:
        """(rows,) when each lead came, seconds since 1970; a day apart."""
        return START_S + DAY_S * np.arange(self.rows)

    def table(
        self, *, order: str = "clock", open_leads: Sequence[Mapping[str, Value]] = ()
    ) -> LeadTable:
        """The leads in order of time; open ones follow.

        Args:
            order: `clock` (a day apart), `rank`, or `none`.
        """
        rows: list[tuple[Mapping[str, Value], float]] = [
            (dict(zip(self.columns, values)), float(won))
            for values, won in zip(zip(*self.columns.values()), self.won)
        ]
        table = a_table([*rows, *((fields, float("nan")) for fields in open_leads)])
        if order == "clock":
            return table
        ranks = np.arange(len(table), dtype=float) * (order == "rank")
        return replace(
            table, order=ranks, leads=tuple(replace(lead, at=None) for lead in table.leads)
        )

    def court(self, config: Config | None = None, *, order: str = "clock") -> Court:
        return hold_court(self.table(order=order), config or Config(), seed=0)


def finding(court: Court, column: str, charge: Charge = "leak") -> str:
    """What the court found; `cleared` where it did not even ask."""
    verdict = court.of(column, charge)
    return verdict.finding if verdict is not None else "cleared"


def said_of(court: Court, column: str, charge: Charge = "leak") -> str:
    """All evidence as one text."""
    verdict = court.of(column, charge)
    return "; ".join(verdict.evidence) if verdict is not None else ""
