"""Columns that say the same, and columns that tell who buys only together.

Of two leaks that say the same each makes the other look ordinary; of two that hold half of an answer each looks
innocent. Both are made visible here; what becomes of them is judged in `leaks.py` and `court.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kits.core.stats import Estimate
from kits.lead_scoring._court.columns import Column, Floats
from kits.lead_scoring._court.plain import PROXY, TWIN, cramers_v
from kits.lead_scoring._court.splits import Trees, grown, random_quarter

_STRONG = 0.60
"""Lower end of AUC from which a column is worth a look beside others."""
_MOST_STRONG = 20
_TOO_GOOD = 0.90
"""Lower end of the AUC of trees that nothing known beforehand has reached."""
_ALIKE, _KNOWN = 0.95, 0.9
"""Correlation of ranks of numbers that say nearly the same; share of the leads that have one which have both."""
_APART = 0.05
"""AUC that trees reach beyond columns one by one."""
_MOST_ASKED = 8
_HALF = 0.5


def twins_of(columns: Sequence[Column], own: Mapping[str, Estimate]) -> dict[str, frozenset[str]]:
    """Strong columns that tell each other (Cramér's V, as of proxies), each with the others.

    Args:
        own: AUC of each column by itself.
    """
    strong = [column for column in columns if own[column.name].low >= _STRONG]
    strong = sorted(strong, key=lambda column: -own[column.name].low)[:_MOST_STRONG]
    found: dict[str, set[str]] = {column.name: set() for column in strong}
    for number, one in enumerate(strong):
        for other in strong[number + 1 :]:
            if cramers_v(one, other) >= PROXY:
                found[one.name].add(other.name)
                found[other.name].add(one.name)
    return {name: frozenset(others) for name, others in found.items() if others}


def doubles_of(
    columns: Sequence[Column], guilty: Collection[str], own: Mapping[str, Estimate]
) -> dict[str, tuple[str, str]]:
    """Strong columns that say nearly the same as a strong one of the guilty, each with that one and how nearly, for people.

    Args:
        guilty: names of columns that are convicted; they are not among those found.
        own: AUC of each column by itself.
    """
    strong = [column for column in columns if own[column.name].low >= _STRONG]
    leaks = [one for one in strong if one.name in guilty]
    found: dict[str, tuple[str, str]] = {}
    for other in (one for one in strong if one.name not in guilty):
        alike = ((leak.name, _alike(other, leak)) for leak in leaks)
        told = next((one for one in alike if one[1]), None)
        if told is not None:
            found[other.name] = told
    return found


def _alike(one: Column, two: Column) -> str:
    """How nearly two columns say the same, for people; empty where they do not."""
    strength = cramers_v(one, two)
    if strength >= TWIN:
        return f"Cramér's V {min(strength, 1.0):.2f}"
    known = np.isfinite(one.numbers) & np.isfinite(two.numbers)
    both = known.sum() >= _KNOWN * max(one.filled.sum(), two.filled.sum())
    if one.kind != "number" or two.kind != "number" or not both:
        return ""
    ranks = [np.unique(column.numbers[known], return_inverse=True)[1] for column in (one, two)]
    if min(rank.max(initial=0) for rank in ranks) < 1:
        return ""
    correlation = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    return f"correlation {correlation:.2f}" if abs(correlation) >= _ALIKE else ""


@dataclass(frozen=True)
class Together:
    """Columns of which none tells much, and all of them nearly everything.

    Attributes:
        without: column → AUC of the trees that lack it.
        trees: AUC of the trees with all columns.
        singly: AUC of all columns one by one.
    """

    without: Mapping[str, Estimate]
    trees: Estimate
    singly: Estimate

    def sentences(self, name: str) -> tuple[str, ...]:
        """Evidence against one of them."""
        others = ", ".join(other for other in self.without if other != name)
        beside = f" with {others}" if others else " with other columns"
        return (
            f"together{beside} it tells who buys with an AUC of {self.trees.text()}, without it {self.without[name].value:.3f}; "
            f"all columns one by one reach {self.singly.value:.3f}",
            "hardly anything known beforehand tells so much",
        )


def find_together(
    columns: Sequence[Column], won: Floats, singly: Estimate, seed: int
) -> Together | None:
    """What trees see beyond columns one by one, where it is too good to be true; None where it is not.

    Args:
        columns: those that no charge excludes, rows in order of time.
        singly: AUC of the columns one by one.
    """
    rows, judged = random_quarter(len(won), seed)
    if not columns or not 0 < won[rows][judged].mean() < 1 or not 0 < won[rows][~judged].mean() < 1:
        return None
    whole = grown(columns, rows, won, judged, seed)
    if whole.auc.low < _TOO_GOOD or whole.auc.value - singly.value < _APART:
        return None
    asked = _most_used(columns, whole)
    lost: dict[str, Estimate] = {}
    for name in asked:
        rest = [column for column in columns if column.name != name]
        if rest:
            found = grown(rest, rows, won, judged, seed).auc
            if whole.auc.value - found.value >= _HALF * (whole.auc.value - singly.value):
                lost[name] = found
    return Together(lost, whole.auc, singly) if lost else None


def _most_used(columns: Sequence[Column], trees: Trees) -> list[str]:
    ranked = sorted(range(len(columns)), key=lambda number: -trees.gains[number])
    return [columns[number].name for number in ranked[:_MOST_ASKED] if trees.gains[number] > 0]
