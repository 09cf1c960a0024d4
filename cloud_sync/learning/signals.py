"""Sensor windows made small enough to look at: each channel over time, its spectrum, its envelope's.

The one place where the hub decodes windows of devices. Treats its input as hostile: sizes are bounded
by `kits.core.window` before anything is allocated, few are decoded at once, and every answer has a
bounded number of points. It shows; what the signal means is for the kit's runtime.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from kits.core.errors import DataError
from kits.core.window import Channel, Window, decode_window

Floats = NDArray[np.float64]
Json = dict[str, JsonValue]

MAX_POINTS = 4000
MAX_CHANNELS = 32
"""Shown at once; a window with more says so."""
SPECTRUM_READINGS = 1 << 17
"""Of a longer channel so many from its end: what it is judged by."""
SEGMENT = 1 << 15
MIN_READINGS = 64
_at_once = threading.BoundedSemaphore(2)
"""4 million readings take a hundred megabytes for a moment, and the web server has 40 threads."""


@dataclass(frozen=True, slots=True)
class View:
    """What to show.

    Attributes:
        points: of each channel, at most.
        since_s, until_s: the stretch to show, seconds (or readings where there is no rate) from the
            window's start; None: from its beginning, to its end.
        channel: number of the channel whose spectra are shown.
    """

    points: int = 2000
    since_s: float | None = None
    until_s: float | None = None
    channel: int = 0


def signal_json(content: bytes, view: View) -> Json:
    """A window as JSON for a page: `channels` with curves, `spectrum` and `envelope` of one of them.

    Raises:
        DataError: not a window, or beyond its bounds.
    """
    with _at_once:
        window = decode_window(content)
        shown = window.channels[:MAX_CHANNELS]
        if not 0 <= view.channel < len(shown):
            raise DataError(f"this window has {len(shown)} channels that can be shown")
        return {
            "rate_hz": window.rate_hz,
            "started_at": window.started_at.isoformat() if window.started_at else None,
            "attributes": dict(window.attributes),
            "duration": max(_length(window, channel) for channel in shown),
            "axis": "s" if any(window.rate_of(channel) > 0 for channel in shown) else "readings",
            "channels": [_curve(window, channel, view) for channel in shown],
            "left_out": len(window.channels) - len(shown),
            **_spectra(window, shown[view.channel], view),
        }


def _step(window: Window, channel: Channel) -> float:
    rate = window.rate_of(channel)
    return 1.0 / rate if rate > 0 else 1.0


def _length(window: Window, channel: Channel) -> float:
    return channel.readings.size * _step(window, channel)


def _curve(window: Window, channel: Channel, view: View) -> Json:
    step = _step(window, channel)
    first, last = _stretch(channel.readings.size, step, view)
    readings = channel.readings[first:last].astype(np.float64)
    places, low, high = envelope(readings, max(2, min(view.points, MAX_POINTS)) // 2)
    finite = np.isfinite(readings)
    return {
        "name": channel.name, "unit": channel.unit, "rate_hz": window.rate_of(channel),
        "readings": int(channel.readings.size), "missing": int((~np.isfinite(channel.readings)).sum()),
        "at": _rounded((first + places) * step), "low": _rounded(low), "high": _rounded(high),
        "rms": _number(math.sqrt(float(np.mean(readings[finite] ** 2))) if finite.any() else None),
    }  # fmt: skip


def _stretch(size: int, step: float, view: View) -> tuple[int, int]:
    """First and last reading (exclusive) of what is to be shown; at least two."""
    since = 0 if view.since_s is None else math.floor(min(max(view.since_s / step, 0), size))
    until = size if view.until_s is None else math.ceil(min(max(view.until_s / step, 0), size))
    since = min(since, max(size - 2, 0))
    return since, max(until, min(since + 2, size))


def envelope(readings: Floats, cells: int) -> tuple[Floats, Floats, Floats]:
    """A curve in few cells: place, lowest and highest reading of each; all readings when they fit.

    A cell without any finite reading is not a number: a gap in the curve.
    """
    n = readings.size
    if n <= 2 * cells:
        return np.arange(n, dtype=np.float64), readings, readings
    edges = np.linspace(0, n, cells + 1).astype(np.int64)[:-1]
    low = np.minimum.reduceat(np.where(np.isnan(readings), np.inf, readings), edges)
    high = np.maximum.reduceat(np.where(np.isnan(readings), -np.inf, readings), edges)
    gone = ~np.isfinite(low) | ~np.isfinite(high)
    low[gone], high[gone] = np.nan, np.nan
    return (edges + np.append(edges[1:], n) - 1) / 2, low, high


def _spectra(window: Window, channel: Channel, view: View) -> Json:
    rate = window.rate_of(channel)
    readings = _without_gaps(channel.readings[-SPECTRUM_READINGS:].astype(np.float64))
    if rate <= 0 or readings is None:
        return {"spectrum": None, "envelope": None}
    cells = max(2, min(view.points, MAX_POINTS)) // 2
    frequencies, amplitudes = amplitude_spectrum(readings - readings.mean(), rate)
    beating = demodulated(readings, rate)
    low, beats = amplitude_spectrum(beating - beating.mean(), rate)
    upto = low <= rate / 10
    return {
        "spectrum": _peaks(frequencies, amplitudes, cells, channel.unit),
        "envelope": _peaks(low[upto], beats[upto], cells, channel.unit),
    }


def _without_gaps(readings: Floats) -> Floats | None:
    """Missing readings bridged by straight lines; None when too little is left to say anything."""
    finite = np.isfinite(readings)
    if readings.size < MIN_READINGS or finite.mean() < 0.5:
        return None
    if finite.all():
        return readings
    places = np.arange(readings.size)
    return np.interp(places, places[finite], readings[finite])


def amplitude_spectrum(readings: Floats, rate_hz: float) -> tuple[Floats, Floats]:
    """Frequencies in Hz and amplitudes in the readings' unit, averaged over halves that overlap.

    A Hann window, as Welch (1967) averages; scaled so that a sine of amplitude one has a peak of one.
    """
    size = min(SEGMENT, readings.size)
    hann = np.hanning(size)
    starts = range(0, readings.size - size + 1, max(1, size // 2))
    power = np.mean(
        [np.abs(np.fft.rfft(readings[s : s + size] * hann)) ** 2 for s in starts], axis=0
    )
    amplitudes = 2 * np.sqrt(power) / hann.sum()
    return np.asarray(np.fft.rfftfreq(size, 1 / rate_hz), np.float64), amplitudes


def demodulated(readings: Floats, rate_hz: float) -> Floats:
    """The envelope of the upper half of the band, where a bearing's impacts ring.

    The magnitude of the analytic signal, made one-sided in the frequency domain as Randall and Antoni
    (2011) describe; the band goes from an eighth to nine twentieths of the rate.
    """
    spectrum = np.fft.fft(readings)
    frequencies = np.fft.fftfreq(readings.size, 1 / rate_hz)
    band = (frequencies >= rate_hz / 8) & (frequencies <= rate_hz * 0.45)
    return np.abs(np.fft.ifft(np.where(band, 2 * spectrum, 0)))


def _peaks(frequencies: Floats, amplitudes: Floats, cells: int, unit: str) -> Json:
    """The highest line of each cell, at its own frequency."""
    cells = max(1, min(cells, frequencies.size))
    edges = np.linspace(0, frequencies.size, cells + 1).astype(np.int64)
    chosen = np.array([a + int(np.argmax(amplitudes[a:b])) for a, b in pairwise(edges)])
    return {
        "unit": unit, "hz": _rounded(frequencies[chosen]), "amplitude": _rounded(amplitudes[chosen]),
        "resolution_hz": _number(float(frequencies[1] - frequencies[0])),
    }  # fmt: skip


def _rounded(values: Floats) -> list[JsonValue]:
    return [_number(value) for value in values.tolist()]


def _number(value: float | None) -> float | None:
    """Seven digits are more than int16 has; JSON knows no infinities."""
    return float(f"{value:.7g}") if value is not None and math.isfinite(value) else None
