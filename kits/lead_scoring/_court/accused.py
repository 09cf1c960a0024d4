"""A column that stands before the court with what is known around it, and a mark that speaks against it. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from kits.lead_scoring._court.columns import Column, Flags, Floats


@dataclass(frozen=True)
class Mark:
    """One reason to think a column late."""

    kind: str
    weight: float
    sentence: str


@dataclass(frozen=True)
class Accused:
    """A column and what is known around it.

    Attributes:
        won: (rows,) 1 won, 0 lost.
        decided_at: (rows,) when the score would have been asked for, seconds since 1970; None where there is no clock.
        recent: (rows,) decided leads as late as the open ones.
        open: the same column of open leads; None where there are too few.
        as_of: counted by the reader from rows up to the decision: its name says nothing about lateness.
        youngest: said of it where the leads that came last lack it.
    """

    column: Column
    won: Floats
    decided_at: Floats | None
    recent: Flags
    open: Column | None
    as_of: bool = False
    youngest: Mark | None = None

    @property
    def base(self) -> float:
        return float(self.won.mean())
