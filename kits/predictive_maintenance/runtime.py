"""A predictive-maintenance bundle at work: sensor window → condition, fault, remaining life. The device runs this file.

numpy and the session it is given; no trainer, no dataset. Sensors are looked at before the machine: a broken
channel is named and left out, and never raises an alarm by itself. Levels and alarms are the operating point's.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict, JsonValue

from kits.core.bundle import Bundle
from kits.core.errors import BundleError, DataError
from kits.core.operating_point import Band
from kits.core.prediction import Prediction, Quantity, Reason
from kits.core.runtime import Payload, Runtime, SessionFactory, StageTimes
from kits.core.window import MEDIA_TYPE, Window, decode_window, encode_window
from kits.predictive_maintenance._device.condition import ConditionJudge, ConditionSpec
from kits.predictive_maintenance._device.faults import FaultJudge, FaultSpec
from kits.predictive_maintenance._device.physics import (
    Assessment,
    PhysicsJudge,
    PhysicsSpec,
    assess,
    orders_hz,
)
from kits.predictive_maintenance._device.regimes import UNKNOWN, UNSETTLED
from kits.predictive_maintenance._device.remaining import RemainingJudge, RemainingSpec
from kits.predictive_maintenance._device.rows import in_units_learned
from kits.predictive_maintenance._device.shaft import (
    silenced,
    stated,
    tachos,
    turning,
    with_speed,
)
from kits.predictive_maintenance._device.trace import SENSOR_FAULT, Judge, Trace
from kits.predictive_maintenance._signals.sensors import SensorBaseline, SensorFault, inspect

ROLE = "model"
INSPECTED = 4096
"""Readings of each channel that its sensor is judged by."""
_SAME_RATE = 1.5
"""Rates further apart than this are not the same course of things."""
_NEW_REGIME = "an operating regime never seen before"
LOWEST = -9.0
_MARGIN = 1e-6


class MachineSpec(BaseModel):
    """What the runtime needs to know; the bundle's `config`. One of the approaches is there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    approach: str
    condition: ConditionSpec | None = None
    faults: FaultSpec | None = None
    remaining: RemainingSpec | None = None
    physics: PhysicsSpec = PhysicsSpec()
    sensors: SensorBaseline = SensorBaseline()

    def in_its_units(self, window: Window) -> Window:
        """A window in the units that were learned: a device may read °F where the recordings were in °C."""
        learned = self.condition or self.faults or self.remaining
        return in_units_learned(window, learned.rows) if learned is not None else window


def load(bundle: Bundle, sessions: SessionFactory, target: str = "cpu") -> Runtime:
    """The runtime of a bundle.

    Raises:
        BundleError: its config is not one of this kit, or the model is missing or does not fit.
    """
    spec = bundle.config_as(MachineSpec)
    return MachineRuntime(
        spec, _judge(spec, bundle, sessions, target), bundle.operating_point.default
    )


def _judge(spec: MachineSpec, bundle: Bundle, sessions: SessionFactory, target: str) -> Judge:
    speed = spec.physics.speed_rpm
    if spec.condition is not None:
        return ConditionJudge(spec.condition, sessions(bundle.artefact(ROLE, target)), speed)
    if spec.remaining is not None:
        return RemainingJudge(spec.remaining, sessions(bundle.artefact(ROLE, target)), speed)
    if spec.faults is not None:
        model = None if spec.faults.method == "rule" else sessions(bundle.artefact(ROLE, target))
        return FaultJudge(spec.faults, model, speed)
    if spec.approach == "physics":
        return PhysicsJudge(spec.physics)
    raise BundleError(
        f"the bundle is for an approach this kit does not know: {spec.approach!r}",
        where=bundle.id[:12],
        fix="update kitwright",
    )


@dataclass(frozen=True)
class MachineRuntime:
    """`Runtime` of this kit.

    Attributes:
        judge: the approach, which also gives traces over whole recordings.
        band: of the operating point; a broken sensor keeps the score below its alarm.
    """

    spec: MachineSpec
    judge: Judge
    band: Band

    def decode(self, content: bytes, media_type: str) -> Payload:
        """Bytes of a sensor window → the window.

        Raises:
            DataError: not a sensor window.
        """
        del media_type  # the content says what it is
        return decode_window(content)

    def encode(self, payload: Payload) -> tuple[bytes, str]:
        """A window as CBOR with int16 and scale; bytes stay as they are."""
        if isinstance(payload, bytes):
            return payload, MEDIA_TYPE
        return encode_window(_window(payload)), MEDIA_TYPE

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        """One prediction per window, for its end. Raises DataError for what is no window of this machine."""
        return [self.predict_timed(payload)[0] for payload in payloads]

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        """One prediction with the time of each stage: sensors, model, words.

        Raises:
            DataError: not a sensor window, channels are missing, or it is too short.
        """
        started = time.perf_counter()
        window = self.spec.in_its_units(_window(payload))
        faults = self._inspected(_end(window, INSPECTED))
        inspected = time.perf_counter()
        excluded = frozenset(fault.channel for fault in faults)
        known = self.spec.physics
        window = silenced(window, known.shaft, excluded)
        window = stated(window, known.shaft, known.speed_rpm)
        trace, physics = self._judged(window, excluded)
        judged = time.perf_counter()
        prediction = self._told(window, trace, faults, physics)
        ended = time.perf_counter()
        return prediction, StageTimes(
            1e3 * (inspected - started), 1e3 * (judged - inspected), 1e3 * (ended - judged)
        )

    def _inspected(self, window: Window) -> tuple[SensorFault, ...]:
        """What is wrong with the sensors; a shaft near the mains frequency is no hum."""
        known = self.spec.physics
        window = with_speed(window, turning(window, known.shaft, known.speed_rpm))
        pulses = tachos(window, known.shaft)
        # pulses lie at two extremes, and at one of them while the machine rests: only what is missing is a fault
        return tuple(
            fault
            for fault in inspect(window, self.spec.sensors)
            if fault.channel not in pulses or fault.kind == "gaps"
        )

    def _judged(self, window: Window, excluded: frozenset[str]) -> tuple[Trace, Assessment]:
        """What the approach says over time, and what physics adds for the end.

        A bearing is listened to where something is unusual: that takes most of a device's time and gives reasons,
        which nobody asks for where all is well.
        """
        if isinstance(self.judge, PhysicsJudge):
            found = self.judge.assess(window, excluded)
            return self.judge.trace_of(window, found), replace(found, reasons=(), quantities=())
        trace = self.judge.trace(self._tail(window), excluded)
        known = self.spec.physics
        if not known.knows_something:
            return trace, Assessment()
        if len(trace) and trace.score[-1] < self.band.review_from:
            known = known.model_copy(update={"bearings": {}})
        return trace, assess(window, known)

    def _tail(self, window: Window) -> Window:
        """The part of a window that its end rests on."""
        return _end(window, self.judge.history) if self.judge.history else window

    def _told(
        self,
        window: Window,
        trace: Trace,
        faults: tuple[SensorFault, ...],
        physics: Assessment,
    ) -> Prediction:
        row = len(trace) - 1
        score, why = self._score(window, trace, row, faults)
        judged = row >= 0
        quantities = [
            q
            for name, measured in trace.quantities.items()
            if judged and (q := measured.at(name, row)) is not None
        ]
        words = trace.reasons(row) if judged else ()
        reasons = [*(Reason(f.text, 0.0, f.channel) for f in faults), *words]
        details: dict[str, JsonValue] = {"asset": str(window.attributes.get("asset", ""))}
        if faults:
            details["sensor_fault"] = [f"{f.channel}: {f.kind}" for f in faults]
        if why:
            details["not_judged"] = why
        if why and why in (_NEW_REGIME, self.other_rate(window)):
            details["unknown_regime"] = True
        if trace.regimes is not None and len(trace.regimes):
            details["regime"] = int(trace.regimes[row])
        if orders := orders_hz(window, self.spec.physics):
            details["orders"] = dict(orders)
        probabilities = (
            dict(zip(self.judge.labels, map(float, trace.probabilities[row])))
            if judged and trace.probabilities is not None
            else {}
        )
        return Prediction(
            score=score,
            label=self._label(trace, row, score, physics, faults),
            probabilities=probabilities,
            quantities=(*quantities, *physics.quantities),
            reasons=(*reasons, *physics.reasons),
            details=details,
        )

    def _label(
        self,
        trace: Trace,
        row: int,
        score: float,
        physics: Assessment,
        faults: tuple[SensorFault, ...],
    ) -> str:
        if trace.labels and row >= 0:
            return trace.labels[row]
        if faults:
            # neither normal nor a fault of the machine: nobody knows before the sensor is well
            return SENSOR_FAULT
        if score < self.band.review_from:
            return "normal"
        return physics.label or "anomaly"

    def _score(
        self, window: Window, trace: Trace, row: int, faults: tuple[SensorFault, ...]
    ) -> tuple[float, str]:
        """The score, and why it was not judged; a person looks at what no one can judge."""
        doubt = self._doubt(window, trace, row, faults)
        if doubt:
            return self._doubtful(), doubt
        score = float(trace.score[row])
        if not np.isfinite(score):
            return min(LOWEST, self.band.review_from - 1), "settling after a change of regime"
        return (min(score, self._below_alarm()) if faults else score), ""

    def _doubt(
        self, window: Window, trace: Trace, row: int, faults: tuple[SensorFault, ...]
    ) -> str:
        """Why nobody but a person can judge this; empty where the score stands."""
        if row < 0:
            return "broken sensors" if faults else "no row of data"
        if unfit := self.other_rate(window):
            return unfit
        regime = int(trace.regimes[row]) if trace.regimes is not None else 0
        if regime == UNKNOWN:
            return _NEW_REGIME
        if np.isfinite(trace.score[row]) or regime == UNSETTLED:
            return ""
        return "broken sensors" if faults else "too few readings without gaps"

    def other_rate(self, window: Window) -> str:
        """That rows come at another pace than the model's; empty when they do not, or nobody knows."""
        condition = self.spec.condition
        rows = condition.rows if condition is not None else None
        if rows is None or rows.kind != "readings" or not rows.rate_hz:
            return ""
        rate = window.rate_hz or max((window.rate_of(c) for c in window.channels), default=0.0)
        if not rate or 1 / _SAME_RATE < rate / rows.rate_hz < _SAME_RATE:
            return ""
        return f"readings come at {rate:g} Hz, the model learned from {rows.rate_hz:g} Hz"

    def _doubtful(self) -> float:
        """A score in the review band."""
        return float(np.clip((self.band.review_from + self._below_alarm()) / 2, -1e6, 1e6))

    def _below_alarm(self) -> float:
        limit = self.band.act_at
        return limit - _MARGIN * max(1.0, abs(limit))


def _window(payload: Payload) -> Window:
    if not isinstance(payload, Window | bytes):
        raise DataError(
            "this kit takes sensor windows", fix=f"send {MEDIA_TYPE}, see kits.core.window"
        )
    window = decode_window(payload) if isinstance(payload, bytes) else payload
    if not any(channel.readings.size for channel in window.channels):
        raise DataError(
            "a sensor window without a reading",
            where=str(window.attributes.get("asset", "")),
            fix="look whether the source still delivers, and send windows with readings in them",
        )
    return window


def _end(window: Window, readings: int) -> Window:
    """The last readings of a window; channels with rates of their own keep the same stretch of time."""
    longest = max((c.readings.size for c in window.channels), default=0)
    if longest <= readings:
        return window
    share = readings / longest
    channels = tuple(
        replace(c, readings=c.readings[-max(round(c.readings.size * share), 1) :])
        for c in window.channels
    )
    return replace(window, channels=channels)


def remaining_life(prediction: Prediction) -> Quantity | None:
    """The remaining life in a prediction."""
    return next((q for q in prediction.quantities if q.name == "remaining_life"), None)
