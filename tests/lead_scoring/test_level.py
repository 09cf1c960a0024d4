"""Levels that move: followed as far as leads show it, left alone where they stand, drawn back where they come and go."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kits.core.dataset import Split
from kits.core.stats import Floats
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.backtest import Backtest, run_backtest
from kits.lead_scoring._learning.calibration import Slice, calibrate
from kits.lead_scoring._learning.candidates import candidates
from kits.lead_scoring._learning.folds import Clock, Origin, origins
from kits.lead_scoring._learning.intervals import interval_of
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.learner import Learner
from kits.lead_scoring._learning.level import Level, level_of, raised, said_of
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._models.spec import CalibratorSpec
from kits.lead_scoring.config import Config

N = 2_000
DAY_S = 86_400.0


def slices_of(level: Floats, seed: int = 0) -> list[Slice]:
    """Three periods of leads whose log-odds have so much more, in order of time."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(-1.0, 1.0, len(level))
    won = (rng.random(len(level)) < probability(margins + level)).astype(np.float64)
    return [Slice(*one) for one in zip(np.array_split(margins, 3), np.array_split(won, 3))]


def off_by(level: Floats, coming: float, seed: int) -> float:
    """How far the next period's level lies from what is said of it."""
    slices = slices_of(level, seed)
    made, _ = calibrate(slices, "auto")
    made = raised(made, level_of(slices, made).to_come)
    return float(calibrated(np.array([-1.0]), made)[0]) + 1.0 - coming


def jump(leads: int = 3 * N) -> Floats:
    """By ln 2 downwards, after two thirds of the leads."""
    return np.repeat([0.0, 0.0, -math.log(2)], leads // 3)


def test_a_level_that_stands_is_left_alone() -> None:
    for seed in range(8):
        slices = slices_of(np.zeros(N), seed)
        assert abs(level_of(slices, calibrate(slices, "auto")[0]).to_come) < 0.1


def test_a_level_that_has_fallen_is_followed() -> None:
    made = [calibrate(slices_of(jump(), seed), "auto")[0] for seed in range(6)]
    plain = np.mean(
        [float(calibrated(np.array([-1.0]), one)[0]) + 1.0 + math.log(2) for one in made]
    )
    followed = np.mean([off_by(jump(), -math.log(2), seed) for seed in range(6)])
    assert plain > 0.4 and abs(followed) < 0.65 * plain


@pytest.mark.slow
def test_bursts_that_come_and_go_are_not_taken_for_what_comes() -> None:
    """Every other stretch is a burst, the latest one too."""
    burst = np.repeat([0.0, 0.8] * 8, N // 16).astype(np.float64)
    assert np.abs(np.mean([off_by(burst, 0.4, seed) for seed in range(8)])) < 0.2


@pytest.mark.slow
def test_a_level_that_each_new_model_learns_of_is_not_counted_twice() -> None:
    """It rises while a model judges, which the next one knows from its start: the next period is as the three before were."""
    rises = np.tile(np.linspace(0.0, 0.3, 8_000), 3)
    assert abs(np.mean([off_by(rises, 0.15, seed) for seed in range(6)])) < 0.03


def test_few_leads_tell_of_no_level() -> None:
    assert level_of(slices_of(np.zeros(45)), CalibratorSpec()) == Level()
    assert level_of([], CalibratorSpec()) == Level()


@pytest.mark.parametrize("method", ["none", "platt", "beta", "isotonic"])
def test_each_correction_is_raised_by_as_much(method: str) -> None:
    made = CalibratorSpec.model_validate(
        {"method": method, "knots": (-2.0, 1.0), "values": (-1.5, 0.5)}
        if method == "isotonic"
        else {"method": method}
    )
    grid = np.linspace(-2, 1, 7)
    more = calibrated(grid, raised(made, -0.7)) - calibrated(grid, made)
    assert more == pytest.approx(np.full(7, -0.7))
    assert raised(made, 0.001) == made


def test_what_is_followed_is_said() -> None:
    assert said_of(Level(0.02)) == ""
    assert "fewer are won of late" in said_of(Level(-0.6)) and "-0.60" in said_of(Level(-0.6))


def test_the_interval_stands_about_the_level_that_is_followed() -> None:
    slices = slices_of(jump())
    made, _ = calibrate(slices, "auto")
    level = level_of(slices, made)
    made = raised(made, level.to_come)
    grid = calibrated(np.linspace(-2.5, 0.5, 7), made)
    held, pooled = (interval_of(slices, made, past) for past in (level.past, ()))
    middles = [
        float(np.mean((np.interp(grid, spec.knots, spec.low) + np.interp(grid, spec.knots, spec.high)) / 2 - grid))
        for spec in (held, pooled)
    ]  # fmt: skip
    assert abs(middles[0]) < 0.15 < middles[1]


def backtest_after(turns_at: float) -> tuple[Backtest, Origin, Floats]:
    """Leads of which one column turns its meaning round; known a day after they came."""
    rng = np.random.default_rng(1)
    seen = rng.integers(0, 2, N)
    sense = np.where(np.arange(N) < turns_at * N, 1.0, -1.0)
    won = (rng.random(N) < probability(2.0 * sense * (seen - 0.5) - 1.0)).astype(np.float64)
    order = 1.7e9 + DAY_S * np.arange(N) / 4
    config = Config.model_validate({"approach": "recent"})
    sheet = Sheet([Lead(str(n), {"seen": "ab"[one]}) for n, one in enumerate(seen.tolist())])
    kinds = kinds_of(sheet, np.arange(N), sheet.names, config.columns)
    learner = Learner(sheet, won, kinds, frozenset(), config, 0, settled=order + DAY_S)
    splits: list[Split] = [
        "train" if n < 1_200 else "val" if n < 1_600 else "test" for n in range(N)
    ]
    clock = Clock(order, order + DAY_S)
    steps = origins(splits, [""] * N, 4, in_time=True, seed=0, clock=clock, won=won)
    tried = candidates(config, few=False, in_time=True, drifting=())
    return run_backtest(learner, steps, tried, in_time=True), steps[-1], won


def test_later_leads_of_test_are_judged_by_what_the_earlier_ones_taught() -> None:
    """As a model that ships would: the first part knows nothing of the turn, the last one does."""
    found, step, won = backtest_after(0.8)

    def loss(part: Origin) -> float:
        said = np.array([found.unseen[row] for row in part.judge.tolist()])
        return float(-np.log(np.where(won[part.judge] > 0, said, 1 - said)).mean())

    losses = [loss(part) for part in step.parts]
    assert losses[-1] < 0.9 * losses[0]
    assert len(found.unseen) >= 1_400
