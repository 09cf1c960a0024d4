"""Linear models of sparse counts and of vectors, as weights that the device's numpy can use.

Fits only; which of them ships is decided in `choice.py`. The solvers are scikit-learn's: LIBLINEAR's support
vectors on counted pieces (Fan et al. 2008), logistic regression on vectors.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float32]
Matrix: TypeAlias = "csr_matrix | NDArray[np.float32]"
Kind = Literal["pieces", "vectors"]
STRENGTHS: dict[Kind, tuple[float, ...]] = {"pieces": (0.1, 0.5, 2.0), "vectors": (3.0, 10.0, 30.0)}
"""Inverse regularisation that cross-validation chooses from."""
_ITERATIONS = 200
_ABSENT = 2.0


@dataclass(frozen=True)
class Linear:
    """Weights, shape (features, classes), and constants, shape (classes,)."""

    weights: Floats
    constants: Floats

    def decide(self, rows: Matrix) -> Floats:
        """Decisions, shape (n, classes)."""
        decision: Floats = np.asarray(rows @ self.weights, np.float32) + self.constants
        return decision


def fit(
    kind: Kind, rows: Matrix, truth: NDArray[np.bool_], strength: float, several: bool
) -> Linear:
    """Learns one target.

    Args:
        rows: features, shape (n, features).
        truth: which classes hold for each row, shape (n, classes); exactly one unless `several`.
        strength: inverse regularisation (C).

    Returns:
        A model with a column for every class, also for those that no row has.
    """
    count = truth.shape[1]
    weights = np.zeros((rows.shape[1], count), np.float32)
    constants = np.zeros(count, np.float32)
    if several:
        for place in range(count):
            weights[:, place], constants[place] = _one(kind, rows, truth[:, place], strength)
        return Linear(weights, constants)
    present = np.flatnonzero(truth.any(axis=0))
    if len(present) == 1:
        constants[present] = _ABSENT
        return Linear(weights, constants)
    coefficients, intercepts = _solve(kind, rows, truth.argmax(axis=1), strength)
    if len(present) == 2:
        # one decision for two classes: half of it speaks for one, half against the other
        coefficients = np.vstack([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    weights[:, present] = coefficients.T
    constants[:] = intercepts.min() - _ABSENT
    constants[present] = intercepts
    return Linear(weights, constants)


def _one(
    kind: Kind, rows: Matrix, holds: NDArray[np.bool_], strength: float
) -> tuple[Floats, float]:
    if holds.all() or not holds.any():
        return np.zeros(rows.shape[1], np.float32), _ABSENT if holds.all() else -_ABSENT
    coefficients, intercepts = _solve(kind, rows, holds.astype(np.int64), strength)
    return coefficients[0], float(intercepts[0])


def _solve(
    kind: Kind, rows: Matrix, classes: NDArray[np.int64], strength: float
) -> tuple[Floats, Floats]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    if kind == "pieces":
        model = LinearSVC(C=strength, random_state=0)
    else:
        model = LogisticRegression(C=strength, max_iter=_ITERATIONS)
    with warnings.catch_warnings():
        # cut short is fine: cross-validation judges what came out; a kind with one mail is said elsewhere
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
        model.fit(rows, classes)
    return (
        np.asarray(model.coef_, np.float32),
        np.asarray(model.intercept_, np.float32),
    )


def sparse_rows(rows: Sequence[tuple[NDArray[np.int64], Floats]], columns: int) -> csr_matrix:
    """Rows of columns and values as one sparse matrix, shape (n, columns)."""
    from scipy.sparse import csr_matrix

    starts = np.cumsum([0, *(len(places) for places, _ in rows)])
    places = np.concatenate([p for p, _ in rows]) if rows else np.empty(0, np.int64)
    values = np.concatenate([v for _, v in rows]) if rows else np.empty(0, np.float32)
    return csr_matrix((values, places, starts), shape=(len(rows), columns))
