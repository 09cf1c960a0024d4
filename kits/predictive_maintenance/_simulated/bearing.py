"""A synthetic rolling bearing on a motor: acceleration as a sensor on its housing would give it.

Responsible for captures of one motor, healthy or with one point defect of stated kind and severity, and
for the life of such a bearing. It is for demo and tests, where truth must be known; no figure measured on
it says anything about a real machine, and it extracts no features.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Literal, NamedTuple, Protocol

import numpy as np

from kits.core.window import Channel, Window
from kits.predictive_maintenance._simulated.shaft import (
    Rng,
    RunUp,
    Signal,
    mean_rpm,
    sensed,
    shaft_turns,
)

BearingFault = Literal["outer", "inner", "ball", "cage"]

_REFERENCE_RPM = 1_480.0
_IMPACT_G = 30.0
"""Height of an impact at severity 1, in units of the sensor's noise."""
_SLIP, _JITTER = 0.01, 0.01
_FIRST = datetime(2026, 3, 2, tzinfo=timezone.utc)


class Orders(Protocol):
    """Events per turn of the shaft; any object with these four numbers will do."""

    @property
    def bpfo(self) -> float: ...
    @property
    def bpfi(self) -> float: ...
    @property
    def bsf(self) -> float: ...
    @property
    def ftf(self) -> float: ...


class BallPass(NamedTuple):
    """Events per turn of the shaft: outer race, inner race, ball spin, cage."""

    bpfo: float
    bpfi: float
    bsf: float
    ftf: float


ORDERS_6205 = BallPass(3.585, 5.415, 2.357, 0.398)
"""9 balls of 7.94 mm on a pitch circle of 39.04 mm, contact angle 0."""


@dataclass(frozen=True, slots=True)
class Motor:
    """One machine: what differs from the next one of the same type.

    Attributes:
        resonance_hz, damping: of the housing that rings after each impact; share of critical damping.
        noise_g: RMS of the broadband noise at the reference speed of 1,480 rpm.
        unbalance_g, misalignment_g: amplitudes at once and twice the shaft's speed.
        mains_hz: of the supply; the motor hums at twice that.
    """

    asset: str = "motor-1"
    orders: Orders = ORDERS_6205
    resonance_hz: float = 3_400.0
    damping: float = 0.05
    noise_g: float = 0.03
    unbalance_g: float = 0.08
    misalignment_g: float = 0.03
    mains_hz: float = 50.0


def make_motor(rng: Rng, asset: str, orders: Orders = ORDERS_6205) -> Motor:
    """A motor with its own mounting, balance and noise."""
    return Motor(
        asset=asset,
        orders=orders,
        resonance_hz=float(rng.uniform(2_400, 4_600)),
        damping=float(rng.uniform(0.035, 0.07)),
        noise_g=float(rng.uniform(0.02, 0.045)),
        unbalance_g=float(rng.uniform(0.03, 0.14)),
        misalignment_g=float(rng.uniform(0.01, 0.05)),
    )


def bearing_capture(
    rng: Rng,
    motor: Motor = Motor(),
    *,
    seconds: float = 1.0,
    rate_hz: float = 25_600.0,
    speed_rpm: float | RunUp = _REFERENCE_RPM,
    load: float = 0.7,
    fault: BearingFault | None = None,
    severity: float = 0.0,
) -> Window:
    """One capture: channel `vibration` in g, what a speed sensor says, attributes `asset`, `speed_rpm`, `load`.

    Each pass of a defect is an impact that lets the housing ring down. Impacts come at the defect's order
    with a mean slip of up to 1 % and a random walk of 1 % per interval; those of a defect that turns
    (inner race, ball) are modulated by the load zone.

    Args:
        speed_rpm: a `RunUp` where it changes; the attribute is then the mean.
        load: share of the rated load, 0 to 1.
        severity: 0 nothing, 1 a defect that anybody hears; the impacts' height grows with it.

    Returns:
        A window of `seconds * rate_hz` readings without `started_at`.

    Source: McFadden and Smith 1984, J. Sound Vib. 96(1), 69-82 (impacts, load zone); Randall and Antoni
    2011, Mech. Syst. Signal Process. 25(2), 485-520 (slip as a random walk).
    """
    n = round(seconds * rate_hz)
    turns = shaft_turns(rng, n, rate_hz, speed_rpm)
    pace = (mean_rpm(speed_rpm) / _REFERENCE_RPM) ** 2
    readings = _running(rng, motor, turns, n / rate_hz, pace)
    if fault is not None and severity > 0:
        height = motor.noise_g * _IMPACT_G * severity * np.sqrt(pace) * (0.4 + 0.85 * load)
        train = _impacts(rng, motor.orders, fault, turns) * height
        readings += ring(train, rate_hz, motor.resonance_hz, motor.damping)
    channel = Channel("vibration", "g", readings.astype(np.float32))
    attributes: dict[str, str | float] = {
        "asset": motor.asset,
        "speed_rpm": mean_rpm(speed_rpm),
        "load": float(load),
    }
    return Window((channel, *sensed(turns, rate_hz, speed_rpm)), rate_hz, None, attributes)


def bearing_life(
    rng: Rng,
    motor: Motor = Motor(),
    *,
    captures: int = 100,
    every_s: float = 600.0,
    onset: float = 0.6,
    fault: BearingFault = "outer",
    seconds: float = 0.25,
    rate_hz: float = 25_600.0,
) -> list[Window]:
    """A run to failure: one capture every `every_s` seconds; the last one is the failure, at severity 1.

    The defect begins after the share `onset` of the life and grows exponentially, as spalls do.
    """
    life = []
    for number in range(captures):
        age = (number + 1) / captures
        grown = max(0.0, (age - onset) / (1 - onset))
        severity = float(np.expm1(3 * grown) / np.expm1(3))
        window = bearing_capture(
            rng, motor, seconds=seconds, rate_hz=rate_hz, fault=fault, severity=severity
        )
        started_at = _FIRST + timedelta(seconds=number * every_s)
        life.append(replace(window, started_at=started_at))
    return life


def ring(train: Signal, rate_hz: float, resonance_hz: float, damping: float) -> Signal:
    """The answer of one damped resonance to impulses; its first swing is as high as the impulse."""
    damped_hz = min(resonance_hz, 0.45 * rate_hz)
    decay = 2 * np.pi * damped_hz * damping
    time_s = np.arange(min(train.size, int(8 / decay * rate_hz) + 1)) / rate_hz
    response = np.exp(-decay * time_s) * np.sin(2 * np.pi * damped_hz * time_s + np.pi / 4)
    size = 1 << (train.size + response.size - 1).bit_length()
    spectrum = np.fft.rfft(train, size) * np.fft.rfft(response, size)
    rung: Signal = np.fft.irfft(spectrum, size)[: train.size]
    return rung


def _running(rng: Rng, motor: Motor, turns: Signal, seconds: float, pace: float) -> Signal:
    """What a healthy motor gives: shaft harmonics, magnetic hum, noise partly shaped by the housing."""
    n = turns.size
    time_s = np.arange(n) * (seconds / n)
    readings: Signal = rng.normal(0, motor.noise_g * np.sqrt(pace), n)
    readings += ring(
        rng.normal(0, 0.25 * motor.noise_g, n), n / seconds, motor.resonance_hz, motor.damping
    )
    harmonics = (motor.unbalance_g, motor.misalignment_g, 0.3 * motor.misalignment_g)
    for number, amplitude in enumerate(harmonics, start=1):
        phase = rng.uniform(0, 2 * np.pi)
        readings += amplitude * pace * np.cos(2 * np.pi * number * turns + phase)
    hum_hz = 2 * motor.mains_hz
    readings += 0.4 * motor.noise_g * np.cos(2 * np.pi * hum_hz * time_s + rng.uniform(0, 6.28))
    return readings


def _impacts(rng: Rng, orders: Orders, fault: BearingFault, turns: Signal) -> Signal:
    """Impulses of mean height about 1, where the defect is struck."""
    per_turn = {"outer": orders.bpfo, "inner": orders.bpfi, "ball": 2 * orders.bsf}
    order = per_turn.get(fault, orders.ftf) * (1 + rng.uniform(-_SLIP, _SLIP))
    span = float(turns[-1] - turns[0])
    steps = (1 + rng.normal(0, _JITTER, int(span * order) + 2)) / order
    at = turns[0] + np.cumsum(steps) - steps[0] * rng.random()
    at = at[(at >= turns[0]) & (at <= turns[-1])]
    heights = rng.normal(1.0, 0.15, at.size).clip(0.3)
    if fault == "inner":
        heights *= _load_zone(at)
    elif fault == "ball":
        heights *= 0.25 + _load_zone(at * orders.ftf)
        heights[1::2] *= 0.7  # the same spot meets the outer, then the inner race
    train = np.zeros(turns.size)
    # between two readings, an impulse is shared by both
    where = np.interp(at, turns, np.arange(turns.size))
    left = np.minimum(where.astype(np.intp), turns.size - 2)
    np.add.at(train, left, heights * (1 - (where - left)))
    np.add.at(train, left + 1, heights * (where - left))
    return train


def _load_zone(turns: Signal, extent: float = 0.45) -> Signal:
    """Stribeck's distribution of the radial load over the angle; `extent` below 0.5: less than half a turn."""
    share = 1 - (1 - np.cos(2 * np.pi * turns)) / (2 * extent)
    loaded: Signal = np.maximum(share, 0) ** 1.5
    return loaded
