"""A machine's channels over its recorded time: the mean of each hour or longer block, without what is marked as a fault.

Of waveforms the spread stands for the mean, which is about nought whatever the sensor is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.core.window import Window
from kits.predictive_maintenance._reading.columns.names import is_normal

HOUR_S = 3600.0
_MOST_BLOCKS = 1500
"""Of one machine: longer times have longer blocks."""
_LONGEST = 10
WAVE_HZ = 10.0
"""From this rate on readings are those of a waveform."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Means of one recording's channels.

    Attributes:
        blocks: (n,) numbers of the blocks since 1970, rising.
        means: channel → (n,) mean of its readings, or their spread; NaN where it has none.
    """

    blocks: NDArray[np.int64]
    means: dict[str, NDArray[np.float32]]


def block_s(items: Iterable[DatasetItem]) -> float:
    """Seconds of a block, so that no machine's time has too many, and captures now and then are one in each."""
    begins: dict[object, list[float]] = {}
    fast: dict[object, bool] = {}
    for item in items:
        begun, rate_hz = (
            _seconds(item.sample.meta.get("started_at")),
            item.sample.meta.get("rate_hz"),
        )
        if begun is not None:
            asset = item.sample.meta.get("asset")
            begins.setdefault(asset, []).append(begun)
            slow = not isinstance(rate_hz, int | float) or rate_hz < WAVE_HZ
            fast[asset] = fast.get(asset, True) and not slow
    span = max((max(times) - min(times) for times in begins.values()), default=0.0)
    steps = [
        float(np.median(np.diff(sorted(t)))) for a, t in begins.items() if fast[a] and len(t) > 2
    ]
    return HOUR_S * max(
        1, math.ceil(span / _MOST_BLOCKS / HOUR_S), *(math.ceil(s / HOUR_S) for s in steps)
    )


def _seconds(stated: object) -> float | None:
    try:
        return datetime.fromisoformat(str(stated)).timestamp()
    except (ValueError, OverflowError):
        return None


def levels_of(item: DatasetItem, window: Window, length_s: float) -> Levels | None:
    """The levels of a recording in time; None of others, and of those longer than any version can be."""
    if window.started_at is None or window.rate_hz <= 0:
        return None
    start = window.started_at.timestamp()
    longest = max(c.readings.size for c in window.channels)
    first = int(start // length_s)
    count = int((start + (longest - 1) / window.rate_hz) // length_s) - first + 1
    if count > _LONGEST * _MOST_BLOCKS:
        return None
    normal = ~_faulty(item, longest)
    means: dict[str, NDArray[np.float32]] = {}
    known: dict[tuple[int, float], _Rows] = {}
    for channel in window.channels:
        rate_hz = window.rate_of(channel)
        if rate_hz > 0:
            key = (channel.readings.size, rate_hz)
            if key not in known:
                at = np.arange(channel.readings.size) / rate_hz
                block = np.minimum(((start + at) // length_s).astype(np.int64) - first, count - 1)
                rows = np.minimum((at * window.rate_hz).astype(np.int64), longest - 1)
                known[key] = _Rows(*np.unique(block, return_index=True), normal[rows])
            told = _means(channel.readings, known[key], count)
            if rate_hz >= WAVE_HZ:
                squares = _means(channel.readings.astype(np.float64) ** 2, known[key], count)
                told = np.sqrt(np.maximum(squares - told.astype(np.float64) ** 2, 0)).astype(
                    np.float32
                )
            means[channel.name] = told
    return Levels(np.arange(first, first + count), means)


class _Rows(NamedTuple):
    """Of channels that are read at the same times: blocks, the first row of each, and (rows,) which ones count."""

    blocks: NDArray[np.int64]
    firsts: NDArray[np.intp]
    counted: NDArray[np.bool_]


def _means(readings: NDArray[np.floating[Any]], rows: _Rows, count: int) -> NDArray[np.float32]:
    good = np.isfinite(readings) & rows.counted
    total = np.add.reduceat(np.where(good, readings, 0).astype(np.float64), rows.firsts)
    number = np.add.reduceat(good, rows.firsts, dtype=np.int64)
    means = np.full(count, np.nan, np.float32)
    told = number > 0
    means[rows.blocks[told]] = total[told] / number[told]
    return means


def _faulty(item: DatasetItem, rows: int) -> NDArray[np.bool_]:
    """(rows,) where a fault is marked."""
    faulty = np.zeros(rows, np.bool_)
    annotation = item.annotation
    if annotation is None:
        return faulty
    spans = [span for span in annotation.spans if not is_normal(span.label)]
    for span in spans:
        faulty[span.start : span.end] = True
    if not spans and annotation.label and not is_normal(annotation.label):
        faulty[:] = True
    return faulty
