"""Samples whose outcome counts only once all as old have had their time, as the import has it.

Where an export marks nobody as lost, a lead is lost by its age, and until then won ones are held open, too: of younger leads the
quick ones alone would be learned from. What the hub adds to such a version is held as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cloud_sync.learning.reviewed import Reviewed
from kits.core.dataset import Dataset
from kits.core.sample import ORDER

OUTCOME_AT, SETTLED_AT = "outcome_at", "settled_at"
"""In a sample's `meta`: when its outcome was known, and since when it counts; an import of an export calls them the same."""
_DAY_S = 86_400.0
_FEWEST = 20
"""Samples that tell for how long."""


def held_for_s(base: Dataset) -> float:
    """How long outcomes of a version are held, in seconds; 0: they count as they come."""
    spans = [
        settled - order
        for settled, order in (
            (item.sample.meta.get(SETTLED_AT), item.sample.meta.get(ORDER)) for item in base.items
        )
        if isinstance(settled, int | float) and isinstance(order, int | float)
    ]
    return float(np.min(spans)) if len(spans) >= _FEWEST else 0.0


def held(
    base: Dataset, reviewed: Sequence[Reviewed], now_s: float
) -> tuple[list[Reviewed], dict[str, int]]:
    """Those that count by now, with since when they do; and how many are too young.

    Args:
        base: the version that they are added to.
        now_s: seconds since 1970.
    """
    span = held_for_s(base)
    if not span:
        return [*reviewed], {}
    old: list[Reviewed] = []
    young = 0
    for one in reviewed:
        came, ended = one.sample.meta.get(ORDER), one.sample.meta.get(OUTCOME_AT)
        if not isinstance(came, int | float) or not isinstance(ended, int | float):
            old.append(one)
        elif came + span > now_s:
            young += 1
        else:
            meta = {**one.sample.meta, SETTLED_AT: max(came + span, ended)}
            old.append(replace(one, sample=replace(one.sample, meta=meta)))
    why = f"younger than {span / _DAY_S:.0f} days, for which this data holds outcomes"
    return old, {why: young} if young else {}
