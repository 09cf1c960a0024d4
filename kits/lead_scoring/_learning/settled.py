"""Since when the outcome of a lead counts: whoever had trained before would not have had it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.lead_scoring._reading.samples import OUTCOME_AT, RANK, SETTLED_AT

Floats = NDArray[np.float64]
_DAY = 86_400.0


def settled_of(items: Sequence[DatasetItem], order: Floats, open_for_days: int) -> Floats:
    """(rows,) seconds since 1970; NaN where neither a date nor a rule tells it.

    Args:
        order: (rows,) places in time.
        open_for_days: leads younger than this count as open, as the configuration states.
    """
    known = np.array([_known(item) for item in items], dtype=np.float64)
    if not open_for_days:
        return known
    dated = np.array([RANK not in item.sample.meta for item in items], dtype=bool)
    grown = np.where(dated, order + open_for_days * _DAY, np.nan)
    return np.fmax(known, grown)


def _known(item: DatasetItem) -> float:
    meta = item.sample.meta
    if RANK in meta:
        return float("nan")
    value = meta.get(SETTLED_AT, meta.get(OUTCOME_AT))
    return float(value) if isinstance(value, int | float) else float("nan")
