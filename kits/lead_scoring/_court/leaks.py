"""Who is guilty of a leak: marks of lateness against power, by one table.

Lateness without power does no harm; power without lateness is what a model lives on. Only both together convict, unless
the lateness is plain (it convicts alone: leaving such a column out costs nothing) or the power is beyond what anything
known beforehand has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kits.core.stats import Estimate
from kits.lead_scoring._court.accused import Mark
from kits.lead_scoring._court.columns import Floats
from kits.lead_scoring._court.verdicts import Judgement
from kits.lead_scoring._court.yardstick import Sums, Yardstick

NONE, SOME, CLEAR, STRONG, DOMINANT, CERTAIN = range(6)
"""Grades of power."""
_SOME, _CLEAR, _STRONG, _DOMINANT, _CERTAIN = 0.55, 0.60, 0.65, 0.70, 0.95
"""Lower ends of AUC for them."""
_GAIN = 0.005
"""AUC that a column adds to the others; what they tell as well does no harm."""
EARLY, POSSIBLE, LIKELY, PLAIN = range(4)
"""Grades of lateness."""
_SELDOM_HONEST, _MANY = 2.0, 3.0
"""Weight of a mark that an honest column seldom has, and a sum that it seldom reaches."""
TABLE: tuple[tuple[int, int, Judgement], ...] = (
    (PLAIN, NONE, "guilty"),
    (EARLY, CERTAIN, "guilty"),
    (LIKELY, STRONG, "guilty"),
    (LIKELY, SOME, "suspicious"),
    (POSSIBLE, CLEAR, "suspicious"),
    (EARLY, DOMINANT, "suspicious"),
)
"""At least so late, at least so strong: the first row that fits."""


@dataclass(frozen=True)
class Power:
    """What a column tells.

    Attributes:
        alone: AUC of the column by itself.
        others: AUC of all other columns that no mark speaks against; None where there are none.
        together: AUC of these with it; None where it was not asked.
    """

    alone: Estimate
    others: Estimate | None = None
    together: Estimate | None = None

    @property
    def grade(self) -> int:
        """One of the grades above."""
        low = self.alone.low
        if low >= _CERTAIN:
            return CERTAIN
        if self.others is not None and low >= max(_DOMINANT, self.others.value):
            return DOMINANT
        if low >= _CLEAR and self._adds:
            return STRONG if low >= _STRONG else CLEAR
        return SOME if low >= _SOME else NONE

    @property
    def _adds(self) -> bool:
        """Whether it tells what the others do not."""
        if self.others is None or self.together is None:
            return True
        return self.together.value - self.others.value >= _GAIN

    @property
    def striking(self) -> bool:
        """Whether it is strong enough to be asked about without any mark."""
        return self.grade >= STRONG

    @property
    def sentences(self) -> tuple[str, ...]:
        """Evidence."""
        said = [f"alone it tells who buys with an AUC of {self.alone.text()}"]
        if self.others is not None and self.together is not None:
            beside = f"reach {self.others.value:.3f}, with it {self.together.value:.3f}"
            more = (
                ": alone it tells more than all of them together" if self.grade >= DOMINANT else ""
            )
            said.append(f"the columns nothing speaks against {beside}{more}")
        return tuple(said)


def judge(lateness: int, power: Power) -> Judgement:
    """By the table; cleared where no row fits."""
    for late, grade, judgement in TABLE:
        if lateness >= late and power.grade >= grade:
            return judgement
    return "cleared"


def lateness_of(marks: Sequence[Mark]) -> int:
    """A grade. Marks that could be honest, each for itself, do not convict until there are many."""
    total = sum(mark.weight for mark in marks)
    grave = any(mark.weight >= _SELDOM_HONEST for mark in marks)
    if grave and total >= _MANY:
        return PLAIN
    if grave or total >= _MANY:
        return LIKELY
    return POSSIBLE if marks else EARLY


def powers(
    names: Sequence[str],
    alone: Mapping[str, Estimate],
    marks: Mapping[str, Sequence[Mark]],
    sums: Sums,
    won: Floats,
    usable: Collection[str],
    twins: Mapping[str, frozenset[str]],
) -> dict[str, Power]:
    """Power of each column; beside the others where something speaks against it or it is strong.

    Args:
        names: columns of the sums, in their order; columns that are not among them stand for themselves.
        won: (rows,) of the rows of the sums.
        usable: columns that others may be held beside.
        twins: columns that say the same: one is not held beside the other, which would hide both.
    """
    place = {name: number for number, name in enumerate(names)}
    unmarked = [name for name in names if name in usable and lateness_of(marks[name]) < LIKELY]
    found = {name: Power(own) for name, own in alone.items()}
    asked = [name for name in names if alone[name].low >= _SOME or marks[name]]
    if not asked or not unmarked:
        return found
    yardstick = Yardstick(sums, won, [place[name] for name in unmarked])
    whole = yardstick.auc()
    for name in asked:
        beside = twins.get(name, frozenset()) & set(unmarked)
        others = [other for other in unmarked if other != name and other not in beside]
        if not others:
            beside, others = frozenset(), [other for other in unmarked if other != name]
        if not others:
            continue
        if beside:
            own = Yardstick(sums, won, [place[other] for other in others])
            found[name] = Power(alone[name], own.auc(), own.auc(also=place[name]))
        elif name not in unmarked:
            found[name] = Power(alone[name], whole, yardstick.auc(also=place[name]))
        else:
            found[name] = Power(alone[name], yardstick.auc(without=[place[name]]), whole)
    return found
