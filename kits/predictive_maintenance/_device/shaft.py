"""How the shaft turns in a window: which statement of its speed is believed, and its angle where the speed changes.

It is responsible for finding the channel of a speed or a tacho, for the order in which statements count, and for readings
at equal angles. It is not responsible for the arithmetic (`_signals/angle.py`, `_signals/speed.py`) nor for orders.

A channel counts before an attribute, an attribute before an estimate, an estimate before the configured speed. A channel
that only its unit gives away, and that contradicts the attribute, belongs to another shaft and does not count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kits.core.errors import DataError
from kits.core.window import Channel, Window
from kits.predictive_maintenance._signals.angle import (
    STEADY,
    Angles,
    angles,
    at_equal_angles,
    is_steady,
    is_tracked,
    pulse_times,
)
from kits.predictive_maintenance._signals.speed import SURE, estimate_speed

Floats = NDArray[np.float64]
WAVEFORM_HZ = 1000.0
"""From this rate on a channel is heard as a waveform."""
_PER_MINUTE = frozenset({"rpm", "1/min", "min-1", "min⁻¹", "u/min", "r/min"})
_TACHO = ("tacho", "keyphas", "key_phas", "key phas")
"""How the name of a tacho's channel begins, in small letters."""
_PULSES_HZ = 100.0
"""Pulses are not seen at a lower rate: a slower channel of such a name is a speed somebody else made of them."""
_SAME = 0.05
"""A channel and an attribute that differ by a larger share speak of two shafts."""
_COURSE_HZ = 100.0
"""A shaft's speed changes more slowly than this: faster readings of it are noise, and averaged."""


class ShaftSpec(BaseModel):
    """What says how the shaft turns. Part of a bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    speed_channel: str = Field(
        "", description="channel with the speed; empty: the only one in rpm; `none`: no channel"
    )
    tacho_channel: str = Field(
        "", description="channel with pulses; empty: the one named tacho; `none`: no channel"
    )
    pulses_per_turn: float = Field(1.0, gt=0, description="of the tacho, per turn of the shaft")
    range_rpm: tuple[float, float] | None = Field(
        None, description="where the speed is looked for in the vibration; None: it is not"
    )


@dataclass(frozen=True)
class Turning:
    """How the shaft turns.

    Attributes:
        speed_hz: mean over the window, turns per second; 0 when nobody says it.
        moments_s, course_hz: speeds at some moments; empty where the speed stays the same.
    """

    speed_hz: float = 0.0
    moments_s: Floats | None = None
    course_hz: Floats | None = None

    @property
    def fastest_hz(self) -> float:
        return self.speed_hz if self.course_hz is None else float(self.course_hz.max())

    def angles(self, rate_hz: float, count: int) -> Angles | None:
        """(count,) turns at each of so many readings; None where the speed stays the same."""
        if self.moments_s is None or self.course_hz is None or not rate_hz or count < 2:
            return None
        return angles(self.moments_s, self.course_hz, rate_hz, count)


def turning(window: Window, spec: ShaftSpec, speed_rpm: float = 0.0) -> Turning:
    """How the shaft turns in a window.

    Args:
        speed_rpm: where nothing else says it; 0: unknown.
    """
    given = _given(window)
    told = _by_channel(window, spec, given)
    if told is not None:
        return told
    return Turning(given or _estimated(window, spec) or max(speed_rpm, 0.0) / 60)


def stated(window: Window, spec: ShaftSpec, speed_rpm: float = 0.0) -> Window:
    """The window with its speed as an attribute where neither one nor a channel says it: an estimate is made once."""
    given = _given(window)
    if given or _by_channel(window, spec, given) is not None:
        return window
    return with_speed(window, turning(window, spec, speed_rpm))


def with_speed(window: Window, shaft: Turning) -> Window:
    """The window with the mean speed as its attribute; as it is where nobody knows it."""
    if not shaft.speed_hz:
        return window
    return replace(window, attributes={**window.attributes, "speed_rpm": shaft.speed_hz * 60})


def silenced(window: Window, spec: ShaftSpec, broken: frozenset[str]) -> Window:
    """The window without what broken channels say of the shaft: the next statement counts."""
    lost = broken & {*tachos(window, spec), *speeds(window, spec)}
    if not lost:
        return window
    channels = tuple(
        replace(c, readings=np.full_like(c.readings, np.nan)) if c.name in lost else c
        for c in window.channels
    )
    return replace(window, channels=channels)


def over_angle(
    readings: NDArray[np.float32], rate_hz: float, shaft: Turning
) -> NDArray[np.float32]:
    """(samples,) readings as a shaft that turns evenly at the mean speed would have given them.

    Raises:
        DataError: the shaft stood still meanwhile, or changed its speed too much.
    """
    turns = shaft.angles(rate_hz, readings.size)
    if turns is None or is_steady(turns[None])[0]:
        return readings
    if not is_tracked(turns[None])[0]:
        raise DataError(
            "the shaft stood still or changed its speed too much within a window",
            fix="look at shorter windows",
        )
    evened: NDArray[np.float32] = at_equal_angles(readings[None], turns[None])[0]
    return evened


def tachos(window: Window, spec: ShaftSpec) -> tuple[str, ...]:
    """Channels of pulses: they tell the angle and nothing of the machine's health."""
    if spec.tacho_channel:
        return tuple(c.name for c in window.channels if c.name == spec.tacho_channel)
    return tuple(
        c.name
        for c in window.channels
        if c.name.lower().startswith(_TACHO)
        and c.unit.lower() not in _PER_MINUTE
        and window.rate_of(c) >= _PULSES_HZ
    )


def speeds(window: Window, spec: ShaftSpec) -> tuple[str, ...]:
    """Channels that may be the shaft's speed; several where nobody says which."""
    if spec.speed_channel:
        return tuple(c.name for c in window.channels if c.name == spec.speed_channel)
    return tuple(c.name for c in window.channels if c.unit.lower() in _PER_MINUTE)


def heard(window: Window, spec: ShaftSpec) -> tuple[Channel, ...]:
    """Channels without a gap that are heard as waveforms: fast ones that do not tell of the shaft."""
    telling = {*tachos(window, spec), *speeds(window, spec)}
    return tuple(
        c
        for c in window.channels
        if c.name not in telling
        and window.rate_of(c) >= WAVEFORM_HZ
        and c.readings.size > 8
        and np.isfinite(c.readings).all()
    )


def _given(window: Window) -> float:
    given = window.attributes.get("speed_rpm")
    return float(given) / 60 if isinstance(given, int | float) and given > 0 else 0.0


def _by_channel(window: Window, spec: ShaftSpec, given_hz: float) -> Turning | None:
    found = tachos(window, spec)
    if len(found) == 1:
        told = _of_tacho(window, _channel(window, found[0]), spec.pulses_per_turn)
        if told is not None:
            return told
    found = speeds(window, spec)
    if len(found) != 1:
        return None
    told = _of_speed(window, _channel(window, found[0]))
    if told is None or spec.speed_channel or not given_hz:
        return told
    return told if abs(told.speed_hz - given_hz) <= _SAME * given_hz else None


def _channel(window: Window, name: str) -> Channel:
    return next(c for c in window.channels if c.name == name)


def _of_tacho(window: Window, channel: Channel, per_turn: float) -> Turning | None:
    rate_hz = window.rate_of(channel)
    if not rate_hz or channel.readings.size < 2 or not np.isfinite(channel.readings).all():
        return None
    try:
        pulses = pulse_times(channel.readings, rate_hz)
    except DataError:
        return None  # at rest, or torn off: the next statement counts
    course = 1 / (per_turn * np.diff(pulses))
    if course.size > 2:
        # a pulse that was missed, or seen twice, is a speed that no shaft has for one turn
        beside = np.stack([course[:-2], course[1:-1], course[2:]])
        course = np.concatenate([course[:1], np.median(beside, axis=0), course[-1:]])
    return _course((pulses[1:] + pulses[:-1]) / 2, course, window)


def _of_speed(window: Window, channel: Channel) -> Turning | None:
    rate_hz = window.rate_of(channel)
    whole = np.isfinite(channel.readings)
    if not rate_hz or not whole.any():
        return None
    turns = 1.0 if channel.unit.lower() in ("hz", "1/s") else 60.0
    # a shaft that turns backwards has the same orders
    course = np.abs(channel.readings[whole].astype(np.float64)) / turns
    moments = np.flatnonzero(whole) / rate_hz
    block = max(round(rate_hz / _COURSE_HZ), 1)
    if course.size >= 2 * block:
        kept = course.size // block * block
        course = course[:kept].reshape(-1, block).mean(axis=1)
        moments = moments[:kept].reshape(-1, block).mean(axis=1)
    return _course(moments, course, window)


def _course(moments_s: Floats, course_hz: Floats, window: Window) -> Turning | None:
    """A speed that changes, or the one speed where it does not; None for a shaft at rest."""
    seconds = max(c.readings.size / (window.rate_of(c) or 1.0) for c in window.channels)
    # in time, not by reading: pulses come closer together where the shaft is fast
    mean = float(np.interp(np.linspace(0, seconds, 256), moments_s, course_hz).mean())
    if not mean > 0:
        return None
    if np.ptp(course_hz) <= STEADY * mean:
        return Turning(mean)
    return Turning(mean, moments_s, course_hz)


def _estimated(window: Window, spec: ShaftSpec) -> float:
    """The speed that the vibration itself tells, turns per second; 0 where none is sure."""
    if spec.range_rpm is None:
        return 0.0
    slowest, fastest = (limit / 60 for limit in spec.range_rpm)
    found = []
    for channel in heard(window, spec):
        try:
            found.append(
                estimate_speed(channel.readings, window.rate_of(channel), slowest, fastest)
            )
        except DataError:
            continue  # too short for its slowest speed: another channel may tell
    best = max(found, key=lambda one: one.confidence, default=None)
    return best.speed_hz if best is not None and best.confidence >= SURE else 0.0
