"""Known pieces with their weights: a text → the indices and values of a sparse row.

The same code counts in training and on the device. Two blocks, words and runs of characters, each with unit
length; sub-linear counts times inverse document frequency (Spärck Jones 1972). Which pieces are known is
learned by `learn_ngrams`; what a row means is the heads'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.support_triage._features.pieces import Hashes, hashed_pieces

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]
MAX_PIECES = 150_000
"""Of each block: the ones in most mails stay."""


@dataclass(frozen=True)
class Block:
    """Pieces of one kind.

    Attributes:
        known: sorted hashes, shape (n,).
        weights: inverse document frequency of each, shape (n,).
    """

    known: Hashes
    weights: Floats

    def row(self, hashes: Hashes) -> tuple[Indices, Floats]:
        """Indices and values of one text; unit length, or empty when no piece is known."""
        if not len(self.known) or not len(hashes):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        pieces, counts = np.unique(hashes, return_counts=True)
        place = np.minimum(np.searchsorted(self.known, pieces), len(self.known) - 1)
        found = self.known[place] == pieces
        place = place[found]
        values = (1 + np.log(counts[found].astype(np.float32))) * self.weights[place]
        length = float(np.sqrt((values * values).sum()))
        return place, (values / length if length else values).astype(np.float32)


@dataclass(frozen=True)
class Ngrams:
    """The pieces a model knows: the columns of its sparse rows, words first."""

    words: Block
    runs: Block

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.words.known) + len(self.runs.known)

    def row(self, text: str) -> tuple[Indices, Floats]:
        """Columns and values of a text's row; empty for a text without any known piece."""
        words, runs = hashed_pieces(text)
        word_place, word_values = self.words.row(words)
        run_place, run_values = self.runs.row(runs)
        columns = np.concatenate([word_place, run_place + len(self.words.known)])
        return columns, np.concatenate([word_values, run_values])


def learn_ngrams(texts: Sequence[str], max_pieces: int = MAX_PIECES) -> Ngrams:
    """The pieces of the texts with smoothed inverse document frequencies.

    Args:
        max_pieces: of each block; those in most texts are kept, the others are not looked at.
    """
    words: list[Hashes] = []
    runs: list[Hashes] = []
    for text in texts:
        of_words, of_runs = hashed_pieces(text)
        words.append(np.unique(of_words))
        runs.append(np.unique(of_runs))
    return Ngrams(_block(words, max_pieces), _block(runs, max_pieces))


def _block(texts: Sequence[Hashes], max_pieces: int) -> Block:
    if not texts:
        return Block(np.empty(0, np.uint64), np.empty(0, np.float32))
    known, found_in = np.unique(np.concatenate(texts), return_counts=True)
    if len(known) > max_pieces:
        # stable: ties are settled by the hash, so equal texts give equal models
        kept = np.sort(np.argsort(-found_in, kind="stable")[:max_pieces])
        known, found_in = known[kept], found_in[kept]
    weights = np.log((1 + len(texts)) / (1 + found_in)) + 1
    return Block(known, weights.astype(np.float32))
