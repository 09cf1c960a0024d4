"""Which mails to label next: first those that stand for many others, later those the model is unsure of.

Without labels: the middle of each cluster of like mails (k-means of their vectors; Lloyd 1982), largest clusters
first. With labels: mails the model is unsure of in regions where there are many, one a cluster, so that no two of
a round ask the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.labelling import Suggestion

Floats = NDArray[np.float32]
MOST = 20_000
"""Mails looked at; of more, so many are drawn."""
_POOL = 8
"""Unsure mails looked at for each one that is asked for."""
_NEIGHBOURS = 10


def representative(vectors: Floats, ids: Sequence[str], n: int, seed: int) -> list[Suggestion]:
    """The mail in the middle of each of `n` clusters, largest cluster first.

    Args:
        vectors: shape (mails, width), unit length.
    """
    rows = _drawn(len(ids), seed)
    clusters, distances = _clusters(vectors[rows], n, seed)
    found = []
    for cluster in np.unique(clusters):
        members = np.flatnonzero(clusters == cluster)
        middle = members[int(distances[members].argmin())]
        found.append((len(members), ids[rows[middle]]))
    found.sort(key=lambda pair: (-pair[0], pair[1]))
    return [
        Suggestion(
            identity,
            f"stands for about {size} mails like it" if size > 1 else "unlike all others",
            stands_for=size,
        )
        for size, identity in found
    ]


def unsure(
    vectors: Floats,
    probabilities: Floats,
    classes: Sequence[str],
    ids: Sequence[str],
    n: int,
    seed: int,
) -> list[Suggestion]:
    """The mails from which most is learned: unsure ones in dense regions, far from each other.

    Args:
        vectors: shape (mails, width), unit length.
        probabilities: of the model so far, shape (mails, classes).
    """
    rows = _drawn(len(ids), seed)
    vectors, probabilities = vectors[rows], probabilities[rows]
    order = np.argsort(-probabilities, axis=1, kind="stable")
    first = np.take_along_axis(probabilities, order[:, :1], 1)[:, 0]
    second = (
        np.take_along_axis(probabilities, order[:, 1:2], 1)[:, 0]
        if probabilities.shape[1] > 1
        else np.zeros_like(first)
    )
    worth = (1 - (first - second)) * _density(vectors)
    pool = np.argsort(-worth, kind="stable")[: n * _POOL]
    clusters, _ = _clusters(vectors[pool], n, seed)
    chosen = [pool[np.flatnonzero(clusters == c)[0]] for c in np.unique(clusters)]
    chosen.sort(key=lambda row: -worth[row])
    return [
        Suggestion(
            ids[rows[row]],
            f"could be {classes[order[row, 0]]} ({first[row]:.0%})"
            + (f" or {classes[order[row, 1]]} ({second[row]:.0%})" if second[row] > 0 else ""),
            guess=classes[order[row, 0]],
        )
        for row in chosen
    ]


def _drawn(count: int, seed: int) -> NDArray[np.intp]:
    if count <= MOST:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, MOST, replace=False))


def _density(vectors: Floats) -> Floats:
    """Mean cosine with the nearest others, shape (mails,), in blocks so that memory stays bounded."""
    nearest = min(_NEIGHBOURS, len(vectors) - 1)
    if nearest < 1:
        return np.ones(len(vectors), np.float32)
    density = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), 1024):
        alike = vectors[start : start + 1024] @ vectors.T
        best = np.partition(alike, -nearest - 1, axis=1)[:, -nearest - 1 :]
        # itself is the most alike
        density[start : start + 1024] = (best.sum(axis=1) - best.max(axis=1)) / nearest
    return np.clip(density, 0, 1)


def _clusters(vectors: Floats, n: int, seed: int) -> tuple[NDArray[np.intp], Floats]:
    """The cluster of each vector, and its distance from that cluster's centre."""
    if n >= len(vectors):
        return np.arange(len(vectors)), np.zeros(len(vectors), np.float32)
    from sklearn.cluster import KMeans

    model = KMeans(n, n_init=2, max_iter=50, random_state=seed).fit(vectors)
    clusters: NDArray[np.intp] = model.labels_.astype(np.intp)
    away: Floats = np.linalg.norm(vectors - model.cluster_centers_[clusters], axis=1)
    return clusters, away.astype(np.float32)
