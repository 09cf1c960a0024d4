"""Intervals and ranks agree with published values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kits.core import stats


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (0, 20, 0.0, 0.1684),
        (5, 50, 0.0333, 0.2181),
        (263, 1000, 0.2359, 0.2915),
        (10, 10, 0.6915, 1.0),
    ],
)
def test_exact_interval_matches_published_tables(successes, n, low, high):
    estimate = stats.proportion(successes, n)
    assert estimate.low == pytest.approx(low, abs=2e-4)
    assert estimate.high == pytest.approx(high, abs=2e-4)


@pytest.mark.parametrize(("n", "bound"), [(20, 0.139), (50, 0.058), (100, 0.0295), (300, 0.00994)])
def test_no_miss_in_n_defects_bounds_the_escape_rate(n, bound):
    assert stats.upper_bound(0, n) == pytest.approx(bound, rel=0.01)


@pytest.mark.parametrize("q", [1e-6, 0.025, 0.5, 0.95, 1 - 1e-6])
@pytest.mark.parametrize(
    ("a", "b"), [(0.5, 0.5), (0.5, 3000.5), (1, 1), (2, 40), (59063.3, 61635.2), (5, 0.5)]
)
def test_of_a_beta_distribution_a_share_lies_below_its_quantile(q, a, b):
    """From flat ones to needles: halving alone took five times as long."""
    assert stats._beta_cdf(stats.beta_quantile(q, a, b), a, b) == pytest.approx(q, rel=1e-8)


def test_numpys_numbers_are_taken_without_a_warning() -> None:
    q, a, b = map(np.float64, (0.05, 95312.04859333056, 2.008313502706805))
    assert stats._beta_cdf(stats.beta_quantile(q, a, b), a, b) == pytest.approx(0.05)


def test_no_observation_claims_nothing():
    estimate = stats.proportion(0, 0)
    assert (estimate.low, estimate.high) == (0.0, 1.0)


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="3 successes of 2"):
        stats.proportion(3, 2)


def test_auroc_counts_ties_half():
    scores = np.array([0.1, 0.4, 0.4, 0.9])
    positive = np.array([False, False, True, True])
    assert stats.auroc(scores, positive) == pytest.approx(3.5 / 4)


def test_a_perfect_order_of_few_samples_is_not_certain():
    positive = np.array([False] * 9 + [True] * 40)
    scores = positive.astype(float) + np.linspace(0, 0.5, 49)
    estimate = stats.auroc_estimate(
        scores, positive, [str(i) for i in range(49)], seed=0, rounds=50
    )
    assert (estimate.value, estimate.high) == (1.0, 1.0)
    assert estimate.low == pytest.approx(0.664, abs=0.001)


def test_auroc_without_one_class_is_nan():
    assert math.isnan(stats.auroc(np.array([1.0, 2.0]), np.array([True, True])))


def test_average_precision_of_a_perfect_order_is_one():
    scores = np.array([0.9, 0.8, 0.2])
    assert stats.average_precision(scores, np.array([True, True, False])) == 1.0
    assert stats.average_precision(-scores, np.array([True, True, False])) == pytest.approx(
        (1 / 2 + 2 / 3) / 2
    )


def test_bootstrap_of_groups_is_wider_than_of_samples():
    rng = np.random.default_rng(3)
    centres = rng.normal(size=20)
    values = np.repeat(centres, 25) + rng.normal(scale=0.1, size=500)

    def mean(index):
        return float(values[index].mean())

    by_group = stats.bootstrap(mean, [str(i // 25) for i in range(500)], seed=1, rounds=300)
    by_sample = stats.bootstrap(mean, [str(i) for i in range(500)], seed=1, rounds=300)
    assert by_group.high - by_group.low > 2 * (by_sample.high - by_sample.low)


def test_a_single_group_never_looks_certain():
    values = np.random.default_rng(3).normal(size=40)

    def mean(index):
        return float(values[index].mean())

    estimate = stats.bootstrap(mean, ["board-7"] * 40, seed=1)
    assert estimate.low < estimate.value < estimate.high
    assert "too narrow" in estimate.method


def test_bootstrap_is_repeatable():
    values = np.random.default_rng(0).normal(size=50)
    groups = [str(i) for i in range(50)]

    def mean(index):
        return float(values[index].mean())

    assert stats.bootstrap(mean, groups, seed=7) == stats.bootstrap(mean, groups, seed=7)


def test_conformal_threshold_holds_its_false_alarm_rate():
    rng = np.random.default_rng(0)
    rates = []
    for _ in range(200):
        scores = rng.normal(size=500)
        threshold = stats.conformal_threshold(scores[:200], 0.05)
        rates.append(float((scores[200:] > threshold).mean()))
    assert np.mean(rates) == pytest.approx(0.05, abs=0.006)


def test_too_few_good_parts_give_no_threshold():
    assert stats.conformal_threshold(np.arange(50.0), 0.01) == math.inf
