"""Columns that say the same, and columns that tell who buys only together, or too well together.

Of two leaks that say the same each makes the other look ordinary; of two that hold half of an answer each looks
innocent, and of several that are equally strong none stands out. All are made visible here; what becomes of them is judged in
`leaks.py` and `court.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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

    @property
    def names(self) -> tuple[str, ...]:
        """Whom to ask about."""
        return tuple(self.without)

    def sentences(self, name: str) -> tuple[str, ...]:
        """Evidence against one of them."""
        others = ", ".join(other for other in self.without if other != name)
        beside = f" with {others}" if others else " with other columns"
        return (
            f"together{beside} it tells who buys with an AUC of {self.trees.text()}, without it {self.without[name].value:.3f}; "
            f"all columns one by one reach {self.singly.value:.3f}",
            "hardly anything known beforehand tells so much",
        )


@dataclass(frozen=True)
class Strongest:
    """Columns that tell nearly everything with the others, though none stands out.

    Attributes:
        names: strongest first, the fewest without which the rest is believable, at most eight, and those as strong as the last.
        trees: AUC of the trees with all columns.
        rest: AUC of the trees without those; None where no other column is left.
    """

    names: tuple[str, ...]
    trees: Estimate
    rest: Estimate | None

    def sentences(self, name: str) -> tuple[str, ...]:
        """Evidence against one of them."""
        others = ", ".join(other for other in self.names if other != name)
        without = f"without it{f' and {others}' if others else ''} {self.rest.value:.3f}" if self.rest else "there is no other one"  # fmt: skip
        return (
            f"all columns together tell who buys with an AUC of {self.trees.text()}, {without}",
            "hardly anything known beforehand tells so much",
        )


def find_too_good(
    columns: Sequence[Column],
    own: Mapping[str, Estimate],
    won: Floats,
    singly: Estimate,
    seed: int,
) -> Together | Strongest | None:
    """Columns to ask about where trees see what is too good to be true; None where they do not.

    Args:
        columns: those that no charge excludes, rows in order of time.
        own: AUC by itself of each column that may be asked about for what all tell.
        singly: AUC of the columns one by one.
    """
    rows, judged = random_quarter(len(won), seed)
    if not columns or not 0 < won[rows][judged].mean() < 1 or not 0 < won[rows][~judged].mean() < 1:
        return None
    whole = grown(columns, rows, won, judged, seed)
    if whole.auc.low < _TOO_GOOD:
        return None

    def without(names: Collection[str]) -> Estimate | None:
        rest = [column for column in columns if column.name not in names]
        return grown(rest, rows, won, judged, seed).auc if rest else None

    beyond = whole.auc.value - singly.value
    lost: dict[str, Estimate] = {}
    for name in _most_used(columns, whole) if beyond >= _APART else ():
        found = without([name])
        if found is not None and whole.auc.value - found.value >= _HALF * beyond:
            lost[name] = found
    return Together(lost, whole.auc, singly) if lost else _strongest(columns, own, whole, without)


def _strongest(
    columns: Sequence[Column],
    own: Mapping[str, Estimate],
    whole: Trees,
    without: Callable[[Collection[str]], Estimate | None],
) -> Strongest | None:
    """Those without which the rest is believable, and whoever is as strong as the last of them."""
    names = [column.name for column in columns if column.name in own]
    if not names:
        return None
    ranked = sorted(names, key=lambda name: -own[name].low)
    most = next((n for n in range(1, _MOST_ASKED) if _is_believable(without(ranked[:n]))), _MOST_ASKED)  # fmt: skip
    last = own[ranked[:most][-1]]
    asked = [name for n, name in enumerate(ranked) if n < most or own[name].high >= last.low]
    return Strongest(tuple(asked), whole.auc, without(asked))


def _is_believable(rest: Estimate | None) -> bool:
    return rest is None or rest.low < _TOO_GOOD


def _most_used(columns: Sequence[Column], trees: Trees) -> list[str]:
    ranked = sorted(range(len(columns)), key=lambda number: -trees.gains[number])
    return [columns[number].name for number in ranked[:_MOST_ASKED] if trees.gains[number] > 0]
