"""Whether anything tells who buys: said where nothing does, not said where something does."""

from __future__ import annotations

import numpy as np
import pytest

from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring.config import Config
from tests.lead_scoring.court.court_tables import Made


def test_no_signal_is_said_with_its_figures() -> None:
    made = Made(2_000, strength=0.0)
    made.columns["close_value"] = np.where(made.won == 1, 500.0, 0.0).tolist()
    court = made.court()
    assert court.no_signal.startswith("no signal")
    assert "with outcomes shuffled 95 % lie within" in court.no_signal
    assert "close_value" in court.excluded


@pytest.mark.parametrize("order", ["clock", "none"])
def test_a_signal_is_seen_with_and_without_time(order: str) -> None:
    court = Made(1_500, seed=1).court(order=order)
    assert court.no_signal == ""
    assert court.signal is not None
    assert court.signal.auc.value > court.signal.chance_high
    assert court.signal.p_value < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("order", ["clock", "none"])
def test_noise_is_seldom_taken_for_a_signal(order: str) -> None:
    """A test at 5 %: of 20 tables of noise more than 4 pass once in 400 times, by chance."""
    passed = 0
    for seed in range(20):
        signal = Made(600, seed=seed, strength=0.0).court(order=order).signal
        assert signal is not None
        passed += signal.p_value <= 0.05
    assert passed <= 4


def test_a_moving_base_rate_is_no_signal() -> None:
    made = Made(4_000, strength=0.0)
    made.won = (made.rng.random(4_000) < np.linspace(0.1, 0.6, 4_000)).astype(float)
    made.columns["quarter"] = [f"Q{1 + row * 8 // 4_000}" for row in range(4_000)]
    court = made.court()
    assert court.no_signal.startswith("no signal")
    assert "quarter" in court.drifting


@pytest.mark.parametrize("seed", range(3))
def test_campaigns_that_ran_one_after_the_other_are_no_signal_to_trees_either(seed: int) -> None:
    """The latest quarter holds two that ran before, one of which sold more: leads of one day do not differ in it."""
    made = Made(2_400, seed=seed, strength=0.0)
    sold = np.repeat([0.05, 0.4, 0.05, 0.4, 0.05, 0.4, 0.05, 0.4], 300)
    made.won = (made.rng.random(2_400) < sold).astype(float)
    made.columns["campaign"] = np.where(sold > 0.1, "spring", "autumn").tolist()
    court = made.court()
    assert court.side_by_side[-1].without_guilty.low > 0.6, "trees tell the one from the other"
    assert court.no_signal.startswith("no signal")


def test_nothing_left_to_learn_from_is_said() -> None:
    made = Made(800)
    made.columns = {"close_value": np.where(made.won == 1, 500.0, 0.0).tolist()}
    court = made.court()
    assert "nothing is left to learn from" in court.no_signal


@pytest.mark.parametrize("seed", range(3))
def test_leads_that_score_alike_are_not_ranked_by_their_time(seed: int) -> None:
    """One column of two values, noise, while the base rate rises within every period."""
    rng = np.random.default_rng(seed)
    made = Made(3_000, seed=seed)
    made.won = (rng.random(3_000) < np.linspace(0.05, 0.8, 3_000)).astype(float)
    made.columns = {"newsletter": rng.choice(["yes", "no"], 3_000).tolist()}
    signal = made.court().signal
    assert signal is not None and abs(signal.auc.value - 0.5) < 0.04


def test_a_signal_in_columns_that_drift_is_seen() -> None:
    """All that tells who buys came into fashion: it tells the period too, and the base rate rises with it."""
    made = Made(4_000, seed=3, strength=0.0)
    share = np.linspace(0.0, 1.0, 4_000)
    mobile = made.rng.random(4_000) < share
    made.won = (made.rng.random(4_000) < 0.03 + 0.12 * mobile + 0.05 * share).astype(float)
    made.columns["device"] = np.where(mobile, "mobile", "desk").tolist()
    court = made.court()
    assert "device" in court.drifting
    assert court.no_signal == ""


@pytest.mark.slow
@pytest.mark.parametrize("rates", [(0.03, 0.3), (0.3, 0.03)])
def test_a_base_rate_that_jumps_is_seldom_taken_for_a_signal(rates: tuple[float, float]) -> None:
    """A test at 5 %: of 10 tables more than 2 pass once in 90 times, by chance."""
    passed = 0
    for seed in range(10):
        made = Made(1_500, seed=3_000 + seed, strength=0.0)
        late = np.arange(1_500) >= 1_100
        made.won = (made.rng.random(1_500) < np.where(late, rates[1], rates[0])).astype(float)
        made.columns["campaign"] = np.where(late, "new", "old").tolist()
        signal = made.court().signal
        assert signal is not None
        passed += signal.p_value <= 0.05
    assert passed <= 2


@pytest.mark.slow
def test_a_weak_signal_is_seen_whatever_folds_the_seed_draws() -> None:
    table = Made(2_000, seed=5, strength=0.35).table()
    courts = [hold_court(table, Config(), seed=seed) for seed in range(4)]
    values = [court.signal.p_value for court in courts if court.signal is not None]
    assert len(values) == 4
    assert max(values) - min(values) < 0.02
    assert all(court.no_signal == "" for court in courts)
