"""Labelling with little effort: which samples to label next, and what more labels would buy.

Values and the protocol that a kit's `train.py` may offer. Showing samples and taking labels down is the
toolchain's and the hub's work.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pydantic import BaseModel

from kits.core.errors import nearly

if TYPE_CHECKING:
    from kits.core.dataset import Dataset
    from kits.core.stats import Estimate

SEVERAL = "|"
"""Between the labels of a sample that is about several things."""
_BETWEEN_WORDS = re.compile(r"(?<=[^\W_])(?![\s_]+-\d)[\s_-]+(?=[^\W_])")


def labels_in(label: str) -> tuple[str, ...]:
    """The labels of a statement, of which there may be several."""
    return tuple(part for part in label.split(SEVERAL) if part)


def spelling(label: str) -> str:
    """What is alike of labels that only capitals, spaces, `_` and `-` between words tell apart.

    `Late parcel`, `late_parcel` and `late-parcel` are one; `A+` and `A-`, `1-2` and `12`, `tilt -5` and `tilt 5` are not.
    """
    return _BETWEEN_WORDS.sub(" ", unicodedata.normalize("NFKC", label).strip().casefold())


def spelled_as(label: str, known: Iterable[str]) -> str:
    """A label in the spelling of the first of these that it is; itself where it is none of them."""
    labels = list(known)
    if label in labels:
        return label
    wanted = spelling(label)
    return next((name for name in labels if spelling(name) == wanted), label)


def parts_spelled_as(label: str, known: Iterable[str]) -> str:
    """As `spelled_as`, of each of several labels."""
    labels = list(known)
    parts = [part.strip() for part in labels_in(label)]
    return SEVERAL.join(sorted({spelled_as(part, labels) for part in parts} - {""}))


def spelled_otherwise(names: Iterable[str], labels: Collection[str]) -> dict[str, str]:
    """Name → the label that is it in another spelling, and that is not among the names itself."""
    stated = sorted(set(names))
    others = ((spelled_as(label, stated), label) for label in sorted(labels) if label not in stated)
    return {name: label for name, label in others if name in stated}


def misspelt(names: Iterable[str], labels: Collection[str]) -> dict[str, str]:
    """Name that is no label in whatever spelling → the label it is probably meant to be, which no other name is."""
    return nearly([spelled_as(name, labels) for name in names], labels)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A sample worth labelling.

    Attributes:
        reason: why this one, in one sentence for the person who labels.
        guess: the label the model expects, empty where it knows none yet.
        stands_for: samples that are much like this one, itself among them; 0 when not counted.
    """

    sample_id: str
    reason: str
    guess: str = ""
    stands_for: int = 0


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What was reached with so many labels."""

    labels: int
    reached: Estimate


@dataclass(frozen=True, slots=True)
class Curve:
    """How the goal grows with labels, measured by cross-validation inside the labelled samples.

    Attributes:
        metric: name of the goal (`accuracy`).
        points: at growing numbers of labels; empty when there are too few to say anything.
        next_labels: the number of further labels that `gain` speaks of.
        gain: what they are expected to buy, in the metric's unit, with its interval; None when unknown.
        note: one sentence for a person.
    """

    metric: str
    points: Sequence[CurvePoint] = ()
    next_labels: int = 50
    gain: Estimate | None = None
    note: str = ""


@runtime_checkable
class NamesLabels(Protocol):
    """A kit's configuration may name labels before any sample has them."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Label → what it is about, in one line."""


@runtime_checkable
class WithLabelling(Protocol):
    """What `train.py` offers beside `train` when it can say which samples are worth labelling."""

    def next_to_label(
        self, dataset: Dataset, config: BaseModel, n: int, seed: int
    ) -> tuple[Suggestion, ...]:
        """Up to `n` samples of `train` without an annotation, the most useful first; no sample twice.

        Raises:
            DataError: the dataset has no sample that is not labelled.
        """

    def learning_curve(self, dataset: Dataset, config: BaseModel, seed: int) -> Curve:
        """What labels have bought so far, and what the next ones are expected to."""
