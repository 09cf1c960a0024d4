"""What the rates of a bundle let expect, and what is beyond that."""

from __future__ import annotations

from kits.core.expected import rate_beyond, share_beyond
from kits.core.operating_point import Band, OperatingPoint
from kits.core.stats import Estimate, proportion


def point(**counted: tuple[int, int]) -> OperatingPoint:
    rates = {name: proportion(*count) for name, count in counted.items()}
    band = Band(act_at=2, review_from=1)
    return OperatingPoint(default=band, rates=rates, method="test", dataset="d", seed=0)


def test_a_rate_is_beyond_where_its_interval_lies_above_the_one_measured() -> None:
    made = point(overkill_rate=(1, 100))
    said = rate_beyond(made, "overkill_rate", proportion(30, 100))
    assert said.startswith("false acts 30.0 %") and "where 1.0 % [0.0, 5.4] were measured" in said
    assert not rate_beyond(made, "overkill_rate", proportion(6, 100)), "chance may be that"
    assert not rate_beyond(made, "overkill_rate", proportion(0, 1000)), "fewer are no harm"


def test_what_was_never_measured_or_is_better_when_large_is_not_beyond() -> None:
    made = point(image_auroc=(1, 100))
    assert not rate_beyond(made, "overkill_rate", proportion(90, 100))
    assert not rate_beyond(made, "image_auroc", proportion(90, 100))
    assert not share_beyond(made, proportion(90, 100), 0.02)


def test_acts_without_a_truth_may_be_as_many_as_false_acts_and_positives() -> None:
    made = point(overkill_rate=(1, 100))
    assert "82.0 %" in share_beyond(made, proportion(82, 100), 0.02)
    assert not share_beyond(made, proportion(7, 100), 0.02)
    assert not share_beyond(made, proportion(25, 100), 0.3), "as many are to be acted on"


def test_reviews_are_held_beside_those_of_parts_as_they_come() -> None:
    """Half of the parts that thresholds were chosen on were defective, and went to a person."""
    made = point(review_rate=(50, 100))
    of_1000 = Estimate(value=40, low=20, high=80, n=100)
    told = made.model_copy(update={"rates": {**made.rates, "reviews_per_1000": of_1000}})
    came = proportion(40, 100)
    assert not rate_beyond(made, "review_rate", came)
    assert "where 4.0 % [2.0, 8.0]" in rate_beyond(told, "review_rate", came)
