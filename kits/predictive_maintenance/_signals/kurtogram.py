"""The fast kurtogram: in which band a signal is most impulsive, when no one knows where it resonates.

It is responsible for choosing one band per recording, and one for many by their votes. It is not responsible for the envelope of that band
(`_signals/envelope.py`). Bands halve and third from the whole spectrum down to its 2**levels-th part; each is cut out of one
transform of the recording, so that the search costs about one inverse transform per level.

Source: Antoni 2007, Fast computation of the kurtogram for the detection of transient faults. The filters here are
rectangles in the frequency domain instead of a tree of finite filters, which keeps its grid of bands.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.spectrum import Complexes, Floats

LEVELS = 3
"""A band must hold several harmonics of the impacts and their sidebands: an eighth of half the rate is narrow enough."""
_LEAST_POINTS = 64
"""Envelope points a band must have for its kurtosis to mean something."""
_EDGE = 0.02
"""Of the recording, at either end: faded, and left out of the kurtosis."""
_SILENT = np.float32(1e-3)
"""Of the loudest band of a level: less power is no band to look at."""
_VOTERS = 12
"""Windows of a recording that are asked at most."""
_DEVIATIONS = 4.0
"""The kurtosis of noise has a standard deviation of 2 / sqrt(bins of the band); two dozen bands are looked at."""
_LOWEST_SHARE = 1 / 64
"""Of half the rate: what lies below is shaft and hum, and a band must not begin at 0 Hz."""


@dataclass(frozen=True)
class Band:
    """A band and how impulsive it is.

    Attributes:
        kurtosis: spectral kurtosis; 0 for stationary noise, -1 for a tone, large for impulses.
        chance: what it stays below in stationary noise of this band and length.
    """

    low_hz: float
    high_hz: float
    kurtosis: float
    chance: float

    @property
    def is_impulsive(self) -> bool:
        """Whether more than noise is heard in it."""
        return self.kurtosis > self.chance


def kurtogram(readings: Floats, rate_hz: float, levels: int = LEVELS) -> tuple[Band, ...]:
    """All bands of the grid with their spectral kurtosis, widest first.

    Args:
        readings: (samples,).
        levels: the narrowest bands are half the rate divided by 2**levels; fewer when readings do not suffice.

    Raises:
        DataError: too few readings, or one that is not a number.
    """
    if readings.ndim != 1 or readings.size < 4 * _LEAST_POINTS:
        raise DataError(f"{readings.size} readings are too few to choose a band")
    if not np.isfinite(readings).all():
        raise DataError("a recording with missing readings has no kurtogram", fix="leave it out")
    centred = (readings - readings.mean(dtype=np.float64)).astype(np.float32)
    # a recording that does not end where it began would click once a period, loudest where there is nothing else
    edge = max(int(_EDGE * centred.size), 1)
    ramp = (0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)).astype(np.float32)
    centred[:edge] *= ramp
    centred[-edge:] *= ramp[::-1]
    fourier: Complexes = np.fft.rfft(centred).astype(np.complex64, copy=False)
    fourier[: math.ceil(fourier.size * _LOWEST_SHARE)] = 0
    found = []
    for parts in _divisions(levels):
        width = fourier.size // parts
        if width < _LEAST_POINTS:
            break
        bands = fourier[: width * parts].reshape(parts, width)
        step_hz = rate_hz / readings.size
        for number, kurtosis in enumerate(_kurtosis(bands)):
            low = number * width * step_hz
            chance = _DEVIATIONS * 2 / math.sqrt(width)
            found.append(Band(low, low + width * step_hz, float(kurtosis), chance))
    return tuple(found)


def best_band(readings: Floats, rate_hz: float, levels: int = LEVELS) -> Band:
    """The most impulsive band of a recording.

    Raises:
        DataError: see `kurtogram`.
    """
    return max(kurtogram(readings, rate_hz, levels), key=lambda band: band.kurtosis)


def voted_band(recordings: Sequence[Floats], rate_hz: float) -> tuple[float, float] | None:
    """The band in which most recordings that hear impacts hear them, in Hz; None where none does.

    Each recording votes with the median over its windows, so that one knock decides nothing; a recording without
    impacts has no vote: its most impulsive band is chance.

    Args:
        recordings: (windows, samples) each, of equal samples; one that is short or has gaps is passed over.
    """
    votes: Counter[tuple[float, float]] = Counter()
    for windows in recordings:
        if windows.shape[1] < 4 * _LEAST_POINTS:
            continue
        looked_at = windows[:: max(len(windows) // _VOTERS, 1)]
        found = [kurtogram(w, rate_hz) for w in looked_at if np.isfinite(w).all()]
        if not found:
            continue
        typical = np.median([[band.kurtosis for band in one] for one in found], axis=0)
        best = int(typical.argmax())
        band = found[0][best]
        if typical[best] > band.chance:
            votes[band.low_hz, band.high_hz] += 1
    return votes.most_common(1)[0][0] if votes else None


def _divisions(levels: int) -> Iterator[int]:
    """1, 2, 3, 4, 6, 8, 12, … as in the kurtogram's tree of halves and thirds."""
    yield 1
    for level in range(1, levels + 1):
        yield 2**level
        if level < levels:
            yield 3 * 2 ** (level - 1)


def _kurtosis(bands: Complexes) -> Floats:
    """(parts,) spectral kurtosis of (parts, width) pieces of a one-sided transform."""
    width = bands.shape[1]
    # twice the width: the square of an envelope reaches twice as far as the envelope
    analytic = np.fft.ifft(bands, n=2 * width, axis=1)
    edge = math.ceil(2 * width * _EDGE * 1.5)
    square = (np.square(analytic.real) + np.square(analytic.imag))[:, edge:-edge]
    mean = square.mean(axis=1)
    # what the sensor's filter cut off holds rounding and clicks, and its kurtosis is no sign of a resonance
    silent = mean <= mean.max() * _SILENT
    moment = np.square(square).mean(axis=1) / np.where(mean > 0, mean * mean, 1)
    found: Floats = np.where(silent, -1, moment - 2).astype(np.float32)
    return found
