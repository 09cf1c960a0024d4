"""A synthetic spur gearbox of one stage: acceleration with mesh harmonics, sidebands and a cracked tooth.

Responsible for captures of one gearbox with a stated severity of the crack. It is for demo and tests; no
figure measured on it says anything about a real machine. Its bearings are healthy and silent here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kits.core.window import Channel, Window
from kits.predictive_maintenance._simulated.bearing import ring
from kits.predictive_maintenance._simulated.shaft import (
    Rng,
    RunUp,
    Signal,
    mean_rpm,
    sensed,
    shaft_turns,
)

GearFault = Literal["tooth"]
_MESH = (1.0, 0.55, 0.3, 0.12)
"""Amplitudes of the harmonics of the mesh, the first being 1."""


@dataclass(frozen=True, slots=True)
class Gearbox:
    """One gearbox.

    Attributes:
        teeth_in, teeth_out: of pinion and wheel; without a common divisor, as makers choose them.
        mesh_g: amplitude of the mesh at rated load.
        eccentricity: of both wheels, as share of the mesh's amplitude: the usual sidebands.
    """

    asset: str = "gearbox-1"
    teeth_in: int = 23
    teeth_out: int = 67
    mesh_g: float = 0.5
    eccentricity: float = 0.08
    resonance_hz: float = 2_700.0
    damping: float = 0.04
    noise_g: float = 0.04


def gear_capture(
    rng: Rng,
    gearbox: Gearbox = Gearbox(),
    *,
    seconds: float = 1.0,
    rate_hz: float = 25_600.0,
    speed_rpm: float | RunUp = 1_480.0,
    load: float = 0.7,
    fault: GearFault | None = None,
    severity: float = 0.0,
) -> Window:
    """One capture: channel `vibration` in g, and what a speed sensor says; `speed_rpm` is that of the pinion.

    A cracked tooth of the pinion yields once per turn: the mesh lags and loses amplitude while that tooth
    carries, and from some severity on it strikes.

    Args:
        speed_rpm: a `RunUp` where it changes; the attribute is then the mean.
        load: share of the rated load; the mesh is loud in proportion to it.
        severity: 0 nothing, 1 shortly before the tooth breaks.

    Source: McFadden 1986, J. Vib. Acoust. 108(2), 165-170 (cracks as amplitude and phase modulation).
    """
    n = round(seconds * rate_hz)
    turns = shaft_turns(rng, n, rate_hz, speed_rpm)
    angle, slow = 2 * np.pi * turns, 2 * np.pi * turns * gearbox.teeth_in / gearbox.teeth_out
    grown = severity if fault == "tooth" else 0.0
    # the crack is felt while its tooth carries, some one and a half teeth of the turn
    width = 1.5 / gearbox.teeth_in
    from_tooth = (turns + 0.5) % 1.0 - 0.5
    felt = grown * np.exp(-((from_tooth / width) ** 2))
    amplitude = gearbox.mesh_g * (0.15 + load) * (1 - 0.5 * felt)
    amplitude = amplitude * (1 + gearbox.eccentricity * (np.cos(angle) + np.cos(slow + 1.0)))
    readings: Signal = rng.normal(0, gearbox.noise_g, n)
    for number, share in enumerate(_MESH, start=1):
        phase = number * (gearbox.teeth_in * angle - 0.9 * felt) + rng.uniform(0, 2 * np.pi)
        readings += share * amplitude * np.cos(phase)
    strikes = (np.diff(np.floor(turns), prepend=np.floor(turns[0])) > 0).astype(np.float64)
    height = 4.0 * gearbox.mesh_g * max(0.0, grown - 0.3) * (0.15 + load)
    readings += ring(strikes * height, rate_hz, gearbox.resonance_hz, gearbox.damping)
    channel = Channel("vibration", "g", readings.astype(np.float32))
    attributes: dict[str, str | float] = {
        "asset": gearbox.asset,
        "speed_rpm": mean_rpm(speed_rpm),
        "load": float(load),
    }
    return Window((channel, *sensed(turns, rate_hz, speed_rpm)), rate_hz, None, attributes)
