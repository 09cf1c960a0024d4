"""What every approach's judgement gives back, and small helpers they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from kits.core.kit import ItemResult
from kits.core.operating_point import Costs, OperatingPoint
from kits.core.prediction import Prediction, prediction_to_json
from kits.core.stats import Estimate
from kits.predictive_maintenance._learning.recordings import Recording

ROUNDS = 500


@dataclass(frozen=True)
class Judged:
    """Figures of one evaluation."""

    metrics: Mapping[str, Estimate]
    slices: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    results: tuple[ItemResult, ...] = ()
    notes: tuple[str, ...] = ()


def result(
    recording: Recording,
    prediction: Prediction,
    verdict: str,
    truth: str,
    *,
    faulty: bool,
    costs: Costs,
) -> ItemResult:
    """One recording as the report and `kit compare` take it."""
    return ItemResult(
        sample_id=recording.item.sample.id,
        group=recording.group,
        truth=truth,
        verdict=verdict,
        score=prediction.score,
        cost=cost_of(verdict, costs, faulty=faulty),
        prediction=prediction_to_json(prediction),
    )


def cost_of(verdict: str, costs: Costs, *, faulty: bool) -> float:
    """What a verdict on a recording costs."""
    if verdict == "review":
        return costs.review
    if faulty:
        return costs.escape if verdict == "pass" else 0.0
    return costs.overkill if verdict == "act" else 0.0


def verdict_of(point: OperatingPoint | None, prediction: Prediction) -> str:
    """The verdict on the end of a recording; `review` without an operating point."""
    return point.decide(prediction).verdict if point is not None else "review"


def plain(value: float, n: int, method: str = "point") -> Estimate:
    """A figure without an interval, said to be one: its interval is itself."""
    number = float(value) if np.isfinite(value) else 0.0
    return Estimate(value=number, low=number, high=number, n=n, method=method)
