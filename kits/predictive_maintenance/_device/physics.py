"""What physics says of a vibration window without any training: severity zone and bearing hypothesis, in words.

It is an opinion with figures that every approach carries beside its own score, and the whole model of approach
`physics`. Its scale: 1, 2, 3 are the ends of the zones A, B, C of ISO 20816-3; evidence for a bearing fault is
laid on the same scale. It learns nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kits.core.errors import DataError
from kits.core.prediction import Quantity, Reason
from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.shaft import ShaftSpec, heard, over_angle, turning
from kits.predictive_maintenance._device.trace import Measured, Trace
from kits.predictive_maintenance._signals import severity
from kits.predictive_maintenance._signals.bearings import BearingOrders
from kits.predictive_maintenance._signals.hypothesis import (
    LEAST_EVIDENCE,
    FaultHypothesis,
    fault_hypothesis,
)

WARN, ALARM = 2.0, 3.0
"""End of zone B, end of zone C."""
_SURE = 3 * LEAST_EVIDENCE
"""Evidence that is worth an alarm by itself."""
_MOST = 1.5 * _SURE
"""More makes nothing surer; above the alarm, so that nothing sure stands on its edge."""


class PhysicsSpec(BaseModel):
    """What is known of the machine. Part of a bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bearings: dict[str, BearingOrders] = Field(default_factory=dict)
    speed_rpm: float = Field(0.0, ge=0, description="where a window does not say it; 0: unknown")
    shaft: ShaftSpec = ShaftSpec()
    own_band: bool = Field(
        False, description="listens in the most impulsive band of each window too"
    )
    zone_ends: tuple[float, float, float] | None = Field(
        None, description="velocity in mm/s where zones A, B and C end; None: no zones"
    )
    zone_source: str = ""

    @property
    def knows_something(self) -> bool:
        return bool(self.bearings) or self.zone_ends is not None


@dataclass(frozen=True)
class Assessment:
    """What physics says of one window.

    Attributes:
        score: 0 nothing; 2 and 3 as the ends of zones B and C; not a number when nothing could be said.
        label: fault of the strongest hypothesis; empty for none.
    """

    score: float = float("nan")
    label: str = ""
    quantities: tuple[Quantity, ...] = ()
    reasons: tuple[Reason, ...] = ()


def assess(window: Window, spec: PhysicsSpec) -> Assessment:
    """The assessment of a window; channels that are no vibration are passed over."""
    channels = heard(window, spec.shaft)
    score, label = float("nan"), ""
    quantities: list[Quantity] = []
    reasons: list[Reason] = []
    for channel, velocity in _velocities(window, channels):
        quantities.append(Quantity(_velocity_of(channel), round(velocity, 4), "mm/s"))
        if spec.zone_ends is not None:
            score = float(np.nanmax([score, zone_score(velocity, spec.zone_ends)]))
            reasons += _zone_words(channel, velocity, spec)
    strongest: FaultHypothesis | None = None
    for name, channel, found in _hypotheses(window, channels, spec):
        line = f"{channel.name}, bearing {name}, {found.strongest} lines"
        height = round(10 ** found.prominences[found.strongest], 2)
        quantities.append(Quantity(line, height, "× background"))
        evidence = min(found.evidence, _MOST)
        mine = 0.0 if found.fault in ("none", "cage") else 1 + (ALARM - 1) * evidence / _SURE
        score = float(np.nanmax([score, mine]))
        if mine and (strongest is None or found.evidence > strongest.evidence):
            strongest, label = found, found.fault
        if mine:
            text = f"{channel.name}, bearing {name}: {found.text}"
            reasons.append(Reason(text, mine / ALARM, line, height))
    return Assessment(score, label, tuple(quantities), tuple(reasons))


def _velocity_of(channel: Channel) -> str:
    return f"{channel.name} velocity"


def zone_score(velocity: float, ends: tuple[float, float, float]) -> float:
    """Where a velocity stands: 1, 2 and 3 at the ends of zones A, B and C, straight between them and beyond."""
    known = np.array([0.0, *ends])
    if velocity >= ends[2]:
        return 3 * velocity / ends[2]
    return float(np.interp(velocity, known, [0.0, 1.0, 2.0, 3.0]))


def _velocities(window: Window, channels: Sequence[Channel]) -> Iterator[tuple[Channel, float]]:
    for channel in channels:
        if severity.has_velocity(channel.unit):
            found = severity.velocity_rms(
                channel.readings[None], window.rate_of(channel), channel.unit
            )
            if np.isfinite(found[0]):
                yield channel, float(found[0])


def _zone_words(channel: Channel, velocity: float, spec: PhysicsSpec) -> Iterator[Reason]:
    assert spec.zone_ends is not None
    limits = severity.ZoneLimits(*spec.zone_ends, edition=spec.zone_source, description="")
    zone = limits.zone(velocity)
    if zone in ("C", "D"):
        text = f"{channel.name}: {velocity:.2f} mm/s is zone {zone} ({spec.zone_source})"
        weight = zone_score(velocity, spec.zone_ends) / ALARM
        yield Reason(text, weight, _velocity_of(channel), velocity)


def _hypotheses(
    window: Window, channels: Sequence[Channel], spec: PhysicsSpec
) -> Iterator[tuple[str, Channel, FaultHypothesis]]:
    for channel in channels:
        for name in spec.bearings:
            try:
                yield name, channel, hypothesis(window, channel, spec, name)
            except DataError:
                # too short or too slow for this bearing: physics says nothing, the score still does
                continue


def hypothesis(
    window: Window, channel: Channel, spec: PhysicsSpec, bearing: str
) -> FaultHypothesis:
    """What one channel says of one bearing, over the shaft's angle where its speed changes.

    Raises:
        DataError: no speed, or too little of it for this bearing.
    """
    shaft = turning(window, spec.shaft, spec.speed_rpm)
    rate_hz = window.rate_of(channel)
    return fault_hypothesis(
        over_angle(channel.readings, rate_hz, shaft),
        rate_hz,
        shaft.speed_hz,
        spec.bearings[bearing],
        own_band=spec.own_band,
    )


def orders_hz(window: Window, spec: PhysicsSpec) -> dict[str, float]:
    """`6205 BPFO` → frequency in Hz, for plots; empty when nobody says the speed."""
    speed_hz = turning(window, spec.shaft, spec.speed_rpm).speed_hz
    return {
        f"{name} {fault}": round(order * speed_hz, 3)
        for name, o in spec.bearings.items()
        for fault, order in (
            ("BPFO", o.bpfo),
            ("BPFI", o.bpfi),
            ("2×BSF", 2 * o.bsf),
            ("FTF", o.ftf),
        )
        if speed_hz
    }


@dataclass(frozen=True)
class PhysicsJudge:
    """`Judge` of approach `physics`: one row per recording."""

    spec: PhysicsSpec
    labels: tuple[str, ...] = ("normal", "outer", "inner", "ball")

    @property
    def history(self) -> int:
        return 0

    def assess(self, window: Window, excluded: frozenset[str] = frozenset()) -> Assessment:
        """The assessment of the channels that can be trusted."""
        kept = tuple(c for c in window.channels if c.name not in excluded)
        return assess(replace(window, channels=kept), self.spec)

    def trace(self, window: Window, excluded: frozenset[str] = frozenset()) -> Trace:
        return self.trace_of(window, self.assess(window, excluded))

    def trace_of(self, window: Window, found: Assessment) -> Trace:
        """An assessment as a trace of one row."""
        count = max(c.readings.size for c in window.channels)
        seconds = max(c.readings.size / (window.rate_of(c) or 1.0) for c in window.channels)
        return Trace(
            np.array([seconds]),
            np.array([count]),
            np.array([found.score]),
            quantities={q.name: Measured(np.array([q.value]), q.unit) for q in found.quantities},
            reasons=lambda _row: found.reasons,
        )
