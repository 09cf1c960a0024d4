"""A replay of samples that stand for themselves: how many would have been acted on, reviewed and passed, and the money.

For kits whose bundles have no alarm in time (pictures, single measurements). The truth and its costs are the
kit's own, from its `evaluate`; doing nothing is the same evaluation with a level that nothing reaches.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask, ItemResult, Kit
from kits.core.operating_point import Band
from kits.core.stats import Estimate, bootstrap

VERDICTS = ("act", "review", "pass")
_ROUNDS = 500
_RANDOM_ROUNDS = 200


@dataclass(frozen=True)
class SampleMoney:
    """In the project's currency, over the labelled samples as they are.

    Attributes:
        avoided: what doing nothing would have cost, less what these verdicts would have.
        at_random: avoided by the same verdicts dealt out at random, with 95 % of the draws.
    """

    avoided: Estimate
    nothing: float
    spent: float
    at_random: Estimate


@dataclass(frozen=True)
class ReplayedSamples:
    """The answer.

    Attributes:
        by_truth: label → verdict → samples; samples without a label under an empty one.
        rates: escape and overkill, as the kit measures them.
    """

    n: int
    counts: Mapping[str, int]
    by_truth: Mapping[str, Mapping[str, int]]
    rates: Mapping[str, Estimate]
    money: SampleMoney | None
    notes: tuple[str, ...] = ()


def replay_samples(kit: Kit, task: EvaluateTask) -> ReplayedSamples:
    """Every sample through the bundle, in the order of the data.

    Raises:
        DataError: not one sample can be read.
    """
    labelled = tuple(item for item in task.items if item.annotation is not None)
    judged = kit.evaluate.evaluate(replace(task, items=labelled)) if labelled else None
    results = judged.results if judged is not None else ()
    seen = {result.sample_id for result in results}
    by_truth: dict[str, dict[str, int]] = {}
    for result in results:
        _count(by_truth, result.truth, result.verdict)
    unread = _predict_others(task, seen, by_truth)
    if not by_truth:
        raise DataError("not one sample could be read by this bundle", fix="check the data's kind")
    counts = {v: sum(row.get(v, 0) for row in by_truth.values()) for v in VERDICTS}
    notes = [f"{unread} samples could not be read"] if unread else []
    if not results:
        notes.append("no sample has a label, so nothing is known of right and wrong")
    rates = judged.metrics if judged is not None else {}
    return ReplayedSamples(
        n=sum(counts.values()),
        counts=counts,
        by_truth=by_truth,
        rates={name: rates[name] for name in ("escape_rate", "overkill_rate") if name in rates},
        money=_money(kit, task, labelled, results) if results else None,
        notes=tuple(notes),
    )


def _count(by_truth: dict[str, dict[str, int]], truth: str, verdict: str) -> None:
    row = by_truth.setdefault(truth, {})
    row[verdict] = row.get(verdict, 0) + 1


def _predict_others(task: EvaluateTask, seen: set[str], by_truth: dict[str, dict[str, int]]) -> int:
    """Samples without a label; how many could not be read."""
    others = [item for item in task.items if item.sample.id not in seen]
    point = task.operating_point
    assert point is not None
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
        _count(by_truth, "", point.decide(prediction).verdict)
    task.progress.end()
    return unread


def _money(
    kit: Kit,
    task: EvaluateTask,
    labelled: tuple[DatasetItem, ...],
    results: Sequence[ItemResult],
) -> SampleMoney:
    point = task.operating_point
    assert point is not None
    top = sys.float_info.max
    out_of_reach = Band(act_at=top, review_from=top)
    idle = point.model_copy(update={"default": out_of_reach, "per_label": {}})
    passed = kit.evaluate.evaluate(replace(task, items=labelled, operating_point=idle)).results
    loss = {result.sample_id: result.cost for result in passed}
    nothing = np.array([loss[result.sample_id] for result in results])
    spent = np.array([result.cost for result in results])
    groups = [result.group for result in results]
    saved = nothing - spent
    avoided = bootstrap(
        lambda rows: float(saved[rows].sum()), groups, seed=task.seed, rounds=_ROUNDS
    )
    dealt = _at_random(results, nothing, task)
    return SampleMoney(avoided, float(nothing.sum()), float(spent.sum()), dealt)


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
