"""What the court says: verdicts with their evidence, and the figures beside them, as values and as JSON.

Nothing is judged here. All values are frozen; `Court.as_json` is what a run and a bundle keep.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

from pydantic import JsonValue, TypeAdapter, ValidationError

from kits.core.errors import DataError
from kits.core.stats import Estimate

Charge: TypeAlias = Literal["leak", "drift", "identity", "constant", "sparse", "protected", "proxy"]
Judgement: TypeAlias = Literal["guilty", "suspicious", "cleared"]
Action: TypeAlias = Literal["exclude", "warn", "keep", "fold-decides"]


@dataclass(frozen=True)
class Verdict:
    """One charge against one column, and what became of it.

    Attributes:
        strength: 0 to 1; of a leak or of drift the lower end of the column's own AUC, of a proxy Cramér's V, of the
            rest the share of leads the finding is about.
        evidence: sentences with figures.
    """

    column: str
    charge: Charge
    finding: Judgement
    strength: float
    evidence: tuple[str, ...]
    action: Action


@dataclass(frozen=True)
class Side:
    """What the same trees reach by one way of splitting, with and without the columns that are guilty of a leak.

    Attributes:
        split: `random` (a quarter by lot) or `time` (the latest quarter).
        all_columns: AUC with the guilty ones; never reached in practice.
        without_guilty: AUC without them; what may be hoped for.
        without_suspects: AUC without those that may be leaks, too; None where there are none.
    """

    split: Literal["random", "time"]
    all_columns: Estimate
    without_guilty: Estimate
    without_suspects: Estimate | None = None


@dataclass(frozen=True)
class Removal:
    """A step of taking away what tells the period: the column, and how well the rest still tells it.

    Attributes:
        own: AUC of the column alone, latest leads against earlier ones.
        rest: AUC of all columns that are left.
    """

    column: str
    own: Estimate
    rest: Estimate


@dataclass(frozen=True)
class Period:
    """One stretch of time: the share of its leads that were won.

    Attributes:
        start, end: places in time of its first and last lead (seconds since 1970 or a rank).
    """

    start: float
    end: float
    won: Estimate


@dataclass(frozen=True)
class Signal:
    """Whether anything that is left tells who buys, against what chance gives.

    Attributes:
        auc: of a linear model on leads left out, within stretches of time in which the base rate hardly moves.
        chance_low, chance_high: where 95 % of AUCs fall when outcomes are shuffled within their stretch.
        p_value: share of shuffles of which the columns together explain as much; small: there is a signal.
        shuffles: how many.
    """

    auc: Estimate
    chance_low: float
    chance_high: float
    p_value: float
    shuffles: int


@dataclass(frozen=True)
class Court:
    """Everything the court found.

    Attributes:
        excluded: columns a model must not learn from.
        drifting: columns that tell the period; inner folds decide about them.
        adversarial_auc: how well the latest fifth is told from earlier leads by all columns that are no leaks, no
            identities and not constant; None where time is unknown.
        removals: what is left of it as the most telling columns go, one by one.
        no_signal: one sentence when nothing tells who buys, else empty.
        course: base rate over time; empty where time is unknown.
        course_p: how seldom the base rate strays so far from its mean when time plays no part.
        leads, won: decided leads that were looked at.
    """

    verdicts: tuple[Verdict, ...]
    excluded: tuple[str, ...]
    drifting: tuple[str, ...]
    side_by_side: tuple[Side, ...] = ()
    adversarial_auc: Estimate | None = None
    removals: tuple[Removal, ...] = ()
    signal: Signal | None = None
    no_signal: str = ""
    course: tuple[Period, ...] = ()
    course_p: float | None = None
    leads: int = 0
    won: int = 0
    seed: int = 0

    def of(self, column: str, charge: Charge) -> Verdict | None:
        """The verdict on a charge against a column; None when it was not charged."""
        for verdict in self.verdicts:
            if verdict.column == column and verdict.charge == charge:
                return verdict
        return None

    def guilty(self, charge: Charge) -> tuple[str, ...]:
        """Columns guilty of a charge, whatever became of them."""
        return tuple(
            one.column for one in self.verdicts if one.charge == charge and one.finding == "guilty"
        )

    def as_json(self) -> dict[str, JsonValue]:
        """JSON values for a run and a bundle."""
        dumped: dict[str, JsonValue] = _adapter().dump_python(self, mode="json")
        return dumped

    @staticmethod
    def from_json(value: object) -> Court:
        """The opposite of `as_json`.

        Raises:
            DataError: the value is no court's finding.
        """
        try:
            return _adapter().validate_python(value)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise DataError("not the findings of a court", where=where) from error


@cache
def _adapter() -> TypeAdapter[Court]:
    return TypeAdapter(Court)
