"""The course of a life as columns, one row of them per row of the life; of a capture, one row.

The same on the device and in training. It is not responsible for scaling rows, nor for what is made of the columns
(`remaining.py`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
START = 10
"""Readings at the start of a life that say what is usual for this unit."""
RECENT = 15
PARTS = 12
_EDGE = 5
_COURSE = 8


def life_columns(scaled: Floats, window: int, age: float = 0.0) -> Floats:
    """(rows, columns) of the course up to each row of a life.

    Eight figures (level, spread, slope, ends, extremes) of the last `window` rows, the same of a third more rows,
    the level of the whole life, the recent level beside this unit's own start, and the age. Fewer rows than
    a window are filled up with the first one. `views` names the columns of each kind.
    """
    count = len(scaled)
    numbers = np.arange(1, count + 1)[:, None]
    life_mean = np.cumsum(scaled, axis=0) / numbers
    start = np.where(numbers <= START, life_mean, scaled[: min(START, count)].mean(axis=0))
    recent = _last_rows(scaled, RECENT).mean(axis=2)
    return np.hstack(
        [
            _course(scaled, window),
            _course(scaled, _longer(window)),
            life_mean,
            recent - start,
            numbers + age,
        ]
    )


def views(channels: int) -> dict[str, NDArray[np.intp]]:
    """Columns of `life_columns` by kind: models that see different things err differently, and their mean less."""
    width = _COURSE * channels
    age = np.array([2 * width + 2 * channels])
    short, long = np.arange(width), np.arange(width, 2 * width)
    own = own_columns(channels)[:-1]
    return {
        "window": np.concatenate([short, age]),
        "longer window": np.concatenate([long, age]),
        "window and own start": np.concatenate([short, own, age]),
    }


def part_columns(scaled: Floats, window: int) -> Floats:
    """(rows, channels · PARTS) the course of the last two windows up to each row: means of equal parts, oldest first.

    What a network sees beside `own_columns`: single readings are mostly noise. A life that is shorter is filled up
    with its first row.
    """
    length, count = max(round(2 * window / PARTS), 1), len(scaled)
    head = np.repeat(scaled[:1], PARTS * length - 1, axis=0)
    joined = np.vstack([head, scaled])
    means = np.lib.stride_tricks.sliding_window_view(joined, length, axis=0).mean(axis=2)
    parts = [means[part * length : part * length + count] for part in range(PARTS)]
    return np.stack(parts, axis=2).reshape(count, -1)


def life_width(channels: int) -> int:
    """How many columns `life_columns` has."""
    return (2 * _COURSE + 2) * channels + 1


def own_columns(channels: int) -> NDArray[np.intp]:
    """Columns of `life_columns` that no window sees: level of the whole life, distance from the unit's start, age."""
    return np.arange(2 * _COURSE * channels, life_width(channels))


def _longer(window: int) -> int:
    return window + max(window // 3, 1)


def _last_rows(scaled: Floats, window: int) -> Floats:
    head = np.repeat(scaled[:1], window - 1, axis=0)
    return np.lib.stride_tricks.sliding_window_view(np.vstack([head, scaled]), window, axis=0)


def _course(scaled: Floats, window: int) -> Floats:
    view = _last_rows(scaled, window)
    place = np.arange(window) - (window - 1) / 2
    edge = min(_EDGE, window)
    return np.hstack(
        [
            view.mean(axis=2),
            view.std(axis=2),
            view @ (place / (place @ place)) * window,
            view[..., :edge].mean(axis=2),
            view[..., -edge:].mean(axis=2),
            view.min(axis=2),
            view.max(axis=2),
            view[..., -1],
        ]
    )


def capture_columns(scaled: Floats) -> Floats:
    """(1, 2 · columns) of one capture: level and spread of its windows.

    Not the machine's age: a device that hears one capture does not know it.
    """
    with np.errstate(invalid="ignore"):
        return np.hstack([scaled.mean(axis=0), scaled.std(axis=0)])[None, :]
