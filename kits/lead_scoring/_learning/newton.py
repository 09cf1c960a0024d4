"""Logistic regression of least penalised log-loss: Newton's steps, or L-BFGS where there are many columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Design: TypeAlias = NDArray[np.float64 | np.float32]
"""(rows, columns) in 64 bits, or in 32 where it is large."""
_WIDE = 4_000
"""Columns from which on their curvature costs more than many cheap steps."""
_NEWTON_ROUNDS, _LBFGS_ROUNDS = 30, 300
_CHUNK = 2_048
"""Rows that are summed as exactly as the design is, and their curvature in 32 bits, which steps can do with."""
_FLAT, _FLAT_IN_32, _SHORTEST = 1e-9, 1e-7, 1e-4
"""Share of the loss that a step must promise; less cannot be told from rounding."""
_SLIGHT = 1e-3
_FARTHEST, _CLOSE = 20.0, 1e-6
"""Log-odds beyond which nothing is looked for, and how exactly a level is found."""


def logistic_fit(columns: Floats, won: Floats, beside: Floats | None = None) -> tuple[float, ...]:
    """Intercept and one weight for each of a few columns, hardly penalised; `beside` as in `minimise`."""
    found = minimise(columns, won, np.ones(len(won)), _SLIGHT, beside=beside)
    return tuple(float(one) for one in found)


def shift_fit(margins: Floats, won: Floats) -> float:
    """What log-odds lack for their probabilities to add up to those won; 0 < won.mean() < 1."""
    low, high = -_FARTHEST - float(margins.max()), _FARTHEST - float(margins.min())
    while high - low > _CLOSE:
        middle = (low + high) / 2
        expected = (1.0 / (1.0 + np.exp(-np.clip(margins + middle, -500.0, 500.0)))).sum()
        low, high = (middle, high) if expected < won.sum() else (low, middle)
    return (low + high) / 2


def line_fit(
    margins: Floats, won: Floats, certain: tuple[float, float], beside: Floats
) -> tuple[float, float]:
    """Slope and offset that correct log-odds, drawn towards 1 and 0.

    Args:
        margins: (n,) log-odds.
        certain: how sure slope and offset were beforehand, each as 1 / variance.
        beside: (n,) what is known to be added to the corrected ones.
    """
    design = np.stack([margins, np.ones(len(margins))], axis=1)
    at = np.array([1.0, 0.0])
    start, sure = at.copy(), np.array(certain)

    def loss(parameters: Floats) -> float:
        logits, off = design @ parameters + beside, parameters - start
        return float((np.logaddexp(0.0, logits) - won * logits).sum() + off @ (sure * off) / 2)

    value = loss(at)
    for _ in range(_NEWTON_ROUNDS):
        chances = 1.0 / (1.0 + np.exp(-np.clip(design @ at + beside, -500.0, 500.0)))
        uphill = design.T @ (chances - won) + sure * (at - start)
        curvature = (design * (chances * (1 - chances))[:, None]).T @ design + np.diag(sure)
        step, length = np.linalg.solve(curvature, -uphill), 1.0
        while length > _SHORTEST and loss(at + length * step) > value:
            length /= 2
        at = at + length * step
        value = loss(at)
        if -float(step @ uphill) < _FLAT * max(value, 1.0):
            break
    return float(at[0]), float(at[1])


def summed(design: Design, each: Floats) -> Floats:
    """(columns,) sum over rows, each times a number of its own."""
    exact = each.astype(design.dtype)
    total = np.zeros(design.shape[1])
    for start in range(0, len(design), _CHUNK):
        own = slice(start, start + _CHUNK)
        total += exact[own] @ design[own]
    return total


def minimise(
    design: Design,
    won: Floats,
    weights: Floats,
    penalty: float,
    start: Floats | None = None,
    beside: Floats | None = None,
) -> Floats:
    """Intercept and weights of least penalised log-loss: by Newton's steps, or by L-BFGS where these are too wide.

    Args:
        start: where to begin, such as the minimum for other weights of the same rows.
        beside: (rows,) what is known to add to their log-odds; None: nothing.
    """
    if start is None:
        rate = float(np.clip(np.average(won, weights=weights), 1e-4, 1 - 1e-4))
        start = np.concatenate([[np.log(rate / (1 - rate))], np.zeros(design.shape[1])])
    problem = _Problem(design, won, weights, penalty, beside)
    return problem.by_newton(start) if design.shape[1] <= _WIDE else problem.by_lbfgs(start)


@dataclass(frozen=True)
class _Problem:
    """Penalised log-loss of intercept and weights; the intercept is free."""

    design: Design
    won: Floats
    weights: Floats
    penalty: float
    beside: Floats | None = None

    def loss(self, parameters: Floats) -> tuple[float, Floats, Floats]:
        """Value, slope, and (rows,) probabilities."""
        logits = parameters[0] + self.design @ parameters[1:].astype(self.design.dtype)
        if self.beside is not None:
            logits = logits + self.beside
        spent = self.weights @ (np.logaddexp(0.0, logits) - self.won * logits)
        chances = 1.0 / (1.0 + np.exp(-np.clip(logits, -500.0, 500.0)))
        slope = self.weights * (chances - self.won)
        own = self.penalty * parameters[1:]
        uphill = np.concatenate([[slope.sum()], summed(self.design, slope) + own])
        return float(spent + own @ parameters[1:] / 2), uphill, chances

    def by_newton(self, at: Floats) -> Floats:
        """Iteratively reweighted least squares, with steps halved until they pay."""
        value, uphill, chances = self.loss(at)
        flat = _FLAT if self.design.dtype == np.float64 else _FLAT_IN_32
        for _ in range(_NEWTON_ROUNDS):
            step = np.linalg.solve(self._curvature(chances), -uphill)
            fall, length = float(step @ uphill), 1.0
            if -fall < flat * max(value, 1.0):
                break
            while length > _SHORTEST:
                there = self.loss(at + length * step)
                if there[0] <= value + 1e-4 * length * fall:
                    break
                length /= 2
            else:
                break
            at, (value, uphill, chances) = at + length * step, there
        return at

    def _curvature(self, chances: Floats) -> Floats:
        spread = self.weights * chances * (1 - chances)
        roots = np.sqrt(spread).astype(np.float32)
        width = self.design.shape[1]
        found = np.zeros((width + 1, width + 1))
        found[0, 0] = spread.sum() + 1e-9
        found[0, 1:] = found[1:, 0] = summed(self.design, spread)
        for start in range(0, len(spread), _CHUNK):
            own = slice(start, start + _CHUNK)
            part = self.design[own].astype(np.float32) * roots[own, None]
            found[1:, 1:] += part.T @ part
        found[1:, 1:] += self.penalty * np.eye(width)
        return found

    def by_lbfgs(self, start: Floats) -> Floats:
        """For many columns (Liu & Nocedal 1989)."""
        from scipy.optimize import minimize

        total = float(self.weights.sum())

        def scaled(parameters: Floats) -> tuple[float, Floats]:
            value, uphill, _ = self.loss(parameters)
            return value / total, uphill / total

        options = {"maxiter": _LBFGS_ROUNDS}
        result = minimize(scaled, start, jac=True, method="L-BFGS-B", options=options)
        found: Floats = np.asarray(result.x, dtype=np.float64)
        return found
