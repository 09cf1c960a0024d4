"""Figures of merit beside values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kits.predictive_maintenance._judging.scores import average_precision, macro_f1, nasa_score


def precision(truth: list[int], score: list[float]) -> float:
    return average_precision(np.array(truth, np.bool_), np.array(score))


def test_average_precision_of_a_short_ranking() -> None:
    # ranks 1 and 3 are hits: (1/1 + 2/3) / 2
    assert precision([1, 0, 1, 0], [4, 3, 2, 1]) == pytest.approx((1 + 2 / 3) / 2)


def test_average_precision_of_ties_does_not_depend_on_their_order() -> None:
    assert precision([1, 0, 0], [1, 1, 0]) == precision([0, 1, 0], [1, 1, 0]) == pytest.approx(0.5)


def test_a_perfect_ranking_is_one_and_a_constant_one_is_the_share() -> None:
    assert precision([1, 1, 0, 0, 0], [5, 4, 3, 2, 1]) == pytest.approx(1)
    assert precision([1, 1, 0, 0, 0], [7] * 5) == pytest.approx(0.4)


def test_nothing_to_find_has_no_precision() -> None:
    assert np.isnan(precision([0, 0], [1, 2]))


def test_macro_f1_counts_each_class_alike() -> None:
    truth, said = np.array([0, 0, 0, 0, 1, 2]), np.array([0, 0, 0, 0, 2, 2])
    # class 0: 1; class 1: never said, 0; class 2: precision 1/2, recall 1
    assert macro_f1(truth, said, 3) == pytest.approx((1 + 0 + 2 / 3) / 3)


def test_macro_f1_passes_over_classes_nobody_speaks_of() -> None:
    both = np.array([0, 1])
    assert macro_f1(both, both, 5) == 1


def test_the_asymmetric_score_punishes_late_more_than_early() -> None:
    # Saxena et al. 2008: exp(13/13) - 1 for 13 too early, exp(10/10) - 1 for 10 too late
    assert nasa_score(np.array([-13.0])) == pytest.approx(np.e - 1)
    assert nasa_score(np.array([10.0])) == pytest.approx(np.e - 1)
    assert nasa_score(np.array([13.0, 0.0])) > nasa_score(np.array([-13.0, 0.0]))
