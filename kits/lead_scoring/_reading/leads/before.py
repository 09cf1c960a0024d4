"""Leads that are there, to which a table's are added: who they are, when they came, and which columns they have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from kits.core.dataset import Dataset
from kits.core.errors import DataError
from kits.core.record_keys import id_in, is_dated
from kits.core.sample import key_of, place_in_time
from kits.lead_scoring._lead import decode_lead

CAME_BY = "came_by"
"""In a sample's `meta`: the last moment of the month in which its lead came, where no day is known."""
_LATEST = 300
"""Leads whose columns are looked at."""


@dataclass(frozen=True)
class Before:
    """Leads that are there.

    Attributes:
        column: the column that had their ids; empty: nothing is there, or nothing told it.
        places: id → its lead's place in time; of a customer's leads the one that was there first.
        further: id of a customer → the keys of the leads with which he came again, with their places in time.
        by_month: keys of those of which no day is known.
        filled: column → the share of the latest leads in which it says something.
    """

    column: str = ""
    places: Mapping[str, float | None] = field(default_factory=dict)
    further: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    by_month: frozenset[str] = frozenset()
    filled: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, dataset: Dataset, column: str) -> Before:
        """Takes a version; leads whose ids stood in another column are nobody's states."""
        start = f"{column}:"
        places: dict[str, float | None] = {}
        further: dict[str, dict[str, float | None]] = defaultdict(dict)
        by_month: set[str] = set()
        for sample in (one.sample for one in dataset.items if column):
            key = key_of(sample)
            if not key.startswith(start):
                continue
            if CAME_BY in sample.meta:
                by_month.add(key)
            if is_dated(key):
                further[id_in(key)][key] = place_in_time(sample)
            else:
                places[key[len(start) :]] = place_in_time(sample)
        return cls(column, places, further, frozenset(by_month), _filled(dataset))


def _filled(dataset: Dataset) -> dict[str, float]:
    latest = sorted(dataset.items, key=lambda item: place_in_time(item.sample) or 0.0)[-_LATEST:]
    counts: Counter[str] = Counter()
    for item in latest:
        try:
            lead = decode_lead(dataset.content(item))
        except DataError:
            continue  # erased, or no lead: it says nothing of columns
        counts.update(name for name, value in lead.fields.items() if value is not None)
    return {name: count / len(latest) for name, count in counts.items()}
