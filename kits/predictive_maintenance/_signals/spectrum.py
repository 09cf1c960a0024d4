"""The spectrum of many windows at once: one Fourier transform, shared by every feature that needs one.

It is responsible for the transform, its scaling and the figures that describe a spectrum as a whole. It is not
responsible for envelopes (`_signals/envelope.py`), severity (`_signals/severity.py`) or the choice of features (`_signals/features.py`).
All arrays are float32 or complex64 of shape (windows, bins), so that memory depends on the batch alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Complexes = NDArray[np.complex64]

FLOOR = np.float32(1e-12)
"""Added to what is divided by or taken the logarithm of, so that a constant window gives numbers."""
_HANN_MEAN_SQUARE = 0.375
OUTLINE = ("centroid", "rms_frequency", "spread", "entropy", "peak_frequency")


@dataclass(frozen=True)
class Spectrum:
    """Of n windows of equal length, each without its mean.

    Attributes:
        fourier: (n, bins) one-sided transform of the window as it is (no taper), for filtering.
        power: (n, bins) mean square per bin in unit², Hann-tapered; a row sums to the window's mean square.
        step_hz: distance of two bins.
        samples: readings per window.
    """

    fourier: Complexes
    power: Floats
    step_hz: float
    samples: int

    @property
    def frequencies(self) -> Floats:
        """(bins,) in Hz."""
        return np.arange(self.power.shape[1], dtype=np.float32) * np.float32(self.step_hz)

    def bin_of(self, frequency_hz: float) -> int:
        """The first bin at or above a frequency, at most the number of bins."""
        return min(math.ceil(frequency_hz / self.step_hz - 1e-6), int(self.power.shape[1]))


def transform(windows: Floats, rate_hz: float) -> Spectrum:
    """The spectrum of (n, samples) windows.

    The taper is applied after the transform: multiplying by a Hann window is the same as mixing each bin with
    its two neighbours (-1/4, 1/2, -1/4), so one transform serves both the filters and the power.
    """
    samples = windows.shape[1]
    centred = windows - windows.mean(axis=1, keepdims=True, dtype=np.float32)
    fourier: Complexes = np.fft.rfft(centred, axis=1).astype(np.complex64, copy=False)
    tapered = np.empty_like(fourier)
    # bins beyond both ends are the conjugates of those inside
    np.add(fourier[:, :-2], fourier[:, 2:], out=tapered[:, 1:-1])
    tapered[:, 0] = 2 * fourier[:, min(1, fourier.shape[1] - 1)].real
    tapered[:, -1] = (
        fourier[:, -2] + (fourier[:, -2] if samples % 2 == 0 else fourier[:, -1]).conj()
    )
    tapered *= np.float32(-0.25)
    tapered += np.float32(0.5) * fourier
    power: Floats = np.square(tapered.real)
    power += np.square(tapered.imag)
    power *= np.float32(2 / (samples**2 * _HANN_MEAN_SQUARE))
    power[:, 0] *= np.float32(0.5)
    if samples % 2 == 0:
        power[:, -1] *= np.float32(0.5)
    return Spectrum(fourier, power, rate_hz / samples, samples)


def outline(spectrum: Spectrum) -> Floats:
    """(n, 5) the figures of `OUTLINE`: frequencies in Hz, entropy from 0 (one line) to 1 (white).

    Source: Lei et al. 2008, A new approach to intelligent fault diagnosis of rotating machinery (p13, p16, p17);
    entropy: Inouye et al. 1991.
    """
    power, frequencies = spectrum.power, spectrum.frequencies
    total = power.sum(axis=1) + FLOOR
    centroid = (power @ frequencies) / total
    square = (power @ (frequencies * frequencies)) / total
    spread = np.sqrt(np.maximum(square - centroid * centroid, 0))
    share = power / total[:, None]
    share += FLOOR
    entropy = -np.vecdot(share, np.log(share)) / np.float32(np.log(max(power.shape[1], 2)))
    peak = frequencies[power.argmax(axis=1)]
    return np.stack([centroid, np.sqrt(square), spread, np.clip(entropy, 0, 1), peak], axis=1)


def band_levels(spectrum: Spectrum, edges_hz: Sequence[float]) -> Floats:
    """(n, len(edges) - 1) log10 of the mean square (unit²) between neighbouring edges, in one pass.

    A band without a bin of its own has the level of silence.
    """
    starts = [spectrum.bin_of(edge) for edge in edges_hz]
    wide = [i for i, (a, b) in enumerate(pairwise(starts)) if b > a]
    levels = np.zeros((len(spectrum.power), len(edges_hz) - 1), np.float32)
    if wide:
        covered = spectrum.power[:, : starts[wide[-1] + 1]]
        levels[:, wide] = np.add.reduceat(covered, [starts[i] for i in wide], axis=1)
    found: Floats = np.log10(levels + FLOOR)
    return found


def prewhiten(spectrum: Spectrum) -> Spectrum:
    """The same windows with every line equally strong: resonances and gear lines no longer drown weak impacts.

    Setting the whole real cepstrum to zero leaves the phase and makes the magnitude one; the power stays that of
    the original. Source: Borghesani et al. 2013, Application of cepstrum pre-whitening for the diagnosis of
    bearing faults under variable speed conditions.
    """
    size: Floats = np.abs(spectrum.fourier)
    # rounding leaves noise where there is nothing: that must not be raised to the level of the rest
    silent = size <= size.max(axis=1, keepdims=True) * np.float32(1e-6)
    white: Complexes = np.divide(
        spectrum.fourier, np.where(silent, np.float32(1), size), dtype=np.complex64
    )
    white[silent] = 0
    return Spectrum(white, spectrum.power, spectrum.step_hz, spectrum.samples)


@lru_cache(maxsize=32)
def hann(samples: int) -> Floats:
    """(samples,) periodic Hann taper."""
    turn = 2 * np.pi * np.arange(samples) / samples
    return (0.5 - 0.5 * np.cos(turn)).astype(np.float32)


def octave_edges(rate_hz: float, bands: int) -> tuple[float, ...]:
    """Edges of `bands` octaves that end at half the rate; the lowest band reaches down to 0 Hz."""
    return (0.0, *(rate_hz / 2 ** (bands - i) for i in range(bands - 1)), rate_hz / 2 * (1 + 1e-3))
