"""Faults of sensors, put into a window of any machine: the machine is well, what is said of it is not.

Responsible for the ways in which readings go wrong on their way (stuck, saturated, unplugged, spikes,
dropouts, a clock that steps, mains pickup, a wrong scale). It finds no such fault; `_signals/sensors.py` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Literal, get_args

import numpy as np

from kits.core.errors import DataError, did_you_mean
from kits.core.window import Channel, Window
from kits.predictive_maintenance._simulated.shaft import Rng, Signal

SensorFault = Literal[
    "stuck", "saturated", "unplugged", "spikes", "dropouts", "clock-step", "mains", "scale"
]
SENSOR_FAULTS: tuple[SensorFault, ...] = get_args(SensorFault)
_MAINS_HZ = 50.0
_SCALES = (0.1, 1 / 9.81, 9.81, 10.0, 25.4)
"""Decimal point, g against m/s², inch against mm: how scales are wrong in practice."""
_CLOCK_STEPS_S = (-3_600.0, 3_600.0)
"""Daylight saving time set by hand."""


def inject(
    window: Window, fault: SensorFault, rng: Rng, *, channel: str = "", start: int = 0
) -> Window:
    """The window as a faulty sensor would have told it.

    Args:
        channel: name of the channel at fault; empty: the first one. A step of the clock concerns them all.
        start: reading from which on the fault is there.

    Raises:
        DataError: no such fault or channel, or a clock step in a window without a time.
    """
    if fault == "clock-step":
        return _clock_step(window, rng)
    if fault not in _SPOILERS:
        raise DataError(f"no fault {fault!r}", fix=did_you_mean(fault, SENSOR_FAULTS))
    names = [found.name for found in window.channels]
    wanted = channel or names[0]
    if wanted not in names:
        raise DataError(f"no channel {wanted!r} in this window", fix=did_you_mean(wanted, names))
    return replace(
        window,
        channels=tuple(
            _spoiled(found, _SPOILERS[fault], rng, start, window.rate_of(found))
            if found.name == wanted
            else found
            for found in window.channels
        ),
    )


Spoiler = Callable[[Signal, Rng, float], Signal]


def _spoiled(channel: Channel, spoil: Spoiler, rng: Rng, start: int, rate_hz: float) -> Channel:
    readings = channel.readings.astype(np.float64)
    readings[start:] = spoil(readings[start:], rng, rate_hz)
    return replace(channel, readings=readings.astype(np.float32))


def _clock_step(window: Window, rng: Rng) -> Window:
    if window.started_at is None:
        raise DataError("a window without a time has no clock that could step")
    step = timedelta(seconds=float(rng.choice(_CLOCK_STEPS_S)))
    return replace(window, started_at=window.started_at + step)


def _stuck(readings: Signal, _rng: Rng, _rate_hz: float) -> Signal:
    return np.full_like(readings, readings[0])


def _saturated(readings: Signal, _rng: Rng, _rate_hz: float) -> Signal:
    """Rails so near that a third of the readings stands at them."""
    low, high = np.nanquantile(readings, (0.15, 0.85))
    return np.clip(readings, low, high)


def _unplugged(readings: Signal, rng: Rng, _rate_hz: float) -> Signal:
    """No bias and no signal: zero with the noise of a converter of 16 bits or so."""
    return rng.normal(0, 2e-4 * _spread(readings), readings.size)


def _spikes(readings: Signal, rng: Rng, _rate_hz: float) -> Signal:
    """One reading in thirty, at least three, thrown to 15 to 40 times the spread."""
    struck = rng.choice(readings.size, min(readings.size, max(3, readings.size // 30)), False)
    height = rng.uniform(15, 40, struck.size) * rng.choice((-1, 1), struck.size)
    spiked = readings.copy()
    spiked[struck] += height * _spread(readings)
    return spiked


def _dropouts(readings: Signal, rng: Rng, _rate_hz: float) -> Signal:
    """Some stretches without readings, a third of the time in all."""
    left = readings.copy()
    length = max(1, readings.size // 9)
    for at in rng.integers(0, max(1, readings.size - length), 4):
        left[at : at + length] = np.nan
    return left


def _mains(readings: Signal, rng: Rng, rate_hz: float) -> Signal:
    """A broken shield: the mains and its third harmonic, three times as strong as the signal.

    Below 100 readings per second it folds down, as it does in a converter without a filter.
    """
    rate = rate_hz or 1.0
    frequency = _MAINS_HZ + float(rng.normal(0, 0.02))
    angle = 2 * np.pi * frequency * np.arange(readings.size) / rate + rng.uniform(0, 2 * np.pi)
    hum: Signal = 3 * np.sqrt(2) * _spread(readings) * (np.sin(angle) + 0.25 * np.sin(3 * angle))
    return readings + hum


def _scale(readings: Signal, rng: Rng, _rate_hz: float) -> Signal:
    return readings * float(rng.choice(_SCALES))


def _spread(readings: Signal) -> float:
    """Standard deviation; for a channel that stands still, a share of its level."""
    spread = float(np.nanstd(readings))
    return spread if spread > 0 else 0.01 * (abs(float(np.nanmean(readings))) or 1.0)


_SPOILERS: Mapping[str, Spoiler] = {
    "stuck": _stuck,
    "saturated": _saturated,
    "unplugged": _unplugged,
    "spikes": _spikes,
    "dropouts": _dropouts,
    "mains": _mains,
    "scale": _scale,
}
