"""Ways to measure how far a row is from normal running: each a quadratic form on standardised rows.

One graph runs all of them and says which channel speaks. It is not responsible for which is chosen, nor for what a
distance means (`_learning/condition.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_SHRINK = 0.1
_CLIP = 8.0
"""Spreads: a reading further away in learning is a fault of the data, and counts as this."""
_PARTS = 8
"""Parts of the time of learning whose means tell how levels wander."""
_LEAST = 0.05
"""Of a variance: a column that stood still in learning is not infinitely exact."""

Method = Callable[[Floats, int, float], Floats]
"""(rows, lags · width) standardised rows in the order of time, the width of one of them, and the share of variance to
keep → the matrix of the form."""


def _components(z: Floats, _width: int, explained: float) -> Floats:
    """T² and Q of the main components, each in units of its median and added: the combined index of Yue & Qin
    2001, "Reconstruction-based fault identification using a combined index"."""
    values, vectors = np.linalg.eigh(z.T @ z / len(z))
    values, vectors = np.maximum(values[::-1], 1e-9), vectors[:, ::-1]
    count = int(np.searchsorted(np.cumsum(values) / values.sum(), explained) + 1)
    kept = vectors[:, :count]
    hotelling = (kept / values[:count]) @ kept.T
    residual = np.eye(len(values)) - kept @ kept.T
    return _scaled(hotelling, z) + _scaled(residual, z)


def _shrunk(z: Floats, _width: int, _explained: float) -> Floats:
    """Mahalanobis distance with the covariance shrunk towards the identity (Ledoit & Wolf 2004)."""
    covariance = (1 - _SHRINK) * (z.T @ z / len(z)) + _SHRINK * np.eye(z.shape[1])
    inverse: Floats = np.asarray(np.linalg.inv(covariance), np.float64)
    return _scaled(inverse, z)


def _levels(z: Floats, width: int, _explained: float) -> Floats:
    """Each channel's level over the lags by itself, beside how far it wanders: for few rows.

    What was seen for minutes may go on to wander: as a random walk over another such time, its steps from the means of
    consecutive parts.
    """
    lags = z.shape[1] // width
    level = z.reshape(len(z), lags, width).mean(axis=1)
    means = np.stack([part.mean(axis=0) for part in np.array_split(level, _PARTS)])
    variance = (level**2).mean(axis=0) + _PARTS * (np.diff(means, axis=0) ** 2).mean(axis=0)
    average = np.tile(np.eye(width), (1, lags)) / lags
    form = average.T @ (average / np.maximum(variance, _LEAST)[:, None])
    return _scaled(form, z)


@dataclass(frozen=True)
class Parts:
    """The numbers of a form.

    Attributes:
        mean: (lags · width,) what is usual.
        inverse_spread: (lags · width,) one over the spread.
        matrix: (lags · width, lags · width) of the form on standardised rows.
    """

    mean: Floats
    inverse_spread: Floats
    matrix: Floats


def fitted(rows: Floats, least: Floats, method: Method, explained: float) -> Parts:
    """What is usual in (rows, lags · width), in the order of time.

    Args:
        least: (width,) spread that a column has at least.
    """
    width = len(least)
    mean = rows.mean(axis=0)
    inverse = 1 / np.maximum(rows.std(axis=0), np.tile(least, rows.shape[1] // width))
    z = np.clip((rows - mean) * inverse, -_CLIP, _CLIP)
    return Parts(mean, inverse, method(z, width, explained))


def index_of(rows: Floats, parts: Parts) -> Floats:
    """(rows,) how far each is from what is usual; about 1 for a usual one."""
    z = (rows - parts.mean) * parts.inverse_spread
    index: Floats = np.einsum("ij,ij->i", z @ parts.matrix, z)
    return index


FEW_ROWS = "levels"
"""The method for little data. What its tail was calibrated on is learned from in the end, too."""
METHODS: Mapping[str, Method] = {
    "components": _components,
    "shrunk": _shrunk,
    FEW_ROWS: _levels,
}


def _scaled(matrix: Floats, z: Floats) -> Floats:
    usual = float(np.median(np.einsum("ij,ij->i", z @ matrix, z)))
    scaled: Floats = matrix / max(usual, 1e-9)
    return scaled
