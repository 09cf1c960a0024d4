"""What the readings of one channel look like: gaps, spread, runs, rails, hum, spikes and repetition.

It is responsible for figures that say how a sensor behaves, whatever it measures. It is not responsible for what
of it is normal, nor for naming a fault (`_signals/sensors.py`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.window import Channel, Window
from kits.predictive_maintenance._signals.spectrum import Floats, transform

LEAST_READINGS = 16
"""Fewer readings have no shape that speaks for or against a sensor."""
_LEVELS = 32
"""Distinct readings, at least, of a channel that can be called clipped or repeated; a switch has two."""
_RAIL_EXCESS, _RAIL_VISITS = 5.0, 3
_SPIKE_SPREADS, _SPIKE_DEVIATIONS, _SPIKE_STEPS = 15.0, 4.0, 2.0
_BLOCK, _ROUGH = 32, 0.05
_MAINS_ERROR = 0.005
"""Grids keep their frequency to 0.4 % and better; the sensor's own clock adds a little."""


@dataclass(frozen=True)
class Traits:
    """What both learning and judging look at, of one channel in one window."""

    readings: NDArray[np.float64]
    gaps: float
    spread: float
    step: float
    longest_run: int
    rails: float
    mains: float
    spikes: float


def traits_of(channel: Channel, window: Window, mains_hz: float) -> Traits:
    given = np.asarray(channel.readings, np.float64)
    if given.size == 1 and math.isfinite(given[0]):  # a row of a table
        return Traits(given, 0.0, 0.0, 0.0, 1, 0.0, 0.0, 0.0)
    whole = np.isfinite(given)
    known = given if whole.all() else given[whole]
    gaps = 1.0 - known.size / given.size if given.size else 1.0
    if known.size == 0:
        return Traits(known, gaps, 0.0, 0.0, 0, 0.0, 0.0, 0.0)
    levels, counts = np.unique(known, return_counts=True)
    if levels.size == 1:
        return Traits(known, gaps, 0.0, 0.0, known.size, 0.0, 0.0, 0.0)
    speed = window.attributes.get("speed_rpm")
    speed_hz = speed / 60 if isinstance(speed, float | int) else None
    rate = window.rate_of(channel)
    return Traits(
        known,
        gaps,
        float(known.std()),
        float(np.diff(levels).min()),
        _longest_run(known),
        _rails(known, levels, counts),
        _mains_share(known, rate, mains_hz, speed_hz) if known.size == given.size else 0.0,
        _spikes(known, float(np.diff(levels).min())),
    )


def _longest_run(readings: NDArray[np.float64]) -> int:
    changes = np.flatnonzero(np.diff(readings)) + 1
    return int(np.diff(np.concatenate([[0], changes, [readings.size]])).max())


def _rails(
    readings: NDArray[np.float64], levels: NDArray[np.float64], counts: NDArray[np.int64]
) -> float:
    """Share of the readings at an extreme level that holds far more of them than the levels beside it.

    A slow sine lingers near its crest too, but its outermost level holds hardly more than the next ones.
    """
    if levels.size < _LEVELS:
        return 0.0
    share = 0.0
    for extreme, beside in ((0, slice(1, 5)), (-1, slice(-5, -1))):
        count = int(counts[extreme])
        if count <= _RAIL_EXCESS * counts[beside].mean():
            continue
        at = readings == levels[extreme]
        visits = int(np.count_nonzero(at[1:] & ~at[:-1])) + int(at[0])
        if visits >= _RAIL_VISITS:
            share += count / readings.size
    return share


def _mains_share(
    readings: NDArray[np.float64], rate_hz: float, mains_hz: float, speed_hz: float | None
) -> float:
    """Share of the power at the mains frequency and its 3rd and 5th multiple.

    Twice the mains is left out: motors and transformers really vibrate there. So is a line that stands nearer to 1, 2
    or 3 times the shaft's speed than to the mains.
    """
    if rate_hz < 3 * mains_hz or readings.size * mains_hz < 8 * rate_hz:
        return 0.0
    taken: Floats = readings.astype(np.float32)[None, :]
    found = transform(taken, rate_hz)
    total = float(found.power.sum())
    share = 0.0
    for multiple in (1, 3, 5):
        line = multiple * mains_hz
        middle = round(line / found.step_hz)
        if middle + 3 > found.power.shape[1]:
            break
        top = middle - 1 + int(found.power[0, middle - 1 : middle + 2].argmax())
        at_hz = _line_hz(found.power[0, top - 1 : top + 2], top, found.step_hz)
        turning = [] if speed_hz is None else [abs(at_hz - k * speed_hz) for k in (1, 2, 3)]
        if abs(at_hz - line) > _MAINS_ERROR * line or min(turning, default=np.inf) <= abs(
            at_hz - line
        ):
            continue
        share += float(found.power[0, top - 2 : top + 3].sum())
    return share / total if total > 0 else 0.0


def _line_hz(power: Floats, top: int, step_hz: float) -> float:
    """Where between the bins a line stands, from the Hann-tapered power of its bin and both beside it."""
    before, here, after = np.sqrt(power).tolist()
    if here <= 0:
        return top * step_hz
    beside, sign = (after, 1) if after >= before else (before, -1)
    place: float = (top + sign * (2 * beside - here) / (beside + here)) * step_hz
    return place


def _spikes(readings: NDArray[np.float64], step: float) -> float:
    """Share of lone readings that jump by many spreads while two neighbours on either side stay where they were.

    An impact in a machine rings: its neighbours move too. A switching signal jumps as often as it stays, so a jump
    must also be large beside the plain standard deviation.
    """
    if readings.size < LEAST_READINGS:
        return 0.0
    away = np.abs(readings - np.median(readings))
    spread = max(1.4826 * float(np.median(away)), _SPIKE_STEPS * step)
    least = max(_SPIKE_SPREADS * spread, _SPIKE_DEVIATIONS * float(readings.std()))
    lone = away[2:-2] > least
    for beside in (away[:-4], away[1:-3], away[3:-1], away[4:]):
        lone &= beside < 0.1 * away[2:-2]
    return float(np.count_nonzero(lone)) / readings.size


def repeated(readings: NDArray[np.float64]) -> float:
    """Share of blocks that occur twice, reading for reading: a buffer that is sent again."""
    blocks = readings[: readings.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    if len(blocks) < 4:
        return 0.0
    # a smooth course repeats itself honestly, noise never does
    rough = np.diff(blocks, 2, axis=1).std(axis=1) > _ROUGH * blocks.std(axis=1)
    distinct = np.count_nonzero(np.diff(np.sort(blocks, axis=1), axis=1), axis=1)
    lively = rough & (distinct >= _BLOCK // 2)
    rows = np.ascontiguousarray(blocks[lively]).view(np.dtype((np.void, blocks[0].nbytes))).ravel()
    if not rows.size:
        return 0.0
    _, counts = np.unique(rows, return_counts=True)
    return float(counts[counts > 1].sum()) / len(blocks)
