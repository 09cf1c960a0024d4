"""The sensors' baseline from recordings: learned on stretches as short and as long as a device looks at.

A channel that moves over a week may well be quiet for a quarter of an hour: what is usual in a week says nothing of
such a window. What a baseline holds and how it is judged is in `_signals/sensors.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from kits.core.window import Window
from kits.predictive_maintenance._learning.recordings import cut
from kits.predictive_maintenance._signals.sensors import SensorBaseline, learn_baseline

SHORTEST = 64
_LENGTHS = (SHORTEST, 512, 4096)
"""Readings; the longest is what the runtime looks at at most. Of shorter ones nothing is known: a night is longer."""
_FAST_HZ = 100.0
"""Waveforms are looked at in their full length only."""
_MOST = 400
"""Stretches of each length and recording, evenly spread."""
_KNOWN = 0.5
"""Least share of readings in a stretch that teaches: a hole in an export is no usual gap."""


def learn_sensors(windows: Iterable[Window], mains_hz: float) -> SensorBaseline:
    """The baseline of normal recordings.

    Raises:
        DataError: no recordings, or a channel that never has a reading.
    """
    return learn_baseline((part for window in windows for part in _stretches(window)), mains_hz)


def _stretches(window: Window) -> Iterator[Window]:
    readings = max(channel.readings.size for channel in window.channels)
    fast = max(window.rate_of(channel) for channel in window.channels) >= _FAST_HZ
    yield window
    for length in _LENGTHS[-1:] if fast else _LENGTHS:
        if length >= readings:
            continue
        starts = np.arange(0, readings - length + 1, length)
        for start in starts[:: max(1, -(-len(starts) // _MOST))].tolist():
            part = cut(window, start, start + length)
            if all(np.isfinite(c.readings).mean() >= _KNOWN for c in part.channels):
                yield part
