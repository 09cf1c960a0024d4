"""The shaft of a synthetic machine: how far it has turned at each reading, and what a tacho or a drive says of it.

Responsible for steady speeds and even run-ups. It is for demo and tests, where truth must be known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kits.core.window import Channel

Rng = np.random.Generator
Signal = NDArray[np.float64]
_DRIVE_HZ = 50.0
_FLAG = 0.06
"""Share of a turn during which a tacho's mark is seen."""


@dataclass(frozen=True, slots=True)
class RunUp:
    """A speed that changes evenly, and what is beside the vibration to tell it.

    Attributes:
        sensor: `speed` of a drive in rpm, a `tacho` with one pulse a turn, or nothing.
    """

    from_rpm: float
    to_rpm: float
    sensor: Literal["", "speed", "tacho"] = ""


def mean_rpm(speed: float | RunUp) -> float:
    """Of the whole capture."""
    return (speed.from_rpm + speed.to_rpm) / 2 if isinstance(speed, RunUp) else float(speed)


def shaft_turns(rng: Rng, n: int, rate_hz: float, speed: float | RunUp) -> Signal:
    """Turns of the shaft since the start, per reading; the speed, in rpm, wanders by some 0.1 %."""
    knots = np.linspace(0, n - 1, max(3, round(4 * n / rate_hz)))
    wander = np.interp(np.arange(n), knots, rng.normal(0, 1e-3, knots.size))
    first, last = (speed.from_rpm, speed.to_rpm) if isinstance(speed, RunUp) else (speed, speed)
    course = np.linspace(first, last, n)
    return np.cumsum(course / 60 * (1 + wander) / rate_hz) + float(rng.random())


def sensed(turns: Signal, rate_hz: float, speed: float | RunUp) -> tuple[Channel, ...]:
    """What a drive says of the speed, in rpm 50 times a second, or a tacho of the angle, one pulse a turn."""
    sensor = speed.sensor if isinstance(speed, RunUp) else ""
    if sensor == "tacho":
        pulses = np.where(turns % 1.0 < _FLAG, 5.0, 0.2)
        return (Channel("tacho", "V", pulses.astype(np.float32)),)
    if sensor == "speed":
        step = max(round(rate_hz / _DRIVE_HZ), 1)
        speeds = np.gradient(turns) * rate_hz * 60
        return (Channel("speed", "rpm", speeds[::step].astype(np.float32), rate_hz / step),)
    return ()
