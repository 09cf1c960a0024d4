"""Calibration: the models' log-odds → log-odds that hold. How it is learned is not known here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._models.spec import CalibratorSpec

Floats = NDArray[np.float64]
_FARTHEST = 13.8
"""Log-odds of one in a million: no probability is farther from a half."""


def calibrated(margins: Floats, spec: CalibratorSpec) -> Floats:
    """(n,) calibrated log-odds of (n,) log-odds."""
    if spec.method == "isotonic":
        found = np.interp(margins, spec.knots, spec.values)
        # beyond the ends order stays: the hottest leads must not all be alike
        found += np.minimum(margins - spec.knots[0], 0.0) + np.maximum(
            margins - spec.knots[-1], 0.0
        )
    elif spec.method == "beta":
        # ln p = −ln(1 + e^−m), −ln(1 − p) = ln(1 + e^m)
        found = -spec.a * np.logaddexp(0, -margins) + spec.c * np.logaddexp(0, margins) + spec.b
    else:
        found = spec.a * margins + spec.b
    bounded: Floats = np.clip(found, -_FARTHEST, _FARTHEST)
    return bounded


def probability(logits: Floats) -> Floats:
    """(n,) probabilities of (n,) log-odds."""
    chances: Floats = np.exp(-np.logaddexp(0, -logits))
    return chances
