"""The court as a training holds it, and `kit check` before it: who is seen by it, and what the latest leads add."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kits.lead_scoring._court.case import seen_by_court
from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._court.latecomers import with_latecomers
from kits.lead_scoring._court.rare import with_rare
from kits.lead_scoring._court.verdicts import Court
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config


@dataclass(frozen=True)
class Held:
    """A court that was held.

    Attributes:
        latecomers: columns that stay by the latest leads alone: those before are all alike in them.
    """

    court: Court
    latecomers: frozenset[str]


def court_by_splits(table: LeadTable, config: Config, *, seed: int) -> Held | None:
    """The court on the leads that it may see, with the word of those of `test`; None where none that it may see is decided.

    Args:
        table: leads of all splits, the open ones too.
    """
    seen = table.rows(seen_by_court(table))
    if not len(seen.decided):
        return None
    first = hold_court(seen, config, seed=seed, everyone=table)
    earlier = with_rare(first, seen, config, seed=seed)
    latest = np.array([item.split == "test" for item in table.items], dtype=bool)
    court = with_latecomers(earlier, table.rows(latest), config, seed=seed)
    return Held(court, frozenset(earlier.excluded) - set(court.excluded))
