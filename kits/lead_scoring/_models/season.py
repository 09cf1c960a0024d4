"""What the time of year adds to the log-odds of a lead: a wave of a year's length. How it is learned is not known here."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._models.spec import SeasonSpec

Floats = NDArray[np.float64]
SEASON = "(time of year)"
"""Stands for it where contributions are named by columns."""
YEAR_S = 365.2425 * 86_400.0


def waves(at: Floats) -> Floats:
    """(n, 2) cosine and sine of the time of year at (n,) seconds since 1970."""
    angle = 2 * np.pi * at / YEAR_S
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def adds(spec: SeasonSpec, at: Floats) -> Floats:
    """(n,) log-odds at (n,) seconds since 1970; 0 where that is NaN: nothing is known of the time of year."""
    found = waves(at) @ np.array([spec.cosine, spec.sine]) + spec.level
    return np.where(np.isnan(at), 0.0, found)


def month_of(seconds: float) -> int:
    """The month, from 1 on, in UTC."""
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)).month


def peak_of(cosine: float, sine: float) -> int:
    """The month in which a wave is highest."""
    return month_of(float(np.arctan2(sine, cosine)) / (2 * np.pi) * YEAR_S)


def quarter_of(month: int, peak: int) -> tuple[int, int, int]:
    """The three months that a month is counted with, of four quarters the first of which has the peak in its middle."""
    start = peak - 1 + 3 * ((month - peak + 1) % 12 // 3)
    first, second, third = ((start + step - 1) % 12 + 1 for step in range(3))
    return first, second, third
