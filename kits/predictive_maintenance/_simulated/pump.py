"""A synthetic centrifugal pump with its motor: flow, pressure, current, temperature, vibration and speed.

Responsible for how one pump answers a plan of regimes and faults (`_simulated/duty.py`), reading by reading.
It is for demo and tests, where truth must be known; no figure measured on it says anything about a real
machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import get_args

import numpy as np

from kits.core.prediction import Span
from kits.core.window import Channel, Window
from kits.predictive_maintenance._simulated.duty import Event, Phase, PumpFault, demanded, shifts
from kits.predictive_maintenance._simulated.shaft import Rng, Signal

MONDAY = datetime(2026, 3, 2, tzinfo=timezone.utc)
_BAR_L_PER_KW = 600.0
"""bar times l/min per kW."""
_KW_PER_A = 0.624
"""Three phases of 400 V at a power factor of 0.9."""
_DEMAND, _DEMAND_S = 0.02, 240.0
"""The consumers' valves are never still."""
_RAMP_S, _WARM_UP_S, _BUBBLES_S = 4.0, 1_200.0, 20.0
_CAVITATION_HEAD, _CLOG, _LEAK_L_MIN, _WEAR_MM_S = 0.06, 1.1, 32.0, 3.5


@dataclass(frozen=True, slots=True)
class Pump:
    """One pump; what differs from the next one of the same type.

    Attributes:
        shutoff_bar: pressure at rated speed without flow.
        best_l_min: flow of best efficiency at rated speed.
        static_bar: pressure of the plant without flow.
        vibration_mm_s: RMS velocity at the best flow, rated speed.
    """

    asset: str = "pump-1"
    shutoff_bar: float = 5.0
    best_l_min: float = 400.0
    static_bar: float = 0.5
    efficiency: float = 0.70
    magnetising_a: float = 2.8
    ambient_c: float = 22.0
    vibration_mm_s: float = 1.2
    rated_rpm: float = 2_900.0


@dataclass(frozen=True, slots=True)
class _State:
    """What the pump does at each reading, before any sensor sees it."""

    speed: Signal
    flow: Signal
    pressure: Signal
    power_kw: Signal
    off_best: Signal


Severities = dict[PumpFault, Signal]


def make_pump(rng: Rng, asset: str) -> Pump:
    """A pump with the tolerances of its type."""
    return Pump(
        asset=asset,
        shutoff_bar=float(rng.normal(5.0, 0.12)),
        best_l_min=float(rng.normal(400, 10)),
        static_bar=float(rng.uniform(0.4, 0.6)),
        efficiency=float(rng.uniform(0.67, 0.73)),
        magnetising_a=float(rng.uniform(2.6, 3.0)),
        ambient_c=float(rng.uniform(20, 25)),
        vibration_mm_s=float(rng.uniform(0.9, 1.5)),
    )


def pump_history(
    rng: Rng,
    pump: Pump = Pump(),
    *,
    hours: float,
    rate_hz: float = 1.0,
    events: Sequence[Event] = (),
    phases: Sequence[Phase] | None = None,
    started_at: datetime = MONDAY,
) -> tuple[Window, tuple[Span, ...]]:
    """A recording of one pump, and where in it which fault is present (reading indices).

    Flow and pressure are the intersection of the pump's curve with the plant's; faults change the curves:
    cavitation takes head and adds bubbles' noise, a clogged inlet takes head with the flow squared, a worn
    seal leaks back from the pressure side, a worn bearing warms and shakes. The motor follows the hydraulic
    power, the housing's temperature the losses, with a time constant of 20 minutes.

    Args:
        phases: the duty; None: the usual shifts (`shifts`).

    Source: Gülich, Centrifugal Pumps, 3rd ed. 2014, ch. 3 (curves), 6 (cavitation), 10 (vibration).
    """
    n = round(hours * 3_600 * rate_hz)
    time_s = np.arange(n) / rate_hz
    plan = shifts(rng, hours, started_at) if phases is None else phases
    speed, opening = demanded(plan, time_s)
    opening = opening * (1 + _DEMAND * _wander(rng, n, _DEMAND_S * rate_hz))
    for event in events:
        if event.fails:
            speed = np.where(time_s >= event.end_s, 0.0, speed)
    present: Severities = {fault: np.zeros(n) for fault in get_args(PumpFault)}
    for event in events:
        present[event.fault] = np.maximum(present[event.fault], event.severities(time_s))
    turning = _follow(speed, _RAMP_S, 1 / rate_hz)
    state = _hydraulics(pump, turning, opening, present)
    channels = _sensors(rng, pump, state, present, rate_hz, started_at)
    window = Window(channels, rate_hz, started_at, {"asset": pump.asset})
    spans = tuple(
        Span(round(event.start_s * rate_hz), min(n, round(event.end_s * rate_hz)), event.fault, "")
        for event in sorted(events, key=lambda event: event.start_s)
        if event.start_s * rate_hz < n
    )
    return window, spans


def _hydraulics(pump: Pump, speed: Signal, opening: Signal, present: Severities) -> _State:
    head = pump.shutoff_bar * speed**2 * (1 - _CAVITATION_HEAD * present["cavitation"])
    slope = 0.2 * pump.shutoff_bar / pump.best_l_min**2
    inlet = slope * (1 + _CLOG * present["clogged-inlet"])
    # the plant is built so that fully open valves take the best flow at rated speed
    plant = (0.8 * pump.shutoff_bar - pump.static_bar) / pump.best_l_min**2 / opening**2
    over = np.maximum(head - pump.static_bar, 0.0)
    leak = np.zeros_like(speed)
    flow = np.sqrt(over / (inlet + plant))
    for _ in range(3):  # the leak depends on the pressure, which depends on the leak
        through = np.sqrt(np.maximum(over - inlet * (2 * flow * leak + leak**2), 0.0))
        flow = through / np.sqrt(inlet + plant)
        pressure = pump.static_bar + plant * flow**2
        leak = _LEAK_L_MIN * present["seal-wear"] * np.sqrt(pressure) * (speed > 0.2)
    through = flow + leak
    off_best = through / np.maximum(speed * pump.best_l_min, 1.0) - 1
    efficiency = np.maximum(pump.efficiency * (1 - 0.6 * off_best**2), 0.15)
    rise = pressure + (inlet - slope) * through**2
    power_kw = rise * through / _BAR_L_PER_KW / efficiency + 0.35 * speed**3
    return _State(speed, flow, pressure, power_kw, np.where(speed > 0.2, off_best, 0.0))


def _sensors(
    rng: Rng, pump: Pump, state: _State, present: Severities, rate_hz: float, started_at: datetime
) -> tuple[Channel, ...]:
    n, running = state.speed.size, state.speed > 0.2
    cavitation = present["cavitation"] * running
    bubbles = _bubbles(rng, n, rate_hz)
    noise = rng.normal(0, 1, (6, n))
    flow = state.flow * (1 + 0.006 * noise[0] + 0.02 * cavitation * (bubbles - 1)) + 0.4 * noise[0]
    pressure = state.pressure * (1 + 0.03 * cavitation * (bubbles - 1)) + 0.015 * noise[1]
    inrush = 1 + 0.8 * np.clip(np.diff(state.speed, prepend=state.speed[0]) * 4, 0, 1)
    current = np.hypot(pump.magnetising_a * running, state.power_kw / _KW_PER_A) * inrush
    current *= 1 + 0.008 * noise[2] + 0.015 * cavitation * (bubbles - 1)
    velocity = pump.vibration_mm_s * state.speed**2 * (1 + 1.6 * state.off_best**2)
    velocity += running * (1.6 * cavitation * bubbles + _WEAR_MM_S * present["bearing-wear"] ** 2)
    velocity = np.maximum(velocity * (1 + 0.05 * noise[4]) + 0.05 + 0.01 * noise[4], 0.0)
    temperature = _temperature(pump, state, present, rate_hz, started_at) + 0.08 * noise[3]
    rows = (
        ("flow", "l/min", np.maximum(flow, 0.0), 0.1),
        ("pressure", "bar", np.maximum(pressure, 0.0), 0.005),
        ("current", "A", np.maximum(current, 0.0), 0.01),
        ("temperature", "°C", temperature, 0.05),
        ("vibration", "mm/s", velocity, 0.01),
        ("speed", "rpm", np.maximum(pump.rated_rpm * state.speed + 1.5 * noise[5], 0.0), 1.0),
    )
    return tuple(
        Channel(name, unit, (np.round(values / step) * step).astype(np.float32))
        for name, unit, values, step in rows
    )


def _temperature(
    pump: Pump, state: _State, present: Severities, rate_hz: float, started_at: datetime
) -> Signal:
    n = state.speed.size
    hour = started_at.hour + started_at.minute / 60 + np.arange(n) / rate_hz / 3_600
    ambient = pump.ambient_c + 2.0 * np.sin((hour - 9) / 24 * 2 * np.pi)
    losses = 6 * state.speed**2 + 3.2 * state.power_kw * (1 - pump.efficiency)
    losses += 8 * present["bearing-wear"] * state.speed + 5 * present["seal-wear"] * state.speed
    return ambient + _follow(losses, _WARM_UP_S, 1 / rate_hz)


def _bubbles(rng: Rng, n: int, rate_hz: float) -> Signal:
    """Noise of mean 1 that comes in bursts of some 20 s: log-normal."""
    noisy: Signal = np.exp(0.5 * _wander(rng, n, _BUBBLES_S * rate_hz) - 0.125)
    return noisy


def _wander(rng: Rng, n: int, memory: float) -> Signal:
    """A slow random motion of mean 0 and spread 1; `memory` in readings (Ornstein-Uhlenbeck)."""
    kept = float(np.exp(-1 / memory))
    drawn = rng.normal(0, np.sqrt(1 - kept**2), n)
    moved = np.empty(n)
    value = float(rng.normal())
    for index, fresh in enumerate(drawn.tolist()):
        value = kept * value + fresh
        moved[index] = value
    return moved


def _follow(target: Signal, lag_s: float, step_s: float) -> Signal:
    """First-order lag, at rest on the first target at the start."""
    share = 1 - float(np.exp(-step_s / lag_s))
    followed = np.empty_like(target)
    value = float(target[0]) if target.size else 0.0
    for index, wanted in enumerate(target.tolist()):
        value += share * (wanted - value)
        followed[index] = value
    return followed
