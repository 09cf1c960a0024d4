"""Which leads of a dataset are open, and whether they are all there beside the decided ones.

Exports without open leads, a hub's version of before it knew them, and leads that were imported once and met again: there who is open
says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.lead_scoring._reading.samples import OUTCOME_AT

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_HELD = 0.1
"""Share of open leads that have ended, from which on outcomes are held: they are open in name alone."""
_BESIDE = 20
"""Decided leads that came after the last open one, from which on those beside them are not in the data."""
_TOLD, _DONE, _FEW = 0.1, 0.95, 40
"""Share of outcomes known by an age, below which nothing is told of those beside them, and from which on whoever is open may stay so for
ever; and the leads so old, without which none are taken to."""
_SWEPT = 0.5
"""Leads that a hub knows of before its import ends, for each that was open then, from which on it has met those."""


def open_here(items: Sequence[DatasetItem], order: Floats, won: Floats) -> Flags:
    """(items,) which leads are open; of those that were open when they were imported none, where a hub has met them since.

    Without a key nobody knows which of the hub's leads they are, and each would be there twice.

    Args:
        order: (items,) seconds since 1970; 0: nobody knows.
        won: (items,) 1 or 0; NaN: open.
    """
    still = np.isnan(won)
    met = np.array([bool(item.sample.device) for item in items], dtype=bool)
    return still & met if _are_met(met, order, still) else still


def open_beside(items: Sequence[DatasetItem], order: Floats, won: Floats) -> Floats | None:
    """When open leads came; None where those that are open beside decided ones are not in the data.

    Args: as of `open_here`.
    """
    still = open_here(items, order, won) & (order > 0)
    met = np.array([bool(item.sample.device) for item in items], dtype=bool)
    ended = [OUTCOME_AT in items[row].sample.meta for row in np.flatnonzero(still).tolist()]
    unknown = met.any() and bool((still & ~met).any())
    if unknown or not ended or np.mean(ended) > _HELD:
        return None
    after = np.isfinite(won) & (order > order[still].max())
    return None if after.sum() > _BESIDE else order[still]


def _are_met(met: Flags, order: Floats, still: Flags) -> bool:
    """Whether a hub knows leads that came before the last imported one: half as many at least as were open then."""
    imported = ~met & (order > 0)
    if not met.any() or not imported.any():
        return False
    early = met & (order > 0) & (order <= order[imported].max())
    return bool(early.sum() >= _SWEPT * (imported & still).sum())


@dataclass(frozen=True)
class Known:
    """Decided leads, as if outcomes took as long as ever.

    Attributes:
        order: (leads,) when they came; 0: nobody knows.
        own: (leads,) share of outcomes of their kind that are known at their age.
        either: (leads,) share of that kind of which fewer are known.
    """

    order: Floats
    own: Floats
    either: Floats


@dataclass(frozen=True)
class OpenBeside:
    """How many leads are open beside decided ones, and would be if outcomes took as long as ever.

    Attributes:
        found, expected: leads; as many of all are taken to stay open for ever as of the oldest.
        chance: standard deviation of the difference.
    """

    found: float
    expected: float
    chance: float

    @property
    def more(self) -> float:
        """Standard deviations by which more are open; negative: fewer."""
        return (self.found - self.expected) / self.chance

    @classmethod
    def of(cls, known: Known, still: Floats) -> OpenBeside | None:
        """None where hardly any outcome is known of leads as old as any.

        Args:
            still: (open,) when they came.
        """
        told = (known.either >= _TOLD) & (known.order > 0)
        if not told.any():
            return None
        done = np.sort(known.order[told & (known.either >= _DONE)])
        early, open_early = len(done) // 2, 0.0
        if early >= _FEW:
            open_early = float((still <= done[early]).sum())
        never = open_early / (open_early + max(early, 1))
        decided, own = float(told.sum()), known.own[told]
        whole = float((1.0 / own).sum()) / (1.0 - never)
        found = float((still <= known.order[told].max()).sum())
        chance = float(((1.0 - own) / own**2).sum())
        chance += whole * never * (1.0 + whole / (early + 1.0)) + 1.0
        return cls(found, whole - decided, float(np.sqrt(chance)))
