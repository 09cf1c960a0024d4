"""Complaints about a bundle are functions of what was counted."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.update.config import UpdateConfig
from edge_agent.update.probation import (
    Baseline,
    Tally,
    empty_complaint,
    enough,
    failing_complaint,
    moved_complaint,
    shadow_complaint,
    urgent_complaint,
)
from edge_agent.update.scores import Histogram, noise, psi
from kits.core.prediction import Box, Prediction

CONFIG = UpdateConfig()
NOTHING = Prediction(score=0.0, label="good")
FOUND = Prediction(score=0.9, label="scratch", boxes=(Box(0, 0, 1, 1, "scratch"),))


def tally(*predictions: Prediction | None, latency_ms: float = 10.0) -> Tally:
    made = Tally()
    for prediction in predictions:
        made.add(latency_ms, prediction)
    return made


def base(*, n: int = 100, empty: int = 0, p95_ms: float | None = 10.0) -> Baseline:
    return Baseline(n=n, empty=empty, p95_ms=p95_ms, scores=None)


def test_nothing_seen_is_no_complaint() -> None:
    assert shadow_complaint(Tally(), CONFIG) == ""
    assert urgent_complaint(Tally(), CONFIG, base(), None) == ""
    assert empty_complaint(Tally(), base()) == ""
    assert failing_complaint(Tally()) == ""
    assert moved_complaint(Tally(), CONFIG, base()) == ""


def test_one_failure_in_the_shadow_refuses() -> None:
    assert "failed on 1 of 21" in shadow_complaint(tally(*[FOUND] * 20, None), CONFIG)


def test_a_wanted_change_of_verdicts_does_not_refuse() -> None:
    config, seen = UpdateConfig(max_disagreement=0.5), Tally()
    for number in range(20):
        seen.add(10.0, FOUND, agrees=number >= 14)
    assert "at most 50%" in shadow_complaint(seen, config)
    assert shadow_complaint(seen, config, expected=0.6) == ""
    assert "at most 55%" in shadow_complaint(seen, config, expected=0.3)


def test_a_model_that_finds_nothing_where_the_old_one_did_is_refused() -> None:
    seen = Tally()
    for number in range(100):
        seen.add(10.0, NOTHING, agrees=number >= 5, other=FOUND if number < 5 else NOTHING)
    assert "found nothing on any of 100" in shadow_complaint(seen, CONFIG)
    assert shadow_complaint(seen, CONFIG, expected=0.05) == ""
    assert shadow_complaint(tally(*[NOTHING] * 100), CONFIG) == ""


def test_failures_on_probation_take_back() -> None:
    assert "failed on 5 of 25" in urgent_complaint(
        tally(*[FOUND] * 20, *[None] * 5), CONFIG, base(), None
    )
    assert urgent_complaint(tally(*[FOUND] * 99, None), CONFIG, base(), None) == ""
    assert "failed on 3 of 3" in urgent_complaint(tally(*[None] * 3), CONFIG, base(), None)


def test_few_failures_are_judged_at_the_end_only() -> None:
    seen = tally(None, *[FOUND] * 3, None)
    assert urgent_complaint(seen, CONFIG, base(), None) == ""
    assert "failed on 2 of 5" in failing_complaint(seen)


def test_a_few_samples_are_enough_where_all_take_too_long_but_time_alone_never_is() -> None:
    assert enough(100, 100, 0, 600)
    assert not enough(99, 100, 599, 600)
    assert enough(20, 100, 600, 600)
    assert not enough(19, 100, 1e9, 600)
    assert enough(5, 5, 0, 600)
    assert not enough(4, 5, 1e9, 600)
    assert enough(0, 0, 0, 600)


def test_a_slow_model_is_found_soon_and_a_hiccup_is_none() -> None:
    assert "too slow: 5 of 5" in urgent_complaint(
        tally(*[FOUND] * 5, latency_ms=100), CONFIG, base(), None
    )
    seen = tally(*[FOUND] * 95)
    for _ in range(4):
        seen.add(500.0, FOUND)
    assert urgent_complaint(seen, CONFIG, base(), None) == ""


def test_the_declared_limit_counts_before_the_shadow_s() -> None:
    seen = tally(*[FOUND] * 20, latency_ms=40)
    assert "more than 22 ms" in urgent_complaint(seen, CONFIG, base(), None)
    assert urgent_complaint(seen, CONFIG, base(), 50.0) == ""
    assert "more than 30 ms" in urgent_complaint(seen, CONFIG, base(p95_ms=100.0), 30.0)


@pytest.mark.parametrize(
    ("found_nothing", "n", "before", "complains"),
    [(90, 100, 50, True), (60, 100, 50, False), (100, 100, 85, True), (97, 100, 95, False)],
)
def test_a_jump_of_empty_outputs_takes_back(
    found_nothing: int, n: int, before: int, complains: bool
) -> None:
    seen = tally(*[NOTHING] * found_nothing, *[FOUND] * (n - found_nothing))
    said = empty_complaint(seen, base(empty=before))
    assert ("found nothing" in said) == complains


def scored(scores: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Tally:
    return tally(*[Prediction(score=float(s)) for s in scores])


def test_scores_that_moved_may_not_be_committed() -> None:
    rng = np.random.default_rng(1)
    baseline = scored(rng.beta(2, 5, 100)).baseline()
    assert moved_complaint(scored(rng.beta(2, 5, 200)), CONFIG, baseline) == ""
    assert "stability index" in moved_complaint(scored(rng.beta(5, 2, 200)), CONFIG, baseline)


def test_a_detector_s_many_zeros_are_a_bin_of_their_own() -> None:
    histogram = Histogram.of([0.0] * 70 + [0.5 + n / 100 for n in range(30)])
    assert histogram is not None
    assert histogram.edges[0] == 0.0
    assert histogram.counts[0] == 70
    assert histogram.count([0.0, 0.0, 0.6, 9.0])[0] == 2
    assert Histogram.of([0.1] * 19) is None


@pytest.mark.parametrize(("before", "after"), [(100, 200), (100, 60), (40, 200), (20, 30)])
def test_scores_that_did_not_move_rarely_look_as_if(before: int, after: int) -> None:
    """The false alarm rate by simulation: 3,000 probations without any change."""
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(3000):
        histogram = Histogram.of(rng.normal(size=before))
        assert histogram is not None
        seen = histogram.count(rng.normal(size=after))
        alarms += psi(histogram.counts, seen) > 0.25 + noise(histogram.counts, seen)
    assert alarms <= 6
