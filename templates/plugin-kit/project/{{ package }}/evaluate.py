"""Metrics with intervals, and the threshold that costs least."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from kits.core.kit import Evaluation, EvaluateTask, ItemResult
from kits.core.operating_point import Band, Costs, OperatingPoint
from kits.core.prediction import prediction_to_json
from kits.core.stats import Estimate, proportion

from .data import GOOD

NAME = __package__.replace("_", "-")


@dataclass(frozen=True)
class _Judged:
    positive: bool
    score: float


def choose_operating_point(task: EvaluateTask, config: BaseModel) -> OperatingPoint:
    """The threshold with the lowest cost at the stated prevalence."""
    judged = _judge(task)
    highest = max((j.score for j in judged), default=0.0)
    candidates = sorted({j.score for j in judged} | {highest * 1.01 + 1e-6})
    best = min(candidates, key=lambda at: _cost(judged, at, task.costs))
    return OperatingPoint(
        default=Band(act_at=best, review_from=best),
        costs=task.costs,
        rates=_rates(judged, best),
        method="lowest cost on the validation split",
        dataset=task.dataset.id,
        seed=task.seed,
    )


def evaluate(task: EvaluateTask) -> Evaluation:
    """Escape and overkill rate at the task's operating point."""
    point = task.operating_point
    if point is None:
        raise ValueError("an operating point is needed to count mistakes")
    judged = _judge(task)
    results = []
    for item in task.items:
        content = task.dataset.content(item)
        prediction = task.runtime.predict([task.runtime.decode(content, item.sample.media_type)])[0]
        decision = point.decide(prediction)
        truth = item.annotation.label if item.annotation else ""
        escaped = truth != GOOD and decision.verdict == "pass"
        overkill = truth == GOOD and decision.verdict == "act"
        cost = task.costs.escape * escaped + task.costs.overkill * overkill
        results.append(
            ItemResult(
                item.sample.id,
                item.sample.group,
                truth,
                decision.verdict,
                prediction.score,
                cost,
                prediction_to_json(prediction),
            )
        )
    split = task.items[0].split if task.items else "test"
    metrics = _rates(judged, point.default.act_at)
    return Evaluation(
        NAME, task.dataset.id, split, len(results), task.seed, metrics, {}, tuple(results)
    )


def _judge(task: EvaluateTask) -> list[_Judged]:
    judged = []
    for item in task.items:
        if item.annotation is None:
            continue
        payload = task.runtime.decode(task.dataset.content(item), item.sample.media_type)
        score = task.runtime.predict([payload])[0].score
        judged.append(_Judged(item.annotation.label != GOOD, score))
    return judged


def _rates(judged: list[_Judged], act_at: float) -> dict[str, Estimate]:
    bad = [j for j in judged if j.positive]
    good = [j for j in judged if not j.positive]
    return {
        "escape_rate": proportion(sum(j.score < act_at for j in bad), len(bad)),
        "overkill_rate": proportion(sum(j.score >= act_at for j in good), len(good)),
    }


def _cost(judged: list[_Judged], act_at: float, costs: Costs) -> float:
    rates = _rates(judged, act_at)
    escapes = costs.prevalence * costs.escape * rates["escape_rate"].value
    return escapes + (1 - costs.prevalence) * costs.overkill * rates["overkill_rate"].value
