"""What became so far of leads whose outcomes the data holds: training counts them sooner than they are decided.

Where nobody closes leads, one is lost once it is so old that hardly any are won after that; until then a version holds all
open, won ones too (`_reading/samples.py`). Half of the won are known much sooner. From that age on a lead counts here as won or
as not won so far, beside how many won ones are known by its age, and how many of the others will be won after all (delayed
feedback: Chapelle 2014). So a model follows a market months earlier. Figures are of decided leads alone, as before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.core.sample import key_of
from kits.lead_scoring._lead import WON
from kits.lead_scoring._learning.delays import Delays, latest_of
from kits.lead_scoring._learning.known_by import by_spans
from kits.lead_scoring._reading.leads.before import CAME_BY
from kits.lead_scoring._reading.samples import HELD_OPEN, OUTCOME_AT, SETTLED_AT
from kits.lead_scoring._table import LeadTable

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_DAY = 86_400.0
_KNOWN = 0.5
"""Share of won leads that is known by the age from which on leads count."""
_LEAST, _DATED = 20, 0.9
"""Leads that tell anything: held ones, won ones with a date; and the share of won ones that have one."""
_LEFT_OPEN = 0.3
"""Share of leads so old that outcomes are held no more, and open, from which on those that are not won may be anything."""

_BEYOND = 6.0
"""Odds of being won so far, in those of decided leads when they were as old, which no market makes."""


@dataclass(frozen=True)
class SoFar:
    """Leads as they count in training.

    Attributes:
        table: in order of time; `won` is what became of them so far.
        young: (rows,) those of them whose outcome the version holds.
        settled: (rows,) since when they count, in seconds since 1970.
        delays: beside what they count.
        from_days: whole days of age from which on they do.
        held_days: those for which the version holds outcomes.
    """

    table: LeadTable
    young: Flags
    settled: Floats
    delays: Delays
    from_days: int
    held_days: int

    @property
    def note(self) -> str:
        """For the run's report."""
        count, won = int(self.young.sum()), int(self.table.won[self.young].sum())
        return (
            f"outcomes are held for {self.held_days} days; {count} leads younger than that and older than {self.from_days} days, by "
            f"which half of the won ones are known, taught what became of them so far: {won} were won"
        )


def so_far(everything: LeadTable, decided: Delays) -> SoFar | None:
    """Leads with those that are held; None where none are, or where it is not known what became of them.

    Args:
        everything: the open leads, too.
        decided: how long outcomes take by those that are decided, and until when the data goes.
    """
    order, known = everything.order, _Known.of(everything)
    hold = _held_for(everything.items, order, np.isfinite(everything.won))
    ends = known.ends[known.won & np.isfinite(known.ends)]
    if hold is None or len(ends) < max(_LEAST, _DATED * known.won.sum()):
        return None
    now = max(decided.now, latest_of(np.concatenate([order, ends])))
    aged = (order > 0) & (now - order >= hold)
    if np.isnan(everything.won[aged]).mean() > _LEFT_OPEN:
        return None
    won = known.delays(order, now)
    start = _from(won) if won.steady else None
    if start is None or start >= hold:
        return None
    rows = np.flatnonzero((now - order >= start) & known.told(everything, hold, now))
    table = replace(everything.rows(rows), won=known.won[rows].astype(np.float64))
    young = np.isnan(everything.won[rows])
    rate = float(everything.won[np.isfinite(everything.won)].mean())
    if young.sum() < _LEAST or _lacks_others(table.won[young], now - table.order[young], won, rate):
        return None
    counts = table.order + start
    ended = np.where(table.won > 0, known.ends[rows], np.nan)
    settled = np.fmax(
        np.where((table.won > 0) & np.isnan(ended), table.order + hold, ended), counts
    )
    delays = Delays(table.order, settled, table.won, now, rate=rate)
    return SoFar(table, young, settled, delays, round(start / _DAY), round(hold / _DAY))


@dataclass(frozen=True)
class _Known:
    """Attributes: won: (leads,) so far, held or not. ends: (leads,) when that was known; NaN: there is no date."""

    won: Flags
    ends: Floats

    @classmethod
    def of(cls, table: LeadTable) -> _Known:
        held = [item.sample.meta.get(HELD_OPEN) == WON for item in table.items]
        ends = [_number(item, OUTCOME_AT) for item in table.items]
        return cls((table.won == 1) | np.array(held, dtype=bool), np.array(ends))

    def told(self, table: LeadTable, hold: float, now: float) -> Flags:
        """(leads,) those that are decided, or no older than outcomes are held.

        Without those that were open when they were imported, if a hub has added leads since and cannot tell which of its own they are.
        """
        at_hub = any(item.sample.device for item in table.items)
        unknown = [at_hub and not (i.sample.device or key_of(i.sample)) for i in table.items]
        young = now - table.order < hold
        found: Flags = np.isfinite(table.won) | (
            young & (self.won | ~np.array(unknown, dtype=bool))
        )
        return found

    def delays(self, order: Floats, now: float) -> Delays:
        """How long it takes until won ones are."""
        rows = self.won & np.isfinite(self.ends) & (order > 0)
        settled = np.fmax(self.ends[rows], order[rows])
        return Delays(order[rows], settled, np.ones(int(rows.sum())), now)


def _held_for(items: tuple[DatasetItem, ...], order: Floats, decided: Flags) -> float | None:
    """For how many seconds outcomes are held; None: they are not, or leads' months alone are known."""
    if any(CAME_BY in item.sample.meta for item in items):
        return None
    spans = np.array([_number(item, SETTLED_AT) for item in items]) - order
    told = spans[decided & np.isfinite(spans)]
    return float(told.min()) if len(told) >= _LEAST else None


def _from(won: Delays) -> float | None:
    """Age in seconds, whole days, by which half of the won are known."""
    known = by_spans(won.settled - won.order, won.now - won.order)
    enough = known.share[1:] >= _KNOWN
    return (
        float(np.ceil(known.spans[int(np.argmax(enough))] / _DAY) * _DAY) if enough.any() else None
    )


def _lacks_others(won: Floats, ages: Floats, delays: Delays, rate: float) -> bool:
    """Whether far more are won so far than of decided leads were by then: who is open is not among them."""
    known = by_spans(delays.settled - delays.order, delays.now - delays.order).by(ages)
    found, expected = float(won.mean()), rate * float(known.mean())
    return found * (1.0 - expected) > _BEYOND * expected * (1.0 - found)


def _number(item: DatasetItem, name: str) -> float:
    value = item.sample.meta.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")
