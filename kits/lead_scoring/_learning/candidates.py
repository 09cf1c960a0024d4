"""The models that are worth trying. How they are learned, when each is tried and which is taken is not decided here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import NamedTuple

from kits.lead_scoring.config import Config

HALF_LIVES = (1 / 2, 1 / 4, 1 / 8, 1 / 16)
"""Of the span of leads learned from: the weight of a lead halves with each."""
SHRINKAGES = (3.0, 10.0, 30.0, 100.0)
"""Penalties of the small model, as a number of leads."""
FEW_LEADS, FEW_WON = 1_000, 120
"""Below either, only the small model is tried: the bar of the best-known product for its own models."""


class View(NamedTuple):
    """Columns that a model sees; as the attributes of a candidate."""

    stable: bool = False
    telling: bool = False


ALL = View()
"""All columns."""


@dataclass(frozen=True)
class Candidate:
    """One model to try.

    Attributes:
        family: as `approach` of the configuration.
        half_life: of the weights of its additive part, as a share of the span; 0: all weigh the same.
        penalty: of its additive part.
        stable: columns that tell the period are left out.
        straight: numbers of its additive part are lines without bends, which go on beyond what was seen.
        telling: columns that say nothing by themselves are left out.
    """

    family: str
    half_life: float = 0.0
    penalty: float = 1.0
    stable: bool = False
    straight: bool = False
    telling: bool = False

    @property
    def name(self) -> str:
        """In words for the report."""
        words = [self.family]
        if self.half_life:
            words.append(f"half-life 1/{1 / self.half_life:.0f}")
        if self.straight:
            words.append("straight lines")
        if self.family == "small":
            words.append(f"shrunk by {self.penalty:g} leads")
        if self.stable:
            words.append("without drifting columns")
        if self.telling:
            words.append("of telling columns alone")
        return ", ".join(words)

    @property
    def complexity(self) -> tuple[bool, int, float, bool, bool]:
        """Sorts candidates: the simpler first, of few columns above all; how far a small model is shrunk makes it no simpler."""
        rank = ("small", "logistic", "recent", "trees", "mean").index(self.family)
        recent = 1 / self.half_life if self.half_life else 0.0
        return not self.telling, rank, recent, not self.straight, not self.stable

    @property
    def view(self) -> View:
        """Which columns it sees."""
        return View(self.stable, self.telling)

    @property
    def is_small(self) -> bool:
        """Whether it is one of those for few leads, which differ in how far they are shrunk."""
        return self.family == "small"

    @property
    def has_trees(self) -> bool:
        """Whether trees are part of it."""
        return self.family in ("trees", "mean")

    @property
    def has_curves(self) -> bool:
        """Whether the additive model is part of it."""
        return self.family != "trees"


def candidates(
    config: Config, *, few: bool, in_time: bool, drifting: Collection[str], many: bool = False
) -> tuple[Candidate, ...]:
    """What is worth trying on such data, as the configuration allows.

    Args:
        many: whether columns are many for so few outcomes.
    """
    halves = HALF_LIVES if in_time else ()
    family = config.approach
    if family == "auto" and few:
        family = "small"
    table: dict[str, tuple[Candidate, ...]] = {
        "small": tuple(Candidate("small", penalty=p) for p in SHRINKAGES),
        "logistic": _both("logistic"),
        "recent": _both("recent", *halves) if halves else _both("logistic"),
        "trees": (Candidate("trees"),),
        "mean": _both("mean", 0.0, *halves),
    }
    table["auto"] = tuple(
        dict.fromkeys(
            one for name in ("logistic", "recent", "trees", "mean") for one in table[name]
        )
    )
    chosen = table[family]
    if many:
        chosen = (*chosen, *(replace(one, telling=True) for one in chosen))
    if not drifting or config.court.drift == "warn":
        return chosen
    stable = tuple(replace(one, stable=True) for one in chosen)
    return stable if config.court.drift == "exclude" else (*chosen, *stable)


def _both(family: str, *halves: float) -> tuple[Candidate, ...]:
    """With straight lines, and with curves."""
    return tuple(
        Candidate(family, half, straight=straight)
        for straight in (True, False)
        for half in halves or (0.0,)
    )
