"""Pictures that are the same shot: copies, re-encodings, slightly relit frames of a parked part.

Pictures of one product all look alike, so a perceptual hash alone merges far too much: it only
proposes candidates, small pixels decide. Cost grows with the number of candidates, not with n².
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.visual_inspection import _images

_SIDE = 32
_BANDS = 8
_MAX_BUCKET = 400
_MEAN_LIMIT = 2.0
_PEAK_LIMIT = 16.0
_CELL = 8
_ROUNDING = 1e-3


def near_duplicates(contents: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Pairs of ids whose pictures are near-identical; unreadable ones are skipped.

    Identical apart from brightness means: on 32×32 gray pixels with their means taken off, the
    mean difference is at most 2 and the largest at most 16 of 255.
    """
    ids: list[str] = []
    small: list[NDArray[np.uint8]] = []
    for sample_id, content in contents:
        shrunk = thumbnail(content)
        if shrunk is not None:
            ids.append(sample_id)
            small.append(shrunk)
    if len(ids) < 2:
        return []
    pixels = np.stack(small)
    coarse = _coarse(pixels)
    found: set[tuple[int, int]] = set()
    for one, two in _plausible(coarse, _candidates(_hashes(pixels))):
        same = _same(pixels, one, two)
        found.update(zip(one[same].tolist(), two[same].tolist()))
    return [(ids[a], ids[b]) for a, b in sorted(found)]


def thumbnail(content: bytes) -> NDArray[np.uint8] | None:
    """32×32 gray pixels; None of what is no picture."""
    try:
        image = _images.decode(content)
    except DataError:
        return None
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(gray, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _hashes(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """dHash: is each cell brighter than its right neighbour; 64 bits as 8 bytes."""
    cells = pixels[:, :, : _SIDE // 9 * 9].reshape(len(pixels), 8, 4, 9, 3)
    means = cells.mean(axis=(2, 4))
    return np.packbits((means[:, :, 1:] > means[:, :, :-1]).reshape(len(pixels), 64), axis=1)


def _candidates(
    hashes: NDArray[np.uint8],
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Index pairs that agree in one of eight bands; huge bands are compared along a sorted line."""
    as_number = hashes.copy().view(">u8").ravel()
    for band in range(_BANDS):
        order = np.lexsort((as_number, hashes[:, band]))
        ends = np.flatnonzero(np.diff(hashes[order, band])) + 1
        for bucket in np.split(order, ends):
            for step in range(1, min(len(bucket), _MAX_BUCKET)):
                one, two = bucket[:-step], bucket[step:]
                yield np.minimum(one, two), np.maximum(one, two)


def _coarse(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Each thumbnail as the means of its 4×4 cells, less its own mean: (n, 16)."""
    cells = pixels.reshape(len(pixels), _SIDE // _CELL, _CELL, _SIDE // _CELL, _CELL)
    means = cells.mean(axis=(2, 4), dtype=np.float32).reshape(len(pixels), -1)
    return np.asarray(means - means.mean(axis=1, keepdims=True), np.float32)


def _plausible(
    coarse: NDArray[np.float32], pairs: Iterable[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The pairs that the means of cells allow: these never differ more than the pixels in them do.

    Of parts under one camera every hash looks like every other, so most pairs end here.
    """
    mean, peak = _MEAN_LIMIT + _ROUNDING, _PEAK_LIMIT + _ROUNDING
    for one, two in pairs:
        apart = np.abs(coarse[one] - coarse[two])
        maybe = (apart.mean(axis=1) <= mean) & (apart.max(axis=1) <= peak)
        yield one[maybe], two[maybe]


def _same(
    pixels: NDArray[np.uint8], one: NDArray[np.intp], two: NDArray[np.intp]
) -> NDArray[np.bool_]:
    first, second = pixels[one].astype(np.float32), pixels[two].astype(np.float32)
    first -= first.mean(axis=(1, 2), keepdims=True)
    second -= second.mean(axis=(1, 2), keepdims=True)
    apart = np.abs(first - second)
    close: NDArray[np.bool_] = (apart.mean(axis=(1, 2)) <= _MEAN_LIMIT) & (
        apart.max(axis=(1, 2)) <= _PEAK_LIMIT
    )
    # a flat picture equals every other flat picture; that says nothing
    return np.asarray(close & (pixels[one].std(axis=(1, 2)) > _MEAN_LIMIT))
