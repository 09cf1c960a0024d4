"""What a move met that does not fit: what was changed about values, what could not be moved, what it left behind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

MOST_TOLD = 10_000
"""So many values are named one by one; of more it is only said how many there are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One value.

    Attributes:
        key: of its row, as `name=value`.
        why: what became of it, or why it cannot be moved.
    """

    table: str
    key: str
    column: str
    why: str

    @property
    def place(self) -> str:
        """In a line."""
        return f"{self.table} ({self.key}) {self.column}".rstrip()


@dataclass(slots=True)
class Findings:
    """All of one move, with bounds.

    Attributes:
        changed: values that are not the same there; the file keeps what they were.
        unfit: values that no column there holds: nothing is moved while there are any.
        changed_in_all, unfit_in_all: how many there are, also of those that are not named.
        counts: of both, by table, column and why.
        left: tables and columns that are none of the hub's, and stay behind.
    """

    changed: list[Finding] = field(default_factory=list)
    unfit: list[Finding] = field(default_factory=list)
    changed_in_all: int = 0
    unfit_in_all: int = 0
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)

    def note(self, finding: Finding, *, unfit: bool) -> None:
        """Takes one more."""
        self.counts[finding.table, finding.column, finding.why] += 1
        self.unfit_in_all += unfit
        self.changed_in_all += not unfit
        named = self.unfit if unfit else self.changed
        if len(named) < MOST_TOLD:
            named.append(finding)
