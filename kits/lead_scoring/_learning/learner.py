"""Learns candidates from rows: for one step of a backtest, where they are judged, and as they are shipped.

What several candidates share is made once. Which are tried and which is taken is not decided here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.kit import NoProgress, Progress
from kits.lead_scoring._features.encoder import Floats32
from kits.lead_scoring._features.spec import EncoderSpec
from kits.lead_scoring._learning import boosting
from kits.lead_scoring._learning.additive import Design, recency
from kits.lead_scoring._learning.candidates import ALL, Candidate, View
from kits.lead_scoring._learning.delays import Delays
from kits.lead_scoring._learning.effort import stride_of, thinned
from kits.lead_scoring._learning.encoding import Encoded, encode, fit_encoder
from kits.lead_scoring._learning.folds import Origin
from kits.lead_scoring._learning.kinds import Kind
from kits.lead_scoring._learning.season import swing_of, years_that_swing
from kits.lead_scoring._learning.sheet import Ints, Sheet
from kits.lead_scoring._learning.telling import telling
from kits.lead_scoring._models.additive import Additive
from kits.lead_scoring._models.season import adds
from kits.lead_scoring._models.spec import AdditiveSpec, SeasonSpec
from kits.lead_scoring._models.trees import Trees
from kits.lead_scoring.config import Config

if TYPE_CHECKING:
    from xgboost import Booster

Floats = NDArray[np.float64]
_Curve: TypeAlias = tuple[bool, float, float]
"""What tells additive models apart: straight lines or not, half-life, penalty."""


@dataclass(frozen=True)
class Fitted:
    """A candidate that has learned."""

    candidate: Candidate
    encoder: EncoderSpec
    additive: AdditiveSpec | None
    trees: Trees | None
    season: SeasonSpec | None = None


@dataclass(frozen=True)
class Learner:
    """What is learned from, and how.

    Attributes:
        won: (rows,) 1 or 0.
        kinds: columns to learn from, and what each holds.
        drifting: those that tell the period.
        device: `cpu` or `cuda`, for trees.
        settled: (rows,) since when each outcome counts, seconds since 1970; NaN: since the lead came; None: all do.
        delays: how long outcomes take; None: that is not known, and does not count.
    """

    sheet: Sheet
    won: Floats
    kinds: Mapping[str, Kind]
    drifting: frozenset[str]
    config: Config
    seed: int
    device: str = "cpu"
    progress: Progress = field(default_factory=NoProgress)
    settled: Floats | None = None
    delays: Delays | None = None

    def beside(self, moment: float = math.inf) -> Floats | None:
        """(all rows,) what log-odds have more of leads whose outcome is known by a moment; None: nothing."""
        return None if self.delays is None else self.delays.lean(moment)

    def fit(self, rows: Ints, candidate: Candidate) -> Fitted:
        """One candidate, learned from some rows, as it is shipped.

        Raises:
            DataError: nothing in the columns can be learned from.
        """
        encoded, beside = self.encoded(rows, candidate.view), _of(self.beside(), rows)
        additive = trees = None
        if candidate.has_curves:
            wanted = [_curve(candidate)]
            (additive,) = self.curves(encoded.matrix, rows, candidate.straight, wanted, beside)
        if candidate.has_trees:
            base = boosting.base_rate(self.won[rows], beside)
            trees = boosting.arrays_of(self.booster(encoded.matrix, rows, beside=beside), base)
        swing = self.swing(encoded.matrix, rows, beside)
        season = None if swing is None else self.season(swing, rows, candidate)
        return Fitted(candidate, encoded.spec, additive, trees, season)

    def encoded(self, rows: Ints, view: View = ALL, every: Encoded | None = None) -> Encoded:
        """Some rows as a matrix of the columns of a view.

        Args:
            every: the same rows with columns that say nothing, where they were encoded before.

        Raises:
            DataError: nothing in the columns can be learned from.
        """
        if view.telling:
            every = every or self.encoded(rows, view._replace(telling=False))
            return self._fitted(rows, telling(every.matrix, every.spec, self.won[rows]))
        encoded = self._fitted(rows, self.kinds.keys() - (self.drifting if view.stable else ()))
        if not encoded.matrix.shape[1]:
            if view.stable:  # what is left without them tells nothing: the same as with them
                return self.encoded(rows)
            raise DataError(
                "no column holds anything that several leads share",
                where=", ".join(sorted(self.kinds)[:5]),
                fix="import columns that say something of a lead: source, country, size, visits",
            )
        return encoded

    def _fitted(self, rows: Ints, names: Collection[str]) -> Encoded:
        kinds = {name: kind for name, kind in self.kinds.items() if name in names}
        week, zone = self.config.week, self.config.source.timezone
        return fit_encoder(self.sheet, rows, self.won, kinds, self.seed, week=week, zone=zone)

    def curves(
        self,
        matrix: Floats32,
        rows: Ints,
        straight: bool,
        wanted: Sequence[_Curve],
        beside: Floats | None,
    ) -> list[AdditiveSpec]:
        """Additive models of one design, which is large and gone when they are there."""
        design = Design(matrix, straight=straight)
        return [
            design.fit(self.won[rows], _weights(rows, half_life), penalty, beside)
            for _, half_life, penalty in wanted
        ]

    def swing(
        self, matrix: Floats32, rows: Ints, beside: Floats | None
    ) -> tuple[float, float] | None:
        """What the time of year adds to some leads beyond what their columns tell; None: the same throughout the year."""
        if not self.config.seasons:
            return None
        dated = np.isfinite(self.sheet.at[rows])
        at, won = self.sheet.at[rows[dated]], self.won[rows[dated]]
        known = None if beside is None else beside[dated]
        years = years_that_swing(at, won, known)
        if not years:
            return None
        (made,) = self.curves(matrix, rows, True, [(True, 0.0, 1.0)], beside)
        return swing_of(at, won, years, Additive(made).margins(matrix)[dated], known)

    def season(self, swing: tuple[float, float], rows: Ints, candidate: Candidate) -> SeasonSpec:
        """A swing as it goes with a candidate that learned from some leads: its level has in it what their times of year add."""
        cosine, sine = swing
        wave = adds(SeasonSpec(cosine=cosine, sine=sine, level=0.0), self.sheet.at[rows])
        halves = [candidate.half_life] if candidate.has_curves else []
        halves += [0.0] if candidate.has_trees else []
        known = np.isfinite(self.sheet.at[rows])
        means = [np.average(wave[known], weights=_weights(rows, half)[known]) for half in halves]
        return SeasonSpec(cosine=cosine, sine=sine, level=-float(np.mean(means)))

    def booster(
        self, matrix: Floats32, rows: Ints, stride: int = 1, beside: Floats | None = None
    ) -> Booster:
        """Boosted trees of some rows."""
        return boosting.grow(
            matrix,
            self.won[rows],
            self.config,
            seed=self.seed,
            device=self.device,
            stride=stride,
            beside=beside,
        )


class Trial:
    """Candidates at one step of a backtest, learned from the rows before it.

    Args:
        view: of the candidates that are tried first.
        inner: only to choose by: of very many rows some are learned from, of a large matrix fewer trees are grown,
            with larger steps.

    Attributes:
        waves: candidate → (judged rows,) what the time of year is of its log-odds; without those to which it adds nothing.

    Raises:
        DataError: nothing in the columns can be learned from.
    """

    def __init__(self, learner: Learner, origin: Origin, *, view: View, inner: bool) -> None:
        self._learner, self._origin, self._inner = learner, origin, inner
        self.rows = thinned(origin.fit) if inner else origin.fit
        self._beside = _of(learner.beside(origin.moment), self.rows)
        self._known = {view: learner.encoded(self.rows, view)}
        self._swings: dict[View, tuple[float, float] | None] = {}
        self.waves: dict[Candidate, Floats] = {}
        self._trees: dict[View, Floats] = {}
        self.cells = self._known[view].matrix.size

    def margins(self, tried: Collection[Candidate]) -> dict[Candidate, Floats]:
        """Log-odds of the judged rows by each candidate; trees serve those that are tried later, too.

        Raises:
            DataError: nothing in the columns can be learned from.
        """
        found: dict[Candidate, Floats] = {}
        for view in sorted({one.view for one in tried}):
            if view not in self._known:
                every = self._known.get(view._replace(telling=False))
                self._known[view] = self._learner.encoded(self.rows, view, every)
            found.update(self._margins(view, [one for one in tried if one.view == view]))
        return found

    def _margins(self, view: View, group: Collection[Candidate]) -> dict[Candidate, Floats]:
        encoded = self._known[view]
        matrix = encode(self._learner.sheet, self._origin.judge, encoded.spec)
        curves = self._curves(encoded.matrix, matrix, group)
        if view not in self._trees and any(one.has_trees for one in group):
            stride = stride_of(encoded.matrix.size) if self._inner else 1
            booster = self._learner.booster(encoded.matrix, self.rows, stride, self._beside)
            self._trees[view] = boosting.margins(booster, matrix)
        if view not in self._swings:
            self._swings[view] = self._learner.swing(encoded.matrix, self.rows, self._beside)
        found: dict[Candidate, Floats] = {}
        for one in group:
            parts = [self._trees[view]] if one.has_trees else []
            if one.has_curves:
                parts.append(curves[_curve(one)])
            found[one] = np.mean(parts, axis=0)
            swing = self._swings[view]
            if swing is not None:
                spec = self._learner.season(swing, self.rows, one)
                self.waves[one] = adds(spec, self._learner.sheet.at[self._origin.judge])
                found[one] = found[one] + self.waves[one]
        return found

    def _curves(
        self, known: Floats32, matrix: Floats32, group: Collection[Candidate]
    ) -> dict[_Curve, Floats]:
        """Log-odds by each additive model that candidates are or have."""
        found: dict[_Curve, Floats] = {}
        wanted = dict.fromkeys(_curve(one) for one in group if one.has_curves)
        for straight in dict.fromkeys(key[0] for key in wanted):
            keys = [key for key in wanted if key[0] == straight]
            made = self._learner.curves(known, self.rows, straight, keys, self._beside)
            found.update((key, Additive(spec).margins(matrix)) for key, spec in zip(keys, made))
        return found


def _curve(candidate: Candidate) -> _Curve:
    return candidate.straight, candidate.half_life, candidate.penalty


def _of(beside: Floats | None, rows: Ints) -> Floats | None:
    return None if beside is None else beside[rows]


def _weights(rows: Ints, half_life: float) -> Floats:
    if not half_life:
        return np.ones(len(rows))
    return recency(np.linspace(0.0, 1.0, len(rows)), half_life)
