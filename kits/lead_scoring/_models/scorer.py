"""Scores leads: encoder, models, time of year, calibration, age, and what each column of the lead adds, exactly.

base + the sum of contributions is the log-odds of the probability. A calibrator that is a straight line scales what
columns add; one that is a curve scales it by the slope between the average lead and this one. Words are not made here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import BundleError
from kits.core.runtime import Session
from kits.lead_scoring._features.arrivals import moments
from kits.lead_scoring._features.encoder import Encoder, Floats32
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._models.additive import Additive
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._models.contributions import TreeTables, make_tables
from kits.lead_scoring._models.season import SEASON, adds
from kits.lead_scoring._models.spec import ModelSpec
from kits.lead_scoring._models.still_open import STILL_OPEN, ages, errors
from kits.lead_scoring._models.still_open import adds as age_adds
from kits.lead_scoring._models.trees import Trees

Floats = NDArray[np.float64]
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Scored:
    """One lead's score.

    Attributes:
        low, high: the interval of `probability`.
        logit: of `probability`.
        whole_year: the probability without the time of year: what leads of different months are put in order by.
        when_new: the probability as if it had just come; `probability` where its age is not said.
        base_logit: of a lead whose columns add nothing.
        contributions: column of the lead, `SEASON` or `STILL_OPEN` → log-odds; base and their sum are `logit`.
    """

    probability: float
    low: float
    high: float
    logit: float
    whole_year: float
    when_new: float
    base_logit: float
    contributions: Mapping[str, float]


@dataclass(frozen=True)
class Scorer:
    """The models of a bundle.

    Attributes:
        trees: their arrays; None where the model has none.
        session: the same trees in ONNX, for many leads at once; None: by the arrays.
    """

    spec: ModelSpec
    encoder: Encoder
    trees: Trees | None = None
    session: Session | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        width = len(self.encoder.labels)
        additive = self.spec.additive
        if additive is not None and len(additive.terms) != width:
            raise BundleError("the model's curves do not fit its columns")
        if self.trees is not None and self.trees.column.size and self.trees.column.max() >= width:
            raise BundleError("the model's trees do not fit its columns")
        if additive is None and self.trees is None:
            raise BundleError("the bundle holds no model")

    def score(self, leads: Sequence[Lead]) -> list[Scored]:
        """A score for each lead, with what each of its columns adds."""
        if not leads:
            return []
        matrix = self.encoder.rows(leads)
        added, margins = self._added(matrix)
        logits = self._calibrated(margins)
        age, unsure = self._age(leads)
        whole_year = probability(logits + age)
        season = self._season(leads)
        if season is not None:
            added, margins = np.column_stack([added, season]), margins + season
            logits = self._calibrated(margins)
        bases = margins - added.sum(axis=1)
        base_logits = self._calibrated(bases)
        moved = margins - bases
        slopes = np.where(
            np.abs(moved) > _SAME,
            (logits - base_logits) / np.where(np.abs(moved) > _SAME, moved, 1.0),
            self.spec.calibrator.a,
        )
        added = added * slopes[:, None]
        names = self._names if season is None else (*self._names, SEASON)
        if self.spec.still_open is not None:
            added, names = np.column_stack([added, age]), (*names, STILL_OPEN)
        when_new, (low, high) = probability(logits), self._aged(logits, age, unsure)
        logits = logits + age
        chances = probability(logits)
        return [
            Scored(
                float(chances[n]),
                float(min(low[n], chances[n])),
                float(max(high[n], chances[n])),
                float(logits[n]),
                float(whole_year[n]),
                float(when_new[n]),
                float(logits[n] - added[n].sum()),
                dict(zip(names, added[n].tolist())),
            )
            for n in range(len(leads))
        ]

    def probabilities(self, leads: Sequence[Lead], *, whole_year: bool = False) -> Floats:
        """(leads,) probabilities alone, which is much faster for many.

        Args:
            whole_year: without the time of year.
        """
        margins = self._margins(self.encoder.rows(leads))
        season = None if whole_year else self._season(leads)
        logits = self._calibrated(margins if season is None else margins + season)
        return probability(logits + self._age(leads)[0])

    def interval(self, logits: Floats) -> tuple[Floats, Floats]:
        """(n,) lower and upper ends, probabilities, for calibrated log-odds."""
        knots, low, high = self._ends
        if not len(knots):
            return np.zeros(len(logits)), np.ones(len(logits))
        # beyond the scores that were met it goes on as the score does
        beyond = np.minimum(logits - knots[0], 0.0) + np.maximum(logits - knots[-1], 0.0)
        return (
            probability(np.interp(logits, knots, low) + beyond),
            probability(np.interp(logits, knots, high) + beyond),
        )

    def _aged(self, logits: Floats, age: Floats, unsure: Floats) -> tuple[Floats, Floats]:
        """(n,) ends of the interval of leads that are still open: how unsure their age's part is comes to the others'."""
        low, high = self.interval(logits)
        new = (age == 0.0) & (unsure == 0.0)
        if new.all():
            return low, high
        wide = NormalDist().inv_cdf(0.5 + self.spec.interval.confidence / 2) * unsure
        down, up = np.hypot(logits - _logit(low), wide), np.hypot(_logit(high) - logits, wide)
        return (
            np.where(new, low, probability(logits + age - down)),
            np.where(new, high, probability(logits + age + up)),
        )

    @cached_property
    def _ends(self) -> tuple[Floats, Floats, Floats]:
        spec = self.spec.interval
        return np.array(spec.knots), np.array(spec.low), np.array(spec.high)

    def _season(self, leads: Sequence[Lead]) -> Floats | None:
        """(leads,) log-odds that the time of year adds; None: nothing was learned of it."""
        spec = self.spec.season
        return None if spec is None else adds(spec, moments(leads))

    def _age(self, leads: Sequence[Lead]) -> tuple[Floats, Floats]:
        """(leads,) log-odds that their age adds, and standard errors of these."""
        spec = self.spec.still_open
        if spec is None:
            return np.zeros(len(leads)), np.zeros(len(leads))
        days = ages(leads)
        return age_adds(spec, days), errors(spec, days)

    def _margins(self, matrix: Floats32) -> Floats:
        parts = []
        if self._additive is not None:
            parts.append(self._additive.margins(matrix))
        if self.trees is not None:
            parts.append(self._tree_margins(matrix))
        mean: Floats = np.mean(parts, axis=0)
        return mean

    def _tree_margins(self, matrix: Floats32) -> Floats:
        assert self.trees is not None
        if self.session is None:
            return self.trees.margins(matrix)
        name = self.session.inputs()[0].name
        return self.session.run({name: matrix})[0].reshape(-1).astype(np.float64)

    def _added(self, matrix: Floats32) -> tuple[Floats, Floats]:
        """(leads, columns of leads) what each adds to the models' log-odds, and (leads,) these."""
        found = np.zeros((len(matrix), len(self._names)))
        base, models = 0.0, 0
        if self._additive is not None:
            found += self._additive.adds(matrix) @ self._grouping
            base, models = base + self._additive.spec.intercept, models + 1
        if self._tables is not None:
            for place, row in enumerate(matrix):
                found[place] += self._tables.of(row)
            base, models = base + self._tables.base, models + 1
        return found / models, (found.sum(axis=1) + base) / models

    def _calibrated(self, margins: Floats) -> Floats:
        return calibrated(margins, self.spec.calibrator)

    @cached_property
    def _additive(self) -> Additive | None:
        return None if self.spec.additive is None else Additive(self.spec.additive)

    @cached_property
    def _tables(self) -> TreeTables | None:
        if self.trees is None:
            return None
        return make_tables(self.trees, self._groups, len(self._names))

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.encoder.sources))

    @cached_property
    def _grouping(self) -> Floats:
        """(columns of the matrix, columns of leads) 1 where the one came from the other."""
        return np.eye(len(self._names))[self._groups]

    @cached_property
    def _groups(self) -> NDArray[np.intp]:
        place = {name: number for number, name in enumerate(self._names)}
        return np.array([place[name] for name in self.encoder.sources], dtype=np.intp)


def _logit(chances: Floats) -> Floats:
    """Log-odds; infinite at 0 and 1."""
    with np.errstate(divide="ignore"):
        found: Floats = np.log(chances) - np.log1p(-chances)
    return found
