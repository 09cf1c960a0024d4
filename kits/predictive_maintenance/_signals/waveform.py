"""Figures of the waveform itself: level, peaks and shape of many windows at once.

It is responsible for the classical indicators of the time domain, each with its unit. It is not responsible for
anything that needs a spectrum, nor for which of them a model uses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._signals.spectrum import Floats

UNIT = "unit"
"""Stands for the channel's own unit."""
NAMES: tuple[tuple[str, str], ...] = (
    ("mean", UNIT),
    ("rms", UNIT),
    ("peak", UNIT),
    ("peak_to_peak", UNIT),
    ("mean_abs", UNIT),
    ("skewness", ""),
    ("kurtosis", ""),
    ("crest", ""),
    ("shape", ""),
    ("impulse", ""),
    ("clearance", ""),
    ("zero_crossings", "1/sample"),
)
"""Name and unit. All but the mean are of the window without its mean; kurtosis of a Gaussian is 3."""


def indicators(windows: Floats) -> Floats:
    """(n, 12) in the order of `NAMES`.

    crest = peak / rms, shape = rms / mean_abs, impulse = peak / mean_abs, clearance = peak / (mean √|x|)².
    A constant window has zeros: no shape rather than an undefined one.

    Source: Lei et al. 2008; Randall 2011, Vibration-based condition monitoring.
    """
    samples = np.float32(windows.shape[1])
    mean = windows.mean(axis=1, dtype=np.float32)
    centred = windows - mean[:, None]
    size = np.abs(centred)
    square = centred * centred
    power = square.sum(axis=1) / samples
    top, bottom = centred.max(axis=1), centred.min(axis=1)
    peak = np.maximum(top, -bottom)
    # rounding leaves a constant window a few units in the last place above zero
    still = top - bottom <= np.abs(mean) * np.float32(4e-7)
    power, peak = np.where(still, 0, power), np.where(still, 0, peak)
    rms = np.sqrt(power)
    mean_abs = np.where(still, 0, size.sum(axis=1) / samples)
    moment3 = np.vecdot(square, centred) / samples
    moment4 = np.vecdot(square, square) / samples
    signs = np.signbit(centred)
    crossings = np.count_nonzero(signs[:, 1:] != signs[:, :-1], axis=1) / max(samples - 1, 1)
    np.sqrt(size, out=size)
    root = size.sum(axis=1) / samples

    def ratio(above: NDArray[np.floating], below: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.where(still, 0, above / np.where(below > 0, below, 1))

    columns = [
        mean,
        rms,
        peak,
        np.where(still, 0, top - bottom),
        mean_abs,
        ratio(moment3, power * rms),
        ratio(moment4, power * power),
        ratio(peak, rms),
        ratio(rms, mean_abs),
        ratio(peak, mean_abs),
        ratio(peak, root * root),
        np.where(still, 0, crossings),
    ]
    return np.stack(columns, axis=1).astype(np.float32, copy=False)
