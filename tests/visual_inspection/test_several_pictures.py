"""Three pictures of one part promise no more than one part does: intervals, thresholds, money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from kits.core.blobs import FolderBlobStore
from kits.core.kit import EvaluateTask, Evaluation
from kits.core.operating_point import Band, Costs, OperatingPoint
from kits.core.prediction import Prediction
from kits.core.runtime import Payload, StageTimes
from kits.core.stats import conformal_threshold, proportion
from kits.visual_inspection import _checks, _thresholds, evaluate
from kits.visual_inspection.config import Config
from tests.visual_inspection.builders import dataset, parts

COSTS = Costs(escape=100, overkill=2, review=0.5, prevalence=0.02)


@dataclass(frozen=True)
class Brightness:
    """A runtime whose score is a picture's mean, far from any threshold."""

    def decode(self, content: bytes, media_type: str) -> Payload:
        return content

    def encode(self, payload: Payload) -> tuple[bytes, str]:
        assert isinstance(payload, bytes)
        return payload, "image/jpeg"

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        return [self.predict_timed(payload)[0] for payload in payloads]

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        assert isinstance(payload, bytes)
        return Prediction(score=1.0 + len(payload) % 7 / 100, label="good"), StageTimes(0, 0, 0)


def task(folder: Path, act_at: float, pictures: int) -> EvaluateTask:
    """Thirty good and thirty defective pictures, so many of each part."""
    store = FolderBlobStore(folder)
    items = [
        replace(
            item,
            sample=replace(
                item.sample, group=f"{item.annotation.label == 'good'}{number // pictures}"
            ),
        )
        for number, item in enumerate(parts(store, "test", 30, 30, seed=1))
        if item.annotation
    ]
    point = OperatingPoint(
        default=Band(act_at=act_at, review_from=act_at),
        costs=COSTS,
        method="given",
        dataset="",
        seed=1,
    )
    version = dataset(store, items)
    return EvaluateTask(Brightness(), point, version, version.items, COSTS, 1)


def judged(folder: Path, act_at: float, pictures: int) -> Evaluation:
    return evaluate.evaluate(task(folder, act_at, pictures))


@pytest.mark.parametrize(("pictures", "of"), [(1, 30), (3, 10)])
def test_no_escape_among_so_many_parts(tmp_path: Path, pictures: int, of: int) -> None:
    found = judged(tmp_path, 0.5, pictures)
    assert found.metrics["escape_rate"].high == proportion(0, of).high
    assert found.slices["dent"]["part_recall"].low < 1 - proportion(0, of).high


def test_reviews_are_told_at_the_share_of_defects_in_production(tmp_path: Path) -> None:
    """Each defect goes to a person and no good part does: half of these pictures, two in a hundred of those to come."""
    given = task(tmp_path, 2.0, 1)
    bad = [i.annotation is not None and i.annotation.label != "good" for i in given.items]
    reviewed = Given(tuple(1.5 if one else 0.5 for one in bad))
    assert given.operating_point is not None
    band = Band(act_at=2.0, review_from=1.0)
    point = given.operating_point.model_copy(update={"default": band})
    found = evaluate.evaluate(replace(given, runtime=reviewed, operating_point=point)).metrics
    assert found["review_rate"].value == 0.5
    reviews = found["reviews_per_1000"]
    assert reviews.value == pytest.approx(20)
    assert reviews.high == pytest.approx(20 + 980 * proportion(0, 30).high)


class Given(Brightness):
    """A runtime that gives these scores, one after the other."""

    def __init__(self, scores: Sequence[float]) -> None:
        self._scores = iter(scores)

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        return Prediction(score=next(self._scores), label="good"), StageTimes(0, 0, 0)


def test_money_without_an_escape_is_not_certain(tmp_path: Path) -> None:
    cost = judged(tmp_path, 0.5, 3).metrics["cost_per_1000"]
    at_most = 1000 * COSTS.prevalence * COSTS.escape * proportion(0, 10).high
    assert cost.high == pytest.approx(cost.value + at_most)


def test_pictures_of_few_parts_are_too_few_for_costs(tmp_path: Path) -> None:
    several = task(tmp_path / "a", 0.5, 6)
    point = evaluate.choose_operating_point(several, Config())
    assert "conformal" in point.method
    assert "on 5 good and 5 defective parts of val" in point.method
    assert "like the 5 good calibration parts" in point.guarantee
    alone = evaluate.choose_operating_point(task(tmp_path / "b", 0.5, 1), Config())
    assert "least expected cost" in alone.method


def test_of_one_picture_each_the_threshold_is_the_conformal_one() -> None:
    values = np.random.default_rng(0).normal(size=150)
    scores = _thresholds.Scores(values, list(map(str, range(150))))
    assert [scores.rank(a) for a in (0.01, 0.1, 0.3)] == [
        conformal_threshold(values, a) for a in (0.01, 0.1, 0.3)
    ]


def test_the_threshold_keeps_its_rate_for_parts_with_many_pictures() -> None:
    rng = np.random.default_rng(1)
    above = []
    for _ in range(300):
        part = rng.normal(size=20)
        values = np.concatenate([np.repeat(part, 3), rng.normal(size=1)])
        groups = [*(str(n // 3) for n in range(60)), "alone"]
        threshold = _thresholds.Scores(values, groups).rank(0.1)
        above.append(float(rng.normal() > threshold))
    assert np.mean(above) < 0.13


def test_the_check_says_of_how_many_parts_the_pictures_are(tmp_path: Path) -> None:
    version = task(tmp_path, 0.5, 3).dataset
    told = {f.check: f for f in _checks.check(version, Config())}["parts-in-test"]
    assert (
        "30 pictures of 10 good parts (without a mistake they bound a rate to 25.9%)" in told.text
    )
    alone = task(tmp_path, 0.5, 1).dataset
    assert "parts-in-test" not in {f.check for f in _checks.check(alone, Config())}
