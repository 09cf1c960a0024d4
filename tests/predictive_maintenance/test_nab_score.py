"""The scorer of `benchmarks/nab_score.py` against values worked out by hand from the paper's formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.nab_score import PROFILES, Series, corpus_score, raw_score, sigmoid, swept

STANDARD = PROFILES["standard"]
SERIES = Series(rows=100, windows=((40, 49), (70, 79)))


def _at(*rows: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.array(rows, np.intp)


def test_worth_falls_from_the_window_s_start_through_its_end_to_far_behind() -> None:
    assert sigmoid(-1.0) == pytest.approx(0.98661, abs=1e-5)
    assert sigmoid(0.0) == 0.0
    assert sigmoid(1.0) == pytest.approx(-0.98661, abs=1e-5)
    assert sigmoid(3.01) == -1.0


def test_silence_scores_nothing_and_perfection_a_hundred() -> None:
    assert corpus_score([SERIES], [_at()], STANDARD) == pytest.approx(0.0)
    assert corpus_score([SERIES], [_at(40, 70)], STANDARD) == pytest.approx(100.0)


def test_a_window_counts_once_by_its_earliest_detection() -> None:
    late = raw_score(SERIES, _at(44), STANDARD)
    assert raw_score(SERIES, _at(44, 45, 49), STANDARD) == late
    # five tenths of the window and the row itself are left: position −0.6
    worth = (2 / (1 + math.exp(-3.0)) - 1) / (2 / (1 + math.exp(-5.0)) - 1)
    assert late == pytest.approx(worth - 1.0)


def test_false_detections_cost_by_their_distance_behind_the_last_window() -> None:
    missed_both = -2.0
    assert raw_score(SERIES, _at(20), STANDARD) == pytest.approx(missed_both - 0.11)
    # three rows behind a window of ten: position 3 / 9
    near = 0.11 * (2 / (1 + math.exp(5 / 3)) - 1)
    assert raw_score(SERIES, _at(52), STANDARD) == pytest.approx(missed_both + near)


def test_probation_is_not_scored() -> None:
    assert raw_score(SERIES, _at(0, 7, 14), STANDARD) == -2.0
    assert raw_score(SERIES, _at(15), STANDARD) < -2.0


def test_profiles_weigh_false_and_missed_twice() -> None:
    assert raw_score(SERIES, _at(20), PROFILES["low false positives"]) == pytest.approx(-2.22)
    assert raw_score(SERIES, _at(), PROFILES["low false negatives"]) == -4.0


def test_the_sweep_finds_the_threshold_that_enumeration_finds() -> None:
    corpus = [SERIES, Series(rows=60, windows=((30, 39),))]
    rng = np.random.default_rng(3)
    scores = [np.round(rng.random(one.rows), 1) for one in corpus]
    for profile in PROFILES.values():
        tried = [
            corpus_score(corpus, [np.flatnonzero(s >= cut) for s in scores], profile)
            for cut in np.linspace(0, 1.1, 12)
        ]
        best, threshold = swept(corpus, scores, profile)
        assert best == pytest.approx(max(tried))
        again = [np.flatnonzero(s >= threshold) for s in scores]
        assert corpus_score(corpus, again, profile) == pytest.approx(best)
