"""Rarity: from an index in normal running to how seldom such a value comes by chance."""

from __future__ import annotations

import numpy as np
import pytest

from kits.predictive_maintenance._device.tail import LEAST_ROWS, Tail, fit

DAY_ROWS = 1440


def exponential(rows: int, seed: int = 0, slope: float = 0.3) -> np.ndarray:
    """An index whose logarithm falls off exponentially; readings do not know of each other."""
    return np.exp(np.random.default_rng(seed).exponential(slope, rows))


def test_a_value_of_a_score_comes_as_seldom_as_the_score_says() -> None:
    """Learned on ten days of a reading a minute, asked on two months."""
    tail = fit([exponential(10 * DAY_ROWS)], 60.0, gap_rows=0)
    later = exponential(60 * DAY_ROWS, seed=1)
    for score in (-2.0, -1.0):
        expected = 2 * 10**-score
        seen = int((later > tail.index_at(score)).sum())
        assert 0.5 * expected < seen < 2 * expected


def test_the_score_of_an_index_is_the_inverse_of_the_index_of_a_score() -> None:
    tail = fit([exponential(DAY_ROWS)], 60.0, gap_rows=5)
    for score in (-1.5, 0.0, 1.5):
        assert tail.score(np.array([tail.index_at(score)]))[0] == pytest.approx(score, abs=1e-6)


def test_neighbouring_values_are_one_event() -> None:
    """The same index with each value held for ten readings is not ten times as often unusual."""
    once = exponential(400)
    held = np.repeat(once, 10)
    alone = fit([once], 600.0, gap_rows=1)
    together = fit([held], 60.0, gap_rows=1)
    assert together.per_month == pytest.approx(alone.per_month, rel=0.05)


def test_readings_that_were_not_judged_do_not_count() -> None:
    index = exponential(600)
    with_gaps = np.insert(index, 300, np.full(200, np.nan))
    assert fit([with_gaps], 60.0, 3) == fit([index], 60.0, 3)


def test_a_short_calibration_promises_less_than_its_readings_show() -> None:
    narrow = exponential(LEAST_ROWS, slope=0.01)
    assert fit([narrow], 60.0, 0).slope > 3 * 0.01


def test_too_few_values_make_no_tail() -> None:
    with pytest.raises(ValueError, match="too few"):
        fit([exponential(LEAST_ROWS - 1)], 60.0, 0)


def test_scores_stay_within_bounds_whatever_the_index_is() -> None:
    tail = Tail(start=0.0, slope=0.1, per_month=3.0)
    scores = tail.score(np.array([0.0, 1e30, np.inf, np.nan]))
    assert scores[0] == -9
    assert scores[1] == scores[2] == 9
    assert np.isnan(scores[3])
