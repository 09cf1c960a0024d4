"""Leads that are none: forms that were tried out, and the firm's own people. What the reader noted is counted here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kits.core.kit import Finding
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring._trial import TRIAL, told
from kits.lead_scoring.config import Config


def not_meant(table: LeadTable, config: Config) -> Iterator[Finding]:
    """How many there are, and which."""
    if config.source.test_leads == "keep":
        return
    found = [item.sample for item in table.items if TRIAL in item.sample.meta]
    if found:
        counts = Counter(str(sample.meta[TRIAL]) for sample in found)
        yield told(counts, len(table), [sample.source for sample in found])
