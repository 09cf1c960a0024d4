"""Small builders of signals with known answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATE = 12_000.0


def sine(
    frequency_hz: float, seconds: float, rate_hz: float = RATE, amplitude: float = 1.0
) -> Floats:
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


def noise(samples: int, seed: int = 0, spread: float = 1.0) -> Floats:
    return (spread * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def impacts(
    every_hz: float,
    seconds: float,
    *,
    modulated_hz: float = 0.0,
    ring_hz: float = 3000.0,
    size: float = 3.0,
    seed: int = 0,
) -> Floats:
    """Damped ringing struck `every_hz` times a second with 0.5 % jitter, in noise of spread 0.3.

    `modulated_hz` lets the strength go up and down, as that of a damage that turns through the load does.
    """
    rng = np.random.default_rng(seed)
    samples = round(seconds * RATE)
    strikes = np.zeros(samples)
    moments = np.cumsum(rng.normal(1 / every_hz, 0.005 / every_hz, int(seconds * every_hz * 0.99)))
    strength = size * (1 + 0.9 * np.cos(2 * np.pi * modulated_hz * moments) * (modulated_hz > 0))
    places = (moments * RATE).astype(int)
    inside = places < samples
    np.add.at(strikes, places[inside], strength[inside])
    time = np.arange(240) / RATE
    ringing = np.exp(-time * 800) * np.sin(2 * np.pi * ring_hz * time)
    return (np.convolve(strikes, ringing)[:samples] + rng.normal(0, 0.3, samples)).astype(
        np.float32
    )
