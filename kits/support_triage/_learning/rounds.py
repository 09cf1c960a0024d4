"""The rounds of cross-validation over one target: models judged by mails they did not see, and when one is better.

Arithmetic only; which of the candidates ships is decided in `choice.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.support_triage._learning.linear import STRENGTHS, Kind, Matrix, fit
from kits.support_triage._models.heads import Floats, shares
from kits.support_triage._models.spec import HeadSpec, View

_ALL_FOLDS_UP_TO = 3_000
"""Samples up to which every fold judges a strength; above, one of them does."""
_SCALES = (0.25, 64.0)
_STEPS = 12
_ENOUGH_TO_TRUST = 3_000
"""Samples above which one that is labelled wrong changes nothing."""
_TINY = 1e-9


@dataclass(frozen=True)
class Candidate:
    """A model by cross-validation: decisions on unseen samples, and the strength and scale that were best.

    Attributes:
        parts: of a mean, the models it is the mean of, whose decisions are added at their scales; its own strength
            says nothing then.
    """

    name: str
    kind: Kind
    view: View
    decisions: Floats
    strength: float
    scale: float
    parts: tuple[Candidate, ...] = ()


def truth_table(labels: Sequence[str], classes: Sequence[str], several: bool) -> NDArray[np.bool_]:
    """Which classes hold for each label, shape (n, classes); several are joined by `|`."""
    place = {name: n for n, name in enumerate(classes)}
    table = np.zeros((len(labels), len(classes)), bool)
    for row, label in enumerate(labels):
        for name in label.split("|") if several else (label,):
            if name in place:
                table[row, place[name]] = True
    return table


@dataclass(frozen=True)
class Rounds:
    """The rounds of cross-validation over one target.

    Attributes:
        known: which classes hold for each sample, shape (n, classes).
        fold: of each sample; what has none (−1) is learned from in every round and never judges.
        judging: places of the samples that have one.
    """

    known: NDArray[np.bool_]
    fold: NDArray[np.int64]
    several: bool
    judging: NDArray[np.intp]

    @property
    def truth(self) -> NDArray[np.bool_]:
        """Which classes hold for each sample that judges."""
        return self.known[self.judging]

    def candidate(self, name: str, kind: Kind, view: View, rows: Matrix) -> Candidate:
        """A family at its best strength, with its decisions in every round."""
        numbers = sorted(set(self.fold[self.judging].tolist()))
        tried = numbers if len(self.fold) <= _ALL_FOLDS_UP_TO else numbers[:1]
        strengths = STRENGTHS[kind]
        if self.several:
            # as many models as labels: the middle strength does, and training stays within minutes
            strengths = strengths[len(strengths) // 2 :][:1]
        done = {s: {n: self._round(kind, rows, n, s) for n in tried} for s in strengths}
        best = min(strengths, key=lambda s: self._loss_of(done[s]))
        rounds = done[best] | {
            n: self._round(kind, rows, n, best) for n in numbers if n not in done[best]
        }
        decisions = np.zeros(self.truth.shape, np.float32)
        for number, decided in rounds.items():
            decisions[self.fold[self.judging] == number] = decided
        return Candidate(name, kind, view, decisions, best, self._scale(decisions, self.truth))

    def mean_of(self, name: str, parts: tuple[Candidate, ...]) -> Candidate:
        """The mean of linear models on views of the same vector: one linear model again, so it costs a device nothing.

        Each was learned with a strength of its own, which no single model of all views can have.
        """
        share = np.float32(1 / len(parts))
        decisions: Floats = np.sum(
            [np.float32(p.scale) * share * p.decisions for p in parts], axis=0, dtype=np.float32
        )
        scale = self._scale(decisions, self.truth)
        return Candidate(name, parts[0].kind, "layers", decisions, 0.0, scale, parts)

    def losses(self, probabilities: Floats, truth: NDArray[np.bool_] | None = None) -> Floats:
        """Logarithmic loss of each sample, shape (n,)."""
        holds = self.truth if truth is None else truth
        if self.several:
            each = np.where(holds, probabilities, 1 - probabilities)
            loss: Floats = -np.log(np.maximum(each, _TINY)).sum(axis=1)
            return loss
        only: Floats = -np.log(np.maximum(probabilities[holds], _TINY))
        return only

    def fit_loss(self, probabilities: Floats, truth: NDArray[np.bool_] | None = None) -> float:
        """The mean loss that scales and temperatures are fitted by.

        One mail more than there are is taken to be labelled wrong (Platt 1999): where all come out right, no
        finite factor would be too large, and whatever is out of scope would be certain.
        """
        holds = self.truth if truth is None else truth
        loss = float(self.losses(probabilities, holds).mean())
        if self.several or len(holds) > _ENOUGH_TO_TRUST:
            return loss
        wrong = 1.0 / (len(holds) + 2)
        others = -np.log(np.maximum(probabilities, _TINY))[~holds].mean()
        return (1 - wrong) * loss + wrong * float(others)

    def right(self, probabilities: Floats, cut: float) -> NDArray[np.bool_]:
        """Which samples are labelled exactly right, shape (n,)."""
        if self.several:
            exact: NDArray[np.bool_] = ((probabilities >= cut) == self.truth).all(axis=1)
            return exact
        hit: NDArray[np.bool_] = self.truth[
            np.arange(len(self.truth)), probabilities.argmax(axis=1)
        ]
        return hit

    def spec(self, classes: tuple[str, ...], **settings: float | View) -> HeadSpec:
        """A head's specification with these settings."""
        return HeadSpec.model_validate({"classes": classes, "several": self.several, **settings})

    def _round(self, kind: Kind, rows: Matrix, number: int, strength: float) -> Floats:
        left_out = np.flatnonzero(self.fold == number)
        kept = np.flatnonzero(self.fold != number)
        if not len(kept):
            kept = left_out
        model = fit(kind, rows[kept], self.known[kept], strength, self.several)
        return model.decide(rows[left_out])

    def _loss_of(self, rounds: dict[int, Floats]) -> float:
        decisions = np.concatenate(list(rounds.values()))
        truth = np.concatenate([self.known[self.fold == n] for n in rounds])
        scale = self._scale(decisions, truth)
        return self._scaled_loss(decisions, truth, scale)

    def _scale(self, decisions: Floats, truth: NDArray[np.bool_]) -> float:
        """The factor that makes decisions the most honest probabilities."""
        return smallest(lambda s: self._scaled_loss(decisions, truth, s), *_SCALES)

    def _scaled_loss(self, decisions: Floats, truth: NDArray[np.bool_], scale: float) -> float:
        scaled = shares(decisions * np.float32(scale), self.several)
        return self.fit_loss(scaled, truth)


def gains(new: Floats, old: Floats) -> bool:
    """Whether losses of the same samples are smaller on average, by more than the difference's standard error."""
    gain = old - new
    error = float(gain.std(ddof=1)) / np.sqrt(len(gain)) if len(gain) > 1 else np.inf
    return bool(gain.mean() > error)


def smallest(loss: Callable[[float], float], low: float, high: float) -> float:
    """Where a loss with one valley is smallest, by golden sections of the logarithm (Kiefer 1953)."""
    ratio = (5**0.5 - 1) / 2
    left, right = np.log(low), np.log(high)
    near, far = right - ratio * (right - left), left + ratio * (right - left)
    at_near, at_far = loss(float(np.exp(near))), loss(float(np.exp(far)))
    for _ in range(_STEPS):
        if at_near <= at_far:
            right, far, at_far = far, near, at_near
            near = right - ratio * (right - left)
            at_near = loss(float(np.exp(near)))
        else:
            left, near, at_near = near, far, at_far
            far = left + ratio * (right - left)
            at_far = loss(float(np.exp(far)))
    return float(np.exp((left + right) / 2))
