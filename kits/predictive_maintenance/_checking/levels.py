"""A machine's channels over its recorded time: the mean of each hour or longer block, without what is marked as a fault."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.core.window import Window
from kits.predictive_maintenance._reading.columns import is_normal

HOUR_S = 3600.0
_MOST_BLOCKS = 1500
"""Of one machine: longer times have longer blocks."""
_LONGEST = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Levels:
    """Means of one recording's channels.

    Attributes:
        blocks: (n,) numbers of the blocks since 1970, rising.
        means: channel → (n,) mean of its readings; NaN where it has none.
    """

    blocks: NDArray[np.int64]
    means: dict[str, NDArray[np.float32]]


def block_s(items: Iterable[DatasetItem]) -> float:
    """Seconds of a block, so that no machine's time has too many."""
    begins: dict[object, list[float]] = {}
    for item in items:
        begun = _seconds(item.sample.meta.get("started_at"))
        if begun is not None:
            begins.setdefault(item.sample.meta.get("asset"), []).append(begun)
    span = max((max(times) - min(times) for times in begins.values()), default=0.0)
    return HOUR_S * max(1, math.ceil(span / _MOST_BLOCKS / HOUR_S))


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
    faulty = _faulty(item, longest)
    means = {}
    for channel in window.channels:
        rate_hz = window.rate_of(channel)
        if rate_hz <= 0:
            continue
        at = start + np.arange(channel.readings.size) / rate_hz
        good = np.isfinite(channel.readings)
        rows = np.minimum(((at - start) * window.rate_hz).astype(np.int64), longest - 1)
        good &= ~faulty[rows]
        block = np.minimum((at[good] // length_s).astype(np.int64) - first, count - 1)
        readings = np.bincount(block, minlength=count)
        total = np.bincount(block, channel.readings[good].astype(np.float64), minlength=count)
        mean = np.full(count, np.nan, np.float32)
        np.divide(total, readings, out=mean, where=readings > 0, casting="unsafe")
        means[channel.name] = mean
    return Levels(np.arange(first, first + count), means)


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
