"""A large picture as overlapping pieces that a detector sees one by one, and their boxes as those of the whole (sliced inference,
Akyon et al. 2022). Used on the device: numpy only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.visual_inspection._images import Image

OVERLAP = 0.2
"""Share of a piece's side that its neighbour shows, too; a defect is whole in one of them, unless it is wider."""
_SAME = 0.5
"""Share of the smaller of two boxes from different pieces; above it they are one."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Piece:
    """Corners in pixels of the picture."""

    x0: int
    y0: int
    x1: int
    y1: int

    def of(self, image: Image) -> Image:
        """The pixels."""
        return np.ascontiguousarray(image[self.y0 : self.y1, self.x0 : self.x1])

    def to_picture(self, boxes: Floats) -> Floats:
        """Boxes (n, 4) of the piece as those of the picture."""
        return boxes + np.array([self.x0, self.y0, self.x0, self.y0], np.float32)


def pieces_of(width: int, height: int, rows: int, columns: int) -> list[Piece]:
    """Row by row; of one row and one column, the whole picture."""
    return [
        Piece(x0, y0, x1, y1)
        for y0, y1 in _spans(height, rows)
        for x0, x1 in _spans(width, columns)
    ]


def side_of(length: int, count: int) -> float:
    """How long a piece is, of so many along a side of the picture."""
    return length / (count - (count - 1) * OVERLAP)


def count_of(length: int, side: float) -> int:
    """How many pieces no longer than `side` a side of the picture needs."""
    return max(1, math.ceil((length / side - OVERLAP) / (1 - OVERLAP) - 1e-9))


def _spans(length: int, count: int) -> list[tuple[int, int]]:
    side = side_of(length, count)
    starts = [number * side * (1 - OVERLAP) for number in range(count)]
    return [(round(start), min(length, round(start + side))) for start in starts]


def merge(
    boxes: Floats, scores: Floats, classes: NDArray[np.intp], piece: NDArray[np.intp], most: int
) -> NDArray[np.intp]:
    """Which boxes stay, best first: of one class, one that lies half in a better one of another piece is that one, seen again.

    Args:
        boxes: (n, 4) in pixels of the picture.
        piece: (n,) number of the piece each is from.
    """
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    for number in np.argsort(-scores, kind="stable"):
        if len(kept) == most:
            break
        others = np.array(
            [k for k in kept if piece[k] != piece[number] and classes[k] == classes[number]],
            np.intp,
        )
        low = np.maximum(boxes[others, :2], boxes[number, :2])
        high = np.minimum(boxes[others, 2:], boxes[number, 2:])
        shared = np.clip(high - low, 0, None).prod(axis=1)
        smaller = np.maximum(np.minimum(areas[others], areas[number]), 1e-6)
        if not (shared > _SAME * smaller).any():
            kept.append(int(number))
    return np.asarray(kept, np.intp)
