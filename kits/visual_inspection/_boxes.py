"""Boxes from model outputs: decoding a raw detector head, suppression, regions of a distance map.

Used on the device: numpy and cv2 only. Results equal ultralytics' own within 1e-3 pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_MAX_CANDIDATES = 30_000
_CLASS_OFFSET = np.float32(7680)


def decode_head(
    raw: Floats, *, confidence: float, iou: float, max_boxes: int
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Boxes of one picture from a raw head.

    Args:
        raw: (4 + classes, anchors): centre x, centre y, width, height in pixels of the model's
            input, then one score per class.
        confidence: candidates at or below are dropped before anything else is computed.
        iou: a box that overlaps a better one of its class by more is dropped.
        max_boxes: at most this many, best first.

    Returns:
        boxes (n, 4) as x0 y0 x1 y1, scores (n,), classes (n,).
    """
    best = raw[4:].max(axis=0)
    chosen = np.flatnonzero(best > confidence)
    order = np.argsort(-best[chosen], kind="stable")[:_MAX_CANDIDATES]
    chosen = chosen[order]
    candidates = raw[:, chosen]
    classes = candidates[4:].argmax(axis=0)
    centre, half = candidates[:2].T, candidates[2:4].T / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    scores = best[chosen]
    kept = suppress(boxes, classes, iou=iou, max_boxes=max_boxes)
    return boxes[kept], scores[kept], classes[kept]


def suppress(
    boxes: Floats, classes: NDArray[np.intp], *, iou: float, max_boxes: int
) -> NDArray[np.intp]:
    """Greedy suppression within classes; `boxes` come best first. Returns the kept indices."""
    shifted = boxes + classes[:, None].astype(np.float32) * _CLASS_OFFSET
    areas = (shifted[:, 2] - shifted[:, 0]) * (shifted[:, 3] - shifted[:, 1])
    left = np.arange(len(boxes))
    kept: list[int] = []
    while left.size and len(kept) < max_boxes:
        first, rest = left[0], left[1:]
        kept.append(int(first))
        if not rest.size:
            break
        others = shifted[rest]
        size = np.minimum(shifted[first, 2:], others[:, 2:]) - np.maximum(
            shifted[first, :2], others[:, :2]
        )
        overlap = np.maximum(size[:, 0], 0) * np.maximum(size[:, 1], 0)
        left = rest[overlap <= iou * (areas[first] + areas[rest] - overlap)]
    return np.asarray(kept, dtype=np.intp)


def regions(
    distances: Floats, level: float, *, width: int, height: int, max_regions: int = 20
) -> tuple[Floats, Floats]:
    """Where a distance map lies above `level`.

    Args:
        distances: (rows, columns), one value per patch.
        width, height: of the picture the map covers.

    Returns:
        boxes (n, 4) in pixels of the picture and the largest distance in each, worst first.
    """
    mask = (distances > level).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    peaks = np.zeros(count, np.float32)
    np.maximum.at(peaks, labels.ravel(), distances.ravel())
    order = 1 + np.argsort(-peaks[1:], kind="stable")[:max_regions]
    x, y, w, h = (stats[order, i].astype(np.float32) for i in range(4))
    scale = np.array([width / distances.shape[1], height / distances.shape[0]] * 2, np.float32)
    return np.stack([x, y, x + w, y + h], axis=1) * scale, peaks[order]
