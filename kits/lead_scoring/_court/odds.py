"""Rates with their intervals, and how far they are from the average, from the near end: what evidence is measured in."""

from __future__ import annotations

import math

_Z = 1.959964


def bounds(hits: float, n: float) -> tuple[float, float]:
    """Interval of a rate (Wilson 1927): cheap, and fair at the ends."""
    if n <= 0:
        return 0.0, 1.0
    rate = hits / n
    centre = (rate + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    reach = _Z / (1 + _Z**2 / n) * math.sqrt(rate * (1 - rate) / n + _Z**2 / (4 * n * n))
    return max(0.0, centre - reach), min(1.0, centre + reach)


def distance(hits: float, n: float, base: float) -> float:
    """How far a rate is from the base rate at least, in log-odds; 0 where the interval holds the base rate."""
    low, high = bounds(hits, n)
    if low > base:
        return _logit(low) - _logit(base)
    return _logit(high) - _logit(base) if high < base else 0.0


def _logit(rate: float) -> float:
    rate = min(max(rate, 1e-9), 1 - 1e-9)
    return math.log(rate / (1 - rate))
