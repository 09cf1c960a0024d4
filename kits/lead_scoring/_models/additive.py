"""The additive model at work: a curve for each column of the matrix, summed. Contributions are its terms."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features.encoder import Floats32
from kits.lead_scoring._models.spec import AdditiveSpec

Floats = NDArray[np.float64]
_ON_OFF = (0.0, 1.0)
_CHUNK = 8_192
"""Rows that are looked at together."""


class Additive:
    """Log-odds by curves.

    Args:
        spec: the curves; those from 0 to 1 are computed together, which is what most columns are.
    """

    def __init__(self, spec: AdditiveSpec) -> None:
        self.spec = spec

    @cached_property
    def _straight(self) -> tuple[NDArray[np.intp], Floats, Floats, Floats]:
        places = [n for n, term in enumerate(self.spec.terms) if term.knots == _ON_OFF]
        chosen = [self.spec.terms[n] for n in places]
        low = np.array([term.adds[0] for term in chosen])
        high = np.array([term.adds[-1] for term in chosen])
        return np.array(places, np.intp), low, high, np.array([term.missing for term in chosen])

    @cached_property
    def _curved(self) -> list[tuple[int, Floats, Floats, float]]:
        return [
            (number, np.array(term.knots), np.array(term.adds), term.missing)
            for number, term in enumerate(self.spec.terms)
            if term.knots and term.knots != _ON_OFF
        ]

    def adds(self, matrix: Floats32) -> Floats:
        """(rows, columns) log-odds that each column of the matrix adds."""
        found = np.zeros(matrix.shape, dtype=np.float64)
        places, low, high, missing = self._straight
        part = matrix[:, places].astype(np.float64)
        lines = low + np.clip(part, 0.0, 1.0) * (high - low)
        found[:, places] = np.where(np.isnan(part), missing, lines)
        for number, knots, adds, empty in self._curved:
            column = matrix[:, number].astype(np.float64)
            curve = np.interp(column, knots, adds)
            found[:, number] = np.where(np.isnan(column), empty, curve)
        return found

    def margins(self, matrix: Floats32) -> Floats:
        """(rows,) log-odds."""
        found = np.full(len(matrix), self.spec.intercept)
        for start in range(0, len(matrix), _CHUNK):
            found[start : start + _CHUNK] += self.adds(matrix[start : start + _CHUNK]).sum(axis=1)
        return found
