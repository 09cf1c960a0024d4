"""From a text's vector and counted pieces to probabilities of labels: linear models and their weighted mean.

Pure numpy, the same arithmetic in training and on the device. How weights are learned is `_learning/heads.py`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.support_triage._features.ngrams import Indices
from kits.support_triage._models import arrays
from kits.support_triage._models.spec import EncoderSpec, HeadSpec
from kits.support_triage._models.tone_columns import COLUMNS

Floats = NDArray[np.float32]
_LARGEST = 80.0
"""Of a logit: further out, its exponential overflows."""


@dataclass(frozen=True)
class Head:
    """One target's models.

    Attributes:
        dense: weights on the vector with the constants in the last row, shape (width + 1, classes); None: no network.
        sparse: weights of pieces, and of the tone's columns behind them where `spec.tone`, shape (pieces, classes),
            float16; None: pieces are not counted.
        constants: of the decision on pieces, shape (classes,).
    """

    spec: HeadSpec
    dense: Floats | None
    sparse: NDArray[np.float16] | None
    constants: Floats | None

    @property
    def asks_network(self) -> bool:
        """Whether a decision needs the vector."""
        return self.dense is not None and self.spec.ngram_weight < 1

    def on_pieces(self, columns: Indices, values: Floats) -> Floats:
        """Decision on counted pieces, shape (classes,)."""
        assert self.sparse is not None
        assert self.constants is not None
        decision: Floats = values @ self.sparse[columns].astype(np.float32) + self.constants
        return decision

    def on_vector(self, vector: Floats) -> Floats:
        """Decision on the vector, shape (classes,)."""
        assert self.dense is not None
        decision: Floats = vector[: len(self.dense) - 1] @ self.dense[:-1] + self.dense[-1]
        return decision

    def probabilities(self, pieces: Floats | None, vector: Floats | None) -> Floats:
        """Probabilities from the decisions, shape (classes,).

        Args:
            pieces: `on_pieces`; needed unless its weight is 0.
            vector: `on_vector`; None: counted pieces decide alone (the short cut).
        """
        found = combined(
            self.spec,
            None if pieces is None else pieces[None],
            None if vector is None else vector[None],
        )
        only: Floats = found[0]
        return only


def combined(spec: HeadSpec, pieces: Floats | None, vectors: Floats | None) -> Floats:
    """Probabilities of many texts from the decisions of both models, shape (n, classes).

    The logarithms of the models' probabilities are averaged by weight: a geometric mean, in which one model's
    "certainly not" counts (Genest & Zidek 1986).
    """
    return shares(joined(spec, pieces, vectors) / np.float32(spec.temperature), spec.several)


def joined(spec: HeadSpec, pieces: Floats | None, vectors: Floats | None) -> Floats:
    """The weighted mean of both models' logarithms, before the temperature, shape (n, classes).

    Args:
        pieces: (n, classes) of the model of pieces of words; None: it was not asked.
        vectors: (n, classes) of the model of meanings; None: it was not asked.

    Raises:
        ValueError: neither of them has a say.
    """
    weight = spec.ngram_weight if vectors is not None else 1.0
    parts: list[Floats] = []
    if pieces is not None and weight > 0:
        parts.append(np.float32(weight) * _logarithm(spec.ngram_scale * pieces, spec.several))
    if vectors is not None and weight < 1:
        parts.append(np.float32(1 - weight) * _logarithm(spec.dense_scale * vectors, spec.several))
    if not parts:
        raise ValueError("neither model was asked")
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]


def shares(logits: Floats, several: bool) -> Floats:
    """Probabilities of logits: each by itself where several labels may hold, else summing to 1."""
    if several:
        bounded = np.clip(logits, -_LARGEST, _LARGEST)
        each: Floats = np.reciprocal(1 + np.exp(-bounded), dtype=np.float32)
        return each
    found: Floats = np.exp(log_softmax(logits))
    return found


def _logarithm(decision: Floats, several: bool) -> Floats:
    return decision if several else log_softmax(decision)


def log_softmax(decision: Floats) -> Floats:
    """Logarithms of probabilities along the last axis."""
    shifted = decision - decision.max(axis=-1, keepdims=True)
    logs: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logs


def head_files(target: str, head: Head) -> dict[str, bytes]:
    """The files of a head, by path."""
    held = {"dense": head.dense, "sparse": head.sparse, "constants": head.constants}
    return {
        f"heads/{target}.{part}.npy": arrays.to_bytes(array)
        for part, array in held.items()
        if array is not None
    }


def read_head(
    target: str,
    spec: HeadSpec,
    encoder: EncoderSpec | None,
    pieces: int | None,
    files: Mapping[str, bytes],
) -> Head:
    """A head out of a bundle's files.

    Args:
        pieces: number of known pieces; None: none are counted.

    Raises:
        BundleError: an array is absent, damaged or does not fit.
    """
    classes, place = len(spec.classes), f"heads/{target}"
    dense = sparse = constants = None
    if spec.view != "none" and encoder is not None:
        width = encoder.width * (encoder.views if spec.view == "layers" else 1)
        dense = arrays.floats(files, f"{place}.dense.npy", (width + 1, classes))
    if pieces is not None:
        rows = pieces + (COLUMNS if spec.tone else 0)
        sparse = arrays.halves(files, f"{place}.sparse.npy", (rows, classes))
        constants = arrays.floats(files, f"{place}.constants.npy", (classes,))
    return Head(spec, dense, sparse, constants)
