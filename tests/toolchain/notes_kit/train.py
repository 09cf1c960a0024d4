"""Nearest neighbour by shared words: what to label next, and what labels have bought."""

from __future__ import annotations

from pydantic import BaseModel

from kits.core.dataset import Dataset, DatasetItem
from kits.core.labelling import Curve, CurvePoint, Suggestion
from kits.core.stats import proportion


def next_to_label(dataset: Dataset, config: BaseModel, n: int, seed: int) -> tuple[Suggestion, ...]:
    assert all(item.split == "train" for item in dataset.items), "only what is learned from"
    words = {item.sample.id: _words(dataset, item) for item in dataset.items}
    known = [item for item in dataset.items if item.annotation]
    longest = sorted(
        (item for item in dataset.items if not item.annotation),
        key=lambda item: (-item.sample.size, item.sample.id),
    )
    return tuple(
        Suggestion(item.sample.id, "among the longest", _nearest(words, item, known), 3)
        for item in longest[:n]
    )


def learning_curve(dataset: Dataset, config: BaseModel, seed: int) -> Curve:
    known = [item for item in dataset.items if item.annotation]
    words = {item.sample.id: _words(dataset, item) for item in known}
    points = []
    for n in range(2, len(known) + 1, 2):
        part = known[:n]
        right = 0
        for item in part:
            others = [other for other in part if other is not item]
            right += _nearest(words, item, others) == item.annotation.label
        points.append(CurvePoint(n, proportion(right, n)))
    return Curve("accuracy", points, 50, proportion(1, 10) if points else None, "by shared words")


def _words(dataset: Dataset, item: DatasetItem) -> set[str]:
    return set(dataset.content(item).decode().split())


def _nearest(words: dict[str, set[str]], item: DatasetItem, known: list[DatasetItem]) -> str:
    own = words[item.sample.id]
    best = max(known, key=lambda other: len(own & words[other.sample.id]), default=None)
    return best.annotation.label if best is not None and best.annotation else ""
