"""From time to turns: orders stay lines while the speed changes."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.angle import (
    angles,
    at_equal_angles,
    is_steady,
    is_tracked,
    mean_speeds,
    pulse_times,
)
from kits.predictive_maintenance._signals.bearings import lookup
from kits.predictive_maintenance._signals.features import FeatureSpec, extract, names
from kits.predictive_maintenance._signals.spectrum import transform
from tests.predictive_maintenance.signals import RATE, Floats, impacts, noise, sine

SECONDS = 8.0
TIME = np.arange(int(SECONDS * RATE)) / RATE
SPEED = 10 + 20 * TIME / SECONDS
"""A run-up from 10 to 30 turns a second."""
ANGLE = 10 * TIME + 10 * TIME**2 / SECONDS


def run_up(order: float) -> Floats:
    return np.sin(2 * np.pi * order * ANGLE).astype(np.float32)


def share_at(readings: Floats, frequency_hz: float) -> float:
    """Of the power, near a frequency."""
    found = transform(readings[None, :], RATE)
    middle = round(frequency_hz / found.step_hz)
    return float(found.power[0, middle - 3 : middle + 4].sum() / found.power.sum())


def evened(readings: Floats, turns: np.ndarray = ANGLE) -> Floats:
    found: Floats = at_equal_angles(readings[None], turns[None])[0]
    return found


@pytest.mark.parametrize("order", [1.0, 7.3, 88.0])
def test_an_order_is_smeared_in_time_and_one_line_over_the_angle(order: float) -> None:
    mean_hz = float(mean_speeds(ANGLE[None], RATE)[0])
    assert mean_hz == pytest.approx(20, rel=1e-3)
    assert share_at(run_up(order), order * mean_hz) < 0.2
    assert share_at(evened(run_up(order)), order * mean_hz) > 0.99


def test_what_is_too_fine_for_the_grid_of_angles_does_not_fold_onto_low_orders() -> None:
    """Twice as many turns in the last third as a coarse grid could hold: a tone of 5 kHz stands below no order."""
    found = transform(evened(sine(5_000.0, SECONDS))[None], RATE)
    low = found.power[0, found.frequencies < 2_000]
    assert low.sum() < 1e-3 * found.power.sum()


def test_the_angle_follows_from_speeds_at_some_moments() -> None:
    moments = np.arange(0.0, SECONDS, 0.5)
    found = angles(moments, np.interp(moments, TIME, SPEED), RATE, 84_000)
    assert found == pytest.approx(ANGLE[:84_000], abs=1e-3)


def test_a_noisy_tacho_gives_one_pulse_a_turn() -> None:
    tacho = sine(20.0, 4.0) + noise(48_000, spread=0.05)
    pulses = pulse_times(tacho, RATE)
    assert abs(pulses.size - 80) <= 1
    assert np.diff(pulses) == pytest.approx(0.05, rel=0.05)


def test_a_constant_speed_leaves_the_signal_as_it_is() -> None:
    readings = sine(200.0, 2.0)
    assert evened(readings, np.arange(readings.size) * 0.01) == pytest.approx(readings, abs=1e-3)


def test_steady_changing_and_standing_shafts_are_told_apart() -> None:
    steady = np.linspace(0, 40, 1000)
    standing = np.concatenate([np.linspace(0, 20, 500), np.full(500, 20.0)])
    slowing = 40 * np.linspace(0, 1, 1000) ** 2 + np.linspace(0, 1, 1000)
    turns = np.stack([steady, ANGLE[:1000] * 3, standing, slowing])
    assert is_steady(turns).tolist() == [True, False, False, False]
    assert is_tracked(turns).tolist() == [True, True, False, False]


def test_a_window_of_steady_speed_has_the_same_figures_beside_one_that_changes() -> None:
    spec = FeatureSpec(rate_hz=RATE, window=4096, bearings={"b": lookup("6205").orders})
    windows = np.stack([impacts(90.0, 1.0)[:4096], run_up(3.0)[:4096]])
    steady = np.arange(4096) * 25 / RATE
    found = extract(windows, RATE, None, spec, np.stack([steady, ANGLE[:4096]]))
    alone = extract(windows[:1], RATE, 25.0, spec)
    assert found[0] == pytest.approx(alone[0], rel=1e-5)
    assert np.isfinite(found).all()


def test_a_shaft_that_stood_still_in_a_window_has_no_orders() -> None:
    spec = FeatureSpec(groups=("waveform", "shaft"), rate_hz=RATE, window=4096)
    turns = np.minimum(np.arange(4096) * 25 / RATE, 4.0)
    found = extract(noise(4096)[None], RATE, None, spec, turns[None])[0]
    of_the_shaft = [name.endswith("x") for name in names(spec)]
    assert np.isnan(found[of_the_shaft]).all()
    assert np.isfinite(found[[not one for one in of_the_shaft]]).all()


def test_a_tacho_without_pulses_is_refused() -> None:
    with pytest.raises(DataError, match="two pulses"):
        pulse_times(np.zeros(100, np.float32), RATE)
