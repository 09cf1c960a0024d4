"""Masks as runs of pixels: Severstal's lists of start and length, COCO's counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.prediction import Box
from kits.visual_inspection._reading.documents import Object
from kits.visual_inspection._reading.masks import regions
from kits.visual_inspection._reading.shapes import numbers

_MOST_PIXELS = 100_000_000


def runs_of(text: str) -> list[int] | None:
    """`start length start length …`, pixels counted from 1; None where the text is nothing of that sort."""
    words = text.split()
    if (
        not words
        or len(words) % 2
        or not all(word.isascii() and word.isdigit() and len(word) < 12 for word in words)
    ):
        return None
    return [int(word) for word in words]


def boxes_of_runs(runs: Sequence[tuple[str, Sequence[int]]]) -> Callable[[int, int], list[Box]]:
    """The boxes around the regions of some classes, counted down the columns, as Severstal and Airbus do.

    Args:
        runs: class and its `start, length, …`.
    """

    def boxes(width: int, height: int) -> list[Box]:
        found = []
        for label, values in runs:
            mask = np.zeros(width * height, np.uint8)
            for start, length in zip(values[::2], values[1::2]):
                mask[max(start - 1, 0) : start - 1 + length] = 1
            shown = mask.reshape(width, height).T.copy()
            found += [Box(x0, y0, x1, y1, label) for x0, y0, x1, y1 in regions(shown)]
        return found

    return boxes


def box_of_runs(outline: Object, label: str) -> Box | None:
    """The box around a mask of COCO that is not compressed: counts of zeros and ones by turns, down the columns."""
    size, counts = outline.get("size"), outline.get("counts")
    sides = numbers(size) if isinstance(size, list) and len(size) == 2 else None
    lengths = numbers(counts) if isinstance(counts, list) else None
    if sides is None or lengths is None or not 0 < sides[0] * sides[1] <= _MOST_PIXELS:
        return None
    height, width = int(sides[0]), int(sides[1])
    if sum(lengths) != height * width or min(lengths) < 0:
        return None
    values = np.arange(len(lengths)) % 2
    mask: NDArray[np.uint8] = np.repeat(values, np.asarray(lengths, np.int64)).astype(np.uint8)
    rows, columns = np.nonzero(mask.reshape(width, height).T)
    if not rows.size:
        return None
    return Box(
        float(columns.min()),
        float(rows.min()),
        float(columns.max()) + 1,
        float(rows.max()) + 1,
        label,
    )
