"""How surely a mail is about one of the intents at all: certain of its label, and like that label's mails.

The same function chooses the threshold in training and applies it on the device.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kits.support_triage._models import arrays

Floats = NDArray[np.float32]
MEANS_FILE = "heads/scope.means.npy"


def value(confidence: Floats, likeness: Floats | None) -> Floats:
    """The root of the label's confidence, times the cosine with the mean of the label's mails; 0 to 1.

    A classifier is forced to choose and may be certain of nonsense; nonsense is far from all mails it has seen.

    Args:
        likeness: the cosine, as confidence of any shape; None: not known, confidence stands alone.
    """
    certain = np.sqrt(np.clip(confidence, 0, 1))
    found: Floats = certain if likeness is None else certain * np.clip(likeness, 0, 1)
    return found


def likeness(vectors: Floats, means: Floats, places: NDArray[np.intp]) -> Floats:
    """Cosine of each vector with the mean of its label, shape (n,).

    Args:
        vectors: shape (n, at least width); the last layer's view comes first and has unit length.
        means: shape (classes, width), unit length.
        places: of the label of each vector, shape (n,).
    """
    found: Floats = np.einsum("nw,nw->n", vectors[:, : means.shape[1]], means[places])
    return found


def means_of(vectors: Floats, truth: NDArray[np.bool_]) -> Floats:
    """The mean vector of each label with unit length, shape (classes, width).

    Args:
        vectors: the last layer's view, shape (n, width).
        truth: which label holds, shape (n, classes).
    """
    sums = truth.T.astype(np.float32) @ vectors
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    means: Floats = (sums / np.maximum(lengths, 1e-9)).astype(np.float32)
    return means


def read_means(files: Mapping[str, bytes], classes: int, width: int) -> Floats:
    """The labels' means out of a bundle's files.

    Raises:
        BundleError: absent, damaged, or of another shape.
    """
    return arrays.floats(files, MEANS_FILE, (classes, width))
