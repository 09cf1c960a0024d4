"""Which share of outcomes of one kind is known by an age: by how long they took, or by who is still open where nothing is dated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FEWEST = 0.01
"""Share of outcomes known by an age, below which none is told from none."""
_BINS, _LEAST = 30, 40
"""Ages that are told apart at most, and the leads of each at least."""
_DONE = 0.95
"""Share of won leads known by an age, from which on whoever is still open may stay so for ever."""
_NEVER = 0.6
"""Share of old leads that are open, from which on the others say little of how long outcomes take."""


@dataclass(frozen=True)
class KnownBy:
    """Shares by age.

    Attributes:
        spans: (steps,) ages, rising.
        share: (steps + 1,) of outcomes known before the first, and from each on.
    """

    spans: Floats
    share: Floats

    def by(self, ages: Floats) -> Floats:
        """(leads,) the share at their ages."""
        found: Floats = self.share[np.searchsorted(self.spans, ages, side="right")]
        return found


def by_spans(spans: Floats, ages: Floats) -> KnownBy:
    """By leads whose outcome is known: the product limit of reversed time (Lagakos, Barraj & De Gruttola 1988).

    Args:
        spans: (leads,) how long each took.
        ages: (leads,) how long it could have taken to be known.
    """
    steps, often = np.unique(spans, return_counts=True)
    at_risk = np.cumsum(often) - np.searchsorted(np.sort(ages), steps, side="left")
    left = 1.0 - often / np.maximum(at_risk, often)
    share = np.append(np.cumprod(left[::-1])[::-1], 1.0)
    return KnownBy(steps, np.maximum(share, FEWEST))


def by_open(ages: Floats, won: Floats, known: KnownBy) -> KnownBy | None:
    """Of lost leads, by the open ones beside them; None where too few are open, or too many of the old ones.

    Of leads of an age so many will have been won as are known by it, and the others will be lost, but for those that stay open
    for ever: as many as of the oldest. Shares rise with age, as those of a status seen once do (Ayer et al. 1955).

    Args:
        ages: (leads,) of all leads, open ones too.
        won: (leads,) 1 or 0; NaN: open.
        known: which share of won leads is known by an age.
    """
    from scipy.optimize import isotonic_regression

    order = np.argsort(ages, kind="stable")
    ages, won = ages[order], won[order]
    count = min(_BINS, len(ages) // _LEAST)
    open_ones = np.isnan(won)
    done = known.by(ages) >= _DONE
    if count < 3 or not done.any() or not (~done).any():
        return None
    never = float(open_ones[done][int(done.sum()) // 2 :].mean())
    if never > _NEVER or float(open_ones[~done].mean()) <= never:
        return None
    parts = np.array_split(np.arange(len(ages)), count)
    each = np.array([(1.0 / known.by(ages[part]))[won[part] == 1].sum() for part in parts])
    lost = np.array([float((won[part] == 0).sum()) for part in parts])
    sizes = np.array([float(len(part)) for part in parts])
    ends = np.maximum(sizes * (1.0 - never) - each, np.maximum(lost, 1.0))
    found = isotonic_regression(np.minimum(lost / ends, 1.0), weights=ends).x
    share = np.append(found, 1.0)
    edges = np.array([float(ages[part[-1]]) for part in parts])
    return KnownBy(edges, np.maximum(share, FEWEST))
