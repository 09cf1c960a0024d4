"""From time to turns: orders stay lines while the speed changes."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.angle import (
    estimate_speed,
    from_pulses,
    from_speed,
    pulse_times,
)
from kits.predictive_maintenance._signals.spectrum import transform
from tests.predictive_maintenance.signals import RATE, Floats, noise, sine

SECONDS = 8.0
TIME = np.arange(int(SECONDS * RATE)) / RATE
SPEED = 10 + 20 * TIME / SECONDS
"""A run-up from 10 to 30 turns a second."""
ANGLE = 10 * TIME + 10 * TIME**2 / SECONDS


def run_up(order: float) -> Floats:
    return np.sin(2 * np.pi * order * ANGLE).astype(np.float32)


def share_at(readings: Floats, per_turn: int, order: float) -> float:
    """Of the power, near an order."""
    found = transform(readings[None, :], per_turn)
    middle = round(order / found.step_hz)
    return float(found.power[0, middle - 3 : middle + 4].sum() / found.power.sum())


def test_an_order_is_smeared_in_time_and_one_line_over_the_angle() -> None:
    readings = run_up(7.3)
    turned = from_speed(readings, RATE, SPEED, 512)
    assert turned.readings.size == 512 * int(ANGLE[-1])
    assert share_at(readings, int(RATE), 7.3 * 20) < 0.1
    assert share_at(turned.readings, turned.per_turn, 7.3) > 0.99


@pytest.mark.parametrize("per_revolution", [1, 4])
def test_a_tacho_gives_the_same_as_the_speed(per_revolution: int) -> None:
    tacho = (np.sin(2 * np.pi * per_revolution * ANGLE) > 0.8).astype(np.float32) * 5 + 0.2
    pulses = pulse_times(tacho, RATE)
    turned = from_pulses(run_up(5.0), RATE, pulses, 512, per_revolution)
    assert share_at(turned.readings, 512, 5.0) > 0.98


def test_a_noisy_tacho_gives_one_pulse_a_turn() -> None:
    tacho = sine(20.0, 4.0) + noise(48_000, spread=0.05)
    pulses = pulse_times(tacho, RATE)
    assert abs(pulses.size - 80) <= 1
    assert np.diff(pulses) == pytest.approx(0.05, rel=0.05)


def test_a_constant_speed_leaves_the_signal_as_it_is() -> None:
    readings = sine(200.0, 2.0)
    turned = from_speed(readings, RATE, 20.0, 600)
    assert turned.readings[10:-10] == pytest.approx(
        readings[10 : turned.readings.size - 10], abs=1e-4
    )


@pytest.mark.parametrize("speed", [24.3, 29.94, 37.1])
def test_a_steady_speed_is_found_in_the_vibration(speed: float) -> None:
    strengths = (1.0, 0.4, 0.3, 0.1)
    lines = [sine(k * speed, 5.0, amplitude=a) for k, a in enumerate(strengths, 1)]
    readings = np.sum(lines, axis=0) + sine(50.0, 5.0, amplitude=2.0) + noise(60_000, spread=0.5)
    found = estimate_speed(readings, RATE, 20.0, 45.0)
    assert found.speed_hz == pytest.approx(speed, rel=0.003)
    assert found.confidence > 0.1


def test_noise_gives_no_confidence_in_a_speed() -> None:
    found = [estimate_speed(noise(60_000, seed), RATE, 20.0, 45.0).confidence for seed in range(5)]
    assert max(found) < 0.3


@pytest.mark.parametrize(
    "call",
    [
        lambda: pulse_times(np.zeros(100, np.float32), RATE),
        lambda: from_pulses(noise(100), RATE, np.array([0.0, 0.1]), 64, 4),
        lambda: from_pulses(noise(100), RATE, np.array([0.1, 0.1]), 64),
        lambda: from_speed(noise(100), RATE, 0.0, 64),
        lambda: from_speed(noise(100), RATE, 1.0, 64),
        lambda: estimate_speed(noise(100), RATE, 20.0, 40.0),
        lambda: estimate_speed(noise(60_000), RATE, 40.0, 20.0),
    ],
)
def test_what_has_no_angle_is_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(DataError):
        call()
