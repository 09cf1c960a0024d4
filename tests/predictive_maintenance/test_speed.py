"""A steady speed found in the vibration."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.speed import SURE, estimate_speed
from tests.predictive_maintenance.signals import RATE, noise, sine


@pytest.mark.parametrize("speed", [24.3, 29.94, 37.1])
def test_a_steady_speed_is_found_in_the_vibration(speed: float) -> None:
    strengths = (1.0, 0.4, 0.3, 0.1)
    lines = [sine(k * speed, 5.0, amplitude=a) for k, a in enumerate(strengths, 1)]
    readings = np.sum(lines, axis=0) + sine(50.0, 5.0, amplitude=2.0) + noise(60_000, spread=0.5)
    found = estimate_speed(readings, RATE, 20.0, 45.0)
    assert found.speed_hz == pytest.approx(speed, rel=0.003)
    assert found.confidence > SURE


def test_noise_gives_no_confidence_in_a_speed() -> None:
    found = [estimate_speed(noise(60_000, seed), RATE, 20.0, 45.0).confidence for seed in range(5)]
    assert max(found) < SURE


def test_a_higher_rate_finds_the_same_speed() -> None:
    lines = [sine(k * 29.94, 5.0, 96_000.0, amplitude=1 / k) for k in range(1, 5)]
    readings = np.sum(lines, axis=0) + noise(480_000, spread=2.0)
    found = estimate_speed(readings.astype(np.float32), 96_000.0, 20.0, 45.0)
    assert found.speed_hz == pytest.approx(29.94, rel=0.003)
    assert found.confidence > SURE


@pytest.mark.parametrize(
    ("samples", "limits", "text"),
    [(100, (20.0, 40.0), "100 turns"), (60_000, (40.0, 20.0), "no speeds")],
)
def test_limits_that_are_none_and_short_recordings_are_refused(
    samples: int, limits: tuple[float, float], text: str
) -> None:
    with pytest.raises(DataError, match=text):
        estimate_speed(noise(samples), RATE, *limits)
