"""Whether it tells who buys at which time of the week a lead comes: the day, or the hour of a working day or a weekend.

It is taken for told where what the earlier half of the leads shows makes the later half more likely, and the other way
round: what happened once, such as a list that was imported one night, does not.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import auroc
from kits.lead_scoring._features.arrivals import has_hours
from kits.lead_scoring._features.spec import Week
from kits.lead_scoring._features.week import DAYS, PARTS, labels, places_of
from kits.lead_scoring._learning.newton import shift_fit

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
_FEW = 40
"""Won or lost leads of a half under which it tells nothing."""
_WEEKS_S = 8 * 7 * 86_400.0
"""Time that the leads must span."""
_DAY_S, _OF_DAYS = 86_400.0, 0.1
"""Share of the days on which some lead came: of fewer months are told, and no days."""
_PRIOR = 20.0
"""Leads with the average rate, by which each rate is smoothed."""
_FOLDS = 5
_GAIN = 3.0
"""Log-likelihood by which both halves together must be more likely."""
_TOO_GOOD = 0.75
"""AUC from which on it tells more than a time can: how leads were entered."""


def week_of(at: Floats, won: Floats, zone: str = "") -> Week | None:
    """What of the time of the week tells who buys; None: nothing does.

    Args:
        at: (rows,) when leads came, seconds since 1970; NaN: not known.
        won: (rows,) 1 or 0.
        zone: by whose clock days and hours count; empty: UTC.
    """
    dated = np.flatnonzero(np.isfinite(at))
    dated = dated[np.argsort(at[dated], kind="stable")]
    at, won = at[dated], won[dated]
    if not len(at) or at[-1] - at[0] < _WEEKS_S:
        return None
    if len(np.unique(at // _DAY_S)) < _OF_DAYS * (at[-1] - at[0]) / _DAY_S:
        return None
    day, part = places_of(at, zone)
    days = _rates(day, won, DAYS)
    if has_hours(at) and _tells(part, won):
        return Week(days=days, parts=_rates(part, won, PARTS), zone=zone)
    return Week(days=days, zone=zone) if _tells(day, won) else None


def unseen(at: Floats, won: Floats, week: Week, seed: int) -> Floats:
    """(rows, columns) of the matrix for leads that are learned from: what became of the others of their time of the week.

    Args:
        at: (rows,) when they came, seconds since 1970; NaN: not known.
    """
    found = np.full((len(at), len(labels(week))), np.nan)
    dated = np.flatnonzero(np.isfinite(at))
    fold = np.random.default_rng(seed).integers(_FOLDS, size=len(dated))
    for column, place in enumerate(places_of(at[dated], week.zone)[: found.shape[1]]):
        for one in range(_FOLDS):
            own = fold == one
            odds = _log_odds(place[~own], won[dated[~own]], PARTS)
            found[dated[own], column] = odds[place[own]]
    return found


def _rates(places: Ints, won: Floats, count: int) -> tuple[float, ...]:
    return tuple(round(one, 6) for one in _log_odds(places, won, count).tolist())


def _tells(parts: Ints, won: Floats) -> bool:
    """Whether the halves agree on which parts of the week have more."""
    gains = list(_gains(parts, won))
    return len(gains) == 2 and min(gains) > 0 and sum(gains) > _GAIN


def _gains(parts: Ints, won: Floats) -> Iterator[float]:
    """By how much each half is more likely by the rates of the other, each at its own level."""
    halves = np.array_split(np.arange(len(won)), 2)
    if min(min(won[h].sum(), len(h) - won[h].sum()) for h in halves) < _FEW:
        return
    for known, judged in (halves, halves[::-1]):
        rates = _log_odds(parts[known], won[known], int(parts.max()) + 1)[parts[judged]]
        if auroc(rates, won[judged] > 0) >= _TOO_GOOD:
            return
        level = shift_fit(rates, won[judged])
        flat = shift_fit(np.zeros(len(judged)), won[judged])
        yield _likelihood(rates + level, won[judged]) - _likelihood(
            np.full(len(judged), flat), won[judged]
        )


def _log_odds(parts: Ints, won: Floats, count: int) -> Floats:
    """(parts,) smoothed log-odds less the average's (empirical Bayes, Micci-Barreca 2001)."""
    base = won.mean()
    n, wins = np.bincount(parts, minlength=count), np.bincount(parts, won, count)
    rate = (wins + _PRIOR * base) / (n + _PRIOR)
    return np.asarray(np.log(rate / (1 - rate)) - np.log(base / (1 - base)))


def _likelihood(margins: Floats, won: Floats) -> float:
    return float((won * margins - np.logaddexp(0.0, margins)).sum())
