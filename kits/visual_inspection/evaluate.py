"""Judges a runtime on annotated pictures: rates with intervals, mAP, slices; chooses thresholds.

A part counts as defective when its class is not good or it has boxes. A metric that does not
apply is left out with a note, never a number that is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from kits.core.dataset import DatasetItem
from kits.core.errors import DataError
from kits.core.grouped import grouped_proportion
from kits.core.kit import EvaluateTask, Evaluation, ItemResult
from kits.core.operating_point import Costs, OperatingPoint
from kits.core.prediction import Box, Prediction, prediction_from_json, prediction_to_json
from kits.core.sample import day_of
from kits.core.stats import Estimate, auroc_estimate, bootstrap, widened
from kits.visual_inspection import _picture, _thresholds
from kits.visual_inspection._map import iou, mean_average_precision, resampler
from kits.visual_inspection._words import GOOD
from kits.visual_inspection.config import Config
from kits.visual_inspection.runtime import DetectorRuntime

_MAP_CONFIDENCE = 0.001
_ROUNDS = 500

picture = _picture.picture
"""Drawn in reports and by `kit predict --save`."""


@dataclass(frozen=True)
class _Judged:
    """One annotated picture: the truth, what the device would report, and all boxes for mAP."""

    item: DatasetItem
    defect: bool
    prediction: Prediction
    every_box: tuple[Box, ...]

    @property
    def group(self) -> str:
        return self.item.sample.group or self.item.sample.id

    @property
    def day(self) -> str:
        return day_of(self.item.sample)

    @property
    def truth_boxes(self) -> tuple[Box, ...]:
        return self.item.annotation.boxes if self.item.annotation else ()

    @property
    def label(self) -> str:
        note = self.item.annotation
        return (note.label if note else "") or ("defect" if self.defect else GOOD)


def choose_operating_point(task: EvaluateTask, config: BaseModel) -> OperatingPoint:
    """Thresholds from the costs, on the items given.

    Raises:
        DataError: neither good nor defective parts among the items.
    """
    assert isinstance(config, Config)
    judged = _judge(task)
    good, defect = _scores(judged, False), _scores(judged, True)
    if good.parts >= _thresholds.MIN_GOOD and defect.parts >= _thresholds.MIN_DEFECTS:
        chosen = _thresholds.by_cost(good, defect, task.costs)
    elif len(good):
        chosen = _thresholds.by_conformal(good, config.good_parts.false_alarm_rate)
    elif len(defect):
        chosen = _by_boxes(judged)
    else:
        raise DataError(
            "no annotated part to choose thresholds on",
            fix="annotate some parts of the val split, or import more data",
        )
    point = OperatingPoint(
        default=chosen.band,
        costs=task.costs,
        guarantee=chosen.guarantee,
        method=f"{chosen.method}, on {good.parts} good and {defect.parts} defective parts of val",
        dataset=task.dataset.id,
        seed=task.seed,
    )
    verdicts = _verdicts(judged, point)
    rates = _rates(judged, verdicts) | _reviews(judged, verdicts, task.costs)
    return point.model_copy(update={"rates": rates})


def _by_boxes(judged: Sequence[_Judged]) -> _thresholds.Chosen:
    """Without good parts nobody can say what a false reject costs: the best F1 of boxes at IoU 0.5."""
    from kits.core.operating_point import Band

    pairs: list[tuple[float, bool]] = []
    expected = sum(len(one.truth_boxes) for one in judged)
    for one in judged:
        pairs += zip((b.confidence for b in one.prediction.boxes), _right(one))
    pairs.sort(key=lambda pair: -pair[0])
    hits = np.cumsum([right for _, right in pairs])
    best = 0.5
    if len(pairs):
        quality = 2 * hits / (np.arange(1, len(pairs) + 1) + expected)
        best = pairs[int(quality.argmax())][0]
    return _thresholds.Chosen(
        Band(act_at=best, review_from=best / 2),
        "best F1 of boxes at IoU 0.5, because val holds no good parts",
        "",
    )


def _right(one: _Judged) -> list[bool]:
    from kits.visual_inspection._map import match

    result: list[bool] = [False] * len(one.prediction.boxes)
    for label in {box.label for box in one.truth_boxes}:
        rows = [i for i, box in enumerate(one.prediction.boxes) if box.label == label]
        targets = [box for box in one.truth_boxes if box.label == label]
        if rows:
            hit = match(targets, [one.prediction.boxes[i] for i in rows])[:, 0]
            for row, right in zip(rows, hit):
                result[row] = bool(right)
    return result


def evaluate(task: EvaluateTask) -> Evaluation:
    """Metrics with intervals at the task's operating point.

    Raises:
        DataError: no annotated item.
    """
    judged = _judge(task)
    if not judged:
        raise DataError("no annotated part to evaluate on", fix="annotate parts of this split")
    notes: list[str] = []
    if len(judged) < len(task.items):
        notes.append(f"{len(task.items) - len(judged)} parts without annotation were left out")
    metrics = _ranking(judged, task.seed, notes)
    metrics |= _boxes(judged, task, notes)
    results: tuple[ItemResult, ...] = ()
    slices: dict[str, dict[str, Estimate]] = {}
    if task.operating_point is not None:
        verdicts = _verdicts(judged, task.operating_point)
        metrics |= _rates(judged, verdicts) | _reviews(judged, verdicts, task.costs)
        metrics |= _money(judged, verdicts, task, notes)
        slices = _slices(judged, verdicts)
        results = tuple(_result(one, v, task.costs) for one, v in zip(judged, verdicts))
    return Evaluation(
        kit=task.dataset.header.kit,
        dataset=task.dataset.id,
        split=task.split,
        n=len(judged),
        seed=task.seed,
        metrics=metrics,
        slices=slices,
        results=results,
        notes=tuple(notes),
    )


def statistic(
    name: str, items: Sequence[DatasetItem], results: Sequence[ItemResult]
) -> Callable[[NDArray[np.intp]], float] | None:
    """mAP on resampled pictures, from the boxes the device would report; None for other metrics."""
    truth = [item.annotation.boxes if item.annotation else () for item in items]
    found = [prediction_from_json(dict(result.prediction)).boxes for result in results]
    return resampler(truth, found, name)


def _judge(task: EvaluateTask) -> list[_Judged]:
    """Predicts every annotated item once; boxes the device would not report serve mAP only."""
    runtime, shown = task.runtime, 0.0
    if isinstance(runtime, DetectorRuntime):
        shown, limit = runtime.spec.confidence, runtime.spec.max_boxes
        runtime = runtime.with_confidence(_MAP_CONFIDENCE)
    judged = []
    task.progress.begin("judging parts", len(task.items))
    for item in task.items:
        task.progress.advance()
        note = item.annotation
        if note is None or (not note.label and not note.boxes):
            continue
        payload = runtime.decode(task.dataset.content(item), item.sample.media_type)
        full = runtime.predict([payload])[0]
        prediction = full
        if shown:
            boxes = tuple(b for b in full.boxes if b.confidence > shown)[:limit]
            prediction = replace(full, boxes=boxes, label=boxes[0].label if boxes else GOOD)
        defect = bool(note.boxes) or note.label != GOOD
        judged.append(_Judged(item, defect, prediction, full.boxes))
    task.progress.end()
    return judged


def _scores(judged: Sequence[_Judged], defect: bool) -> _thresholds.Scores:
    some = [one for one in judged if one.defect is defect]
    values = np.array([one.prediction.score for one in some], dtype=np.float64)
    return _thresholds.Scores(values, [one.group for one in some], [one.day for one in some])


def _verdicts(judged: Sequence[_Judged], point: OperatingPoint) -> list[str]:
    return [point.decide(one.prediction).verdict for one in judged]


def _ranking(judged: Sequence[_Judged], seed: int, notes: list[str]) -> dict[str, Estimate]:
    truth = np.array([one.defect for one in judged])
    if truth.all() or not truth.any():
        missing = "good" if truth.all() else "defective"
        notes.append(f"image_auroc left out: no {missing} parts here")
        return {}
    scores = np.array([one.prediction.score for one in judged])
    groups = [one.group for one in judged]
    found = auroc_estimate(scores, truth, groups, seed=seed, rounds=_ROUNDS)
    return {"image_auroc": found}


def _boxes(judged: Sequence[_Judged], task: EvaluateTask, notes: list[str]) -> dict[str, Estimate]:
    if not isinstance(task.runtime, DetectorRuntime):
        notes.append("map50 left out: a good-parts model names no classes")
        return {}
    usable = [one for one in judged if one.truth_boxes or not one.defect]
    found = mean_average_precision(
        [one.truth_boxes for one in usable],
        [one.every_box for one in usable],
        [one.group for one in usable],
        task.seed,
    )
    if not found:
        notes.append("map50 left out: no boxes in the annotations")
    return found


def _rates(judged: Sequence[_Judged], verdicts: Sequence[str]) -> dict[str, Estimate]:
    """Escape and overkill with exact intervals, and the share that a person looks at."""
    defects = [(one, v) for one, v in zip(judged, verdicts) if one.defect]
    good = [(one, v) for one, v in zip(judged, verdicts) if not one.defect]
    rates = {"review_rate": _share(list(zip(judged, verdicts)), "review")}
    if defects:
        rates["escape_rate"] = _share(defects, "pass")
    if good:
        rates["overkill_rate"] = _share(good, "act")
    return rates


def _reviews(
    judged: Sequence[_Judged], verdicts: Sequence[str], costs: Costs
) -> dict[str, Estimate]:
    """How many of 1,000 parts a person looks at, at the project's prevalence: defects are more among these, and go to a person more often."""
    both = [[(o, v) for o, v in zip(judged, verdicts) if o.defect is bad] for bad in (True, False)]
    if not all(both):
        return {}
    bad, good = (_share(some, "review") for some in both)
    share = 1000 * costs.prevalence
    ends = {
        end: share * getattr(bad, end) + (1000 - share) * getattr(good, end)
        for end in ("value", "low", "high")
    }
    method = "exact intervals of good and defective parts, weighted"
    return {"reviews_per_1000": Estimate(**ends, n=len(judged), method=method)}


def _share(judged: Sequence[tuple[_Judged, str]], verdict: str) -> Estimate:
    """How often a verdict is given; pictures of one part, and parts of one day, count as what they are worth together."""
    return _rate([v == verdict for _, v in judged], [one for one, _ in judged])


def _rate(hits: Sequence[bool], judged: Sequence[_Judged]) -> Estimate:
    groups, days = [one.group for one in judged], [one.day for one in judged]
    share = 1.0
    if any(days):
        scores = np.array([one.prediction.score for one in judged], dtype=np.float64)
        share = _thresholds.worth_of(scores, groups, days) / len(set(groups))
    return grouped_proportion(hits, groups, share=share)


def _money(
    judged: Sequence[_Judged], verdicts: Sequence[str], task: EvaluateTask, notes: list[str]
) -> dict[str, Estimate]:
    """Expected cost per 1,000 parts at the project's prevalence, not that of these items."""
    truth = np.array([one.defect for one in judged])
    if truth.all() or not truth.any():
        notes.append("cost_per_1000 left out: it needs good and defective parts")
        return {}
    spent = np.array([_cost(one.defect, v, task.costs) for one, v in zip(judged, verdicts)])
    share = task.costs.prevalence

    def per_1000(rows: NDArray[np.intp]) -> float:
        bad = truth[rows]
        if bad.all() or not bad.any():
            return float("nan")
        cost = share * spent[rows][bad].mean() + (1 - share) * spent[rows][~bad].mean()
        return float(1000 * cost)

    groups = [one.group for one in judged]
    found = bootstrap(per_1000, groups, seed=task.seed)  # as the report draws it again
    rates = _rates(judged, verdicts)
    unseen = [
        1000 * weight * rates[name].high
        for name, weight in (
            ("escape_rate", share * task.costs.escape),
            ("overkill_rate", (1 - share) * task.costs.overkill),
        )
        if not rates[name].value
    ]
    # resampling never draws a mistake that did not happen; the exact bound says how often it may
    high = found.value + max(unseen, default=0.0)
    return {"cost_per_1000": widened(found, found.low, high, "bound of a rate without a mistake")}


def _cost(defect: bool, verdict: str, costs: Costs) -> float:
    if verdict == "review":
        return costs.review
    if defect:
        return costs.escape if verdict == "pass" else 0.0
    return costs.overkill if verdict == "act" else 0.0


def _slices(judged: Sequence[_Judged], verdicts: Sequence[str]) -> dict[str, dict[str, Estimate]]:
    """Per class: share of its parts that did not pass, and of its boxes that were found."""
    slices: dict[str, dict[str, Estimate]] = {}
    for label in sorted({one.label for one in judged if one.defect}):
        mine = [(o, v) for o, v in zip(judged, verdicts) if o.defect and o.label == label]
        stopped = _rate([v != "pass" for _, v in mine], [one for one, _ in mine])
        slices[label] = {"part_recall": stopped}
    boxes: dict[str, list[tuple[bool, str]]] = {}
    for one in judged:
        for target in one.truth_boxes:
            found = _covered(target, one.prediction.boxes)
            boxes.setdefault(target.label, []).append((found, one.group))
    for label, some in sorted(boxes.items()):
        hits, groups = [hit for hit, _ in some], [group for _, group in some]
        slices.setdefault(label, {})["box_found"] = grouped_proportion(hits, groups)
    return slices


def _covered(target: Box, boxes: Sequence[Box]) -> bool:
    """Whether some reported box overlaps a stated one by IoU 0.1: "it was shown there"."""
    if not boxes:
        return False
    given = np.array([[b.x0, b.y0, b.x1, b.y1] for b in boxes])
    stated = np.array([[target.x0, target.y0, target.x1, target.y1]])
    return bool(iou(stated, given).max() >= 0.1)


def _result(one: _Judged, verdict: str, costs: Costs) -> ItemResult:
    return ItemResult(
        sample_id=one.item.sample.id,
        group=one.group,
        truth=one.label,
        verdict=verdict,
        score=one.prediction.score,
        cost=_cost(one.defect, verdict, costs),
        prediction=prediction_to_json(one.prediction),
    )
