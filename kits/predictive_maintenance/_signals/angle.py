"""The shaft's angle: from time to turns, with a tacho's pulses or a course of speed.

It is responsible for reading a tacho, for the angle at each reading and for resampling windows to equal angles, so that
an order stays one line while the speed changes. It is not responsible for where angle and speed come from
(`_device/shaft.py`), for a speed found in the vibration (`_signals/speed.py`), nor for what stands at the orders.

Source: Fyfe & Munck 1997, Analysis of computed order tracking.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.spectrum import Floats

Angles = NDArray[np.float64]
"""In turns, one at each reading."""
STEADY = 0.005
"""A speed that changes by a smaller share of itself smears no line of a window; such windows stay as they are."""
FASTEST_CHANGE = 4.0
"""The mean speed of a window over its slowest: beyond, half the window tells one turn and nothing is resolved."""
_FOLDED = 0.9
"""Of the spectrum must stay free of what folds; above, sensors have cut off most of it themselves."""
_FINER = 2
"""Readings are interpolated on a grid so much finer: the cubic is true up to half the rate then."""


def pulse_times(tacho: Floats, rate_hz: float) -> NDArray[np.float64]:
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
    found: NDArray[np.float64] = (rising - 1 + share) / rate_hz
    return found


def angles(
    moments_s: NDArray[np.float64], speeds_hz: NDArray[np.float64], rate_hz: float, count: int
) -> Angles:
    """(count,) turns since the first reading, from speeds at some moments: straight between them, steady beyond."""
    speeds = np.interp(np.arange(count) / rate_hz, moments_s, speeds_hz)
    steps = (speeds[1:] + speeds[:-1]) / (2 * rate_hz)
    return np.concatenate([[0.0], np.cumsum(steps)])


def mean_speeds(turns: Angles, rate_hz: float) -> NDArray[np.float64]:
    """(n,) turns per second of (n, samples) angles."""
    found: NDArray[np.float64] = (turns[:, -1] - turns[:, 0]) * rate_hz / (turns.shape[1] - 1)
    return found


def is_steady(turns: Angles) -> NDArray[np.bool_]:
    """(n,) whether the speed stays the same within each of (n, samples) windows."""
    steps = np.diff(turns, axis=1)
    steady: NDArray[np.bool_] = np.ptp(steps, axis=1) <= STEADY * steps.mean(axis=1)
    return steady


def is_tracked(turns: Angles) -> NDArray[np.bool_]:
    """(n,) whether the shaft turned all along, at speeds that can stand on one grid of angles."""
    steps = np.diff(turns, axis=1)
    slowest = steps.min(axis=1)
    tracked: NDArray[np.bool_] = (slowest > 0) & (steps.mean(axis=1) <= FASTEST_CHANGE * slowest)
    return tracked


def at_equal_angles(windows: Floats, turns: Angles, *, smooth: bool = False) -> Floats:
    """(n, samples) windows as a shaft of even speed would have given them: readings at equal angles.

    Length and rate stay, so an order stands at so many times the window's mean speed. What would fold where the grid
    of angles is coarser than the readings is cut off.

    Args:
        turns: (n, samples) tracked angles, see `is_tracked`.
        smooth: nothing above a fifth of the rate matters, as in an envelope: neighbours are enough to read between.
    """
    found: Floats = np.stack(
        [_resampled(window, angle, smooth) for window, angle in zip(windows, turns)]
    )
    return found


def _resampled(window: Floats, turns: Angles, smooth: bool) -> Floats:
    samples = window.size
    mean = window.mean(dtype=np.float32)
    slowest = float(np.diff(turns).min()) * (samples - 1) / float(turns[-1] - turns[0])
    times = 1 if smooth else max(math.ceil(_FOLDED / slowest), 1)
    finer = 1 if smooth else _FINER
    wanted = np.linspace(turns[0], turns[-1], (samples - 1) * times + 1)
    places = np.interp(wanted, turns, np.arange(0, samples * finer, finer))
    given = window - mean
    if finer > 1:
        given = _of_size(np.fft.rfft(given), finer * samples, finer)
    read = _at(given, places)
    if times > 1:
        kept = np.fft.rfft(read, n=samples * times)[: samples // 2 + 1]
        read = _of_size(kept, samples, 1 / times)
    found: Floats = read + mean
    return found


def _of_size(fourier: NDArray[np.complexfloating[Any]], samples: int, factor: float) -> Floats:
    return (np.fft.irfft(fourier, n=samples) * np.float32(factor)).astype(np.float32, copy=False)


def _at(readings: Floats, places: NDArray[np.float64]) -> Floats:
    """Readings at places between readings: cubic (Catmull-Rom), exact for a course of second degree."""
    first = np.clip(places.astype(np.intp), 1, readings.size - 3)
    share = (places - first).astype(np.float32)
    a, b, c, d = (readings[first + k] for k in (-1, 0, 1, 2))
    found: Floats = b + share / 2 * (
        c - a + share * (2 * a - 5 * b + 4 * c - d + share * (3 * (b - c) + d - a))
    )
    return found
