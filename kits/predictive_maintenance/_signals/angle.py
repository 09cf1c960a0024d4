"""The shaft's angle: from time to turns, with a tacho, a course of speed, or a speed found in the vibration itself.

It is responsible for resampling to equal angles, so that an order stays one line while the speed changes, for
reading a tacho and for estimating a steady speed. It is not responsible for what stands at the orders.

Source: Fyfe & Munck 1997, Analysis of computed order tracking; comb of harmonics as in Peeters et al. 2019, Review and
comparison of tacholess instantaneous speed estimation methods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.spectrum import FLOOR, Floats

Times = NDArray[np.float64]
_SPEED_HARMONICS = 4
_PADDED = 4


@dataclass(frozen=True)
class AngleSignal:
    """Readings at equal angles.

    Attributes:
        readings: (turns * per_turn,) float32.
        per_turn: readings per turn: what a rate is in time; orders then stand where frequencies did.
    """

    readings: Floats
    per_turn: int


@dataclass(frozen=True)
class SpeedEstimate:
    """A speed found in the vibration.

    Attributes:
        confidence: how far the best comb stands above the best one that is neither it nor its half, third, double
            or triple, in log10; below 0.1 it is a guess.
    """

    speed_hz: float
    confidence: float


def pulse_times(tacho: Floats, rate_hz: float) -> Times:
    """(m,) seconds at which a tacho's signal rises through the middle of its range, between two readings too.

    A signal that hovers around the middle gives one pulse, not many: it must fall by a quarter of the range first.

    Raises:
        DataError: fewer than two pulses.
    """
    low, high = float(tacho.min()), float(tacho.max())
    middle, back = (low + high) / 2, low + (high - low) / 4
    states = np.where(tacho >= middle, 1, np.where(tacho < back, -1, 0))
    known = np.flatnonzero(states)
    rising = known[1:][(states[known[1:]] > 0) & (states[known[:-1]] < 0)]
    if rising.size < 2:
        raise DataError("a tacho without two pulses", fix="check its channel and record longer")
    before, after = tacho[rising - 1].astype(np.float64), tacho[rising].astype(np.float64)
    share = np.clip((middle - before) / np.maximum(after - before, 1e-12), 0, 1)
    found: Times = (rising - 1 + share) / rate_hz
    return found


def from_pulses(
    readings: Floats, rate_hz: float, pulses_s: Times, per_turn: int, pulses_per_turn: int = 1
) -> AngleSignal:
    """(samples,) readings at equal angles between the first and the last pulse; the speed is even between two.

    Args:
        per_turn: at least rate / slowest speed keeps all that was recorded.

    Raises:
        DataError: less than one turn, or pulses that do not follow each other.
    """
    turns = (pulses_s.size - 1) // pulses_per_turn
    if turns < 1 or (np.diff(pulses_s) <= 0).any():
        raise DataError("pulses that do not cover one turn", fix="record longer")
    angles = np.arange(turns * per_turn) / per_turn
    moments = np.interp(angles, np.arange(pulses_s.size) / pulses_per_turn, pulses_s)
    return AngleSignal(_at(readings, moments * rate_hz), per_turn)


def from_speed(
    readings: Floats, rate_hz: float, speed_hz: float | Times, per_turn: int
) -> AngleSignal:
    """(samples,) readings at equal angles, from a constant speed or one for each reading.

    Raises:
        DataError: less than one turn, or a speed that is not above 0.
    """
    speeds = np.broadcast_to(np.asarray(speed_hz, np.float64), readings.shape)
    if not (speeds > 0).all():
        raise DataError("a shaft that does not turn has no orders", fix="leave such stretches out")
    steps = (speeds[1:] + speeds[:-1]) / 2 / rate_hz
    angle = np.concatenate([[0.0], np.cumsum(steps)])
    turns = int(angle[-1])
    if turns < 1:
        raise DataError("less than one turn of the shaft", fix="record longer")
    places = np.interp(np.arange(turns * per_turn) / per_turn, angle, np.arange(readings.size))
    return AngleSignal(_at(readings, places), per_turn)


def estimate_speed(
    readings: Floats, rate_hz: float, slowest_hz: float, fastest_hz: float
) -> SpeedEstimate:
    """The steady speed of a shaft whose harmonics 1 to 4 stand out most between two limits.

    Raises:
        DataError: limits that are none, or too few readings to tell one from the other.
    """
    if not 0 < slowest_hz < fastest_hz < rate_hz / 2 / _SPEED_HARMONICS:
        raise DataError(
            f"no speeds: {slowest_hz} to {fastest_hz} Hz at {rate_hz} readings per second"
        )
    if readings.size < 8 * rate_hz / slowest_hz:
        raise DataError("less than eight turns are too few to find the speed", fix="record longer")
    samples = readings.size
    padded = np.zeros(_PADDED * samples, np.float32)
    tapered = (readings - readings.mean()) * np.hanning(samples)
    padded[:samples] = tapered
    level = np.log10(np.abs(np.fft.rfft(padded)) + FLOOR)
    step_hz = rate_hz / padded.size
    top = int(fastest_hz * _SPEED_HARMONICS * 1.1 / step_hz) + 2
    prominent = np.clip(_over_background(level[:top], int(slowest_hz / 2 / step_hz)), 0, 2)
    speeds = np.arange(slowest_hz, fastest_hz, step_hz / 2)
    places = np.rint(speeds[:, None] * np.arange(1, _SPEED_HARMONICS + 1) / step_hz).astype(np.intp)
    scores = prominent[np.minimum(places, prominent.size - 1)].mean(axis=1)
    best = int(scores.argmax())
    ratio = speeds / speeds[best]
    related = np.zeros(speeds.size, bool)
    for factor in (1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0, 3.0):
        related |= np.abs(ratio - factor) < np.maximum(0.02, 2 * step_hz * _PADDED / speeds[best])
    other = float(scores[~related].max(initial=0.0))
    return SpeedEstimate(float(speeds[best]), float(scores[best]) - other)


def _over_background(level: NDArray[np.float64], half: int) -> NDArray[np.float64]:
    """What stands above the median of the blocks around."""
    width = max(2 * half, 8)
    blocks = level[: max(level.size // width, 1) * width].reshape(-1, min(width, level.size))
    middles = (np.arange(len(blocks)) + 0.5) * width
    found: NDArray[np.float64] = level - np.interp(
        np.arange(level.size), middles, np.median(blocks, axis=1)
    )
    return found


def _at(readings: Floats, places: NDArray[np.float64]) -> Floats:
    """Readings at places between readings: cubic (Catmull-Rom), exact for a course of second degree."""
    first = np.clip(np.floor(places).astype(np.intp), 1, readings.size - 3)
    share = (places - first).astype(np.float32)
    a, b, c, d = (readings[first + k] for k in (-1, 0, 1, 2))
    found: Floats = b + share / 2 * (
        c - a + share * (2 * a - 5 * b + 4 * c - d + share * (3 * (b - c) + d - a))
    )
    return found.astype(np.float32, copy=False)
