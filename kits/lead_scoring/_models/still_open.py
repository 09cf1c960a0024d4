"""What it says of a lead that it is still open: log-odds by its age, and until when they hold. How they are learned is not known here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._lead import Lead
from kits.lead_scoring._models.spec import StillOpenSpec

Floats = NDArray[np.float64]
STILL_OPEN = "(still open)"
"""Stands for it where contributions are named by columns."""
_POINTS, _LEAST, _MOST = 0.02, 0.1, 0.5
"""By how much a probability is another one, and within which log-odds that is looked for: twice as unlikely is no news of one in a
hundred."""


def ages(leads: Sequence[Lead]) -> Floats:
    """(n,) days for which leads have been open; NaN: not said."""
    return np.array([one.days_open for one in leads], dtype=np.float64)


def adds(spec: StillOpenSpec, days: Floats) -> Floats:
    """(n,) log-odds at (n,) ages; 0 where that is NaN."""
    return _at(spec, spec.adds, days)


def errors(spec: StillOpenSpec, days: Floats) -> Floats:
    """(n,) their standard errors; 0 where the age is NaN."""
    return _at(spec, spec.errors, days)


def step_of(chance: float) -> float:
    """Log-odds by which a probability is another one."""
    return min(max(_POINTS / max(chance * (1.0 - chance), 1e-9), _LEAST), _MOST)


def holds_for(spec: StillOpenSpec, days: float, step: float) -> float | None:
    """Days from an age on after which it adds another number, by `step`; None: never, or the age is NaN."""
    now = float(adds(spec, np.array([days]))[0])
    before, told = days, now
    for age, add in zip(spec.days, spec.adds):
        if not age > days:
            continue
        if abs(add - now) >= step:
            target = now + step * (1.0 if add > now else -1.0)
            return before + (age - before) * (target - told) / (add - told) - days
        before, told = age, add
    return None


def won_by(chances: Floats, days: Floats, left: Mapping[float, float], never: float) -> Floats:
    """(n,) how likely leads have been won at (n,) ages that were as likely to be when they came.

    Args:
        left: age in days → share of the won ones that took longer.
        never: share of the others that nobody ever closes, and that a model's chances do not count.
    """
    of_all = chances / (1.0 + (1.0 - chances) * never / max(1.0 - never, 1e-9))
    known: Floats = of_all * (1.0 - np.interp(days, list(left), list(left.values())))
    return known


def _at(spec: StillOpenSpec, values: Sequence[float], days: Floats) -> Floats:
    found = np.interp(days, (0.0, *spec.days), (0.0, *values))
    return np.where(np.isnan(days), 0.0, found)
