"""Leads that are there, to which a table's are added: who they are, when they came, and which columns they have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from kits.core.dataset import Dataset
from kits.core.errors import DataError
from kits.core.record_keys import is_dated
from kits.core.sample import key_of, place_in_time
from kits.lead_scoring._lead import decode_lead

_LATEST = 300
"""Leads whose columns are looked at."""


@dataclass(frozen=True)
class Before:
    """Leads that are there.

    Attributes:
        column: the column that had their ids; empty: nothing is there, or nothing told it.
        places: id → its lead's place in time; of a customer's leads the one that was there first.
        filled: column → the share of the latest leads in which it says something.
    """

    column: str = ""
    places: Mapping[str, float | None] = field(default_factory=dict)
    filled: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, dataset: Dataset, column: str) -> Before:
        """Takes a version; leads whose ids stood in another column are nobody's states."""
        start = f"{column}:"
        keys = ((key_of(one.sample), one.sample) for one in dataset.items if column)
        first = ((key, one) for key, one in keys if key.startswith(start) and not is_dated(key))
        found = {key[len(start) :]: place_in_time(one) for key, one in first}
        return cls(column, found, _filled(dataset))


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
