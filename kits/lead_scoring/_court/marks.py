"""Marks of lateness: what speaks for a column having been written after the outcome, or while somebody worked on the lead.

Each mark is one function with one weight and one sentence; `leaks.py` adds them up. Power is no mark: a column may tell
much because the buyer told us. Weights: 1 could be honest, 2 seldom is, 3 cannot well be. Here are those of names, of
dates and of open leads; those that look at outcomes are in `marks_of_outcome.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from kits.lead_scoring._court.accused import Accused, Mark
from kits.lead_scoring._court.columns import Floats
from kits.lead_scoring._court.marks_of_outcome import (
    by_certain_value,
    by_decisive_values,
    by_gaps,
    by_nought,
    by_words,
)
from kits.lead_scoring._court.names import Phrase, Sort, said
from kits.lead_scoring._court.odds import bounds

_DAY_S, _QUARTER_S = 86_400.0, 900.0
_MANY_LATE = 0.2
_SHARE = 0.1
_LEAST_ROWS = 20
_LEAST_OPEN = 30


def marks_of(accused: Accused) -> tuple[Mark, ...]:
    """All marks of a column, the heaviest first."""
    rules = RULES if 0 < accused.base < 1 else RULES_OF_ONE_OUTCOME
    found = [mark for rule in rules for mark in rule(accused)]
    return tuple(sorted(found, key=lambda mark: -mark.weight))


def by_name(accused: Accused) -> Iterator[Mark]:
    """Its name says so. A word for something earlier takes that back."""
    name = accused.column.name
    if accused.as_of or said("earlier", name):
        return
    for sort, weight, meaning in _NAMES:
        phrase = said(sort, name)
        if phrase is not None:
            yield Mark("name", weight, f"its name (“{phrase.text}”) {meaning}{_tongue(phrase)}")
            return


_NAMES: tuple[tuple[Sort, float, str], ...] = (
    ("after", 3.0, "is of something that exists only once the outcome is known"),
    ("worked", 2.0, "is of something that people write while they work on a lead"),
    ("maybe", 1.0, "is often of something written later"),
)


def _tongue(phrase: Phrase) -> str:
    return "" if phrase.language == "en" else f" ({phrase.language})"


def by_time(accused: Accused) -> Iterator[Mark]:
    """Its dates lie after the moment of the decision.

    A day may be a plan, and so may a quarter of an hour; what has odd minutes was noted when it happened.
    """
    column, at = accused.column, accused.decided_at
    if column.kind != "date" or at is None:
        return
    known = column.filled & np.isfinite(at) & np.isfinite(column.numbers)
    times = column.numbers[known]
    lag = times - at[known]
    if len(lag) < _LEAST_ROWS:
        return
    late = lag > _DAY_S
    if late.mean() < 0.02:
        return
    weight, more = 2.0 if late.mean() >= _MANY_LATE else 1.0, ""
    if late.mean() >= _MANY_LATE and _noted(times[late]) and not said("earlier", column.name):
        weight, more = (
            3.0,
            ", to the minute: nobody plans like that, they were noted when it happened",
        )
    yield Mark(
        "time",
        weight,
        f"{late.mean():.0%} of its {len(lag)} dates lie after the moment of the decision, by "
        f"{np.median(lag[late]) / _DAY_S:.0f} days in the middle{more}",
    )


def _noted(times: Floats) -> bool:
    """Whether most of these seconds fall on no quarter of an hour."""
    return float((times % _QUARTER_S != 0).mean()) > 0.5


def by_open_leads(accused: Accused) -> Iterator[Mark]:
    """Open leads that came no earlier lack it, or have all one value."""
    column, others = accused.column, accused.open
    if others is None or accused.recent.sum() < _LEAST_OPEN:
        return
    filled, theirs = column.filled[accused.recent], others.filled
    if filled.mean() >= _SHARE and bounds(float(theirs.sum()), len(theirs))[1] <= filled.mean() / 5:
        yield Mark(
            "open leads",
            3.0,
            f"filled in for {filled.mean():.0%} of decided leads but {theirs.mean():.0%} of {len(theirs)} open ones, which "
            "came no earlier: it comes with the outcome, or is no longer filled in",
        )
        return
    known = others.numbers[theirs]
    known = known[np.isfinite(known)]
    if column.kind != "number" or len(known) < _LEAST_OPEN:
        return
    values, counts = np.unique(known, return_counts=True)
    usual = float(values[np.argmax(counts)])
    # of a column that is 1 or empty, leads without it say nothing on either side
    told = column.numbers[accused.recent]
    told = told[np.isfinite(told)]
    if len(told) < _LEAST_OPEN:
        return
    here = float((told == usual).mean())
    if counts.max() >= 0.98 * len(known) and here <= 0.5:
        yield Mark(
            "open leads",
            2.5,
            f"{usual:g} for {counts.max() / len(known):.0%} of {len(known)} open leads, for {here:.0%} of decided ones",
        )


def by_youngest_leads(accused: Accused) -> Iterator[Mark]:
    """The youngest leads lack it, and none before them did."""
    if accused.youngest is not None and not accused.as_of:
        yield accused.youngest


Rule = Callable[[Accused], Iterator[Mark]]
RULES: tuple[Rule, ...] = (
    by_youngest_leads,
    by_name,
    by_words,
    by_decisive_values,
    by_gaps,
    by_nought,
    by_certain_value,
    by_time,
    by_open_leads,
)
RULES_OF_ONE_OUTCOME: tuple[Rule, ...] = (by_youngest_leads, by_name, by_time, by_open_leads)
"""Those that compare no outcomes, where all leads have the same one."""
