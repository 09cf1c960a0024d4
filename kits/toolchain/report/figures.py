"""The report's figures: money, curves and tables from a run's results. No HTML, no pictures.

Everything is computed from `evaluation.json` and the operating point, so that a report can be
written again at any time and says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.grouped import grouped_proportion
from kits.core.kit import Evaluation, ItemResult
from kits.core.operating_point import Costs
from kits.core.stats import Estimate, bootstrap, widened
from kits.toolchain.pairing import Indices, is_positive, weighted_mean

PARTS = 1000
_CURVE_POINTS = 160
VERDICTS = ("act", "review", "pass")


@dataclass(frozen=True, slots=True)
class Money:
    """Costs per 1,000 samples in production, in the project's currency.

    Attributes:
        with_model: at the operating point, with its interval.
        everyone: when a person looks at each sample.
        nobody: when nothing is inspected; None where nothing may be passed unseen.
        reject_all: when everything is acted on; None where that is no way to work.
    """

    currency: str
    with_model: Estimate
    everyone: float
    nobody: float | None = None
    reject_all: float | None = None

    @property
    def alternative(self) -> tuple[str, float]:
        """The cheapest way without a model."""
        ways = {
            "inspecting nothing": self.nobody,
            "a person inspecting everything": self.everyone,
            "acting on everything": self.reject_all,
        }
        possible = {name: cost for name, cost in ways.items() if cost is not None}
        name = min(possible, key=lambda way: possible[way])
        return name, possible[name]

    @property
    def saved(self) -> float:
        """What the model saves against the cheapest alternative; negative when it costs more."""
        return self.alternative[1] - self.with_model.value


def money(evaluation: Evaluation, costs: Costs) -> Money | None:
    """The money view; None when there is nothing to weigh (only one class in the results)."""
    positive, cost = _truths(evaluation.results), _costs(evaluation.results)
    if positive.all() or not positive.any():
        return None

    def statistic(rows: Indices) -> float:
        return PARTS * weighted_mean(cost[rows], positive[rows], costs.prevalence)

    groups = [r.group or r.sample_id for r in evaluation.results]
    return Money(
        currency=costs.currency,
        with_model=_never_certain(
            bootstrap(statistic, groups, seed=evaluation.seed), evaluation, costs
        ),
        nobody=PARTS * costs.prevalence * costs.escape,
        everyone=PARTS * costs.review,
        reject_all=PARTS * (1 - costs.prevalence) * costs.overkill,
    )


def money_by_hand(evaluation: Evaluation, costs: Costs) -> Money:
    """The money view where whatever is not decided goes to a person: each sample at what it cost."""
    spent = spent_by_hand(evaluation.results, costs, evaluation.seed)
    return Money(costs.currency, spent, everyone=PARTS * costs.review)


def spent_by_hand(results: Sequence[ItemResult], costs: Costs, seed: int) -> Estimate:
    """What 1,000 samples cost where whatever is not decided goes to a person.

    Resampling draws no mistake that did not happen, and of one or two too few; the exact interval of their share says how
    many there may be.
    """
    cost, groups = _costs(results), [r.group or r.sample_id for r in results]
    spent = bootstrap(lambda rows: PARTS * float(cost[rows].mean()), groups, seed=seed)
    acted = [r for r in results if r.verdict == "act"]
    if not acted:
        return spent
    wrong = grouped_proportion([r.cost > 0 for r in acted], [r.group or r.sample_id for r in acted])
    each = PARTS * len(acted) / len(results) * costs.escape
    low = spent.value - each * (wrong.value - wrong.low)
    high = spent.value + each * (wrong.high - wrong.value)
    return widened(spent, low, high, f"{spent.method}, exact for mistakes")


def _never_certain(estimate: Estimate, evaluation: Evaluation, costs: Costs) -> Estimate:
    """The interval, opened by what no mistake in n samples still allows.

    Resampling a class without a mistake never draws one, so its bootstrap says that mistakes do
    not happen. The exact upper bound of the rate (Clopper & Pearson 1934) says how often they may.
    """
    high = estimate.high
    kinds = (
        ("pass", True, costs.prevalence * costs.escape),
        ("act", False, (1 - costs.prevalence) * costs.overkill),
    )
    for verdict, bad, cost in kinds:
        of_class = [r for r in evaluation.results if is_positive(r.truth) == bad]
        if not any(r.verdict == verdict for r in of_class):
            groups = [r.group or r.sample_id for r in of_class]
            unseen = grouped_proportion([False] * len(of_class), groups).high
            high = max(high, estimate.value + PARTS * cost * unseen)
    return estimate.model_copy(update={"high": high})


def cost_curve(evaluation: Evaluation, costs: Costs) -> tuple[list[float], list[float]]:
    """Cost per 1,000 samples when acting from each score on, without a review band.

    Returns:
        Thresholds, ascending, and costs; empty when one class is missing.
    """
    positive, score = _truths(evaluation.results), _scores(evaluation.results)
    finite = np.isfinite(score)
    positive, score = positive[finite], score[finite]
    if not positive.size or positive.all() or not positive.any():
        return [], []
    edges = np.unique(score)
    if edges.size > _CURVE_POINTS:
        edges = edges[np.linspace(0, edges.size - 1, _CURVE_POINTS).astype(int)]
    thresholds = np.append(edges, np.nextafter(edges[-1], np.inf))
    bad, good = np.sort(score[positive]), np.sort(score[~positive])
    escapes = np.searchsorted(bad, thresholds, side="left") / bad.size
    overkill = 1 - np.searchsorted(good, thresholds, side="left") / good.size
    total = PARTS * (
        costs.prevalence * costs.escape * escapes
        + (1 - costs.prevalence) * costs.overkill * overkill
    )
    return [float(t) for t in thresholds], [float(c) for c in total]


def confusion(results: Sequence[ItemResult]) -> list[tuple[str, dict[str, int]]]:
    """Truth → number of samples per verdict, positives first."""
    table: dict[str, dict[str, int]] = {}
    for result in results:
        row = table.setdefault(result.truth or "(none)", dict.fromkeys(VERDICTS, 0))
        row[result.verdict] = row.get(result.verdict, 0) + 1
    return sorted(table.items(), key=lambda entry: (not is_positive(entry[0]), entry[0]))


def split_scores(results: Sequence[ItemResult]) -> tuple[list[float], list[float]]:
    """Finite scores of negatives and of positives."""
    pairs = [(r.score, is_positive(r.truth)) for r in results if np.isfinite(r.score)]
    return [s for s, bad in pairs if not bad], [s for s, bad in pairs if bad]


def worst_mistakes(results: Sequence[ItemResult], count: int) -> list[ItemResult]:
    """The most expensive wrong verdicts: first by cost, then by how wrong the score is."""
    wrong = [r for r in results if r.verdict == ("pass" if is_positive(r.truth) else "act")]

    def key(result: ItemResult) -> tuple[float, float]:
        sign = 1 if is_positive(result.truth) else -1
        return -result.cost, sign * result.score

    return sorted(wrong, key=key)[:count]


def worst_acts(results: Sequence[ItemResult], count: int) -> list[ItemResult]:
    """What was decided wrongly without a person: the dearest first, then the surest."""
    wrong = [r for r in results if r.verdict == "act" and r.cost > 0]
    return sorted(wrong, key=lambda r: (-r.cost, -r.score))[:count]


def _truths(results: Sequence[ItemResult]) -> NDArray[np.bool_]:
    return np.asarray([is_positive(r.truth) for r in results], dtype=np.bool_)


def _scores(results: Sequence[ItemResult]) -> NDArray[np.float64]:
    return np.asarray([r.score for r in results], dtype=np.float64)


def _costs(results: Sequence[ItemResult]) -> NDArray[np.float64]:
    return np.asarray([r.cost for r in results], dtype=np.float64)
