"""What stands beside ours on the Numenta anomaly benchmark: NAB's windowed Gaussian, and a random cut forest.

Both see one series row by row and give a score for each row from what came before it. They are baselines of
`benchmarks/machines_nab.py`, never part of a bundle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_WINDOW, _STEP = 6400, 100
_SHINGLE, _TREES, _SAMPLE, _MEMORY, _REFIT = 48, 30, 256, 2560, 250


def windowed_gaussian(values: Floats) -> Floats:
    """NAB's own baseline: 1 − the tail probability beside mean and spread of the last 6,400 readings.

    The window grows to its size reading by reading and then moves on by 100, as `windowedGaussian_detector.py` does.
    """
    scores = np.zeros(values.size)
    total = squares = 0.0
    mean, spread, start = 0.0, 1.0, 0
    for row, value in enumerate(values.tolist()):
        if row:
            scores[row] = 1 - 0.5 * math.erfc(abs(value - mean) / spread / math.sqrt(2))
        if row < _WINDOW:
            total, squares = total + value, squares + value * value
            mean = total / (row + 1)
            spread = math.sqrt(max(squares / (row + 1) - mean * mean, 0.0)) or 1e-6
        elif (row - _WINDOW) % _STEP == _STEP - 1:
            start += _STEP
            seen = values[start : row + 1]
            mean, spread = float(seen.mean()), float(seen.std()) or 1e-6
    return scores


@dataclass(frozen=True)
class _Node:
    """A part of a tree.

    Attributes:
        low, high: (dimensions,) the box around its points.
        cut: dimension and place; None at a leaf.
    """

    mass: int
    low: Floats
    high: Floats
    cut: tuple[int, float] | None = None
    below: _Node | None = None
    above: _Node | None = None


def random_cut_forest(values: Floats, seed: int) -> Floats:
    """Robust random cut forest (Guha et al. 2016) on 48 readings side by side, in batches.

    30 trees of 256 points drawn from the last 2,560, grown anew every 250 readings instead of point by point; the score
    of a point is the expected displacement it would cause, which needs no insertion.
    """
    rng = np.random.default_rng(seed)
    points = np.lib.stride_tricks.sliding_window_view(values, _SHINGLE)
    scores = np.zeros(values.size)
    for start in range(_SAMPLE, len(points), _REFIT):
        known = points[max(start - _MEMORY, 0) : start]
        asked = points[start : start + _REFIT]
        found = np.zeros(len(asked))
        for _ in range(_TREES):
            drawn = known[rng.choice(len(known), min(_SAMPLE, len(known)), replace=False)]
            found += _displacement(_grown(drawn, rng), asked)
        scores[start + _SHINGLE - 1 : start + _SHINGLE - 1 + len(asked)] = found / _TREES
    return scores


def _grown(points: Floats, rng: np.random.Generator) -> _Node:
    low, high = points.min(axis=0), points.max(axis=0)
    sides = high - low
    total = float(sides.sum())
    if len(points) == 1 or total <= 0:
        return _Node(len(points), low, high)
    at = rng.random() * total
    dimension = min(int(np.searchsorted(np.cumsum(sides), at)), sides.size - 1)
    place = float(low[dimension] + rng.random() * sides[dimension])
    left = points[:, dimension] <= place
    if left.all() or not left.any():
        return _Node(len(points), low, high)
    return _Node(
        len(points),
        low,
        high,
        (dimension, place),
        _grown(points[left], rng),
        _grown(points[~left], rng),
    )


def _displacement(node: _Node, asked: Floats) -> Floats:
    """(n,) expected share of the tree's points that a new one would push down: 1 / mass of itself times its sibling."""
    over = np.maximum(asked - node.high, 0) + np.maximum(node.low - asked, 0)
    outside = over.sum(axis=1)
    side = float((node.high - node.low).sum())
    # the chance that the next cut parts the point from all of the node
    parted = outside / np.maximum(outside + side, 1e-12)
    if node.cut is None or node.below is None or node.above is None:
        alone: Floats = parted * node.mass
        return alone
    dimension, place = node.cut
    left = asked[:, dimension] <= place
    deeper = np.empty(len(asked))
    for child, mine in ((node.below, left), (node.above, ~left)):
        if mine.any():
            deeper[mine] = _displacement(child, asked[mine])
    mean: Floats = parted * node.mass + (1 - parted) * deeper
    return mean


if __name__ == "__main__":
    raise SystemExit(__doc__)
