"""Since when the outcome of a lead counts: whoever had trained before would not have had it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import DatasetItem
from kits.lead_scoring._reading.leads.before import CAME_BY
from kits.lead_scoring._reading.samples import OUTCOME_AT, RANK, SETTLED_AT

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_DAY = 86_400.0
_OUTCOMES = (0.0, 1.0)
_LEAST = 20
"""Dates that tell how long an outcome takes."""
_NEARLY, _STRAYS = 0.9, 0.01


def settled_of(
    items: Sequence[DatasetItem], order: Floats, won: Floats, open_for_days: int
) -> Floats:
    """(rows,) seconds since 1970; NaN where neither a date nor a rule tells it.

    Args:
        order: (rows,) places in time.
        won: (rows,) 1 or 0.
        open_for_days: leads younger than this count as open, as the configuration states.
    """
    dated = np.array([RANK not in item.sample.meta for item in items], dtype=bool)
    known = np.array([_known(item) for item in items], dtype=np.float64)
    known = np.fmax(_as_others(known, order, won, dated), _came_by(items))
    if not open_for_days:
        return known
    grown = np.where(dated, order + open_for_days * _DAY, np.nan)
    return np.fmax(known, grown)


def _as_others(known: Floats, order: Floats, won: Floats, dated: Flags) -> Floats:
    """Outcomes without a date count as long after their lead as half of the dated ones do, of their kind where it has some.

    CRMs often date won leads alone: the lost ones would count at once, and fewer would seem to be won, the later the fewer. Where
    dates began later (`dates_began`), those without all count after as long: else the quick kind alone would count first.
    """
    spans = known - order
    told, found = np.isfinite(spans), known.copy()
    lacks = dated & ~told
    usual = [_usual(spans, told, won == outcome) for outcome in _OUTCOMES]
    if dates_began(order[lacks], known[told]) is not None:
        usual = [max(usual)] * len(usual)
    for outcome, span in zip(_OUTCOMES, usual):
        own = lacks & (won == outcome)
        if np.isfinite(span):
            found[own] = order[own] + max(0.0, span)
    return found


def _usual(spans: Floats, told: Flags, own: Flags) -> float:
    """How long half of the dated outcomes took, those of a kind where they are enough; NaN where nobody knows."""
    alike = told & own if (told & own).sum() >= _LEAST else told
    return float(np.median(spans[alike])) if alike.sum() >= _LEAST else float("nan")


def dates_began(undated: Floats, known: Floats) -> float | None:
    """Since when outcomes have dates, where nearly all without one came before nearly all dates: at a hub, after an import without.

    Args:
        undated: when leads came whose outcome has no date.
        known: when outcomes were known that have one.
    """
    if not undated.size or not known.size:
        return None
    if np.quantile(undated, _NEARLY) > np.quantile(known, 1 - _NEARLY):
        return None
    return float(np.quantile(known, _STRAYS))


def _came_by(items: Sequence[DatasetItem]) -> Floats:
    """(rows,) when a lead had come for certain, where its month alone is known: nothing became of it before."""
    return np.array([_number(item.sample.meta.get(CAME_BY)) for item in items], dtype=np.float64)


def _known(item: DatasetItem) -> float:
    meta = item.sample.meta
    return float("nan") if RANK in meta else _number(meta.get(SETTLED_AT, meta.get(OUTCOME_AT)))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
