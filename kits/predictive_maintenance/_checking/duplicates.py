"""Recordings that are the same stretch of time: copies, shifted cuts, another unit or rounding.

A chunk of a signal is named by its shape, so equal stretches meet in one bucket whatever their place,
offset and scale. Cost grows with the number of readings, not with the square of the samples.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.window import decode_window, is_single_row

CHUNK = 32
"""Readings of one chunk."""
_MOST_CHUNKS = 400
_NEEDED = 2
_MAX_BUCKET = 50
_STEPS = 50.0
_TURNS = CHUNK // 4


def near_duplicates(contents: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Pairs of ids that share at least two stretches of 32 readings; unreadable ones are skipped.

    Chunks start where the signal has its own landmarks (a high point), so a shifted copy is cut at
    the same places. Single rows and signals that hardly move say nothing and are left away.
    """
    buckets: dict[bytes, set[str]] = defaultdict(set)
    for sample_id, content in contents:
        for key in _keys(content):
            buckets[key].add(sample_id)
    shared: dict[tuple[str, str], int] = defaultdict(int)
    for ids in buckets.values():
        if 1 < len(ids) <= _MAX_BUCKET:
            ordered = sorted(ids)
            for index, one in enumerate(ordered):
                for two in ordered[index + 1 :]:
                    shared[one, two] += 1
    return sorted(pair for pair, count in shared.items() if count >= _NEEDED)


def _keys(content: bytes) -> Iterator[bytes]:
    if is_single_row(content):
        return
    try:
        window = decode_window(content)
    except DataError:
        return
    for channel in window.channels:
        values = channel.readings.astype(np.float64)
        if values.size < 2 * CHUNK:
            continue
        values = values[np.isfinite(values)]
        if values.size < 2 * CHUNK or np.unique(values[:4096]).size < CHUNK:
            continue
        yield from _of_channel(values)


def _of_channel(values: NDArray[np.float64]) -> Iterator[bytes]:
    # landmarks: local maxima within a chunk's length on both sides; they move with the signal
    reach = CHUNK // 2
    windows = np.lib.stride_tricks.sliding_window_view(values, 2 * reach + 1)
    peaks = np.flatnonzero(windows.argmax(axis=1) == reach) + reach
    peaks = peaks[peaks + CHUNK <= values.size]
    if peaks.size > _MOST_CHUNKS:
        # the highest ones, so that a copy keeps the same
        peaks = peaks[np.argsort(-values[peaks], kind="stable")[:_MOST_CHUNKS]]
    for start in peaks.tolist():
        chunk = values[start : start + CHUNK]
        low, high = float(chunk.min()), float(chunk.max())
        if high <= low or np.unique(chunk).size < CHUNK // 2:
            continue
        shape = np.rint((chunk - low) / (high - low) * _STEPS).astype(np.int8)
        if _is_alike_anywhere(shape):
            continue
        yield hashlib.blake2b(shape.tobytes(), digest_size=8).digest()


def _is_alike_anywhere(shape: NDArray[np.int8]) -> bool:
    """Smooth stretches (a sine, a warm-up) and steps (a machine that is switched on) look alike on all machines; noise that
    the shape still shows is never the same.
    """
    moves = np.sign(np.diff(shape))
    moves = moves[moves != 0]
    turns = int((moves[1:] != moves[:-1]).sum())
    return turns < _TURNS or np.unique(shape).size < _TURNS
