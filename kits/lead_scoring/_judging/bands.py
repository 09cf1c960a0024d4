"""Hot, warm and cold: thresholds that take as many leads as the team can call, and bands of leads judged in hindsight.

Hot is a number of leads, so its threshold must fit the model that ships and the leads that come next. Where leads are
judged by earlier models, whose probabilities may lie elsewhere, bands are places in the order of those.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask
from kits.core.operating_point import Band, OperatingPoint
from kits.core.prediction import Prediction
from kits.core.ranked import threshold_for
from kits.core.sample import place_in_time
from kits.lead_scoring._judging.capacity import RATE, WARM_RATE

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LATEST = 2_000
"""So many of the latest leads stand for those to come."""
_BATCH = 256


def band_of(score: Floats, hot: float, warm: float) -> Band:
    """The thresholds that take shares of some leads.

    Args:
        hot, warm: shares of all, the warm ones after the hot ones.
    """
    act_at = threshold_for(score, hot)
    return Band(act_at=act_at, review_from=min(act_at, threshold_for(score, min(1.0, hot + warm))))


def latest_scores(task: EvaluateTask) -> Floats:
    """What the model that ships says of the latest leads after `train`, and of open ones; no outcome is looked at."""
    later = [item for item in task.dataset.items if item.split != "train" or _is_open(item)]
    later.sort(key=lambda item: (place_in_time(item.sample) or 0.0, item.sample.id))
    found: list[float] = []
    latest = later[-LATEST:]
    for start in range(0, len(latest), _BATCH):
        found += _scores(task, latest[start : start + _BATCH])
    return np.array([score for score in found if math.isfinite(score)], dtype=np.float64)


def verdicts(
    point: OperatingPoint | None,
    predictions: Sequence[Prediction],
    score: Floats,
    backtested: Flags,
) -> tuple[str, ...]:
    """`act` (hot), `review` (warm), `pass` (cold) per lead, by their places; empty without an operating point.

    A threshold made on earlier leads would call far more or far fewer of them once the base rate has moved, and two
    bundles would be compared at different numbers of calls. A handful of leads has no such places.

    Args:
        backtested: (leads,) judged by an earlier model, whose level may be another: placed among each other.
    """
    if point is None:
        return ("",) * len(predictions)
    hot, warm = point.rates.get(RATE), point.rates.get(WARM_RATE)
    found = [point.decide(one).verdict for one in predictions]
    for mine in (np.flatnonzero(backtested), np.flatnonzero(~backtested)):
        if hot is None or warm is None or hot.value * len(mine) < 1:
            continue
        placed = point.model_copy(update={"default": band_of(score[mine], hot.value, warm.value)})
        for row in mine.tolist():
            found[row] = placed.decide(predictions[row]).verdict
    return tuple(found)


def _is_open(item: DatasetItem) -> bool:
    return item.annotation is None or not item.annotation.label


def _scores(task: EvaluateTask, items: Sequence[DatasetItem]) -> list[float]:
    payloads = []
    for item in items:
        try:
            content = task.dataset.content(item)
            payloads.append(task.runtime.decode(content, item.sample.media_type))
        except DataError:
            # a lead that cannot be read takes nobody's place
            continue
    return [one.score for one in task.runtime.predict(payloads)] if payloads else []
