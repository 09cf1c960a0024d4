"""Ways to measure how far a row is from normal running: each a quadratic form on standardised rows.

One graph runs all of them and says which channel speaks. It is not responsible for which is chosen, nor for what a
distance means (`_learning/condition.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_SHRINK = 0.1

Method = Callable[[Floats, float], Floats]
"""(rows, columns) standardised rows and the share of variance to keep → (columns, columns)."""


def _components(z: Floats, explained: float) -> Floats:
    """T² and Q of the main components, each in units of its median and added: the combined index of Yue & Qin
    2001, "Reconstruction-based fault identification using a combined index"."""
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    values, vectors = np.maximum(values[::-1], 1e-9), vectors[:, ::-1]
    count = int(np.searchsorted(np.cumsum(values) / values.sum(), explained) + 1)
    kept = vectors[:, :count]
    hotelling = (kept / values[:count]) @ kept.T
    residual = np.eye(len(values)) - kept @ kept.T
    return _scaled(hotelling, z) + _scaled(residual, z)


def _shrunk(z: Floats, _explained: float) -> Floats:
    """Mahalanobis distance with the covariance shrunk towards the identity (Ledoit & Wolf 2004)."""
    covariance = (1 - _SHRINK) * (z.T @ z / len(z)) + _SHRINK * np.eye(z.shape[1])
    inverse: Floats = np.asarray(np.linalg.inv(covariance), np.float64)
    return _scaled(inverse, z)


def _single(z: Floats, _explained: float) -> Floats:
    """Each column by itself: for few rows, or columns that have nothing to do with each other."""
    return _scaled(np.eye(z.shape[1]), z)


METHODS: Mapping[str, Method] = {
    "components": _components,
    "shrunk": _shrunk,
    "single": _single,
}


def _scaled(matrix: Floats, z: Floats) -> Floats:
    usual = float(np.median(np.einsum("ij,ij->i", z @ matrix, z)))
    scaled: Floats = matrix / max(usual, 1e-9)
    return scaled
