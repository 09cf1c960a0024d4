"""Rows of labelled recordings with who they belong to: folds that leave whole groups out, and what a row weighs.

It knows no way of telling classes apart; those are in `_learning/faults.py`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
_FOLDS = 5


@dataclass(frozen=True)
class Table:
    """Rows of all recordings, with who they belong to."""

    values: Floats
    owner: Ints
    classes: Ints
    groups: tuple[str, ...]
    """By recording."""
    labels: Ints
    """By recording."""

    def of(self, recordings: Ints) -> NDArray[np.bool_]:
        chosen: NDArray[np.bool_] = np.isin(self.owner, recordings)
        return chosen


def folds(table: Table, seed: int) -> list[Ints]:
    """Recordings left out together: whole groups, each class in each fold where it has enough groups.

    A class with one group cannot be left out: it is always learned from and never judged.
    """
    rng = np.random.default_rng(seed)
    by_class: dict[int, list[str]] = {}
    for group, label in sorted(set(zip(table.groups, table.labels.tolist()))):
        by_class.setdefault(label, []).append(group)
    most = max(len(groups) for groups in by_class.values())
    count = min(_FOLDS, most)
    if count < 2:
        return []
    fold_of: dict[str, int] = {}
    for groups in by_class.values():
        if len(groups) == 1:
            continue
        for place, index in enumerate(rng.permutation(len(groups))):
            fold_of.setdefault(groups[index], place % count)
    found = []
    for fold in range(count):
        chosen = [i for i, group in enumerate(table.groups) if fold_of.get(group) == fold]
        if chosen:
            found.append(np.array(chosen))
    return found


def weights_of(classes: Ints, owner: Ints) -> Floats:
    """Each recording counts as one, each class as much as another."""
    per_owner = Counter(owner.tolist())
    weight = np.array([1 / per_owner[o] for o in owner.tolist()])
    for k in np.unique(classes):
        weight[classes == k] /= weight[classes == k].sum()
    scaled: Floats = weight / weight.sum() * len(weight)
    return scaled
