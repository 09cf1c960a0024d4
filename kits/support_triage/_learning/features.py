"""What models learn from: counted pieces as a sparse matrix, vectors of the network, for a list of texts.

The pieces and the network are the device's own code, so that what is learned from is what is seen later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import NoProgress, Progress
from kits.support_triage._features.ngrams import Ngrams
from kits.support_triage._learning.linear import Floats, Matrix, sparse_rows
from kits.support_triage._models.encoder import Encoder
from kits.support_triage._models.spec import View
from kits.support_triage._models.tone_columns import tone_columns

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_CHUNK = 256


@dataclass(frozen=True)
class Features:
    """Features of texts.

    Attributes:
        pieces: shape (n, pieces); None: none are counted.
        vectors: shape (n, views × width); None: there is no network.
        width: numbers of one view.
        toned: the pieces with the tone's columns behind them; None: the tone does not matter.
    """

    pieces: csr_matrix | None
    vectors: Floats | None
    width: int = 0
    toned: csr_matrix | None = None

    @property
    def has_layers(self) -> bool:
        """Whether there is more than the last layer's view."""
        return self.vectors is not None and self.vectors.shape[1] > self.width

    def view(self, view: View) -> Matrix:
        """The vectors as a head sees them."""
        assert self.vectors is not None
        return self.vectors if view == "layers" else self.vectors[:, : self.width]

    def rows(self, places: NDArray[np.int64]) -> Features:
        """The features of some of the texts."""
        return Features(
            None if self.pieces is None else self.pieces[places],
            None if self.vectors is None else self.vectors[places],
            self.width,
            None if self.toned is None else self.toned[places],
        )

    def with_tone(self, texts: Sequence[str]) -> Features:
        """The same with the tone's columns beside them; without pieces nothing changes."""
        from scipy.sparse import csr_matrix, hstack

        if self.pieces is None or not len(texts):
            return self
        tones = csr_matrix(np.stack([tone_columns(text) for text in texts]))
        return replace(self, toned=hstack([self.pieces, tones], format="csr", dtype=np.float32))


class Embedder:
    """A network that remembers the texts it has seen, for the time of one training."""

    def __init__(self, encoder: Encoder, progress: Progress | None = None) -> None:
        self.encoder = encoder
        self._progress = progress or NoProgress()
        self._known: dict[bytes, Floats] = {}

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of the texts, shape (n, views × width)."""
        digests = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in texts]
        new = {d: t for d, t in zip(digests, texts, strict=True) if d not in self._known}
        if new:
            self._learn(list(new), list(new.values()))
        width = self.encoder.spec.views * self.encoder.spec.width
        found = [self._known[digest] for digest in digests]
        return np.stack(found) if found else np.empty((0, width), np.float32)

    def last_layer(self, texts: Sequence[str]) -> Floats:
        """The last layer's view alone, shape (n, width)."""
        return self.embed(texts)[:, : self.encoder.spec.width]

    def _learn(self, digests: Sequence[bytes], texts: Sequence[str]) -> None:
        self._progress.begin("reading mails with the encoder", len(texts))
        # texts of like length together in a chunk, so that little is padded
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        for start in range(0, len(order), _CHUNK):
            chunk = order[start : start + _CHUNK]
            vectors = self.encoder.embed([texts[n] for n in chunk])
            self._known.update({digests[n]: v for n, v in zip(chunk, vectors, strict=True)})
            self._progress.advance(len(chunk))
        self._progress.end()


def features_of(texts: Sequence[str], ngrams: Ngrams | None, embedder: Embedder | None) -> Features:
    """Features of the texts."""
    return Features(
        pieces=None if ngrams is None else sparse_rows([ngrams.row(t) for t in texts], ngrams.size),
        vectors=None if embedder is None else embedder.embed(texts),
        width=0 if embedder is None else embedder.encoder.spec.width,
    )
