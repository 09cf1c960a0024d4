"""When leads came, as numbers; and whether that tells at which time of the week somebody did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._lead import Lead

Floats = NDArray[np.float64]
_DAY_S, _MINUTE_S = 86_400.0, 60.0
_AT_ONCE = 5
"""Leads of one minute that come by themselves, at most."""
_MOST = 0.5


def moments(leads: Sequence[Lead]) -> Floats:
    """(n,) seconds since 1970 at which leads are decided on; NaN: not known."""
    return np.array([np.nan if one.at is None else one.at.timestamp() for one in leads])


def has_hours(at: Floats) -> bool:
    """Whether most of (n,) finite moments tell more than a day."""
    return bool(len(at)) and bool((at % _DAY_S != 0).mean() > _MOST)


def times_of_arrival(at: Floats) -> Floats:
    """(n,) moments, seconds since 1970, NaN for those that do not tell when somebody came.

    Leads of one minute that are many were imported together; where others tell hours, one of midnight has a day alone.
    """
    dated = np.flatnonzero(np.isfinite(at))
    if not has_hours(at[dated]):
        return at
    _, minute, often = np.unique(at[dated] // _MINUTE_S, return_inverse=True, return_counts=True)
    found = at.copy()
    found[dated[(often[minute] > _AT_ONCE) | (at[dated] % _DAY_S == 0)]] = np.nan
    return found
