"""Numbers by which recorders say that there is no reading: overloads, and -9999 and its kind."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_OVERLOAD: Final = 9.8e37
"""9.9E+37 is an overload, 9.91E+37 no number (IEEE 488.2, SCPI)."""
_NONE: Final = (-999.0, -9999.0, -99999.0, -999.25, -9999.25, -999.9, -999.99, -9999.99, 9999.0, 99999.0, 9999.99)  # fmt: skip
_FEWEST_OTHERS: Final = 10
_FAR: Final = 3.0
"""Times the range of all other readings: so far away they must lie."""


def say_none(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which readings of a column are none."""
    over: NDArray[np.bool_] = np.abs(values) >= _OVERLOAD
    marked = np.isin(values, _NONE)
    others = values[np.isfinite(values) & ~marked & ~over]
    if not marked.any() or others.size < _FEWEST_OTHERS:
        return over
    low, high = float(others.min()), float(others.max())
    away = np.maximum(low - values, values - high)
    return over | (marked & (away > _FAR * max(high - low, 1.0)))
