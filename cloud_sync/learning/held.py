"""Samples whose outcome counts only once all as old have had their time, as the import has it.

Where an export marks nobody as lost, a lead is lost by its age, and until then won ones are held open, too: of younger leads the
quick ones alone would be learned from. What the hub adds to such a version is held as long, and says what became of it so far, as
the import does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
from pydantic import JsonValue

from cloud_sync.learning.reviewed import Reviewed
from kits.core.annotation import Annotation
from kits.core.dataset import Dataset
from kits.core.sample import ORDER

OUTCOME_AT, SETTLED_AT, HELD_OPEN = "outcome_at", "settled_at", "held_open"
"""In a sample's `meta`: when its outcome was known, since when it counts, and what it is while it does not count yet; an import of an
export calls them the same."""
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


def held(base: Dataset, reviewed: Sequence[Reviewed], now_s: float) -> tuple[list[Reviewed], int]:
    """All with since when they count: those that are too young as open ones, which keep what they are so far; and how many are.

    Args:
        base: the version that they are added to.
        now_s: seconds since 1970.
    """
    span = held_for_s(base)
    if not span:
        return [*reviewed], 0
    found: list[Reviewed] = []
    young = 0
    for one in reviewed:
        came, ended = one.sample.meta.get(ORDER), one.sample.meta.get(OUTCOME_AT)
        if not isinstance(came, int | float) or not isinstance(ended, int | float):
            found.append(one)
        elif (counts := _counts_from(came, one.sample.captured_at.timestamp(), span)) > now_s:
            young += 1
            found.append(_open(one))
        else:
            found.append(_noting(one, {SETTLED_AT: max(counts, ended)}))
    return found, young


def _counts_from(came: float, captured: float, span: float) -> float:
    """When it has had its time: a record that was older when it was met became a lead then."""
    return (came if captured < came + span else captured) + span


def matured(base: Dataset, reviewed: Sequence[Reviewed], now_s: float) -> list[Reviewed]:
    """Samples that a version holds open and that have had their time, as what they were held to be.

    Nobody else says so of an imported one: it was decided before the hub met its kind.

    Args:
        reviewed: of which more is known, as of those about which somebody said something.
    """
    span = held_for_s(base)
    said = {item.sample.id for item in base.items if item.annotation and item.annotation.says}
    known = said | {one.sample.id for one in reviewed}
    found = []
    for item in base.items if span else ():
        meta = item.sample.meta
        came, ended, label = meta.get(ORDER), meta.get(OUTCOME_AT), meta.get(HELD_OPEN)
        if (
            item.sample.id in known
            or not isinstance(label, str)
            or not isinstance(came, int | float)
        ):
            continue
        settled = max(came + span, ended if isinstance(ended, int | float) else 0.0)
        if settled > now_s:
            continue
        noted = {key: value for key, value in meta.items() if key != HELD_OPEN}
        sample = replace(item.sample, meta={**noted, SETTLED_AT: settled})
        at, file = (
            datetime.fromtimestamp(settled, timezone.utc),
            item.sample.source.partition("#")[0],
        )
        found.append(Reviewed(sample, Annotation(label, author=file, at=at), audited=False))
    return found


def _open(one: Reviewed) -> Reviewed:
    noted = _noting(one, {HELD_OPEN: one.annotation.label})
    return replace(noted, annotation=replace(one.annotation, label=""))


def _noting(one: Reviewed, more: dict[str, JsonValue]) -> Reviewed:
    return replace(one, sample=replace(one.sample, meta={**one.sample.meta, **more}))
