"""Stretches of time: cut where the base rate changes, and nowhere without reason."""

from __future__ import annotations

import numpy as np
import pytest

from kits.lead_scoring._court.stretches import changes, stretches


def outcomes(
    rates: list[float], leads: int, seed: int = 0
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """So many leads at each rate, one after the other."""
    rng = np.random.default_rng(seed)
    return (rng.random(leads * len(rates)) < np.repeat(rates, leads)).astype(np.float64)


@pytest.mark.parametrize("rates", [[0.03, 0.3], [0.3, 0.03]])
def test_a_change_of_the_base_rate_is_found_near_its_place(rates: list[float]) -> None:
    for seed in range(10):
        found = changes(outcomes(rates, 700, seed))
        assert min(abs(cut - 700) for cut in found) <= 40


def test_several_changes_are_found_in_order_of_time() -> None:
    found = changes(outcomes([0.05, 0.4, 0.1], 800))
    assert len(found) == 2
    assert found[0] == pytest.approx(800, abs=40) and found[1] == pytest.approx(1_600, abs=40)


def test_a_level_base_rate_is_seldom_cut() -> None:
    assert sum(bool(changes(outcomes([0.1], 1_000, seed))) for seed in range(40)) <= 4


def test_stretches_end_where_the_base_rate_changes() -> None:
    won = outcomes([0.03, 0.3], 700)
    near = stretches(won)
    (cut,) = changes(won)
    assert near[cut] == near[cut - 1] + 1
    assert (np.diff(near) >= 0).all() and set(np.diff(near)) <= {0, 1}


@pytest.mark.parametrize("won", [np.zeros(0), np.zeros(5), np.ones(300), np.array([1.0])])
def test_leads_that_all_became_the_same_are_one_stretch(
    won: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    assert set(stretches(won)) <= {0}
