"""Which candidates are tried at the next step of a backtest: all of them, of a large table in stages.

A large table is one whose first matrix has many cells (`effort.py`). There the first fold tries each family with few
half-lives, and after each fold the better half goes on, or the best four; at the second fold those join once that are
next to them in half-life; after the last one only those are left that are with drifting columns, or without, as the
best choice then is, because each kind has trees of its own. So a grid is refined where it pays. Who is hopeless, and
which of them is taken in the end, is `choice.py`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kits.lead_scoring._learning.candidates import HALF_LIVES, Candidate
from kits.lead_scoring._learning.choice import LATEST, Scored, choose, hopeless
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
    _staged: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.tried = self.every

    def begin(self, cells: int, folds: int) -> None:
        """Before the first fold.

        Args:
            cells: of its matrix.
            folds: inner ones; where no more than those that decide, all candidates are tried on all.
        """
        if is_large(cells) and folds > LATEST:
            self._staged = True
            self.tried = tuple(one for one in self.every if one.half_life in _FIRST)

    def narrow(self, scored: Sequence[Scored], cells: int, *, last: bool) -> None:
        """After an inner fold.

        Args:
            scored: those that were tried.
            cells: of the fold's matrix.
            last: no inner fold follows, and what does is learned in full.
        """
        if not is_large(cells) or not scored:
            return
        behind = {one.candidate for one in hopeless(scored)}
        left = [one for one in scored if one.candidate not in behind]
        if last:
            taken = choose(left).candidate
            left = [one for one in left if one.candidate.stable == taken.stable]
        self.tried = tuple(one.candidate for one in left)
        self.given_up += [one for one in scored if one.candidate not in self.tried]
        if self._staged and not last:
            self._staged = False
            known = {one.candidate for one in scored}
            joining = (one for one in self.every if one not in known)
            self.tried += tuple(o for o in joining if any(_near(o, other) for other in self.tried))


def _near(one: Candidate, other: Candidate) -> bool:
    """Whether they differ in half-life alone, by one step."""
    step = _GRID.index(one.half_life) - _GRID.index(other.half_life)
    return abs(step) == 1 and _kind(one) == _kind(other)


def _kind(one: Candidate) -> tuple[bool, bool, bool, bool]:
    return one.has_trees, one.has_curves, one.straight, one.stable
