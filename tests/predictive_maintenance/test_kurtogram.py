"""The band in which impacts ring."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.kurtogram import best_band, kurtogram, voted_band
from tests.predictive_maintenance.signals import RATE, Floats, impacts, noise, sine


@pytest.mark.parametrize("ring_hz", [1500.0, 3000.0, 4800.0])
def test_the_band_in_which_impacts_ring_is_found(ring_hz: float) -> None:
    readings = impacts(40.0, 2.0, ring_hz=ring_hz)
    found = best_band(readings, RATE)
    assert found.low_hz - 300 <= ring_hz <= found.high_hz + 300
    assert found.high_hz - found.low_hz <= 3000
    assert found.kurtosis > 1
    assert found.is_impulsive


def test_noise_has_no_band_that_stands_out() -> None:
    for samples in (1_024, 4_096, 60_000):
        for seed in range(5):
            assert not best_band(noise(samples, seed), RATE).is_impulsive


def test_a_tone_has_a_kurtosis_near_minus_one() -> None:
    readings = sine(2250.0, 2.0, amplitude=10) + noise(24_000, spread=0.01)
    (found,) = [b for b in kurtogram(readings, RATE, 2) if (b.low_hz, b.high_hz) == (1500, 3000)]
    assert found.kurtosis == pytest.approx(-1, abs=0.05)


def test_bands_cover_the_spectrum_at_every_level() -> None:
    bands = kurtogram(noise(60_000), RATE, levels=3)
    for parts in (1, 2, 3, 4, 6, 8):
        level = [b for b in bands if b.high_hz - b.low_hz == pytest.approx(6000 / parts, rel=1e-3)]
        assert len(level) == parts
        assert level[-1].high_hz == pytest.approx(6000, rel=0.001)


def test_the_scale_does_not_choose_the_band() -> None:
    readings = impacts(40.0, 1.0)
    assert best_band(readings * np.float32(1e-4), RATE).low_hz == best_band(readings, RATE).low_hz


def test_a_short_or_broken_recording_is_refused() -> None:
    with pytest.raises(DataError, match="too few"):
        best_band(noise(100), RATE)
    broken = noise(6000)
    broken[5] = np.nan
    with pytest.raises(DataError, match="missing"):
        best_band(broken, RATE)


def windows(readings: Floats) -> Floats:
    return readings[: readings.size // 4096 * 4096].reshape(-1, 4096)


def test_recordings_vote_for_the_band_and_those_without_impacts_have_no_vote() -> None:
    quiet = [windows(noise(24_576, seed)) for seed in range(6)]
    ringing = [windows(impacts(40.0, 3.0, ring_hz=4800.0, seed=seed)) for seed in range(2)]
    found = voted_band([*quiet, *ringing], RATE)
    assert found is not None
    assert found[0] - 300 <= 4800 <= found[1] + 300
    assert found[1] - found[0] < RATE / 4


def test_noise_a_single_knock_and_gaps_choose_no_band() -> None:
    knocked = noise(24_576)
    knocked[9_000:9_040] += 50
    gappy = windows(impacts(40.0, 3.0))
    gappy[:, 7] = np.nan
    assert voted_band([windows(noise(24_576, 1)), windows(knocked), gappy], RATE) is None
    assert voted_band([impacts(40.0, 1.0)[:12_000].reshape(-1, 120)], RATE) is None
    assert voted_band([], RATE) is None
