"""A steady speed found in the vibration itself, where neither a tacho nor a person says it.

It is responsible for one estimate with its confidence. It is not responsible for when to believe it
(`_device/shaft.py`) nor for a speed that changes (`_signals/angle.py`).

Source: comb of harmonics as in Peeters et al. 2019, Review and comparison of tacholess instantaneous speed estimation
methods on experimental vibration data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.spectrum import FLOOR, Floats

SURE = 0.15
"""Confidence below which an estimate is a guess; noise stays below it."""
_HARMONICS = 4
_PADDED = 4
_RATE = 40
"""Readings per turn of the fastest speed that are kept: ten times the last harmonic's."""
_LEAST_TURNS = 100
"""Of the slowest speed: with fewer, families of lines of other origin are taken for the shaft's."""


@dataclass(frozen=True)
class SpeedEstimate:
    """A speed found in the vibration.

    Attributes:
        confidence: how far the best comb stands above the best one that is neither it nor its half, third, double
            or triple, in log10; below `SURE` it is a guess.
    """

    speed_hz: float
    confidence: float


def estimate_speed(
    readings: Floats, rate_hz: float, slowest_hz: float, fastest_hz: float
) -> SpeedEstimate:
    """The steady speed of a shaft whose harmonics 1 to 4 stand out most between two limits.

    Raises:
        DataError: limits that are none, or too few readings to tell one from the other.
    """
    if not 0 < slowest_hz < fastest_hz < rate_hz / 2 / _HARMONICS:
        raise DataError(
            f"no speeds: {slowest_hz} to {fastest_hz} Hz at {rate_hz} readings per second"
        )
    if readings.size < _LEAST_TURNS * rate_hz / slowest_hz:
        raise DataError(
            f"less than {_LEAST_TURNS} turns are too few to find the speed", fix="record longer"
        )
    readings, rate_hz = _slower(readings, rate_hz, fastest_hz)
    samples = readings.size
    padded = np.zeros(_PADDED * samples, np.float32)
    tapered = (readings - readings.mean()) * np.hanning(samples)
    padded[:samples] = tapered
    level = np.log10(np.abs(np.fft.rfft(padded)) + FLOOR)
    step_hz = rate_hz / padded.size
    top = int(fastest_hz * _HARMONICS * 1.1 / step_hz) + 2
    prominent = np.clip(_over_background(level[:top], int(slowest_hz / 2 / step_hz)), 0, 2)
    speeds = np.arange(slowest_hz, fastest_hz, step_hz / 2)
    places = np.rint(speeds[:, None] * np.arange(1, _HARMONICS + 1) / step_hz).astype(np.intp)
    scores = prominent[np.minimum(places, prominent.size - 1)].mean(axis=1)
    best = int(scores.argmax())
    ratio = speeds / speeds[best]
    related = np.zeros(speeds.size, bool)
    for factor in (1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0):
        related |= np.abs(ratio - factor) < np.maximum(0.02, 2 * step_hz * _PADDED / speeds[best])
    other = float(scores[~related].max(initial=0.0))
    return SpeedEstimate(float(speeds[best]), float(scores[best]) - other)


def _slower(readings: Floats, rate_hz: float, fastest_hz: float) -> tuple[Floats, float]:
    """Means of neighbouring readings: a shaft's harmonics need a small part of a vibration's rate."""
    block = int(rate_hz / (_RATE * fastest_hz))
    if block < 2:
        return readings, rate_hz
    kept = readings[: readings.size // block * block].reshape(-1, block)
    return kept.mean(axis=1, dtype=np.float32), rate_hz / block


def _over_background(level: NDArray[np.float64], half: int) -> NDArray[np.float64]:
    """What stands above the median of the blocks around."""
    width = max(2 * half, 8)
    blocks = level[: max(level.size // width, 1) * width].reshape(-1, min(width, level.size))
    middles = (np.arange(len(blocks)) + 0.5) * width
    found: NDArray[np.float64] = level - np.interp(
        np.arange(level.size), middles, np.median(blocks, axis=1)
    )
    return found
