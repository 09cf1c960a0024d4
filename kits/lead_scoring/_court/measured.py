"""What columns tell of the outcome and of the period, by themselves and together: measured once, judged elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kits.core.stats import Estimate
from kits.lead_scoring._court.accused import Mark
from kits.lead_scoring._court.case import Case, as_lag, marks_in
from kits.lead_scoring._court.columns import Column
from kits.lead_scoring._court.drift import Moved, find_moved
from kits.lead_scoring._court.leaks import Power, powers
from kits.lead_scoring._court.measures import alone
from kits.lead_scoring._court.together import twins_of
from kits.lead_scoring._court.yardstick import Sums

_TOGETHER_ROWS, _TOGETHER_BINS = 20_000, 1_000
"""Leads and bins that are looked at together; of very many columns those that tell most by themselves."""


@dataclass(frozen=True)
class Measured:
    """What columns tell of the outcome and of the period.

    Attributes:
        seen: columns that may be judged, dates by their distance from the decision.
        own: AUC of each by itself.
        moved: how each moved; empty where time is unknown.
        together: those that are looked at together, in the order of the sums.
    """

    seen: tuple[Column, ...]
    own: Mapping[str, Estimate]
    moved: tuple[Moved, ...]
    together: tuple[str, ...]
    sums: Sums


def measure(columns: Sequence[Column], case: Case, seed: int) -> Measured:
    """Measures columns that may be judged.

    Args:
        seed: of the rows that are looked at together.
    """
    seen = tuple(as_lag(column, case) for column in columns)
    own = {one.name: alone(one.codes, one.bins, case.won, case.periods) for one in seen}
    moved = find_moved(seen, case.lot, seed) if case.timed else ()
    tells = {name: one.value for name, one in own.items()}
    for one in moved:
        tells[one.column] = max(tells[one.column], one.own.value)
    chosen: set[str] = set()
    bins = 0
    for column in sorted(seen, key=lambda one: -tells[one.name]):
        bins += column.bins
        if bins <= _TOGETHER_BINS or not chosen:
            chosen.add(column.name)
    rng = np.random.default_rng([seed, 7])
    rows = np.sort(rng.permutation(len(case.won))[:_TOGETHER_ROWS])
    together = [column for column in seen if column.name in chosen]
    sums = Sums.of(together, case.lot, rows)
    return Measured(seen, own, moved, tuple(column.name for column in together), sums)


@dataclass(frozen=True)
class Weighed:
    """What speaks for each measured column having been written late.

    Attributes:
        marks: column → its marks.
        power: column → what it tells, beside the others where that is asked.
    """

    marks: Mapping[str, tuple[Mark, ...]]
    power: Mapping[str, Power]


def weigh(measured: Measured, case: Case, usable: Collection[str]) -> Weighed:
    """Marks and power of all measured columns.

    Args:
        usable: columns that may be learned from; no other is held beside one.
    """
    marks = {one.name: marks_in(one, case) for one in case.columns if one.name in measured.own}
    together = [one for one in measured.seen if one.name in measured.together]
    power = powers(
        measured.together,
        measured.own,
        marks,
        measured.sums,
        case.won[measured.sums.rows],
        usable,
        twins_of(together, measured.own),
    )
    return Weighed(marks, power)
