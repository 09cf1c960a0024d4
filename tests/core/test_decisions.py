"""Operating points decide; predictions and annotations survive JSON for all four kits."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from kits.core.annotation import Annotation, annotation_from_json, annotation_to_json
from kits.core.errors import DataError, did_you_mean
from kits.core.operating_point import Band, OperatingPoint
from kits.core.prediction import (
    Box,
    Draft,
    Prediction,
    Quantity,
    Reason,
    Span,
    prediction_from_json,
    prediction_to_json,
)
from kits.core.sample import new_sample_id
from tests.core.builders import AT

POINT = OperatingPoint(
    default=Band(act_at=0.9, review_from=0.6),
    per_label={"crack": Band(act_at=0.3, review_from=0.1)},
    method="test",
    dataset="d",
    seed=0,
)

LEAD = Prediction(
    score=0.31,
    label="hot",
    reasons=(Reason("asked for a demo: 31 % of such leads buy", 0.8, "demo", True, "for"),),
    quantities=(Quantity("probability", 0.31, "1", 0.22, 0.41, 0.9),),
)
MAIL = Prediction(
    score=0.97,
    label="where-is-my-order",
    probabilities={"where-is-my-order": 0.97, "refund": 0.03},
    spans=(Span(12, 20, "order_number", "A-123456"),),
    draft=Draft("Re: my order", "Dear …", "en", ("template:greeting", "kb/shipping.md#2")),
)
WINDOW = Prediction(
    score=4.2,
    label="outer-race",
    quantities=(Quantity("remaining_life", 210.0, "h", 120.0, 340.0, 0.9),),
    reasons=(Reason("energy at the outer-race frequency up 6× in 9 days", 4.2, "bpfo"),),
)
IMAGE = Prediction(score=0.95, label="scratch", boxes=(Box(1, 2, 30, 40, "scratch", 0.95),))


@pytest.mark.parametrize("prediction", [LEAD, MAIL, WINDOW, IMAGE])
def test_the_contract_carries_every_kit(prediction):
    assert prediction_from_json(prediction_to_json(prediction)) == prediction
    assert POINT.decide(prediction).verdict in ("act", "pass", "review")


@pytest.mark.parametrize(
    ("score", "verdict"), [(0.9, "act"), (0.89, "review"), (0.6, "review"), (0.59, "pass")]
)
def test_thresholds_are_inclusive(score, verdict):
    assert POINT.decide(Prediction(score)).verdict == verdict


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_reviewed_never_passed(score):
    assert POINT.decide(Prediction(score)).verdict == "review"


def test_the_strictest_class_decides():
    prediction = Prediction(
        0.5, "scratch", boxes=(Box(0, 0, 9, 9, "scratch", 0.5), Box(0, 0, 9, 9, "crack", 0.35))
    )
    decision = POINT.decide(prediction)
    assert (decision.verdict, decision.label) == ("act", "crack")


def test_a_class_band_may_also_be_laxer_than_the_default():
    lax = POINT.model_copy(update={"per_label": {"dust": Band(act_at=0.99, review_from=0.95)}})
    prediction = Prediction(0.92, "dust", boxes=(Box(0, 0, 9, 9, "dust", 0.92),))
    assert lax.decide(prediction).verdict == "pass"


def test_bands_in_the_wrong_order_are_refused():
    with pytest.raises(ValidationError, match="review_from must not be above act_at"):
        Band(act_at=0.1, review_from=0.2)


def test_annotations_survive_json():
    annotation = Annotation(label="defect", boxes=IMAGE.boxes, author="mia", source="review", at=AT)
    assert annotation_from_json(annotation_to_json(annotation)) == annotation
    with pytest.raises(DataError):
        annotation_from_json({"label": 3, "boxes": "x"})


def test_sample_ids_sort_by_time():
    ids = [new_sample_id() for _ in range(200)]
    assert len(set(ids)) == 200
    assert new_sample_id(AT) < ids[0]
    assert all(len(i) == 26 for i in ids)


def test_misspelt_words_get_a_suggestion():
    assert did_you_mean("csots", ["costs", "metric"]) == "did you mean 'costs'?"
    assert did_you_mean("xyz", ["costs", "metric"]) == "known: costs, metric"


def test_a_reason_says_which_way_it_speaks_and_is_no_formula():
    said = [
        Reason("a demo", 0.8, direction=direction).marked for direction in ("for", "against", "")
    ]
    assert said == ["(+) a demo", "(−) a demo", "a demo"]
    assert not any(text.startswith(("=", "+", "-", "@")) for text in said)
