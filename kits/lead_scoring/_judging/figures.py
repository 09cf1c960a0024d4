"""Figures of judged leads by their exact names, each with its interval; what the data does not allow is left out.

The calibration error is of bins of equal mass (Nguyen & O'Connor 2015); as an absolute value it is biased upward on few
leads, so its interval is widened downward by what resampling shows of that bias, to 0 where a perfectly calibrated model
would show as much; a note says how much that is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from kits.core.ranked import Ranked
from kits.core.resampling import ROUNDS, Figure, estimates
from kits.core.stats import Estimate, proportion
from kits.lead_scoring._judging.capacity import TENTH, Terms
from kits.lead_scoring._judging.certainty import never_certain
from kits.lead_scoring._judging.judged import Judged

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]
Statistic = Callable[[Rows], float]

BINS = 10
"""Bins of the calibration error and of the reliability diagram."""
_SURE = 1e-6
"""A probability is kept so far from 0 and 1 for its logarithm."""
_IDEAL_DRAWS, _SELDOM = 200, 0.95


def figures(judged: Judged, terms: Terms, seed: int, rounds: int = ROUNDS) -> dict[str, Estimate]:
    """All figures that these leads allow."""
    told = table(judged, terms)
    found = estimates(told, judged.groups, seed=seed, rounds=rounds, each=judged.each)
    if "ece" in found:
        found["ece"] = _widened(found["ece"], judged, seed)
    found |= never_certain(found, terms, judged.alone, judged.share_won)
    return found | counted_base(judged)


def counted_base(judged: Judged) -> dict[str, Estimate]:
    """The base rate by its counts; nothing where an account has several leads, or one stands for others: then it is resampled."""
    if len(set(judged.groups)) < len(judged) or not judged.alike:
        return {}
    return {"base_rate": proportion(int(judged.won.sum()), len(judged))}


def table(judged: Judged, terms: Terms) -> dict[str, Figure]:
    """Name → figure, as a function of how often each lead is drawn."""
    ranked = Ranked(judged.score, judged.won)
    outcome = judged.won.astype(np.float64)
    squared = (judged.chance - outcome) ** 2
    sure = np.clip(judged.chance, _SURE, 1 - _SURE)
    surprise = -np.where(judged.won, np.log(sure), np.log1p(-sure))
    return {
        "auc": lambda w: ranked.tally(w).auc(),
        "pr_auc": lambda w: ranked.tally(w).average_precision(),
        "lift_at_10": lambda w: ranked.tally(w).lift_at(TENTH),
        "ece": calibration_error(judged.chance, judged.won),
        "brier": mean_of(squared),
        "log_loss": mean_of(surprise),
        "precision_at_capacity": lambda w: ranked.tally(w).precision_at(terms.share),
        "money_per_month": money(ranked, terms),
        "base_rate": mean_of(outcome),
    }


def statistic_of(name: str, judged: Judged, terms: Terms) -> Statistic | None:
    """Indices into `judged` → the figure on them; None for a name that is no figure, or not one of these leads."""
    figure = table(judged, terms).get(name)
    if figure is None or not math.isfinite(figure(judged.each)):
        return None
    kept = figure
    return lambda rows: kept(np.bincount(rows, minlength=len(judged)) * judged.each)


def money(ranked: Ranked, terms: Terms) -> Figure:
    """What calling by score brings in a month beyond calling as many leads in random order, at the team's capacity."""

    def gained(weight: Floats) -> float:
        tally = ranked.tally(weight)
        return terms.per_month * terms.value * (tally.precision_at(terms.share) - tally.base)

    return gained


def income(ranked: Ranked, terms: Terms) -> Figure:
    """What calling by score brings in a month in all: margins less the cost of the calls."""

    def earned(weight: Floats) -> float:
        precision = ranked.tally(weight).precision_at(terms.share)
        return terms.per_month * (terms.value * precision - terms.contact)

    return earned


def exploration_price(gained: Estimate, terms: Terms) -> Estimate:
    """What it costs a month that a share of leads is called in random order: these leads lose what the order gains."""
    scale = {name: getattr(gained, name) * terms.exploration for name in ("value", "low", "high")}
    return gained.model_copy(update=scale)


def mean_of(values: Floats) -> Figure:
    """The weighed mean of (leads,) values."""

    def mean(weight: Floats) -> float:
        total = weight.sum()
        return float(weight @ values / total) if total else math.nan

    return mean


# -- calibration -------------------------------------------------------------------------------------


def bins_of(score: Floats) -> NDArray[np.intp]:
    """(leads,) number of each lead's bin: bins of equal mass, leads of one score in one bin."""
    edges = np.unique(np.quantile(score, np.arange(1, BINS) / BINS)) if len(score) else np.zeros(0)
    return np.searchsorted(edges, score, side="right")


def calibration_error(score: Floats, won: Flags) -> Figure:
    """Mean distance of probability and outcome over bins, weighed by their leads."""
    places = bins_of(score)
    apart = score - won

    def error(weight: Floats) -> float:
        total = weight.sum()
        if not total:
            return math.nan
        return float(np.abs(np.bincount(places, weights=weight * apart)).sum() / total)

    return error


def ideal_errors(score: Floats, seed: int, each: Floats | None = None) -> Floats:
    """(draws,) calibration errors by chance alone, of a model whose every probability is true, on as many leads.

    Args:
        each: (leads,) how many each stands for; None: itself.
    """
    each = np.ones(len(score)) if each is None else each
    rng = np.random.default_rng(seed)
    drawn = (rng.random(len(score)) < score for _ in range(_IDEAL_DRAWS))
    return np.array([calibration_error(score, won)(each) for won in drawn])


def error_told(error: float, judged: Judged, seed: int) -> tuple[str, bool]:
    """A calibration error beside what chance alone makes of it on so few leads, for people; whether it is beyond that."""
    chance = ideal_errors(judged.chance, seed, judged.each)
    seldom = float(np.quantile(chance, _SELDOM))
    beyond = error > seldom
    verdict = "beyond chance" if beyond else "no more than chance can show"
    text = (
        f"ece {error:.3f} in {BINS} bins of equal mass, {verdict}: on {len(judged)} leads probabilities that are all true "
        f"would show {chance.mean():.3f}, and more than {seldom:.3f} once in 20 times"
    )
    return text, beyond


def _widened(error: Estimate, judged: Judged, seed: int) -> Estimate:
    """Resamples of an absolute value lie too high: the lower end is mirrored at the value, and 0 where chance explains it."""
    by_chance = ideal_errors(judged.chance, seed, judged.each)
    explained = error.value <= np.quantile(by_chance, _SELDOM)
    mirrored = 0.0 if explained else max(0.0, 2 * error.value - error.high)
    return error.model_copy(
        update={
            "low": min(error.low, mirrored),
            "method": f"{error.method}, mirrored downward, to 0 where chance explains it: biased upward on few leads",
        }
    )


def finite(found: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Those that are numbers."""
    return {name: one for name, one in found.items() if math.isfinite(one.value)}
