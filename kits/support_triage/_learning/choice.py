"""Which models decide one target, by cross-validation: counted pieces, the network's vectors, or their mean.

The simpler stands until the next is better by more than its standard error, measured on mails that the models
of that round did not see: the network must beat counting words, more layers must beat the last one, the mean of
both looks at the network must beat either, the mean with counted words the best of all. Scales and temperature come from the same rounds, so that confidence is honest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.kit import NoProgress, Progress
from kits.support_triage._learning.features import Features
from kits.support_triage._learning.folds import fold_of
from kits.support_triage._learning.linear import Kind, Matrix
from kits.support_triage._learning.recipe import TONED, Recipe
from kits.support_triage._learning.rounds import Candidate, Rounds, gains, smallest, truth_table
from kits.support_triage._models.heads import Floats, Head, combined, joined, shares
from kits.support_triage._models.spec import HeadSpec, View

FOLDS = 5
_WEIGHTS = tuple(round(0.1 * step, 1) for step in range(11))
_TEMPERATURES = (0.2, 5.0)
_CUTS = tuple(round(0.05 * step, 2) for step in range(4, 15))


@dataclass(frozen=True)
class Learned:
    """A target's models and how they did on mails they had not seen.

    Attributes:
        held_out: probabilities by cross-validation, shape (n, classes).
        by_words: the same where counted pieces decide alone; None: none are counted.
        truth: which classes hold, shape (n, classes).
        judging: places of the samples that these rows are of, shape (n,).
        losses: mean logarithmic loss by candidate, by cross-validation.
        right: share of right labels by candidate, by cross-validation.
        notes: sentences for the run's report.
    """

    head: Head
    recipe: Recipe
    held_out: Floats
    by_words: Floats | None
    truth: NDArray[np.bool_]
    judging: NDArray[np.intp]
    losses: dict[str, float]
    right: dict[str, float]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """What is to be told of mails.

    Attributes:
        labels: one for each row of the features.
        groups: what must stay in one fold, for each row.
        several: labels may be joined by `|`, and each is decided by itself.
        none_of: labels that mean none of the classes; only where `several` may hold.
    """

    labels: Sequence[str]
    groups: Sequence[str]
    several: bool = False
    none_of: Sequence[str] = ()

    def classes(self) -> tuple[str, ...]:
        """What is told apart. Raises DataError for fewer than two."""
        parts = {
            n for label in self.labels for n in (label.split("|") if self.several else (label,))
        }
        classes = tuple(sorted(parts - (set(self.none_of) if self.several else set())))
        if len(classes) < 2:
            raise DataError(
                f"there is only one label to learn: {classes[0] if classes else '(none)'}",
                fix="label mails of at least two kinds",
            )
        return classes


def learn_head(
    features: Features,
    target: Target,
    *,
    seed: int,
    unseen: NDArray[np.bool_] | None = None,
    network: bool = False,
    progress: Progress | None = None,
) -> Learned:
    """Learns one target.

    Args:
        unseen: mails that the network was not tuned on, shape (n,): only they judge, in a single round. None: it
            was tuned on none.
        network: whether the network is asked also where counted pieces alone do as well.
        progress: of many mails with many labels each kind of model takes a minute.

    Raises:
        DataError: fewer than two classes.
    """
    classes, labels, several = target.classes(), target.labels, target.several
    truth = truth_table(labels, classes, several)
    if unseen is None:
        fold = fold_of(labels, target.groups, min(FOLDS, len(labels)), seed)
        rounds = Rounds(truth, fold, several, np.arange(len(labels)))
    else:
        rounds = Rounds(truth, np.where(unseen, 0, -1), several, np.flatnonzero(unseen))
    shown, families = progress or NoProgress(), _families(features)
    shown.begin("comparing models", len(families))
    candidates = []
    for name, kind, view, rows in families:
        if not (several and view == "layers"):
            candidates.append(rounds.candidate(name, kind, view, rows))
        shown.advance()
    shown.end()
    looks = tuple(c for c in candidates if c.kind == "vectors")
    if len(looks) > 1:
        candidates.append(rounds.mean_of("views", looks))
    return _Choice(classes, rounds, candidates, network).learned(features)


def _families(features: Features) -> list[tuple[str, Kind, View, Matrix]]:
    families: list[tuple[str, Kind, View, Matrix]] = []
    if features.pieces is not None:
        families.append(("ngrams", "pieces", "none", features.pieces))
    if features.toned is not None:
        families.append((TONED, "pieces", "none", features.toned))
    if features.vectors is not None:
        families.append(("encoder", "vectors", "last", features.view("last")))
        if features.has_layers:
            families.append(("layers", "vectors", "layers", features.view("layers")))
    return families


@dataclass(frozen=True)
class _Choice:
    """The decision which candidates ship."""

    classes: tuple[str, ...]
    rounds: Rounds
    candidates: list[Candidate]
    network: bool

    def learned(self, features: Features) -> Learned:
        tried = {
            c.name: self._tempered(self._alone(c), c if c.kind == "pieces" else None, c)
            for c in self.candidates
        }
        pieces = self._first_or_better([c for c in self.candidates if c.kind == "pieces"], tried)
        networks = [c for c in self.candidates if c.kind == "vectors"]
        counted = [] if pieces is None else [pieces]
        best = self._first_or_better(
            (networks if self.network else []) or [*counted, *networks], tried
        )
        assert best is not None  # there are pieces or a network
        spec, network = tried[best.name], best if best.kind == "vectors" else None
        taken = best.name
        if pieces is not None and networks:
            partner = network or min(networks, key=lambda c: self._loss(tried[c.name]))
            mixed = self._mixed(pieces, partner)
            tried["mean"] = mixed
            if self._gains(mixed, spec):
                spec, network, taken = mixed, partner, "mean"
        spec = (self._with_cut(spec[0], spec[1]), spec[1])
        recipe = Recipe(spec[0], pieces, network)
        return Learned(
            head=recipe.learn(features, self.rounds.known),
            recipe=recipe,
            held_out=spec[1],
            by_words=None if pieces is None else combined(spec[0], pieces.decisions, None),
            truth=self.rounds.truth,
            judging=self.rounds.judging,
            losses={name: round(self._loss(t), 4) for name, t in tried.items()},
            right={name: float(self.rounds.right(t[1], 0.5).mean()) for name, t in tried.items()},
            notes=(self._note(spec[0], tried, taken),),
        )

    def _first_or_better(
        self, candidates: Sequence[Candidate], tried: dict[str, tuple[HeadSpec, Floats]]
    ) -> Candidate | None:
        """The simplest, unless a later one gains; None of none."""
        best: Candidate | None = None
        for candidate in candidates:
            if best is None or self._gains(tried[candidate.name], tried[best.name]):
                best = candidate
        return best

    def _alone(self, candidate: Candidate) -> HeadSpec:
        on_pieces = candidate.kind == "pieces"
        return self.rounds.spec(
            self.classes,
            view=candidate.view,
            ngram_weight=1.0 if on_pieces else 0.0,
            **{"ngram_scale" if on_pieces else "dense_scale": candidate.scale},
        )

    def _mixed(self, pieces: Candidate, network: Candidate) -> tuple[HeadSpec, Floats]:
        """The mean at the weight with the smallest loss."""
        tried = [
            self._tempered(
                self.rounds.spec(
                    self.classes,
                    view=network.view,
                    ngram_weight=weight,
                    dense_scale=network.scale,
                    ngram_scale=pieces.scale,
                ),
                pieces,
                network,
            )
            for weight in _WEIGHTS[1:-1]
        ]
        return min(tried, key=self._loss)

    def _tempered(
        self, spec: HeadSpec, pieces: Candidate | None, network: Candidate
    ) -> tuple[HeadSpec, Floats]:
        """The specification with its best temperature, and its probabilities of unseen samples."""
        on_pieces = None if pieces is None else pieces.decisions
        vectors = network.decisions if network.kind == "vectors" else None
        logits, several = joined(spec, on_pieces, vectors), self.rounds.several

        def loss(temperature: float) -> float:
            found = shares(logits / np.float32(temperature), several)
            return self.rounds.fit_loss(found)

        best = smallest(loss, *_TEMPERATURES)
        warm = spec.model_copy(update={"temperature": best})
        return warm, shares(logits / np.float32(best), several)

    def _loss(self, tried: tuple[HeadSpec, Floats]) -> float:
        return float(self.rounds.losses(tried[1]).mean())

    def _gains(self, new: tuple[HeadSpec, Floats], old: tuple[HeadSpec, Floats]) -> bool:
        """Whether the loss is smaller by more than the difference's standard error."""
        return gains(self.rounds.losses(new[1]), self.rounds.losses(old[1]))

    def _with_cut(self, spec: HeadSpec, held_out: Floats) -> HeadSpec:
        if not spec.several:
            return spec
        cut = max(_CUTS, key=lambda c: (self.rounds.right(held_out, c).mean(), -abs(c - 0.5)))
        return spec.model_copy(update={"cut": cut})

    def _note(self, spec: HeadSpec, tried: dict[str, tuple[HeadSpec, Floats]], taken: str) -> str:
        n = len(self.rounds.truth)
        right = {name: float(self.rounds.right(t[1], 0.5).mean()) for name, t in tried.items()}
        shares = ", ".join(f"{name} {share:.3f}" for name, share in right.items())
        losses = {name: self._loss(t) for name, t in tried.items()}
        return (
            f"cross-validation on {n} mails, share right: {shares}; "
            f"weight of counted words {spec.ngram_weight:g}{why_taken(right, losses, taken)}"
        )


def why_taken(right: Mapping[str, float], losses: Mapping[str, float], taken: str) -> str:
    """Why not the candidate that is right most often, where it is another; else empty.

    Args:
        right: share of right labels by candidate; `losses`: mean logarithmic loss.
    """
    first = max(right, key=lambda name: right[name])
    if right[first] <= right[taken] or losses[first] <= losses[taken]:
        return ""
    return (
        f": {taken} is taken and not {first}, because its confidence is nearer the truth"
        f" (loss {losses[taken]:.2f} against {losses[first]:.2f})"
    )
