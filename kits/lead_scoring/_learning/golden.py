"""Leads by which a bundle proves itself on another machine: made of values that several leads share, and of nobody.

A signed bundle goes to machines and can never be changed, so no real lead may be in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kits.core.errors import DataError
from kits.lead_scoring._features import cells
from kits.lead_scoring._features.spec import EncoderSpec
from kits.lead_scoring._lead import Lead, Value, encode_lead
from kits.lead_scoring._learning.sheet import Sheet

_SHARED = 5
"""Leads that must have a value."""
_LEADS = 60
_MOST_VALUES = 200


def golden_leads(leads: Sequence[Lead], spec: EncoderSpec, seed: int) -> Iterator[bytes]:
    """Made leads: for each column a value drawn from those that several leads have; the last one knows nothing.

    Raises:
        DataError: there are no leads.
    """
    if not leads:
        raise DataError("no leads to make golden samples from", fix="kit data import")
    rng, sheet = np.random.default_rng(seed), Sheet(leads)
    known: dict[str, list[Value]] = {}
    for column in spec.columns:
        distinct, codes = sheet.column(column.name)
        counts = np.bincount(codes, minlength=len(distinct))
        order = np.argsort(-counts, kind="stable")[:_MOST_VALUES].tolist()
        shared = [distinct[n] for n in order if counts[n] >= _SHARED]
        numbers = [distinct[n] for n in order if not np.isnan(cells.to_number(distinct[n]))]
        known[column.name] = shared or (numbers if column.kind == "number" else [])
    at = next((lead.at for lead in reversed(leads) if lead.at is not None), None)
    for number in range(_LEADS):
        fields = {name: own[rng.integers(len(own))] for name, own in known.items() if own}
        yield encode_lead(Lead(f"golden-{number + 1}", fields, at))
    yield encode_lead(Lead("golden-empty", {}, at))
