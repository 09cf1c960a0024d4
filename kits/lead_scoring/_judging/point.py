"""The operating point of leads: hot as many as the team can call, warm the next ones, cold the rest.

Thresholds say how many leads are called, so they promise nothing about a single one. What is reached there, and what the
order is worth a month, is measured on leads that the models judging them had not seen, and goes along.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import EvaluateTask
from kits.core.operating_point import Band, OperatingPoint
from kits.core.ranked import Ranked
from kits.core.resampling import Figure, estimates
from kits.core.stats import Estimate, opened
from kits.lead_scoring._judging.bands import band_of, latest_scores
from kits.lead_scoring._judging.capacity import (
    EXPLORATION,
    RATE,
    WARM_RATE,
    Terms,
    rate_of,
    stated,
    terms_of,
)
from kits.lead_scoring._judging.certainty import never_certain
from kits.lead_scoring._judging.figures import (
    counted_base,
    exploration_price,
    finite,
    income,
    mean_of,
    money,
)
from kits.lead_scoring._judging.judged import Judged
from kits.lead_scoring.config import Config

Floats = NDArray[np.float64]
NEVER = 2.0
"""A probability that no lead reaches."""
ACTION = "write"


def choose(task: EvaluateTask, config: Config, judged: Judged) -> OperatingPoint:
    """Thresholds by the team's capacity on what the shipped model says of the latest leads.

    What is reached there is measured on leads that the models judging them had not seen, at the same places in their
    order. Without decided leads nothing is hot, and every lead is warm.
    """
    terms = terms_of(config.team, task.dataset.items, judged.clocked)
    warm = config.team.warm_share
    if not len(judged):
        return _point(
            task, Band(act_at=NEVER, review_from=0.0), {}, "no decided lead in val: nothing is hot"
        )
    latest = latest_scores(task)
    shipped = band_of(latest if len(latest) else judged.score, terms.share, warm)
    rates = {
        RATE: rate_of(terms),
        WARM_RATE: stated(warm, terms, "team.warm_share"),
        EXPLORATION: stated(terms.exploration, terms, "team.exploration"),
        **_rates(judged, terms, band_of(judged.score, terms.share, warm), task.seed),
    }
    told = (
        f"hot: as many as the team can call, {terms.said}; warm: the next {warm:.0%}; thresholds by scores of the latest "
        f"{len(latest)} leads, figures on {len(judged)} decided leads of val"
    )
    if "money_per_month" in rates:
        told += f"; money: a lead won is worth {terms.value:g}, a contact costs {terms.contact:g} {task.costs.currency} (model.team)"
    if "exploration_price" in rates:
        price = exploration_text(
            rates["exploration_price"], terms, task.costs.currency, "on leads of val"
        )
        told += f"; {price}"
    return _point(task, shipped, rates, told)


def exploration_text(price: Estimate, terms: Terms, currency: str, where: str) -> str:
    """What random order costs, in a few words; `where`: on whose leads that was measured."""
    return (
        f"{terms.exploration:.0%} of calls in random order cost about {price.value:,.0f} "
        f"[{price.low:,.0f}, {price.high:,.0f}] {currency} a month ({where}), and are the only unbiased data to learn from"
    )


def _rates(judged: Judged, terms: Terms, band: Band, seed: int) -> dict[str, Estimate]:
    ranked = Ranked(judged.score, judged.won)
    is_hot = judged.score >= band.act_at
    is_warm = (judged.score >= band.review_from) & ~is_hot
    measured: dict[str, Figure] = {
        "hot_share": mean_of(is_hot.astype(np.float64)),
        "hot_won": share_among(judged.won, is_hot),
        "warm_won": share_among(judged.won, is_warm),
        "cold_won": share_among(judged.won, ~is_hot & ~is_warm),
        "won_in_hot": share_among(is_hot, judged.won),
        "base_rate": mean_of(judged.won.astype(np.float64)),
        "precision_at_capacity": lambda w: ranked.tally(w).precision_at(terms.share),
        "money_per_month": money(ranked, terms),
        "income_per_month": income(ranked, terms),
    }
    found = finite(estimates(measured, judged.groups, seed=seed, each=judged.each))
    found |= never_certain(found, terms, judged.alone, judged.share_won)
    found |= counted_base(judged)
    among = {
        "hot_won": is_hot, "warm_won": is_warm, "cold_won": ~is_hot & ~is_warm, "won_in_hot": judged.won,
    }  # fmt: skip
    found |= {
        n: opened(found[n], max(1, judged.rows(mine).alone))
        for n, mine in among.items()
        if n in found
    }
    if terms.exploration and "money_per_month" in found:
        found["exploration_price"] = exploration_price(found["money_per_month"], terms)
    return found


def share_among(hit: NDArray[np.bool_], among: NDArray[np.bool_]) -> Figure:
    """The weighed share of hits among some leads; NaN where none of them was drawn."""
    both, all_of = (hit & among).astype(np.float64), among.astype(np.float64)

    def share(weight: Floats) -> float:
        total = weight @ all_of
        return float(weight @ both / total) if total else float("nan")

    return share


def _point(
    task: EvaluateTask, band: Band, rates: Mapping[str, Estimate], method: str
) -> OperatingPoint:
    return OperatingPoint(
        default=band,
        action=ACTION,
        costs=task.costs,
        rates=dict(rates),
        method=method,
        dataset=task.dataset.id,
        seed=task.seed,
    )
