"""Who is left out when: folds for cross-validation that keep groups whole and share out every label.

A function of values; the same input and seed give the same folds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def fold_of(
    labels: Sequence[str], groups: Sequence[str], count: int, seed: int
) -> NDArray[np.int64]:
    """The fold of each sample, shape (n,), 0 … count − 1.

    Groups are dealt out label by label, the rarest label first, always to the fold that has fewest of that label.

    Args:
        groups: samples of one group (a thread) lie in one fold; "" is a group of its own.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    sizes = {label: labels.count(label) for label in set(labels)}
    have = {label: np.zeros(count, np.int64) for label in sizes}
    total = np.zeros(count, np.int64)
    chosen: dict[str, int] = {}
    fold = np.full(len(labels), -1, np.int64)
    for row in sorted(order, key=lambda n: (sizes[labels[n]], labels[n])):
        group, label = groups[row], labels[row]
        if group in chosen:
            fold[row] = chosen[group]
        else:
            # fewest of the label, then fewest samples: every fold gets its share of both
            fold[row] = int(np.lexsort((total, have[label]))[0])
            if group:
                chosen[group] = int(fold[row])
        have[label][fold[row]] += 1
        total[fold[row]] += 1
    return fold
