"""Captures of the machine that a configuration describes, by which a device proves itself before any data is there.

It joins the simulated bearing with what is known of the real one: its orders and its speed. It is not
responsible for judging anything: no figure measured on these captures says how well real faults are found.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kits.core.window import Window
from kits.predictive_maintenance._simulated.bearing import (
    ORDERS_6205,
    BearingFault,
    Motor,
    Orders,
    bearing_capture,
)

if TYPE_CHECKING:
    from kits.predictive_maintenance._device.physics import PhysicsSpec

_RPM = 1_480.0
_LEAST_TURNS = 30.0
_RATE_HZ = 12_800.0
_LONGEST_S = 20.0
_SEVERITIES = (1.0, 4.0)
_LEVELS = (0.5, 1.5, 2.0)
"""Vibration velocity as shares of the end of zone C."""
_STILL = Motor(asset="example", unbalance_g=0.005, misalignment_g=0.002)
"""Deep within zone A at any usual speed."""


def example_windows(spec: PhysicsSpec, seed: int) -> Iterator[Window]:
    """Sound captures, damage of each race and of the balls of each bearing, levels in each zone where there are zones."""
    rng = np.random.default_rng(seed)
    speed = spec.speed_rpm or _RPM
    seconds = float(np.clip(_LEAST_TURNS / (speed / 60), 1.0, _LONGEST_S))
    known: list[Orders] = [*spec.bearings.values()] or [ORDERS_6205]
    faults: tuple[BearingFault, ...] = ("outer", "inner", "ball") if spec.bearings else ()
    for orders in known:
        motor = replace(_STILL, orders=orders)
        yield bearing_capture(rng, motor, seconds=seconds, rate_hz=_RATE_HZ, speed_rpm=speed)
        for fault, severity in itertools.product(faults, _SEVERITIES):
            yield bearing_capture(
                rng,
                motor,
                seconds=seconds,
                rate_hz=_RATE_HZ,
                speed_rpm=speed,
                fault=fault,
                severity=severity,
            )
    if spec.zone_ends is not None:
        for share in _LEVELS:
            yield _at_level(rng, share * spec.zone_ends[2], seconds, speed)


def _at_level(
    rng: np.random.Generator, velocity_mm_s: float, seconds: float, speed: float
) -> Window:
    """A capture whose unbalance gives a velocity in mm/s, RMS."""
    capture = bearing_capture(rng, _STILL, seconds=seconds, rate_hz=_RATE_HZ, speed_rpm=speed)
    turning = 2 * np.pi * speed / 60
    time_s = np.arange(capture.channels[0].readings.size) / _RATE_HZ
    height_g = velocity_mm_s * np.sqrt(2) * turning / 9_806.65
    channel = capture.channels[0]
    shaken = channel.readings + (height_g * np.cos(turning * time_s)).astype(np.float32)
    return replace(capture, channels=(replace(channel, readings=shaken),))
