"""Which candidates are tried at the next step of a backtest: all of them, of a large table in stages.

A large table is one whose matrix has many cells (`effort.py`). There the latest fold, which is most like what comes,
is the first: it tries each family with few half-lives, and then those that are next in half-life to the better half.
So a grid is refined where it pays. After each fold the better half goes on to the one before; after all of them those
are left that learn from the same columns (drifting ones or not, all or telling ones) as the best choice then, because
each kind has trees of its own.
Who is hopeless, and which candidate is taken in the end, is `choice.py`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from kits.lead_scoring._learning.candidates import HALF_LIVES, Candidate, View
from kits.lead_scoring._learning.choice import Scored, choose, hopeless
from kits.lead_scoring._learning.effort import is_large

_GRID = (0.0, *HALF_LIVES)
_FIRST = _GRID[::2]
"""Half-lives that are tried first: none, 1/4, 1/16. All others are next to one of them."""


@dataclass
class Search:
    """Who is still tried.

    Attributes:
        every: all candidates.
        tried: those of the next step.
        given_up: who was hopeless, and how they did until then.
    """

    every: tuple[Candidate, ...]
    tried: tuple[Candidate, ...] = field(init=False)
    given_up: list[Scored] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.tried = self.every

    def begin(self, cells: int) -> None:
        """Before the first fold.

        Args:
            cells: of its matrix.
        """
        if is_large(cells):
            self.tried = tuple(one for one in self.every if one.half_life in _FIRST)

    def narrow(self, scored: Sequence[Scored], cells: int) -> None:
        """After those that are tried were judged on inner folds."""
        if is_large(cells) and scored:
            self._leave(scored, {one.candidate for one in hopeless(scored)})

    def join(self) -> tuple[Candidate, ...]:
        """After the first fold was narrowed: has those tried too that were not, and are next to one that is left."""
        known = {*self.tried, *(one.candidate for one in self.given_up)}
        near = (o for o in self.every if any(_near(o, other) for other in self.tried))
        joining = tuple(one for one in near if one not in known)
        self.tried += joining
        return joining

    def settle(self, scored: Sequence[Scored], cells: int) -> None:
        """After all inner folds: what follows is learned in full."""
        if is_large(cells) and scored:
            view = choose(scored).candidate.view
            self._leave(scored, {o.candidate for o in scored if o.candidate.view != view})

    def _leave(self, scored: Sequence[Scored], gone: Collection[Candidate]) -> None:
        self.given_up += [one for one in scored if one.candidate in gone]
        self.tried = tuple(one for one in self.tried if one not in gone)


def _near(one: Candidate, other: Candidate) -> bool:
    """Whether they differ in half-life alone, by one step."""
    step = _GRID.index(one.half_life) - _GRID.index(other.half_life)
    return abs(step) == 1 and _kind(one) == _kind(other)


def _kind(one: Candidate) -> tuple[bool, bool, bool, View]:
    return one.has_trees, one.has_curves, one.straight, one.view
