"""The real cepstrum: families of lines at equal distances, as gears and looseness make them, as one figure each.

It is responsible for the cepstrum of many windows and for the height of the peak that stands for a spacing. It is
not responsible for pre-whitening (`_signals/spectrum.py`), which is the other use of the cepstrum.

Source: Randall 2017, A history of cepstrum analysis and its application to mechanical problems.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._signals.spectrum import FLOOR, Floats, Spectrum

_TOLERANCE = 0.02


def cepstrum(spectrum: Spectrum) -> Floats:
    """(n, samples // 2) real cepstrum without a unit; place i stands for a spacing of rate / i Hz.

    It is the inverse transform of the logarithm of the power, so a family of lines 10 Hz apart is one peak at 0.1 s.
    """
    floor = spectrum.power.mean(axis=1, keepdims=True) * np.float32(1e-6) + FLOOR * FLOOR
    level = np.log(spectrum.power + floor)
    level -= level.mean(axis=1, keepdims=True)
    found = np.fft.irfft(level, n=spectrum.samples, axis=1)[:, : spectrum.samples // 2]
    return found.astype(np.float32, copy=False)


def families(spectrum: Spectrum, spacings_hz: NDArray[np.float64]) -> Floats:
    """(n, m) height of the peak for each of (n, m) or (1, m) spacings, in standard deviations of the cepstrum around.

    Not a number where a spacing is none, finer than the window resolves, or wider than half the spectrum.
    """
    found = cepstrum(spectrum)
    last = found.shape[1] - 1
    rate_hz = spectrum.step_hz * spectrum.samples
    with np.errstate(divide="ignore", invalid="ignore"):
        places = rate_hz / spacings_hz
    inside = (places >= 4) & (places * (1 + _TOLERANCE) <= last)
    places = np.where(inside, places, 4.0)
    low = np.floor(places * (1 - _TOLERANCE)).astype(np.intp)
    high = np.maximum(np.ceil(places * (1 + _TOLERANCE)).astype(np.intp), low + 1)
    reach = int((high - low).max(initial=0)) + 1
    index = np.minimum(low[..., None] + np.arange(reach), np.minimum(high, last)[..., None])
    index = np.broadcast_to(index, (len(found), *index.shape[1:]))
    rows = np.arange(len(found))[:, None, None]
    peak = found[rows, index].max(axis=-1)
    # the first places hold the envelope of the spectrum, not families
    spread = found[:, found.shape[1] // 16 :].std(axis=1)[:, None]
    return np.where(inside, peak / (spread + FLOOR), np.float32(np.nan)).astype(
        np.float32, copy=False
    )
