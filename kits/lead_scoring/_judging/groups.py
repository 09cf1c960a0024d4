"""Protected groups: how often each is called, how well it is ordered, and whether its probabilities keep their word.

Columns that tell a group are never learned from, but others may stand in for them; this is where it would be seen. The
four-fifths mark is the rule of thumb of the US Uniform Guidelines (1978), a sign to look closer and no verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.ranked import Ranked
from kits.core.resampling import Figure, estimates
from kits.core.stats import Estimate, opened, widened
from kits.lead_scoring._judging.figures import finite, mean_of
from kits.lead_scoring._judging.judged import Judged
from kits.lead_scoring._judging.point import share_among
from kits.lead_scoring._judging.slices import shares_opened, values_of
from kits.lead_scoring._reasons.values import number_of, plain

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

FOUR_FIFTHS = 0.8
PREFIX = "group "
_LEAST = 30
_MOST = 12
_THIRDS = (1 / 3, 2 / 3)
_ROUNDS = 300
_DRAWS, _CHANCE = 2_000, 0.05
_NAME = 60


def groups(judged: Judged, protected: Sequence[str], seed: int) -> dict[str, dict[str, Estimate]]:
    """`group COLUMN = VALUE` → its figures; groups of fewer than 30 leads are left out."""
    found: dict[str, dict[str, Estimate]] = {}
    hot = np.array(judged.verdicts) == "act"
    for column in protected:
        parts = parts_of(judged, column)
        if len(parts) < 2:
            continue
        often = max(parts, key=lambda name: float(hot[parts[name]].mean()))
        for name, mine in parts.items():
            figures = _figures(judged, mine, parts[often], hot)
            drawn = finite(
                estimates(figures, judged.groups, seed=seed, rounds=_ROUNDS, each=judged.each)
            )
            most = float(hot[parts[often]].mean())
            told = _opened(drawn, judged.rows(mine), most)
            found[f"{PREFIX}{plain(column, _NAME)} = {name}"] = told
    return found


def ratios_by_lot(judged: Judged, protected: Sequence[str], seed: int) -> dict[str, float]:
    """`group COLUMN = VALUE` → selection ratio that 5 of 100 draws by lot undercut in some group of the column.

    As many leads are hot, whoever they are (a permutation test; the smallest ratio of all groups, so that many groups
    are no more often accused than two).
    """
    hot = np.array(judged.verdicts) == "act"
    rng = np.random.default_rng(seed)
    found: dict[str, float] = {}
    for column in protected:
        parts = parts_of(judged, column)
        if len(parts) < 2:
            continue
        sizes = np.array([int(mine.sum()) for mine in parts.values()])
        among = int(sum(int(hot[mine].sum()) for mine in parts.values()))
        drawn = (
            rng.multivariate_hypergeometric(sizes, among, size=_DRAWS, method="marginals") / sizes
        )
        most = drawn.max(axis=1)
        least = np.divide(drawn.min(axis=1), most, out=np.ones_like(most), where=most > 0)
        by_lot = float(np.quantile(least, _CHANCE))
        found |= {f"{PREFIX}{plain(column, _NAME)} = {name}": by_lot for name in parts}
    return found


def parts_of(judged: Judged, column: str) -> dict[str, Flags]:
    """Group → its leads; numbers (an age) are cut into thirds."""
    values = values_of(judged, column)
    counts = {str(value): int((values == value).sum()) for value in np.unique(values)}
    numbers = np.array(
        [v if (v := number_of(lead.fields.get(column))) is not None else np.nan for lead in judged.leads]
    )  # fmt: skip
    if len(counts) > _MOST and np.isfinite(numbers).mean() > 0.5:
        return _thirds(numbers)
    large = sorted((name for name, n in counts.items() if n >= _LEAST), key=lambda n: -counts[n])
    return {name: values == name for name in sorted(large[:_MOST])}


def _thirds(numbers: Floats) -> dict[str, Flags]:
    low, high = (float(cut) for cut in np.nanquantile(numbers, _THIRDS))
    parts = {
        f"up to {low:g}": numbers <= low,
        f"over {low:g} to {high:g}": (numbers > low) & (numbers <= high),
        f"over {high:g}": numbers > high,
        "(none)": ~np.isfinite(numbers),
    }
    return {name: mine for name, mine in parts.items() if mine.sum() >= _LEAST}


def _figures(judged: Judged, mine: Flags, reference: Flags, hot: Flags) -> dict[str, Figure]:
    """Figures of one group, as functions of how often each lead of all is drawn."""
    called, called_there = share_among(hot, mine), share_among(hot, reference)
    ranked = Ranked(judged.score[mine], judged.won[mine])
    apart = mean_of(judged.chance[mine] - judged.won[mine])

    def ratio(weight: Floats) -> float:
        there = called_there(weight)
        return called(weight) / there if there else float("nan")

    return {
        "selection_rate": called,
        "selection_ratio": ratio,
        "base_rate": share_among(judged.won, mine),
        "auc": lambda w: ranked.tally(w[mine]).auc(),
        "calibration_gap": lambda w: apart(w[mine]),
    }


def _opened(found: Mapping[str, Estimate], part: Judged, most: float) -> dict[str, Estimate]:
    """Figures of a group, never certain where all or none of its leads are so; its leads stand behind them, not all.

    Args:
        part: the group.
        most: how often the group that is hot most is hot.
    """
    told = {**found, **shares_opened(found, part)}
    rate = told["selection_rate"] = opened(found["selection_rate"], part.alone)
    if rate is not found["selection_rate"] and "selection_ratio" in found:
        ratio = found["selection_ratio"]
        told["selection_ratio"] = widened(ratio, ratio.low, rate.high / most, rate.method)
    return {name: one.model_copy(update={"n": len(part)}) for name, one in told.items()}
