"""Tables of made-up leads whose base rate moves in a known way, by seed: for rules of calibration.

All are leads of the demo's firm. Where the base rate is to move otherwise than by a straight line, lost leads or won
ones are left out by lot: that shifts the log-odds of all leads alike and nothing else (Saerens 2002). Nothing is
learned here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kits.core.annotation import Annotation
from kits.core.dataset import DatasetItem
from kits.core.sample import Sample
from kits.lead_scoring._lead import MEDIA_TYPE, WON, Lead
from kits.lead_scoring._simulated.firm import MadeLead, make_leads
from kits.lead_scoring._table import LeadTable, table_of

Floats = NDArray[np.float64]
Level = Callable[[np.random.Generator, int], Floats]
"""Random numbers, leads → (leads,) what their log-odds are shifted by."""
RISES = 0.8
DRAWN = 4_000
"""Leads before some are left out."""


def firm(seed: int, *, leads: int = 2_400, drift: float = RISES) -> LeadTable:
    """The demo's firm, as it is."""
    return _table(make_leads(seed, leads, drift=drift))


def opened(seed: int, *, before: int = 2_000, after: int = 1_200) -> LeadTable:
    """A channel opens of which nothing can be learned before."""
    known = list(make_leads(seed, before))
    start = known[-1].at
    return _table(
        [*known, *make_leads(seed + 1_000, after, start=start, partner=True, first=50_001)]
    )


def shifted(seed: int, *, level: Level) -> LeadTable:
    """Leads that are won more or less often, whatever they are like."""
    rng = np.random.default_rng([seed, 71])
    drawn = list(make_leads(seed, DRAWN, drift=0.0))
    shift = level(rng, len(drawn))
    won = np.array([one.outcome == WON for one in drawn])
    stays = rng.random(len(drawn)) < np.exp(np.minimum(0.0, np.where(won, shift, -shift)))
    return _table(one for one, kept in zip(drawn, stays) if kept)


def _wanders(rng: np.random.Generator, leads: int) -> Floats:
    """A random walk: after a twelfth of the leads it is about 0.3 away."""
    steps: Floats = np.repeat(rng.normal(0.0, 0.3, 12).cumsum(), -(-leads // 12))[:leads]
    return steps


def _seasons(rng: np.random.Generator, leads: int) -> Floats:
    """Two years, 0.5 up and down."""
    return _floats(0.5 * np.sin(2 * np.pi * (2 * np.arange(leads) / leads + rng.random())))


def _jumps(rng: np.random.Generator, leads: int) -> Floats:
    """Once, somewhere in the younger half, by 0.8 up or down."""
    place = rng.uniform(0.5, 0.9) * leads
    return _floats(rng.choice([-0.8, 0.8]) * (np.arange(leads) >= place))


def _floats(values: object) -> Floats:
    return np.asarray(values, dtype=np.float64)


FAMILIES: Mapping[str, Callable[[int], LeadTable]] = {
    "the demo": firm,
    "12,000 of its leads": partial(firm, leads=12_000),
    "a channel opens": opened,
    "the base rate falls": partial(firm, drift=-RISES),
    "it stands still": partial(firm, drift=0.0),
    "it wanders": partial(shifted, level=_wanders),
    "it has seasons": partial(shifted, level=_seasons),
    "it jumps": partial(shifted, level=_jumps),
}


def _table(leads: Iterable[MadeLead]) -> LeadTable:
    rows = []
    for one in leads:
        sample = Sample(one.id, MEDIA_TYPE, "", 0, one.at)
        item = DatasetItem(sample, Annotation(label=one.outcome), "train")
        won = float(one.outcome == WON)
        rows.append((one.at.timestamp(), one.id, item, Lead(one.id, one.fields, one.at), won))
    return table_of(rows)
