"""What the hub takes from a prediction: the probability, which knows the time of year, beside the order, which does not."""

from __future__ import annotations

from typing import cast

from cloud_sync.crm.scoring.scored import score_of
from kits.core.operating_point import Band, OperatingPoint
from kits.core.prediction import Prediction, Quantity
from kits.core.ready import ReadyBundle


class Deciding:
    """As much of a bundle as is asked here."""

    id = "b"

    def decide(self, prediction: Prediction) -> object:
        """By the score."""
        band = Band(act_at=0.4, review_from=0.1)
        return OperatingPoint(default=band, method="", dataset="", seed=0).decide(prediction)


def test_a_probability_and_its_points_are_those_told_and_the_band_is_by_the_score() -> None:
    told = (
        Quantity("probability", 0.3, "", 0.2, 0.4, 0.9),
        Quantity("points", 30.0, ""),
        Quantity("percentile", 96.0, "%"),
    )
    score = score_of(cast("ReadyBundle", Deciding()), Prediction(0.45, quantities=told))
    assert (score.probability, score.low, score.high, score.points) == (0.3, 0.2, 0.4, 30)
    assert (score.verdict, score.band, score.percentile) == ("act", "hot", 0.96)


def test_without_one_the_score_is_the_probability() -> None:
    score = score_of(cast("ReadyBundle", Deciding()), Prediction(0.45))
    assert (score.probability, score.low, score.points, score.band) == (0.45, None, 45, "hot")
