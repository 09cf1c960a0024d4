"""A synthetic fleet of engines that run to failure: one reading per cycle of settings and sensors.

Responsible for lives with the shape of C-MAPSS (unit, cycle, settings with regimes, correlated sensors,
some of them dead); the last cycle of each is its failure. It is for demo and tests; no figure measured on
it says anything about a real fleet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.window import Channel, Window
from kits.predictive_maintenance._simulated.shaft import Rng, Signal

_SHORTEST = 60


@dataclass(frozen=True, slots=True)
class _Sensor:
    """One sensor of the engine.

    Attributes:
        level: its reading for a new engine in the first regime.
        by_regime: how much it moves with altitude, Mach number and throttle, as shares of the level.
        by_wear: how much it has moved at failure, as share of the level.
        noise: share of the level; its own, and the part it has in the weather all sensors share.
    """

    unit: str
    level: float
    by_regime: tuple[float, float, float]
    by_wear: float
    noise: float


_SENSORS: dict[str, _Sensor] = {
    "inlet temperature": _Sensor("K", 288.0, (-0.22, 0.04, 0.0), 0.0, 0.0),
    "compressor outlet temperature": _Sensor("K", 642.0, (-0.10, 0.06, 0.08), 0.004, 0.0007),
    "turbine outlet temperature": _Sensor("K", 1_400.0, (-0.08, 0.05, 0.16), 0.018, 0.0040),
    "compressor outlet pressure": _Sensor("bar", 38.0, (-0.55, 0.14, 0.18), -0.009, 0.0014),
    "fan speed": _Sensor("rpm", 2_388.0, (-0.02, 0.01, 0.05), 0.00012, 0.00003),
    "core speed": _Sensor("rpm", 9_050.0, (-0.03, 0.01, 0.06), 0.0024, 0.0005),
    "fuel flow ratio": _Sensor("", 521.0, (-0.50, 0.10, 0.12), -0.007, 0.0012),
    "bypass ratio": _Sensor("", 8.40, (0.02, -0.03, -0.04), 0.012, 0.0028),
    "bleed enthalpy": _Sensor("", 392.0, (-0.06, 0.03, 0.04), 0.011, 0.0030),
    "coolant flow": _Sensor("kg/s", 38.9, (-0.54, 0.10, 0.15), -0.014, 0.0030),
    "oil pressure": _Sensor("bar", 3.4, (0.0, 0.0, 0.03), 0.0, 0.0060),
    "engine pressure ratio": _Sensor("", 1.30, (0.0, 0.0, 0.0), 0.0, 0.0),
}
"""The inlet temperature has no noise, the pressure ratio never moves and the oil pressure does not age."""

_SETTINGS = (("altitude", "m"), ("mach", ""), ("throttle", "%"))
_REGIMES: NDArray[np.float64] = np.array(
    [
        (0, 0.0, 100), (3_050, 0.25, 100), (6_100, 0.70, 100),
        (7_620, 0.62, 60), (10_670, 0.84, 100), (12_800, 0.84, 100),
    ]
)  # fmt: skip


def run_to_failure(
    rng: Rng, units: int, *, regimes: int = 1, mean_cycles: float = 200.0
) -> list[Window]:
    """Lives from delivery to failure: channels are three settings and twelve sensors.

    The health of a unit falls from 1, less its wear at delivery, to 0 at its last cycle, first slowly, then
    exponentially.

    Args:
        regimes: 1 to 6 flight conditions, drawn anew for each cycle.
        mean_cycles: lives spread around it as Weibull's with shape 4; none is shorter than 60.

    Returns:
        One window per unit, `rate_hz` 0, attribute `asset`.

    Source: Saxena, Goebel, Simon and Eklund 2008, PHM08 (health as 1 - d - exp(a t^b), sensors as functions
    of condition and health, noise of several stages).
    """
    lives = _SHORTEST + (mean_cycles - _SHORTEST) * rng.weibull(4.0, units) / 0.9064
    return [
        _life(rng, f"unit-{number:03d}", round(float(cycles)), regimes)
        for number, cycles in enumerate(lives, start=1)
    ]


def _life(rng: Rng, asset: str, cycles: int, regimes: int) -> Window:
    settings = _REGIMES[rng.integers(0, regimes, cycles)]
    settings = settings + rng.normal(0, (1.5, 0.0004, 0.0), (cycles, 3)).round(4)
    condition = settings / (12_800, 0.84, 100) - (0, 0, 1)
    wear = _wear(rng, cycles)
    weather: Signal = rng.normal(0, 1, cycles)
    channels = [
        Channel(name, unit, settings[:, column].astype(np.float32))
        for column, (name, unit) in enumerate(_SETTINGS)
    ]
    for name, sensor in _SENSORS.items():
        built = rng.normal(0, 0.4 * sensor.noise)  # no two engines are alike
        noise = sensor.noise * (0.8 * rng.normal(0, 1, cycles) + 0.6 * weather)
        moved = 1 + built + condition @ np.array(sensor.by_regime) + sensor.by_wear * wear + noise
        channels.append(Channel(name, sensor.unit, (sensor.level * moved).astype(np.float32)))
    return Window(tuple(channels), 0.0, None, {"asset": asset})


def _wear(rng: Rng, cycles: int) -> Signal:
    """1 - health per cycle: from the wear at delivery to exactly 1 at the last cycle."""
    delivered = float(rng.uniform(0.0, 0.08))
    steepness, bend = float(rng.uniform(2.5, 4.0)), float(rng.uniform(1.2, 1.8))
    age = np.arange(1, cycles + 1) / cycles
    grown = np.expm1(steepness * age**bend) / np.expm1(steepness)
    wear: Signal = delivered + (1 - delivered) * grown
    return wear
