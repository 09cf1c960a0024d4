"""Who objects to be scored: a yes in any of the columns that say so."""

from __future__ import annotations

from collections.abc import Iterable

from kits.lead_scoring._features.cells import to_truth
from kits.lead_scoring._lead import Lead


def objects(lead: Lead, columns: Iterable[str]) -> bool:
    """Whether the person does not want to be scored.

    Args:
        columns: those in which a yes says so; none: nobody is asked.
    """
    return any(to_truth(lead.fields.get(column)) == 1.0 for column in columns)
