"""Marks of lateness in what a column's values say of the outcome: as a judgement says it, or a field that comes with the end.

As `marks.py`, which gathers them: each is one function with one weight and one sentence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from kits.lead_scoring._court.accused import Accused, Mark
from kits.lead_scoring._court.columns import OTHER, Column, Flags, Floats
from kits.lead_scoring._court.measures import auc_of
from kits.lead_scoring._court.names import said
from kits.lead_scoring._court.odds import bounds, distance

_FAR, _VERY_FAR = 2.0, 3.0
"""Distance from the base rate in log-odds, from the near end of the interval: 7 and 20 times its odds."""
_PURE = 0.03
"""Share of the other outcome in a state that has one alone, at the far end of its interval."""
_TELLING_GAPS, _PLAIN_GAPS = 0.58, 0.65
"""AUC of nothing but whether a value is there, from the near end of its interval."""
_SHARE = 0.1
_LEAST_ROWS = 20
_TWO, _SURE = 2, 0.95
"""Values of a plain flag; the share won, at the near end of its interval, from which on one of them leaves no doubt."""
_SHOWN = 3


def by_words(accused: Accused) -> Iterator[Mark]:
    """Values that restate what became of the lead, and tell it."""
    for column in _readings(accused.column):
        won, n = _counts(column, accused.won)
        telling = [
            value
            for value in range(OTHER + 1, column.bins)
            if n[value] >= _LEAST_ROWS
            and said("outcome_words", column.labels[value])
            and abs(distance(won[value], n[value], accused.base)) >= _FAR
        ]
        if telling and n[telling].sum() >= _share_of(column, 0.01):
            yield Mark(
                "words",
                2.0,
                f"its values speak of what became of the lead: {_shown(column, telling, won, n)}",
            )
            return


def by_decisive_values(accused: Accused) -> Iterator[Mark]:
    """Values that nearly always end in won beside others that nearly never do: as a judgement, not as a fact."""
    for column in _readings(accused.column):
        won, n = _counts(column, accused.won)
        apart = np.array([distance(w, k, accused.base) for w, k in zip(won, n)])
        values = np.arange(column.bins) > OTHER
        high, low = values & (apart >= _FAR), values & (apart <= -_FAR)
        least = _share_of(column, 0.01)
        if n[high].sum() < least or n[low].sum() < least:
            continue
        if n[high | low].sum() >= _share_of(column, _SHARE):
            ends = [
                int(np.argmax(np.where(values, apart, -math.inf))),
                int(np.argmin(np.where(values, apart, math.inf))),
            ]
            yield Mark(
                "decisive values",
                1.5,
                f"some of its values nearly always end in won, others nearly never: {_shown(column, ends, won, n)}",
            )
            return


def _readings(column: Column) -> tuple[Column, ...]:
    """A column of choices by its values, and by words where these are phrases; none of another kind."""
    if column.kind != "choice":
        return ()
    return (column,) if column.spoken is None else (column, column.spoken)


def by_gaps(accused: Accused) -> Iterator[Mark]:
    """Whether it is filled in tells the outcome."""
    filled = accused.column.filled
    yield from _by_state(accused, filled, "gaps", ("filled in", "empty"))


def by_nought(accused: Accused) -> Iterator[Mark]:
    """A number that is nought, or one same value, for one outcome and something else for the other."""
    column = accused.column
    if column.kind != "number" or not column.filled.any():
        return
    values, counts = np.unique(column.numbers[column.filled], return_counts=True)
    usual = 0.0 if 0.0 in values else float(values[np.argmax(counts)])
    if len(values) < 3 or counts[values == usual].sum() < _SHARE * counts.sum():
        return
    other = column.filled & (column.numbers != usual)
    yield from _by_state(
        accused, other, "nought", (f"not {usual:g}", f"{usual:g} or empty"), gently=False
    )


def by_certain_value(accused: Accused) -> Iterator[Mark]:
    """One of two values that has leads alone that were won: what is known beforehand leaves some doubt."""
    column = accused.column
    if column.distinct != _TWO:
        return
    won, n = _counts(column, accused.won)
    for value in np.unique(column.codes[column.filled]).tolist():
        sure = bounds(won[value], n[value])[0] >= _SURE
        if sure and distance(won[value], n[value], accused.base) >= _VERY_FAR:
            yield Mark(
                "certain value",
                2.0,
                f"one of its two values is of won leads alone: {_shown(column, [value], won, n)}, where {accused.base:.0%} of all are",
            )


def _by_state(
    accused: Accused,
    state: Flags,
    kind: str,
    words: tuple[str, str],
    *,
    gently: bool = True,
) -> Iterator[Mark]:
    """A mark for a two-fold state that tells the outcome: weight 3 for both outcomes, 2.5 for one, 1 for a tendency."""
    won = accused.won == 1
    n = np.array([float((~state).sum()), float(state.sum())])
    if n.min() < _LEAST_ROWS:
        return
    hits = np.array([float(won[~state].sum()), float(won[state].sum())])
    found = auc_of(state.astype(np.float64), won)
    low = max(found.low, 1 - found.high)
    apart = [distance(h, k, accused.base) for h, k in zip(hits, n)]
    fewest, most = sorted((bounds(h, k) for h, k in zip(hits, n)), key=lambda ends: ends[0])
    said_so = (
        f"{words[0]} for {state[won].mean():.0%} of those won and {state[~won].mean():.0%} of those lost; "
        f"of those {words[0]} {hits[1] / n[1]:.0%} were won, of those {words[1]} {hits[0] / n[0]:.0%}"
    )
    # where hardly any lead is won, both states have lost ones nearly alone: that restates nothing
    if fewest[1] <= _PURE and most[0] >= 1 - _PURE:
        yield Mark(kind, 3.0, f"it restates the outcome: {said_so}")
    elif low >= _PLAIN_GAPS and _one_outcome(apart, hits, n):
        yield Mark(kind, 2.5, f"it has one outcome nearly alone: {said_so}")
    elif gently and low >= _TELLING_GAPS:
        yield Mark(kind, 1.0, f"whether it has a value tells: {said_so}")


def _one_outcome(apart: list[float], hits: Floats, n: Floats) -> bool:
    """Whether one of two states holds nearly one outcome only, and a fair part of it."""
    for side in (0, 1):
        of_won, of_lost = hits[side] / hits.sum(), (n - hits)[side] / (n - hits).sum()
        if apart[side] >= _VERY_FAR and of_won >= _SHARE:
            return True
        if apart[side] <= -_VERY_FAR and of_lost >= _SHARE:
            return True
    return False


def _counts(column: Column, won: Floats) -> tuple[Floats, Floats]:
    """(bins,) leads won, and leads."""
    hits: Floats = np.zeros(column.bins)
    n: Floats = np.zeros(column.bins)
    np.add.at(hits, column.codes, won)
    np.add.at(n, column.codes, 1.0)
    return hits, n


def _share_of(column: Column, share: float) -> float:
    return max(share * len(column.codes), _LEAST_ROWS)


def _shown(column: Column, values: list[int], won: Floats, n: Floats) -> str:
    told = sorted(values, key=lambda value: -n[value])[:_SHOWN]
    return ", ".join(
        f"“{column.labels[value][:40]}” {won[value] / n[value]:.0%} of {n[value]:.0f} won"
        for value in told
    )
