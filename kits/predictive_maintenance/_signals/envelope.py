"""Envelopes: what a damaged bearing does to a band of high frequency, and how far it stands out.

It is responsible for the envelope spectrum of a band and for the prominence of given frequencies in it.
It is not responsible for choosing the band (`_signals/kurtogram.py`) or for naming a fault (`_signals/hypothesis.py`). The band is
cut out of a transform that exists already and taken back at a lower rate, so a band costs a fraction of a full one.

Source: Randall & Antoni 2011, Rolling element bearing diagnostics - a tutorial; Antoni 2007, Cyclic spectral
analysis of rolling-element bearing signals; Borghesani et al. 2013 (squared envelope).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._signals.angle import (
    Angles,
    at_equal_angles,
    is_steady,
    is_tracked,
)
from kits.predictive_maintenance._signals.spectrum import FLOOR, Complexes, Floats, Spectrum, hann

SLIP = 0.02
"""Elements slip: the true frequency lies within ± 2 % of the kinematic one (Randall & Antoni 2011)."""
DEFAULT_BANDS = ((1 / 12, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 0.98))
"""Of half the rate; where a resonance lies is not known before the first damage (`_signals/kurtogram.py` looks for it)."""
_PADDING = 2
"""Finer bins by zero padding: a line between two bins loses at most 4 % then, 15 % without."""


def parts_hz(rate_hz: float) -> tuple[tuple[float, float], ...]:
    """The bands that are listened to where nothing better is known: three parts of the spectrum."""
    return tuple((low * rate_hz / 2, high * rate_hz / 2) for low, high in DEFAULT_BANDS)


@dataclass(frozen=True)
class Envelope:
    """Of one band of n windows.

    Attributes:
        spectrum: (n, bins) amplitude of the envelope's course without its mean, in unit, or in unit² when it is
            squared; bin 0 is 0 Hz.
        background: (n,) its median, what a line has to stand out from.
        step_hz: distance of two bins.
        rms: (n,) of the band, in the channel's unit.
        kurtosis: (n,) spectral kurtosis of the band: 0 for stationary noise, -1 for a tone, large for impulses.
    """

    spectrum: Floats
    background: Floats
    step_hz: float
    rms: Floats
    kurtosis: Floats


def envelope(
    spectrum: Spectrum,
    low_hz: float,
    high_hz: float,
    top_hz: float,
    *,
    squared: bool,
    turns: Angles | None = None,
) -> Envelope:
    """The envelope spectrum of the band `low_hz` to `high_hz`, from 0 to `top_hz`.

    The band of the one-sided transform is moved to 0 Hz, which leaves the envelope as it is, and taken back
    with just enough points that nothing of its square folds into the part below `top_hz`.

    Args:
        squared: the square is the exact tool where many windows are averaged; in one short window a single strong
            impact would rule it, and the plain envelope is steadier.
        turns: (n, samples) angle of the shaft, where its speed changes: the envelope is taken in time, because
            resonances stay where they are, and its spectrum over the angle, because impacts follow the shaft.
    """
    first, last = spectrum.bin_of(low_hz), spectrum.bin_of(high_hz)
    last = max(last, min(first + 2, spectrum.fourier.shape[1]))
    first = min(first, last - 1)
    band = spectrum.fourier[:, first:last]
    width = last - first
    wanted = max(int(np.ceil(top_hz / spectrum.step_hz)), 1)
    points = _fast_size(min(width + wanted, 2 * width) + 1)
    return _of_band(band, points, 2 / spectrum.samples, spectrum.step_hz, wanted, squared, turns)


def _of_band(
    band: Complexes,
    points: int,
    scale: float,
    step_hz: float,
    wanted: int,
    squared: bool,
    turns: Angles | None,
) -> Envelope:
    analytic = np.fft.ifft(band, n=points, axis=1)
    square = analytic.real**2
    square += analytic.imag**2
    square *= np.float32((points * scale) ** 2)
    mean = square.mean(axis=1, dtype=np.float32)
    kurtosis = np.vecdot(square, square) / np.float32(points) / (mean * mean + FLOOR * FLOOR) - 2
    course = square if squared else np.sqrt(square)
    if turns is not None:
        course = evenly_turning(course.astype(np.float32, copy=False), turns, smooth=True)
    course -= course.mean(axis=1, keepdims=True)
    course *= hann(points)
    lines = np.fft.rfft(course, n=_PADDING * points, axis=1)[:, : _PADDING * wanted + 1]
    amplitude = np.abs(lines)
    amplitude *= np.float32(4 / points)
    background = np.median(amplitude[:, 2 * _PADDING :], axis=1) if amplitude.shape[1] > 8 else mean
    return Envelope(
        amplitude,
        background.astype(np.float32, copy=False),
        step_hz / _PADDING,
        np.sqrt(mean / 2),
        kurtosis,
    )


def evenly_turning(courses: Floats, turns: Angles, *, smooth: bool = False) -> Floats:
    """(n, points) courses as shafts of even speed would have given them; those whose speed stays the same stay.

    Args:
        turns: (n, samples) angles over the same stretch, with more or fewer points.
    """
    changing = is_tracked(turns) & ~is_steady(turns)
    if not changing.any():
        return courses
    points = courses.shape[1]
    angles = turns[changing]
    if angles.shape[1] != points:
        # both begin together and end together, so many points are so many equal steps in time
        places = np.arange(points) * (angles.shape[1] / points)
        angles = np.stack([np.interp(places, np.arange(one.size), one) for one in angles])
    evened = courses.copy()
    evened[changing] = at_equal_angles(courses[changing], angles, smooth=smooth)
    return evened


def _fast_size(least: int) -> int:
    """The smallest 2**k or 3 * 2**k that suffices: transforms of such lengths are quick."""
    power: int = 1 << (least - 1).bit_length()
    return power // 4 * 3 if power // 4 * 3 >= least else power


def peaks_near(found: Envelope, frequencies_hz: NDArray[np.float64], slip: float = SLIP) -> Floats:
    """(n, m) the largest amplitude within ± slip of each of (n, m) or (1, m) frequencies.

    Not a number where the frequency is none or lies beyond the spectrum.
    """
    bins = found.spectrum.shape[1]
    places = frequencies_hz / found.step_hz
    outside = ~((places > 0) & (places * (1 - slip) < bins - 1))
    places = np.where(outside, 1.0, places)
    low = np.floor(places * (1 - slip) + 0.5).astype(np.intp)
    # a line is never narrower than the taper makes it, so a search narrower than a bin still looks at two
    high = np.maximum(np.floor(places * (1 + slip) + 0.5).astype(np.intp), low)
    reach = int((high - low).max(initial=0)) + 1
    index = np.minimum(low[..., None] + np.arange(reach), np.minimum(high, bins - 1)[..., None])
    if len(index) == 1:
        largest = found.spectrum[:, index[0]].max(axis=-1)
    else:
        rows = np.arange(len(found.spectrum))[:, None, None]
        largest = found.spectrum[rows, index].max(axis=-1)
    return np.where(outside, np.float32(np.nan), largest)


def prominence(
    found: Envelope, fundamentals_hz: NDArray[np.float64], harmonics: int, slip: float = SLIP
) -> Floats:
    """(n, m) how far the harmonics of (n, m) or (1, m) fundamentals stand out of the background.

    The mean over k = 1 … `harmonics` of log10(largest amplitude near k times the fundamental / background): 0 where
    nothing stands out, 1 for ten times the background.
    """
    count = fundamentals_hz.shape[1]
    multiples = fundamentals_hz[:, :, None] * np.arange(1, harmonics + 1)
    peaks = peaks_near(found, multiples.reshape(len(fundamentals_hz), -1), slip)
    ratio = np.log10((peaks + FLOOR) / (found.background[:, None] + FLOOR))
    mean: Floats = ratio.reshape(-1, count, harmonics).mean(axis=2).astype(np.float32, copy=False)
    return mean
