"""The patch bank: which patches of good parts to keep, and how far others are from them.

Numpy only. The method is PatchCore's (Roth et al. 2022): greedy k-centre choice on a random
projection, distance to the nearest kept patch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_PROJECTED = 48
_FOCUS = 12.0
_RIDGE = 0.01
"""Share of the mean variance that is added to each direction's, so that one in which nothing varies does not decide."""


@dataclass(frozen=True)
class Bank:
    """Kept patches.

    Attributes:
        patches: (kept, features).
        owner: number of the picture's group each patch came from, (kept,).
        centre: (features,), taken off before distances so that they survive half precision.
        whiten: (features, features), makes distances count in each direction by how little good parts vary in it.
    """

    patches: Floats
    owner: NDArray[np.intp]
    centre: Floats
    whiten: Floats

    def white(self, features: Floats) -> Floats:
        """(n, features) → the same, as distances are measured."""
        return np.asarray((features - self.centre) @ self.whiten, np.float32)

    def distances(self, features: Floats, without: int = -1) -> Floats:
        """Distance of each patch (n, features) to the nearest kept one, those of `without` aside."""
        kept = self.patches[self.owner != without] if without >= 0 else self.patches
        moved, bank = self.white(features), self.white(kept)
        squared = (bank**2).sum(1)[None] - 2 * moved @ bank.T
        nearest = squared.min(axis=1) + (moved**2).sum(1)
        return np.asarray(np.sqrt(np.maximum(nearest, 0)), np.float32)


def choose(
    patches: Floats, owner: NDArray[np.intp], size: int, max_patches: int, seed: int
) -> Bank:
    """The bank of at most `size` patches out of at most `max_patches` drawn ones.

    Args:
        patches: (n, features).
        owner: (n,).
    """
    rng = np.random.default_rng(seed)
    if len(patches) > max_patches:
        drawn = np.sort(rng.choice(len(patches), max_patches, replace=False))
        patches, owner = patches[drawn], owner[drawn]
    whiten = _whitening(patches)
    kept = _k_centre(patches @ whiten, min(size, len(patches)), rng)
    return Bank(patches[kept], owner[kept], patches.mean(axis=0), whiten)


def _whitening(patches: Floats) -> Floats:
    """Decorrelates features and evens out their variances (Mahalanobis); the sum of variances stays, and so the size of distances."""
    variance, axes = np.linalg.eigh(np.cov(patches.T, dtype=np.float64))
    level = float(variance.mean())
    if level <= 0:
        return np.eye(patches.shape[1], dtype=np.float32)
    ridged = np.maximum(variance, 0) + _RIDGE * level
    whiten = (axes / np.sqrt(ridged)) @ axes.T
    after = float((np.maximum(variance, 0) / ridged).mean())
    return np.asarray(whiten * np.sqrt(level / after), np.float32)


def _k_centre(patches: Floats, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Each next patch is the one farthest from all chosen ones; one matrix product per step."""
    projection = rng.standard_normal((patches.shape[1], _PROJECTED)) / np.sqrt(_PROJECTED)
    points = patches @ projection.astype(np.float32)
    squares = (points**2).sum(axis=1)
    chosen = np.zeros(size, dtype=np.intp)
    apart = np.full(len(points), np.inf, dtype=np.float32)
    for step in range(1, size):
        last = chosen[step - 1]
        np.minimum(apart, squares + squares[last] - 2 * (points @ points[last]), out=apart)
        chosen[step] = apart.argmax()
    return chosen


def pool(features: Floats, distances: Floats, centre: Floats, unit: float) -> Floats:
    """What a tile looks like as one vector: mean, largest, spread, and the look of its worst place.

    Args:
        features: (patches, features).
        distances: (patches,); the worst place is their softmax, sharper with a smaller `unit`.

    Returns:
        (4 · features,), the same as the graph's second output.
    """
    moved = features - centre
    mean = moved.mean(axis=0)
    spread = np.sqrt(((moved - mean) ** 2).mean(axis=0) + 1e-6)
    weight = np.exp((distances - distances.max()) * (_FOCUS / unit))
    focus = (weight / weight.sum()) @ moved
    return np.concatenate([mean, moved.max(axis=0), spread, focus]).astype(np.float32)


def sharpness(unit: float) -> float:
    """The factor on distances within the softmax of `pool`."""
    return _FOCUS / unit
