"""Where a list of so many of the best ends, with scores that are alike."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.ranked import Floats, threshold_for

SCORES = np.array([0.1, 0.9, 0.5, 0.5, 0.5, 0.7, 0.2, 0.3, 0.4, 0.6])


def taken_of(scores: Floats, share: float) -> int:
    """How many leads reach the threshold."""
    return int((scores >= threshold_for(scores, share)).sum())


@pytest.mark.parametrize(
    ("share", "taken"), [(0.1, 1), (0.2, 2), (0.29, 2), (0.3, 3), (0.6, 6), (1.0, 10)]
)
def test_as_many_are_taken_as_the_share_allows(share: float, taken: int) -> None:
    assert taken_of(SCORES, share) == taken


@pytest.mark.parametrize("share", [0.4, 0.5])
def test_scores_that_are_alike_are_taken_together_or_not_at_all(share: float) -> None:
    assert taken_of(SCORES, share) == 3


def test_the_best_are_taken_however_small_the_share() -> None:
    assert threshold_for(SCORES, 0.0) == 0.9
    assert threshold_for(np.full(5, 0.3), 0.1) == 0.3


def test_a_share_that_is_a_whole_number_of_leads_is_not_lost_to_rounding() -> None:
    scores = np.arange(10, dtype=np.float64)
    assert [taken_of(scores, n / 10) for n in range(1, 11)] == [*range(1, 11)]
