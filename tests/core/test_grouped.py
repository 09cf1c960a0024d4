"""Samples of one group prove less than as many of several."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core import stats
from kits.core.grouped import effective, grouped_proportion

THRICE = [str(number // 3) for number in range(45)]


def test_samples_of_their_own_have_the_exact_interval() -> None:
    hits = [number < 3 for number in range(45)]
    found = grouped_proportion(hits, list(map(str, range(45))))
    assert found == stats.proportion(3, 45)


@pytest.mark.parametrize("hit", [False, True])
def test_where_all_are_alike_each_group_counts_once(hit: bool) -> None:
    found = grouped_proportion([hit] * 45, THRICE)
    of_groups = stats.proportion(15 * hit, 15)
    assert (found.low, found.high, found.n) == (of_groups.low, of_groups.high, 45)
    assert "15 groups" in found.method


def test_groups_that_are_hit_as_a_whole_count_once_and_others_more() -> None:
    whole = [int(group) % 2 == 0 for group in THRICE]
    mixed = [number % 3 == 0 for number in range(45)]
    assert effective(whole, THRICE) == pytest.approx(15, abs=1)
    assert effective(mixed, THRICE) == 45


@pytest.mark.parametrize("rate", [0.05, 0.4])
@pytest.mark.parametrize("alike", [0.0, 0.5, 1.0])
def test_the_interval_holds_the_truth_however_alike_the_pictures_of_a_part_are(
    rate: float, alike: float
) -> None:
    rng = np.random.default_rng(4)
    groups = [str(number // 3) for number in range(120)]
    held = 0
    for _ in range(100):
        of_part = np.repeat(rng.random(40) < rate, 3)
        hits = np.where(rng.random(120) < alike, of_part, rng.random(120) < rate)
        found = grouped_proportion([bool(hit) for hit in hits], groups)
        held += found.low <= rate <= found.high
    assert held >= 92
