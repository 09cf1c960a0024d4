"""A no beside leads that may still be won: a shop's `is_paying` is 0 until somebody pays, and says of nobody that he never will.

Such a no says that a lead was not won so far. It is told by four things together: won ones have the date on which they were, others
have none; that took days; leads are in the table up to the last day, hardly fewer of the youngest than of others; and none of them
is open. What is not won then counts as lost by its age, as where no cell means lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._reading.columns.mapping import tier_words
from kits.lead_scoring._reading.outcome.cells import Cells, known_cells, word_of
from kits.lead_scoring._reading.outcome.found import Outcome, cells_said
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring.config import SourceConfig

Seconds = Sequence[float | None]
Floats = NDArray[np.float64]
_DAY = 86_400.0
_LEAST, _DATED, _UNDATED = 20, 0.9, 0.02
"""Won leads, and young ones, that tell anything; the share of won ones that have a date, and of others that may have one."""
_DAYS = 2.0
"""A quarter of the won ones took so long at least."""
_ONE_DAY = 0.1
"""When leads were won lies within so much of the time in which they came: it was asked of all at once."""
_AS_MANY = 0.5
"""So many leads a day of the youngest, in those a day of all."""


def with_noughts(
    sheet: Sheet,
    outcome: Outcome | None,
    at: Seconds,
    known_at: Seconds,
    source: SourceConfig,
) -> Outcome | None:
    """The outcome with a no as open, where it stands beside leads that may still be won.

    Args:
        at: (rows,) when each lead came.
        known_at: (rows,) when its outcome was known.
    """
    if outcome is None or not _is_asked(sheet, outcome, source):
        return outcome
    came, ended = (np.array([np.nan if s is None else s for s in one]) for one in (at, known_at))
    won = np.array(outcome.won, dtype=bool)
    dated = np.isfinite(came) & np.isfinite(ended)
    if (
        won.sum() < _LEAST
        or dated[won].mean() < _DATED
        or np.isfinite(ended[~won]).mean() > _UNDATED
    ):
        return outcome
    quick = float(np.quantile((ended - came)[won & dated], 0.25))
    if _spread(ended[won & dated]) < _ONE_DAY * _spread(came[dated]):
        # all were asked at once, as by a meeting: who did not come then will not
        return outcome
    if quick < _DAYS * _DAY or not _comes_to_the_end(came, ended, quick):
        return outcome
    cells = sheet.cells[outcome.columns[0]]
    yes = frozenset(cell for cell, one in zip(cells, outcome.won) if one)
    means = cells_said(known_cells(cells), Cells(yes, frozenset()))
    told = f"{outcome.columns[0]} ({means}: leads of the last days have it, too)"
    return replace(outcome, won=tuple(one or None for one in outcome.won), said=told, all_lost=True)


def _spread(moments: Floats) -> float:
    low, high = np.quantile(moments, (0.1, 0.9))
    return float(high - low)


def _is_asked(sheet: Sheet, outcome: Outcome, source: SourceConfig) -> bool:
    """Whether it is a plain yes and no of all leads, and no person said what means lost."""
    stated = bool(source.lost or source.open_for_days)
    if stated or outcome.all_lost or len(outcome.columns) != 1 or None in outcome.won:
        return False
    yes, no = tier_words("flags")
    return {word_of(cell) for cell in known_cells(sheet.cells[outcome.columns[0]])} <= yes | no


def _comes_to_the_end(came: Floats, ended: Floats, young: float) -> bool:
    """Whether hardly fewer leads are so young, of which three in four buyers have not bought yet, than of any age."""
    came = came[np.isfinite(came)]
    first, last = float(came.min()), float(np.nanmax(np.concatenate([came, ended])))
    count = int((came > last - young).sum())
    return last > first and count >= max(_LEAST, _AS_MANY * len(came) * young / (last - first))
