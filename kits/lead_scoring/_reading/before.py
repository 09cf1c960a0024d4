"""Leads that are there, to which a table's are added: who they are, and when they came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kits.core.sample import Sample, key_of, place_in_time


@dataclass(frozen=True)
class Before:
    """Leads that are there.

    Attributes:
        column: the column that had their ids; empty: nothing is there, or nothing told it.
        places: id → its lead's place in time.
    """

    column: str = ""
    places: Mapping[str, float | None] = field(default_factory=dict)

    @classmethod
    def of(cls, samples: Iterable[Sample], column: str) -> Before:
        """Takes the samples of a version; those whose ids stood in another column do not count."""
        start = f"{column}:"
        keys = ((key_of(sample), sample) for sample in samples if column)
        found = {key[len(start) :]: place_in_time(s) for key, s in keys if key.startswith(start)}
        return cls(column, found)
