"""Two evaluations of the same samples, compared pair by pair.

Pairing removes what the samples themselves contribute: a hard picture is hard for both. Groups
are resampled whole, because samples of one group are not independent. It compares; what follows
from it decide `compile.py` (may this artefact ship) and `compare.py` (is the challenger better).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.core.errors import DataError
from kits.core.kit import Evaluation, ItemResult, Kit
from kits.core.operating_point import Costs
from kits.core.stats import Estimate, auroc, bootstrap

Indices = NDArray[np.intp]
Statistic = Callable[[Indices], float]

SMALLER_IS_BETTER = frozenset(
    {
        "escape_rate",
        "overkill_rate",
        "reviews_per_1000",
        "rmse",
        "nasa_score",
        "false_onsets_per_day",
        "ece",
        "brier",
        "log_loss",
        "auto_error",
    }
)
NEGATIVE_TRUTHS = frozenset({"", "good", "ok", "normal", "negative", "lost", "oos", "(none)"})


class OffersStatistic(Protocol):
    """A kit's `evaluate.py` may offer this, so that its goal metric can be resampled in pairs."""

    def statistic(
        self, name: str, items: Sequence[DatasetItem], results: Sequence[ItemResult]
    ) -> Statistic | None:
        """Indices into `results` → the metric on them; None when it has no such metric."""


@dataclass(frozen=True)
class Pair:
    """The same samples judged twice; `before[i]` and `after[i]` are of one sample."""

    before: tuple[ItemResult, ...]
    after: tuple[ItemResult, ...]

    @property
    def groups(self) -> list[str]:
        """Group per sample; a sample without one is its own group."""
        return [r.group or r.sample_id for r in self.before]

    def agreement(self) -> float:
        """Share of samples with the same verdict."""
        same = sum(b.verdict == a.verdict for b, a in zip(self.before, self.after))
        return same / len(self.before)

    def cost_difference(self, costs: Costs, seed: int, *, as_it_is: bool = False) -> Estimate:
        """Cost per sample in production, after minus before; negative means after is cheaper.

        Positives and negatives are weighted by the prevalence in production, because a test
        split holds far more defects than a line does.

        Args:
            as_it_is: positives are as frequent in what these samples stand for as in production: the prevalence
                weighs nothing.
        """
        before, after = (np.asarray([r.cost for r in side]) for side in (self.before, self.after))
        positive = np.asarray([is_positive(r.truth) for r in self.before], dtype=np.bool_)
        difference = after - before
        stands_for = np.asarray([r.weight for r in self.before])

        def statistic(rows: Indices) -> float:
            if as_it_is:
                return float(np.average(difference[rows], weights=stands_for[rows]))
            return weighted_mean(difference[rows], positive[rows], costs.prevalence)

        return bootstrap(statistic, self.groups, seed=seed)

    def escapes(self) -> tuple[int, int, int]:
        """Escapes before, escapes after, and the number of positives."""
        positives = [i for i, r in enumerate(self.before) if is_positive(r.truth)]
        before = sum(self.before[i].verdict == "pass" for i in positives)
        after = sum(self.after[i].verdict == "pass" for i in positives)
        return before, after, len(positives)

    def new_escapes(self) -> int:
        """Defects that were caught before and are let pass now, whatever else is caught instead."""
        return sum(
            before.verdict != "pass" and after.verdict == "pass"
            for before, after in zip(self.before, self.after)
            if is_positive(before.truth)
        )

    def escapes_beyond_chance(self) -> bool:
        """Whether more defects newly escape than are newly caught, by an exact sign test at 5 %.

        Only samples whose verdict changed tell the two apart (McNemar 1947).
        """
        positives = [i for i, r in enumerate(self.before) if is_positive(r.truth)]
        changed = [
            self.after[i].verdict == "pass"
            for i in positives
            if (self.before[i].verdict == "pass") != (self.after[i].verdict == "pass")
        ]
        n, escaped = len(changed), sum(changed)
        chance = sum(math.comb(n, k) for k in range(escaped, n + 1)) / 2**n
        return bool(chance <= 0.05)

    def overkill(self) -> tuple[int, int, int]:
        """False acts before, after, and the number of negatives."""
        negatives = [i for i, r in enumerate(self.before) if not is_positive(r.truth)]
        before = sum(self.before[i].verdict == "act" for i in negatives)
        after = sum(self.after[i].verdict == "act" for i in negatives)
        return before, after, len(negatives)


def is_positive(truth: str) -> bool:
    """Whether a truth is one the operating point should act on."""
    return truth.lower() not in NEGATIVE_TRUTHS


def weighted_mean(
    values: NDArray[np.float64], positive: NDArray[np.bool_], prevalence: float
) -> float:
    """Mean with positives at weight `prevalence`; the plain mean when one class is missing."""
    if positive.all() or not positive.any():
        return float(values.mean())
    good, bad = float(values[~positive].mean()), float(values[positive].mean())
    return prevalence * bad + (1 - prevalence) * good


def pair_up(before: Evaluation, after: Evaluation) -> Pair:
    """The samples both evaluations judged, in one order.

    Raises:
        DataError: they have no sample in common.
    """
    later = {result.sample_id: result for result in after.results}
    both = [result for result in before.results if result.sample_id in later]
    if not both:
        raise DataError(
            "the two evaluations have no sample in common",
            fix="evaluate both on one dataset version",
        )
    return Pair(tuple(both), tuple(later[result.sample_id] for result in both))


@dataclass(frozen=True, slots=True)
class GoalRatio:
    """How much of the goal metric is left: 1 means as good as before, below 1 worse.

    `low` and `high` are the 5 % and the 95 % quantile of the paired bootstrap; None when the kit cannot resample it.
    """

    metric: str
    before: float
    after: float
    ratio: float
    low: float | None
    high: float | None = None

    def falls(self, most: float, *, beyond_chance: bool) -> bool:
        """Whether more than this share of it is lost.

        Args:
            beyond_chance: only where chance does not explain that it fell.
        """
        return self.ratio < 1 - most and not (beyond_chance and (self.high or 0.0) >= 1)


def goal_ratio(
    kit: Kit, metric: str, items: Sequence[DatasetItem], before: Evaluation, after: Evaluation
) -> GoalRatio:
    """The goal metric after over before (inverted for metrics where smaller is better).

    Data without a single defect cannot measure an escape rate. A goal that the kit reports, but
    these samples cannot show, is replaced by the share of unchanged verdicts, under that name.

    Raises:
        DataError: the metric is not among those the kit reports.
    """
    if metric in kit.manifest.metrics and metric not in {**before.metrics, **after.metrics}:
        agreement = pair_up(before, after).agreement()
        return GoalRatio("verdict_agreement", 1.0, agreement, agreement, None)
    for side in (before, after):
        if metric not in side.metrics:
            raise DataError(
                f"the goal metric {metric!r} was not measured",
                where=", ".join(side.metrics),
                fix="set metric.name in kit.yaml to one of these",
            )
    values = before.metrics[metric].value, after.metrics[metric].value
    pair = pair_up(before, after)
    statistics = [_statistic(kit, metric, items, side) for side in (pair.before, pair.after)]
    one, two = statistics
    low = high = None
    if one is not None and two is not None:
        low, high = _quantiles(one, two, metric, pair.groups, before.seed)
    return GoalRatio(metric, *values, _ratio(metric, *values), low, high)


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """What the metric says that shows how true probabilities are; smaller is better.

    Attributes:
        difference: after minus before on the same samples.
    """

    metric: str
    before: float
    after: float
    difference: Estimate

    @property
    def truer(self) -> bool:
        """Whether probabilities come truer beyond chance."""
        return self.difference.high < 0


def score_change(
    kit: Kit, items: Sequence[DatasetItem], before: Evaluation, after: Evaluation
) -> ScoreChange | None:
    """The kit's proper score on the samples both judged; None where it has none, or these samples allow none.

    A proper scoring rule is the least for whoever says the true probability (Gneiting & Raftery 2007).
    """
    metric = kit.manifest.proper_score
    if not metric:
        return None
    pair = pair_up(before, after)
    one, two = (_statistic(kit, metric, items, side) for side in (pair.before, pair.after))
    if one is None or two is None:
        return None
    difference = bootstrap(lambda rows: two(rows) - one(rows), pair.groups, seed=before.seed)
    every = np.arange(len(pair.before), dtype=np.intp)
    return ScoreChange(metric, one(every), two(every), difference)


def _statistic(
    kit: Kit, metric: str, items: Sequence[DatasetItem], results: tuple[ItemResult, ...]
) -> Statistic | None:
    offered = getattr(kit.evaluate, "statistic", None)
    if offered is not None:
        by_id = {item.sample.id: item for item in items}
        ordered = [by_id[result.sample_id] for result in results]
        given = cast(OffersStatistic, kit.evaluate).statistic(metric, ordered, results)
        if given is not None:
            return given
    return _rank_statistic(metric, results)


def _rank_statistic(metric: str, results: tuple[ItemResult, ...]) -> Statistic | None:
    """Metrics that every kit's results suffice for."""
    positive = np.asarray([is_positive(r.truth) for r in results], dtype=np.bool_)
    scores = np.asarray([r.score for r in results], dtype=np.float64)
    verdicts = np.asarray([r.verdict for r in results])

    def share(of: NDArray[np.bool_], hit: NDArray[np.bool_]) -> Statistic:
        return lambda rows: float(hit[rows][of[rows]].mean()) if of[rows].any() else math.nan

    table: Mapping[str, Statistic] = {
        "image_auroc": lambda rows: auroc(scores[rows], positive[rows]),
        "auc": lambda rows: auroc(scores[rows], positive[rows]),
        "escape_rate": share(positive, verdicts == "pass"),
        "overkill_rate": share(~positive, verdicts == "act"),
    }
    return table.get(metric)


def _quantiles(
    before: Statistic, after: Statistic, metric: str, groups: list[str], seed: int
) -> tuple[float | None, float | None]:
    estimate = bootstrap(
        lambda rows: _ratio(metric, before(rows), after(rows)),
        groups,
        seed=seed,
        rounds=500,
        confidence=0.90,
    )
    low, high = (one if math.isfinite(one) else None for one in (estimate.low, estimate.high))
    return low, high


def _ratio(metric: str, before: float, after: float) -> float:
    """Share of quality kept; 1 when both are zero, NaN when undefined."""
    kept, whole = (before, after) if metric in SMALLER_IS_BETTER else (after, before)
    if whole == 0:
        return 1.0 if kept == 0 else math.inf
    return kept / whole
