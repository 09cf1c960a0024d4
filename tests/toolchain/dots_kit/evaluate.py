"""Threshold by cost, AUROC, escape and overkill."""

from __future__ import annotations

import cv2
import numpy as np
from pydantic import BaseModel

from kits.core.annotation import Annotation
from kits.core.kit import EvaluateTask, Evaluation, ItemResult
from kits.core.operating_point import Band, OperatingPoint
from kits.core.prediction import Prediction, prediction_to_json
from kits.core.stats import auroc, bootstrap, proportion


def _judge(task: EvaluateTask) -> tuple[list[Prediction], np.ndarray, np.ndarray]:
    predictions = []
    for item in task.items:
        content = task.dataset.content(item)
        payload = task.runtime.decode(content, item.sample.media_type)
        predictions += task.runtime.predict([payload])
    scores = np.asarray([p.score for p in predictions])
    defect = np.asarray([i.annotation.label == "defect" for i in task.items])
    return predictions, scores, defect


def choose_operating_point(task: EvaluateTask, config: BaseModel) -> OperatingPoint:
    _, scores, defect = _judge(task)
    costs = task.costs

    def cost(threshold: float) -> float:
        escapes = (scores[defect] < threshold).mean()
        overkill = (scores[~defect] >= threshold).mean()
        share = costs.prevalence
        return share * costs.escape * escapes + (1 - share) * costs.overkill * overkill

    edges = np.unique([0.0, *scores, 1.0])
    middles = (edges[1:] + edges[:-1]) / 2
    best = float(min(middles, key=cost))
    return OperatingPoint(
        default=Band(act_at=best, review_from=best),
        costs=costs,
        method="least cost on val",
        dataset=task.dataset.id,
        seed=task.seed,
    )


def evaluate(task: EvaluateTask) -> Evaluation:
    predictions, scores, defect = _judge(task)
    decisions = [task.operating_point.decide(p) for p in predictions]
    results = []
    for item, prediction, decision, bad in zip(task.items, predictions, decisions, defect):
        wrong = {("pass", True): task.costs.escape, ("act", False): task.costs.overkill}
        cost = wrong.get((decision.verdict, bool(bad)), 0.0)
        results.append(
            ItemResult(
                item.sample.id,
                item.sample.group,
                "defect" if bad else "good",
                decision.verdict,
                prediction.score,
                cost,
                prediction_to_json(prediction),
            )
        )
    groups = [i.sample.group or i.sample.id for i in task.items]
    escapes = sum(r.verdict == "pass" for r in results if r.truth == "defect")
    overkill = sum(r.verdict == "act" for r in results if r.truth == "good")
    metrics = {
        "image_auroc": bootstrap(
            lambda rows: auroc(scores[rows], defect[rows]), groups, seed=task.seed, rounds=200
        ),
        "escape_rate": proportion(escapes, int(defect.sum())),
        "overkill_rate": proportion(overkill, int((~defect).sum())),
    }
    return Evaluation(
        kit="dots",
        dataset=task.dataset.id,
        split=task.items[0].split,
        n=len(results),
        seed=task.seed,
        metrics=metrics,
        slices={"all pictures": {"escape_rate": metrics["escape_rate"]}},
        results=tuple(results),
    )


def picture(content: bytes, prediction: Prediction | None, annotation: Annotation | None) -> bytes:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    image = cv2.resize(image, None, fx=16, fy=16, interpolation=cv2.INTER_NEAREST)
    for box in prediction.boxes if prediction else ():
        corners = [int(16 * v) for v in (box.x0, box.y0, box.x1, box.y1)]
        cv2.rectangle(image, corners[:2], corners[2:], (60, 60, 230), 3)
    return cv2.imencode(".png", image)[1].tobytes()
