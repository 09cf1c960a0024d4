"""Linear classifiers of a few columns: logistic regression, and the conditional logit on the rule's figures.

Both are convex and small, so they are minimised in numpy. It is not responsible for what the columns mean, nor for
how a classifier is judged (`_learning/faults.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._device.faults import FAULTS, NORMAL, FaultSpec

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
_PENALTY = 3.0
"""Of the squared weights, beside the sum over all rows."""
_SHARED_PENALTY = 1e-3
_MEMORY, _ROUNDS = 10, 200
_FLAT = 1e-6
"""Largest slope at which a minimum is reached."""


@dataclass(frozen=True)
class Linear:
    """Softmax of `(rows − mean) / scale @ weights + bias`.

    Attributes:
        mean, scale: (columns,).
        weights: (columns, classes).
        bias: (classes,).
    """

    mean: Floats
    scale: Floats
    weights: Floats
    bias: Floats

    def __call__(self, rows: Floats) -> Floats:
        """(rows, classes) probabilities."""
        return softmax((rows - self.mean) / self.scale @ self.weights + self.bias)


def logistic(values: Floats, classes: Ints, weights: Floats, count: int) -> Linear:
    """Multinomial logistic regression with a quadratic penalty.

    Args:
        values: (rows, columns), finite.
        weights: (rows,) how much each row counts; 1 on average.
        count: of the classes.
    """
    mean, spread = values.mean(axis=0), values.std(axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    z, width = (values - mean) / scale, values.shape[1]
    penalty = _PENALTY / len(values)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        matrix, bias = parameters[:-count].reshape(width, count), parameters[-count:]
        spent, slope = cross_entropy(z @ matrix + bias, classes, weights)
        uphill = z.T @ slope + 2 * penalty * matrix
        total = spent + penalty * float((matrix**2).sum())
        return total, np.concatenate([uphill.ravel(), slope.sum(axis=0)])

    found = minimised(loss, np.zeros((width + 1) * count))
    return Linear(mean, scale, found[:-count].reshape(width, count), found[-count:])


def conditional(values: Floats, classes: Ints, weights: Floats, spec: FaultSpec) -> Linear:
    """Conditional logit (McFadden 1974) on the rule's figures: each fault's prominence speaks for its own class, all with
    the same weight, and the strongest evidence against normal: a few bearings are enough to learn two weights.

    Args:
        values: (rows, 5) of `evidence_columns`.
        weights: (rows,) how much each row counts; 1 on average.
    """
    count, width = len(spec.classes), values.shape[1]
    own = np.zeros((2, width, count))
    for place, fault in enumerate(FAULTS):
        if fault in spec.meaning:
            own[0, place, spec.classes.index(spec.meaning[fault])] = 1.0
    if NORMAL in spec.classes:
        own[1, len(FAULTS), spec.classes.index(NORMAL)] = -1.0
    parts = np.einsum("nw,pwc->pnc", values, own)
    # physics has no favourite fault: only other classes have a level of their own
    free = np.array([float(name not in spec.meaning.values()) for name in spec.classes])

    def loss(parameters: Floats) -> tuple[float, Floats]:
        shared, bias = parameters[:2], parameters[2:]
        logits = np.tensordot(shared, parts, axes=1) + bias * free
        spent, slope = cross_entropy(logits, classes, weights)
        uphill = np.einsum("pnc,nc->p", parts, slope) + 2 * _SHARED_PENALTY * shared
        total = spent + _SHARED_PENALTY * float((shared**2).sum())
        return total, np.concatenate([uphill, slope.sum(axis=0) * free])

    found = minimised(loss, np.array([4.0, 1.0, *np.zeros(count)]))
    matrix = np.tensordot(found[:2], own, axes=1)
    return Linear(np.zeros(width), np.ones(width), matrix, found[2:] * free)


def softmax(logits: Floats) -> Floats:
    """(rows, classes) probabilities."""
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances: Floats = weight / weight.sum(axis=1, keepdims=True)
    return chances


def cross_entropy(logits: Floats, classes: Ints, weights: Floats) -> tuple[float, Floats]:
    """The mean over rows, and its slope by logit."""
    chances, rows = softmax(logits), np.arange(len(classes))
    spent = -np.log(np.maximum(chances[rows, classes], 1e-300))
    slope = chances.copy()
    slope[rows, classes] -= 1
    return float((weights * spent).mean()), slope * (weights / len(classes))[:, None]


def minimised(loss: Callable[[Floats], tuple[float, Floats]], start: Floats) -> Floats:
    """Where a smooth convex function is least: L-BFGS with steps halved until they pay (Liu & Nocedal 1989).

    Args:
        loss: parameters → value and slope.
    """
    at, (value, slope) = start, loss(start)
    steps: list[tuple[Floats, Floats]] = []
    for _ in range(_ROUNDS):
        if np.abs(slope).max() < _FLAT:
            break
        way = -_bent(slope, steps)
        length, fall = 1.0, float(way @ slope)
        while True:
            there = at + length * way
            reached, after = loss(there)
            if reached <= value + 1e-4 * length * fall:
                break
            length /= 2
            if length < 1e-10:
                return at
        step, turn = there - at, after - slope
        if step @ turn > 1e-12:
            steps = [*steps, (step, turn)][-_MEMORY:]
        at, value, slope = there, reached, after
    return at


def _bent(slope: Floats, steps: list[tuple[Floats, Floats]]) -> Floats:
    """The slope times the inverse curvature that the last steps have shown."""
    result, shares = slope.copy(), []
    for step, turn in reversed(steps):
        share = float(step @ result) / float(step @ turn)
        result = result - share * turn
        shares.append(share)
    if steps:
        step, turn = steps[-1]
        result = result * float(step @ turn) / float(turn @ turn)
    for (step, turn), share in zip(steps, reversed(shares)):
        result = result + step * (share - float(turn @ result) / float(step @ turn))
    return result
