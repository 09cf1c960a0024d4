"""A replay of samples that stand for themselves: how many would have been acted on, reviewed and passed, and the money.

For kits whose bundles have no alarm in time (pictures, single measurements). The truth and its costs are the
kit's own, from its `evaluate`; doing nothing is the same evaluation with a level that nothing reaches.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.core.errors import DataError
from kits.core.expected import rate_beyond, share_beyond
from kits.core.grouped import grouped_proportion
from kits.core.kit import EvaluateTask, ItemResult, Kit
from kits.core.operating_point import Band
from kits.core.sample import day_of
from kits.core.stats import Estimate, bootstrap
from kits.toolchain.guardrails.baseline import trivial_costs
from kits.toolchain.replaying.sample_slices import worse_kinds, worse_months

VERDICTS = ("act", "review", "pass")
_ROUNDS = 500
_RANDOM_ROUNDS = 200


@dataclass(frozen=True)
class SampleMoney:
    """In the project's currency, over the labelled samples as they are.

    Attributes:
        avoided: what doing nothing would have cost, less what these verdicts would have.
        at_random: avoided by the same verdicts dealt out at random, with 95 % of the draws.
        positives: share of true positives among the samples.
        per_1000: cost of 1,000 samples at the project's prevalence; None where the kit does not say.
        rules: rule without a model → its cost of 1,000 samples.
        prevalence: share of true positives in production, as the project says.
    """

    avoided: Estimate
    nothing: float
    spent: float
    at_random: Estimate
    positives: Estimate
    per_1000: Estimate | None
    rules: Mapping[str, float]
    prevalence: float

    @property
    def as_in_production(self) -> bool:
        """Whether the share of true positives may be that of production."""
        return self.positives.low <= self.prevalence <= self.positives.high

    @property
    def cheapest(self) -> tuple[str, float]:
        """The rule without a model that costs least, and what it costs."""
        return min(self.rules.items(), key=lambda rule: rule[1])


@dataclass(frozen=True)
class ReplayedSamples:
    """The answer.

    Attributes:
        by_truth: label → verdict → samples; samples without a label under an empty one.
        rates: escape and overkill, as the kit measures them.
        beyond: what came otherwise than the bundle's own rates let expect, in sentences.
    """

    n: int
    counts: Mapping[str, int]
    by_truth: Mapping[str, Mapping[str, int]]
    rates: Mapping[str, Estimate]
    money: SampleMoney | None
    notes: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()


def replay_samples(kit: Kit, task: EvaluateTask, known: Collection[str] = ()) -> ReplayedSamples:
    """Every sample through the bundle, in the order of the data.

    Args:
        known: labels of what the bundle learned from and was judged on; none: not known.

    Raises:
        DataError: not one sample can be read.
    """
    labelled = tuple(item for item in task.items if item.annotation is not None)
    judged = kit.evaluate.evaluate(replace(task, items=labelled)) if labelled else None
    results = judged.results if judged is not None else ()
    rates = judged.metrics if judged is not None else {}
    by_truth: dict[str, dict[str, int]] = {}
    for result in results:
        _count(by_truth, result.truth, result.verdict)
    others, unread = _predict_others(task, {result.sample_id for result in results})
    for verdict, _ in others:
        _count(by_truth, "", verdict)
    if not by_truth:
        raise DataError("not one sample could be read by this bundle", fix="check the data's kind")
    notes = [f"{unread} samples could not be read"] if unread else []
    if not results:
        notes.append("no sample has a label, so nothing is known of right and wrong")
    loss = _loss(kit, task, labelled) if results else {}
    harmless = [result for result in results if not loss[result.sample_id]]
    harmful = [result for result in results if loss[result.sample_id]]
    counts = {v: sum(row.get(v, 0) for row in by_truth.values()) for v in VERDICTS}
    return ReplayedSamples(
        n=sum(counts.values()),
        counts=counts,
        by_truth=by_truth,
        rates={name: rates[name] for name in ("escape_rate", "overkill_rate") if name in rates},
        money=_money(task, results, loss, rates) if results else None,
        notes=tuple(notes),
        beyond=(*_beyond(task, rates, harmless, others), *_slices(task, harmless, harmful, known)),
    )


def _slices(
    task: EvaluateTask,
    harmless: Sequence[ItemResult],
    harmful: Sequence[ItemResult],
    known: Collection[str],
) -> Iterator[str]:
    """Kinds and months of which more goes wrong than was measured."""
    point = task.operating_point
    assert point is not None
    days = {item.sample.id: day_of(item.sample) for item in task.items}
    yield from worse_kinds(point, harmful, known)
    yield from worse_months(point, "overkill_rate", harmless, days)
    yield from worse_months(point, "escape_rate", harmful, days)


def _beyond(
    task: EvaluateTask,
    rates: Mapping[str, Estimate],
    negatives: Sequence[ItemResult],
    others: Sequence[tuple[str, str]],
) -> tuple[str, ...]:
    """What came otherwise than the bundle's own rates let expect."""
    point = task.operating_point
    assert point is not None
    found = [rate_beyond(point, name, one) for name, one in rates.items() if name != "review_rate"]
    # positives are more than in production, and their reviews are no sign of anything
    unharmed = [(result.verdict, result.group) for result in negatives] + list(others)
    found.append(rate_beyond(point, "review_rate", _share(unharmed, "review")))
    found.append(share_beyond(point, _share(others, "act"), task.costs.prevalence))
    return tuple(filter(None, found))


def _share(verdicts: Sequence[tuple[str, str]], wanted: str) -> Estimate:
    """Of verdicts with the group of each."""
    return grouped_proportion([v == wanted for v, _ in verdicts], [group for _, group in verdicts])


def _count(by_truth: dict[str, dict[str, int]], truth: str, verdict: str) -> None:
    row = by_truth.setdefault(truth, {})
    row[verdict] = row.get(verdict, 0) + 1


def _predict_others(task: EvaluateTask, seen: set[str]) -> tuple[list[tuple[str, str]], int]:
    """Verdict and group of each sample without a label; how many could not be read."""
    others = [item for item in task.items if item.sample.id not in seen]
    point = task.operating_point
    assert point is not None
    verdicts: list[tuple[str, str]] = []
    unread = 0
    task.progress.begin("replaying samples", len(others))
    for item in others:
        task.progress.advance()
        try:
            payload = task.runtime.decode(task.dataset.content(item), item.sample.media_type)
            prediction = task.runtime.predict([payload])[0]
        except DataError:
            unread += 1
            continue
        group = item.sample.group or item.sample.id
        verdicts.append((point.decide(prediction).verdict, group))
    task.progress.end()
    return verdicts, unread


def _loss(kit: Kit, task: EvaluateTask, labelled: tuple[DatasetItem, ...]) -> dict[str, float]:
    """Sample → what it costs when nothing is done: nothing unless it is a true positive."""
    point = task.operating_point
    assert point is not None
    top = sys.float_info.max
    out_of_reach = Band(act_at=top, review_from=top)
    idle = point.model_copy(update={"default": out_of_reach, "per_label": {}})
    passed = kit.evaluate.evaluate(replace(task, items=labelled, operating_point=idle)).results
    return {result.sample_id: result.cost for result in passed}


def _money(
    task: EvaluateTask,
    results: Sequence[ItemResult],
    loss: Mapping[str, float],
    rates: Mapping[str, Estimate],
) -> SampleMoney:
    nothing = np.array([loss[result.sample_id] for result in results])
    spent = np.array([result.cost for result in results])
    groups = [result.group for result in results]
    saved = nothing - spent
    avoided = bootstrap(
        lambda rows: float(saved[rows].sum()), groups, seed=task.seed, rounds=_ROUNDS
    )
    return SampleMoney(
        avoided=avoided,
        nothing=float(nothing.sum()),
        spent=float(spent.sum()),
        at_random=_at_random(results, nothing, task),
        positives=grouped_proportion([bool(cost) for cost in nothing], groups),
        per_1000=rates.get("cost_per_1000"),
        rules=trivial_costs(task.costs),
        prevalence=task.costs.prevalence,
    )


def _at_random(
    results: Sequence[ItemResult], nothing: NDArray[np.float64], task: EvaluateTask
) -> Estimate:
    rng = np.random.default_rng(task.seed)
    verdicts = np.array([VERDICTS.index(result.verdict) for result in results])
    costs = task.costs
    positive = nothing > 0
    sums = []
    for _ in range(_RANDOM_ROUNDS):
        dealt = rng.permutation(verdicts)
        spent = np.where(
            dealt == 1,
            costs.review,
            np.where(dealt == 2, nothing, np.where(positive, 0.0, costs.overkill)),
        )
        sums.append(float(nothing.sum() - spent.sum()))
    low, high = (float(v) for v in np.quantile(sums, [0.025, 0.975]))
    return Estimate(
        value=float(np.mean(sums)), low=low, high=high, n=len(results),
        method=f"{_RANDOM_ROUNDS} draws",
    )  # fmt: skip
