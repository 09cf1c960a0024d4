"""Figures of parts: by band, by period, by columns of few values, of leads called by lot, and by protected groups.

Which parts there are is decided here; what is measured of each is one small table of figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.ranked import Ranked
from kits.core.resampling import Figure, estimates
from kits.core.stats import Estimate, opened
from kits.lead_scoring._judging.certainty import gap_opened, order_opened
from kits.lead_scoring._judging.figures import finite, mean_of
from kits.lead_scoring._judging.judged import Judged
from kits.lead_scoring._reasons.values import choice_of, is_missing, plain

Flags = NDArray[np.bool_]

LOT = "lot"
"""In a sample's `meta`: the lead was called by lot, whatever its score; the number that was drawn, or a mere yes."""
BANDS: Mapping[str, str] = {"hot": "act", "warm": "review", "cold": "pass"}
PERIOD = "period "
PERIODS = 6
"""Parts of equal size that take the place of months where the data has no clock."""
_MOST_MONTHS = 36
_LEAST = 30
"""Smaller parts are left out: their figures would be noise with a name."""
_MOST_VALUES, _MOST_COLUMNS = 8, 10
_ROUNDS = 200
_NAME = 60


def slices(
    judged: Judged, seed: int, *, barred: Sequence[str] = ()
) -> dict[str, dict[str, Estimate]]:
    """Name of a part → its figures, largest columns first.

    Args:
        barred: columns that are not told of: those reported by group, and those that were known too late.
    """
    found: dict[str, dict[str, Estimate]] = {}
    for name, mine in _parts(judged, barred):
        figures = measured(judged.rows(mine), seed)
        if figures:
            found[name] = figures
    return found


def measured(part: Judged, seed: int, rounds: int = _ROUNDS) -> dict[str, Estimate]:
    """What is told of a part: how many were won, in which order, and how far probabilities are off."""
    ranked = Ranked(part.score, part.won)
    outcome = part.won.astype(np.float64)
    table: dict[str, Figure] = {
        "base_rate": mean_of(outcome),
        "probability": mean_of(part.chance),
        "calibration_gap": mean_of(part.chance - outcome),
        "auc": lambda w: ranked.tally(w).auc(),
    }
    found = finite(estimates(table, part.groups, seed=seed, rounds=rounds, each=part.each))
    if "base_rate" in found:
        found |= shares_opened(found, part)
    return found


def shares_opened(found: Mapping[str, Estimate], part: Judged) -> dict[str, Estimate]:
    """Share won, and what hangs on it, as so few leads allow where all of them, or none, were won, or none stands wrongly."""
    share, won = opened(found["base_rate"], part.alone), part.share_won
    more = {"base_rate": share}
    if share is not found["base_rate"]:
        more["calibration_gap"] = gap_opened(found["calibration_gap"], share)
    if "auc" in found:
        more["auc"] = order_opened(found["auc"], part.alone * min(won, 1.0 - won))
    return more


def _parts(judged: Judged, barred: Sequence[str]) -> Iterator[tuple[str, Flags]]:
    verdicts = np.array(judged.verdicts)
    for band, verdict in BANDS.items():
        mine = verdicts == verdict
        if mine.sum() >= _LEAST:
            yield f"band {band}", mine
    yield from periods(judged)
    by_lot = drawn_by_lot(judged)
    if by_lot.sum() >= _LEAST:
        yield "called by lot", by_lot
    yield from _columns(judged, barred)


def periods(judged: Judged, least: int = _LEAST) -> list[tuple[str, Flags]]:
    """Months, or parts of equal size where the data has no clock; empty where it has no order at all."""
    if judged.clocked:
        months = np.array([f"{lead.at:%Y-%m}" if lead.at else "" for lead in judged.leads])
        counts = sorted(Counter(months.tolist()).items())
        names = [name for name, n in counts if name and n >= least]
        if len(names) > 1:
            return [(f"{PERIOD}{name}", months == name) for name in names[-_MOST_MONTHS:]]
    if len(judged) < PERIODS * least or judged.order[0] == judged.order[-1]:
        return []
    places = np.arange(len(judged)) * PERIODS // len(judged)
    return [(f"{PERIOD}{part + 1} of {PERIODS}", places == part) for part in range(PERIODS)]


def drawn_by_lot(judged: Judged) -> Flags:
    """(leads,) whether each was called by lot."""
    absent = (None, False)
    drawn = [all(item.sample.meta.get(LOT) is not no for no in absent) for item in judged.items]
    return np.array(drawn, dtype=bool)


def _columns(judged: Judged, barred: Sequence[str]) -> Iterator[tuple[str, Flags]]:
    for name, value, mine in columns_of_few_values(judged, barred):
        yield f"{plain(name, _NAME)} = {plain(value, _NAME)}", mine


def columns_of_few_values(
    judged: Judged, barred: Sequence[str], most: int = _MOST_COLUMNS
) -> Iterator[tuple[str, str, Flags]]:
    """Column, value, and whose it is: of the first columns that have few values, those of many leads.

    Args:
        most: so many columns.
    """
    names = dict.fromkeys(name for lead in judged.leads for name in lead.fields)
    shown = 0
    for name in names:
        if name in barred or shown >= most:
            continue
        values = values_of(judged, name)
        counts = Counter(values.tolist())
        large = [value for value, n in counts.most_common() if n >= _LEAST]
        if not 2 <= len(counts) <= _MOST_VALUES or len(large) < 2:
            continue
        shown += 1
        for value in large:
            yield name, value, values == value


def values_of(judged: Judged, name: str) -> NDArray[np.str_]:
    """(leads,) a column as choices; `(none)` where nothing is known."""
    values = [lead.fields.get(name) for lead in judged.leads]
    return np.array(["(none)" if is_missing(v) else choice_of(v)[:_NAME] for v in values])
