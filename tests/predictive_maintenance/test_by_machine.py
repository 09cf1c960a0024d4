"""Intervals of figures over few machines: what is said of two or six of them must hold for those that come."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.stats import student_quantile
from kits.predictive_maintenance._judging.by_machine import mean_share, root_mean_square
from kits.predictive_maintenance._learning.warning_time import spread_of


@pytest.mark.parametrize(("freedom", "expected"), [(1, 12.706), (5, 2.571), (30, 2.042)])
def test_student_quantiles_are_those_of_the_tables(freedom: int, expected: float) -> None:
    assert student_quantile(0.975, freedom) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("machines", [2, 6])
def test_the_error_of_machines_to_come_lies_in_the_interval_of_few(machines: int) -> None:
    """Mean squares of machines whose predictions err by a gamma-distributed amount: the true mean is 2."""
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(100):
        squares = rng.gamma(2.0, 1.0, machines).tolist()
        found = root_mean_square(squares, [str(i) for i in range(machines)], seed)
        held += found.low <= np.sqrt(2) <= found.high
    assert held >= 88, "drawn again alone they held in 42 of 100 (two machines) and 78 (six)"


def test_machines_that_are_all_covered_promise_no_more_than_their_number() -> None:
    two = mean_share([1.0, 1.0], ["a", "b"])
    assert (two.value, two.high) == (1.0, 1.0)
    assert two.low == pytest.approx(0.158, abs=1e-3)
    many = mean_share([0.975] * 120, [str(i) for i in range(120)])
    assert 0.92 < many.low < 0.95
    assert many.high < 1


def test_stretches_of_one_machine_are_no_machines() -> None:
    assert mean_share([1.0] * 10, ["a"] * 5 + ["b"] * 5).low == pytest.approx(0.158, abs=1e-3)


def test_of_few_warning_times_the_ends_are_told_and_no_twentieth() -> None:
    assert spread_of([28.0, 31.0]) == ("30", "from 28 to 31 of 2 machines")
    assert spread_of([28.0]) == ("28", "of one machine")
    assert spread_of([float(x) for x in range(20, 60)])[1] == "5 % under 22, 5 % over 57"
