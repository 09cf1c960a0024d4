"""The models that are tried, and how each is learned from some rows. Which one is taken is not decided here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.kit import NoProgress, Progress
from kits.lead_scoring._features.encoder import Floats32
from kits.lead_scoring._features.spec import EncoderSpec
from kits.lead_scoring._learning import boosting
from kits.lead_scoring._learning.additive import Design, recency
from kits.lead_scoring._learning.effort import stride_of
from kits.lead_scoring._learning.encoding import Encoded, encode, fit_encoder
from kits.lead_scoring._learning.folds import Origin
from kits.lead_scoring._learning.kinds import Kind
from kits.lead_scoring._learning.sheet import Ints, Sheet
from kits.lead_scoring._models.additive import Additive
from kits.lead_scoring._models.spec import AdditiveSpec
from kits.lead_scoring._models.trees import Trees
from kits.lead_scoring.config import Config

if TYPE_CHECKING:
    from xgboost import Booster

Floats = NDArray[np.float64]
HALF_LIVES = (1 / 2, 1 / 4, 1 / 8, 1 / 16)
"""Of the span of leads learned from: the weight of a lead halves with each."""
SHRINKAGES = (3.0, 10.0, 30.0, 100.0)
"""Penalties of the small model, as a number of leads."""
FEW_LEADS, FEW_WON = 1_000, 120
"""Below either, only the small model is tried: the bar of the best-known product for its own models."""


@dataclass(frozen=True)
class Candidate:
    """One model to try.

    Attributes:
        family: as `approach` of the configuration.
        half_life: of the weights of its additive part, as a share of the span; 0: all weigh the same.
        penalty: of its additive part.
        stable: columns that tell the period are left out.
        straight: numbers of its additive part are lines without bends, which go on beyond what was seen.
    """

    family: str
    half_life: float = 0.0
    penalty: float = 1.0
    stable: bool = False
    straight: bool = False

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
        return ", ".join(words)

    @property
    def complexity(self) -> tuple[int, float, bool, bool]:
        """Sorts candidates: the simpler first."""
        rank = ("small", "logistic", "recent", "trees", "mean").index(self.family)
        recent = 1 / self.half_life if self.half_life else 0.0
        return rank, recent - self.penalty, not self.straight, not self.stable

    @property
    def has_trees(self) -> bool:
        """Whether trees are part of it."""
        return self.family in ("trees", "mean")

    @property
    def has_curves(self) -> bool:
        """Whether the additive model is part of it."""
        return self.family != "trees"


def candidates(
    config: Config, *, few: bool, in_time: bool, drifting: Collection[str]
) -> tuple[Candidate, ...]:
    """What is worth trying on such data, as the configuration allows."""
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


@dataclass(frozen=True)
class Fitted:
    """A candidate that has learned."""

    candidate: Candidate
    encoder: EncoderSpec
    additive: AdditiveSpec | None
    trees: Trees | None


@dataclass
class Learner:
    """Learns candidates from rows; what several of them share is learned once.

    Attributes:
        won: (rows,) 1 or 0.
        kinds: columns to learn from, and what each holds.
        drifting: those that tell the period.
        device: `cpu` or `cuda`, for trees.
        cells: of the largest matrix so far.
    """

    sheet: Sheet
    won: Floats
    kinds: Mapping[str, Kind]
    drifting: frozenset[str]
    config: Config
    seed: int
    device: str = "cpu"
    progress: Progress = field(default_factory=NoProgress)
    cells: int = field(default=0, init=False)

    def margins(
        self, origin: Origin, tried: Collection[Candidate], *, inner: bool = False
    ) -> dict[Candidate, Floats]:
        """Log-odds of the judged rows by each candidate, learned from the rows before.

        Args:
            inner: only to choose by: of a large matrix fewer trees are grown, with larger steps.

        Raises:
            DataError: nothing in the columns can be learned from.
        """
        found: dict[Candidate, Floats] = {}
        for stable in sorted({one.stable for one in tried}):
            group = [one for one in tried if one.stable == stable]
            encoded = self._encoded(origin.fit, stable)
            matrix = encode(self.sheet, origin.judge, encoded.spec)
            self.cells = max(self.cells, encoded.matrix.size)
            stride = stride_of(encoded.matrix.size) if inner else 1
            found.update(self._margins(encoded, matrix, origin.fit, group, stride))
        self.progress.advance()
        return found

    def _margins(
        self,
        encoded: Encoded,
        matrix: Floats32,
        rows: Ints,
        group: Collection[Candidate],
        stride: int,
    ) -> dict[Candidate, Floats]:
        designs: dict[bool, Design] = {}
        curves: dict[tuple[bool, float, float], Floats] = {}
        for one in group:
            key = (one.straight, one.half_life, one.penalty)
            if not one.has_curves or key in curves:
                continue
            if one.straight not in designs:
                designs[one.straight] = Design(encoded.matrix, straight=one.straight)
            weights = self._weights(rows, one.half_life)
            spec = designs[one.straight].fit(self.won[rows], weights, one.penalty)
            curves[key] = Additive(spec).margins(matrix)
        trees = np.zeros(len(matrix))
        if any(one.has_trees for one in group):
            trees = boosting.margins(self._booster(encoded.matrix, rows, stride), matrix)
        found: dict[Candidate, Floats] = {}
        for one in group:
            parts = [trees] * one.has_trees
            if one.has_curves:
                parts.append(curves[one.straight, one.half_life, one.penalty])
            found[one] = np.mean(parts, axis=0)
        return found

    def fit(self, rows: Ints, candidate: Candidate) -> Fitted:
        """One candidate, learned from some rows, as it is shipped.

        Raises:
            DataError: nothing in the columns can be learned from.
        """
        encoded = self._encoded(rows, candidate.stable)
        additive = trees = None
        if candidate.has_curves:
            weights = self._weights(rows, candidate.half_life)
            design = Design(encoded.matrix, straight=candidate.straight)
            additive = design.fit(self.won[rows], weights, candidate.penalty)
        if candidate.has_trees:
            base = boosting.base_rate(self.won[rows])
            trees = boosting.arrays_of(self._booster(encoded.matrix, rows), base)
        return Fitted(candidate, encoded.spec, additive, trees)

    def _encoded(self, rows: Ints, stable: bool) -> Encoded:
        left_out = self.drifting if stable else frozenset()
        kinds = {name: kind for name, kind in self.kinds.items() if name not in left_out}
        encoded = fit_encoder(self.sheet, rows, self.won, kinds, self.seed)
        if not encoded.matrix.shape[1]:
            if stable:  # what is left without them tells nothing: the same as with them
                return self._encoded(rows, False)
            raise DataError(
                "no column holds anything that several leads share",
                where=", ".join(sorted(kinds)[:5]),
                fix="import columns that say something of a lead: source, country, size, visits",
            )
        return encoded

    def _weights(self, rows: Ints, half_life: float) -> Floats:
        if not half_life:
            return np.ones(len(rows))
        return recency(np.linspace(0.0, 1.0, len(rows)), half_life)

    def _booster(self, matrix: Floats32, rows: Ints, stride: int = 1) -> Booster:
        return boosting.grow(
            matrix,
            self.won[rows],
            self.config,
            seed=self.seed,
            device=self.device,
            stride=stride,
        )
