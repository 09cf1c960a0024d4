"""Log-mel levels: how loud a machine is in bands as wide as hearing resolves them, for sound.

It is responsible for the bands and their levels, as columns of features. It is not responsible for spectrograms over
time: a window has one row of levels, a recording as many rows as windows.

Source: Slaney 1998, Auditory toolbox; scale and triangles as HTK has them: 2595 log10(1 + f / 700), height one.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._signals.spectrum import FLOOR, Floats, Spectrum


def log_mel(spectrum: Spectrum, bands: int, low_hz: float = 0.0, high_hz: float = 0.0) -> Floats:
    """(n, bands) log10 of the mean square (unit²) under each triangle.

    Args:
        low_hz, high_hz: where the bands begin and end; 0 as the end: half the rate.
    """
    top = high_hz or spectrum.step_hz * spectrum.samples / 2
    weights = triangles(spectrum.power.shape[1], spectrum.step_hz, bands, low_hz, top)
    found: Floats = np.log10(spectrum.power @ weights + FLOOR)
    return found


@lru_cache(maxsize=8)
def triangles(bins: int, step_hz: float, bands: int, low_hz: float, high_hz: float) -> Floats:
    """(bins, bands) triangles of height one whose corners are evenly spaced on the mel scale.

    A band narrower than a bin takes its share of the nearest bin, so that no column is silent for want of resolution.
    """
    corners = _hz(np.linspace(_mel(low_hz), _mel(high_hz), bands + 2))
    frequencies = np.arange(bins)[:, None] * step_hz
    left, middle, right = corners[:-2], corners[1:-1], corners[2:]
    rising = (frequencies - left) / np.maximum(middle - left, 1e-9)
    falling = (right - frequencies) / np.maximum(right - middle, 1e-9)
    weights = np.clip(np.minimum(rising, falling), 0, None)
    for band in np.flatnonzero(weights.sum(axis=0) == 0):
        nearest = min(round(float(middle[band]) / step_hz), bins - 1)
        weights[nearest, band] = (right[band] - left[band]) / 2 / step_hz
    found: Floats = weights.astype(np.float32)
    return found


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    hertz: NDArray[np.float64] = 700 * (10 ** (mel / 2595) - 1)
    return hertz
