"""BM25 (Robertson and Zaragoza 2009) over a few thousand passages, as flat arrays.

Responsible for the index and its scores alone; which tokens there are and what scores mean is `retrieval.py`'s. An
object for each token cost a device more memory than its network, so all tokens share three arrays.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

K1, B = 1.2, 0.75
_RAREST, _HALF = 6, 0.5

Scores = NDArray[np.float32]


class Bm25:
    """An inverted index with the weight of each token in each document computed beforehand.

    Args:
        documents: tokens of each; read once, so that a generator needs not hold them all.
    """

    def __init__(self, documents: Iterable[Iterable[str]]) -> None:
        self._number: dict[str, int] = {}
        tokens, lengths = array("i"), array("i")
        for document in documents:
            before = len(tokens)
            tokens.extend(self._number.setdefault(t, len(self._number)) for t in document)
            lengths.append(len(tokens) - before)
        self.size = len(lengths)
        self._index(np.asarray(tokens, np.int32), np.asarray(lengths, np.int32))

    def _index(self, tokens: NDArray[np.int32], lengths: NDArray[np.int32]) -> None:
        documents = np.repeat(np.arange(self.size), lengths)
        # one number for each pair of token and document: sorted, a token's documents lie together
        pairs, counts = np.unique(
            tokens.astype(np.int64) * max(self.size, 1) + documents, return_counts=True
        )
        owners, rows = np.divmod(pairs, max(self.size, 1))
        held_by = np.bincount(owners, minlength=len(self._number))
        mean = float(lengths.mean()) if self.size else 1.0
        norms = K1 * (1 - B + B * lengths.astype(np.float32) / np.float32(max(mean, 1.0)))
        idf = np.log(1 + (self.size - held_by + 0.5) / (held_by + 0.5))
        self._idf: Scores = idf.astype(np.float32)
        self._starts = np.concatenate([[0], np.cumsum(held_by)]).astype(np.int32)
        self._rows = rows.astype(np.int32)
        often = counts.astype(np.float32)
        gain = often * np.float32(K1 + 1) / (often + norms[rows])
        self._weights: Scores = (self._idf[owners] * gain).astype(np.float32)

    def scores(self, tokens: Mapping[str, float]) -> Scores:
        """One score per document; `tokens` have weights."""
        total = np.zeros(self.size, dtype=np.float32)
        for token, weight in tokens.items():
            number = self._number.get(token)
            if number is not None:
                held = self._held(number)
                total[self._rows[held]] += np.float32(weight) * self._weights[held]
        return total

    def share(self, tokens: Sequence[str]) -> Scores:
        """Per document, the part of the weight (idf) of the rarest of these tokens that it holds.

        Tokens that no document holds count as the rarest: a question about something else has many of them. One token
        in common is chance unless it is half of what was asked.
        """
        unknown = float(np.log(1 + (self.size + 0.5) / 0.5))
        asked = dict.fromkeys(tokens)
        numbers = [self._number[token] for token in asked if token in self._number]
        missing = min(len(asked) - len(numbers), _RAREST)
        known = sorted(numbers, key=lambda number: -self._idf[number])[:_RAREST]
        held = np.zeros(self.size, dtype=np.float32)
        matches = np.zeros(self.size, dtype=np.int32)
        for number in known:
            rows = self._rows[self._held(number)]
            held[rows] += self._idf[number]
            matches[rows] += 1
        whole = float(self._idf[known].sum()) + unknown * missing / 2
        share = held / np.float32(max(whole, 1e-6))
        kept: Scores = np.where((matches > 1) | (share >= _HALF), share, 0).astype(np.float32)
        return kept

    def _held(self, number: int) -> slice:
        return slice(int(self._starts[number]), int(self._starts[number + 1]))
