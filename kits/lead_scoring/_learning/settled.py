"""Since when the outcome of a lead counts: whoever had trained before would not have had it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.lead_scoring._reading.samples import CAME_BY, OUTCOME_AT, RANK, SETTLED_AT

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_DAY = 86_400.0
_LEAST = 20
"""Dates that tell how long an outcome takes."""


def settled_of(
    items: Sequence[DatasetItem], order: Floats, won: Floats, open_for_days: int
) -> Floats:
    """(rows,) seconds since 1970; NaN where neither a date nor a rule tells it.

    Args:
        order: (rows,) places in time.
        won: (rows,) 1 or 0.
        open_for_days: leads younger than this count as open, as the configuration states.
    """
    dated = np.array([RANK not in item.sample.meta for item in items], dtype=bool)
    known = np.array([_known(item) for item in items], dtype=np.float64)
    known = np.fmax(_as_others(known, order, won, dated), _came_by(items))
    if not open_for_days:
        return known
    grown = np.where(dated, order + open_for_days * _DAY, np.nan)
    return np.fmax(known, grown)


def _as_others(known: Floats, order: Floats, won: Floats, dated: Flags) -> Floats:
    """Outcomes without a date count as long after their lead as half of the dated ones do, of their kind where it has some.

    CRMs often date won leads alone: the lost ones would count at once, and fewer would seem to be won, the later the fewer.
    """
    spans = known - order
    told, found = np.isfinite(spans), known.copy()
    for outcome in (0.0, 1.0):
        own = told & (won == outcome)
        alike = own if own.sum() >= _LEAST else told
        if alike.sum() >= _LEAST:
            lacks = dated & ~told & (won == outcome)
            found[lacks] = order[lacks] + max(0.0, float(np.median(spans[alike])))
    return found


def _came_by(items: Sequence[DatasetItem]) -> Floats:
    """(rows,) when a lead had come for certain, where its month alone is known: nothing became of it before."""
    return np.array([_number(item.sample.meta.get(CAME_BY)) for item in items], dtype=np.float64)


def _known(item: DatasetItem) -> float:
    meta = item.sample.meta
    return float("nan") if RANK in meta else _number(meta.get(SETTLED_AT, meta.get(OUTCOME_AT)))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
