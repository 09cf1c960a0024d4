"""Mean average precision of boxes, COCO style, with a fast bootstrap over pictures.

101 recall points on the precision envelope, at most 100 boxes per picture, greedy matching by
confidence within each class (Lin et al. 2014). Matches are made once per picture; a resample only
reweights them. Numpy only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.prediction import Box
from kits.core.stats import MIN_GROUPS, SINGLY, Estimate, of_draws

IOU_LEVELS = np.linspace(0.5, 0.95, 10)
_RECALL_POINTS = np.linspace(0, 1, 101)
_MAX_BOXES = 100
_ROUNDS = 200
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _ClassMatches:
    """All boxes of one class, best first, and how many there should be per picture."""

    picture: NDArray[np.intp]
    hit: NDArray[np.bool_]
    expected: Floats


def mean_average_precision(
    truth: Sequence[Sequence[Box]],
    found: Sequence[Sequence[Box]],
    groups: Sequence[str],
    seed: int,
) -> dict[str, Estimate]:
    """`map50` and `map50_95` with percentile intervals; groups are resampled as a whole.

    Args:
        truth, found: boxes per picture, in the same order.

    Returns:
        Empty when there is no box in `truth`.
    """
    labels = sorted({box.label for boxes in truth for box in boxes})
    if not labels:
        return {}
    classes = [_match_class(truth, found, label) for label in labels]
    few = len(set(groups)) < MIN_GROUPS
    if few:
        groups = [str(number) for number in range(len(groups))]
    names = {name: number for number, name in enumerate(dict.fromkeys(groups))}
    member = np.array([names[group] for group in groups], dtype=np.intp)
    value = _levels(classes, np.ones(len(truth)))
    rng = np.random.default_rng(seed)
    drawn = np.stack(
        [
            _levels(
                classes,
                np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))[
                    member
                ].astype(np.float64),
            )
            for _ in range(_ROUNDS)
        ]
    )
    method = f"COCO 101 points, {SINGLY if few else f'bootstrap of {len(names)} groups'}"
    return {
        "map50": _estimate(value[:1], drawn[:, :1], len(truth), method),
        "map50_95": _estimate(value, drawn, len(truth), method),
    }


def resampler(
    truth: Sequence[Sequence[Box]], found: Sequence[Sequence[Box]], name: str
) -> Callable[[NDArray[np.intp]], float] | None:
    """`map50` or `map50_95` as a function of picture numbers (with repeats), for paired bootstraps.

    None for another metric, or when there is no box in `truth`.
    """
    labels = sorted({box.label for boxes in truth for box in boxes})
    levels = {"map50": 1, "map50_95": len(IOU_LEVELS)}.get(name)
    if levels is None or not labels:
        return None
    classes = [_match_class(truth, found, label) for label in labels]

    def value(rows: NDArray[np.intp]) -> float:
        weight = np.bincount(rows, minlength=len(truth)).astype(np.float64)
        return float(_levels(classes, weight)[:levels].mean())

    return value


def _estimate(value: Floats, drawn: Floats, n: int, method: str) -> Estimate:
    """(levels,) precision at each overlap and (rounds, levels) that of resamples → their means."""
    return of_draws(float(value.mean()), [float(v) for v in drawn.mean(axis=1)], n, method, 0.95)


def _match_class(
    truth: Sequence[Sequence[Box]], found: Sequence[Sequence[Box]], label: str
) -> _ClassMatches:
    pictures: list[int] = []
    scores: list[float] = []
    hits: list[NDArray[np.bool_]] = []
    expected = np.zeros(len(truth))
    for number, (stated, given) in enumerate(zip(truth, found)):
        targets = [box for box in stated if box.label == label]
        boxes = sorted(given, key=lambda box: -box.confidence)[:_MAX_BOXES]
        boxes = [box for box in boxes if box.label == label]
        expected[number] = len(targets)
        if boxes:
            hits.append(match(targets, boxes))
            pictures += [number] * len(boxes)
            scores += [box.confidence for box in boxes]
    order = np.argsort(-np.asarray(scores), kind="stable")
    hit = np.concatenate(hits) if hits else np.zeros((0, len(IOU_LEVELS)), dtype=np.bool_)
    return _ClassMatches(np.asarray(pictures, dtype=np.intp)[order], hit[order], expected)


def match(targets: Sequence[Box], boxes: Sequence[Box]) -> NDArray[np.bool_]:
    """(boxes, IoU levels): whether each box, best first, takes a target no better one took."""
    hit = np.zeros((len(boxes), len(IOU_LEVELS)), dtype=np.bool_)
    if not targets:
        return hit
    overlap = iou(_array(boxes), _array(targets))
    for column, level in enumerate(IOU_LEVELS):
        free = np.ones(len(targets), dtype=np.bool_)
        for row in range(len(boxes)):
            candidates = np.where(free, overlap[row], -1.0)
            best = int(candidates.argmax())
            if candidates[best] >= level:
                hit[row, column], free[best] = True, False
    return hit


def iou(one: Floats, two: Floats) -> Floats:
    """Intersection over union of boxes (n, 4) and (m, 4) → (n, m)."""
    low = np.maximum(one[:, None, :2], two[None, :, :2])
    high = np.minimum(one[:, None, 2:], two[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) for b in (one, two)]
    return np.asarray(shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-12))


def _array(boxes: Sequence[Box]) -> Floats:
    return np.array([[b.x0, b.y0, b.x1, b.y1] for b in boxes], dtype=np.float64)


def _levels(classes: Sequence[_ClassMatches], weight: Floats) -> Floats:
    """Mean over classes of AP per IoU level, each picture counted `weight` times."""
    found = [ap for ap in (_precision(one, weight) for one in classes) if ap is not None]
    return np.mean(found, axis=0) if found else np.full(len(IOU_LEVELS), np.nan)


def _precision(one: _ClassMatches, weight: Floats) -> Floats | None:
    expected = float((one.expected * weight).sum())
    if expected == 0:
        return None
    if not len(one.picture):
        return np.zeros(len(IOU_LEVELS))
    counted = weight[one.picture]
    hits = np.cumsum(one.hit * counted[:, None], axis=0)
    precision = hits / np.maximum(np.cumsum(counted), 1e-12)[:, None]
    envelope = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    recall = hits / expected
    result = np.zeros(len(IOU_LEVELS))
    for column in range(len(IOU_LEVELS)):
        at = np.searchsorted(recall[:, column], _RECALL_POINTS - 1e-12)
        inside = at < len(envelope)
        result[column] = envelope[at[inside], column].sum() / len(_RECALL_POINTS)
    return result
