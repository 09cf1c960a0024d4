"""A text → 64-bit hashes of its pieces: words, pairs of words, runs of 2 to 5 characters within words.

numpy only, in time linear in the text, and bounded: what lies beyond `MAX_CHARACTERS` is not looked at. It
keeps no list of strings, so a bundle holds no word of the mails it was trained on in readable form. What
pieces weigh is `ngrams.py`'s.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
MAX_CHARACTERS = 20_000
"""Of a text; about 4,000 words. More does not change what a mail is about."""
LONGEST_RUN = 5
SHORTEST_RUN = 2
_WORD = re.compile(r"\w\w+")
_SPACE = 0x20
# any odd number has an inverse modulo 2⁶⁴; this is the multiplier of PCG (O'Neill 2014)
_BASE = 6364136223846793005
_INVERSE = pow(_BASE, -1, 1 << 64)
_PAIR = 0x9E3779B97F4A7C15


def normalised(text: str) -> str:
    """NFKC, case folded, without accents, one space between words and at both ends."""
    # marks go first: putting a pile of them in order takes quadratic time
    text = unicodedata.normalize("NFKC", _without_marks(text[:MAX_CHARACTERS])).casefold()
    if not text.isascii():
        text = _without_marks(unicodedata.normalize("NFD", text))
    return " ".join(("", *text[:MAX_CHARACTERS].split(), ""))


def _without_marks(text: str) -> str:
    return text if text.isascii() else "".join(c for c in text if not unicodedata.combining(c))


def hashed_pieces(text: str) -> tuple[Hashes, Hashes]:
    """Hashes of a text's words and pairs of words, and of its runs of characters; with repeats.

    A run does not reach over a space, but takes in the one before or after its word, as `char_wb` of
    scikit-learn does. Both arrays are empty for a text without letters.
    """
    text = normalised(text)
    codes = _codes(text)
    sums = _Sums(codes)
    words = _word_hashes(sums, [m.span() for m in _WORD.finditer(text)])
    pairs = mixed(words[:-1] * np.uint64(_PAIR) + words[1:])
    return np.concatenate([words, pairs]), _runs(codes, sums)


def readable_words(text: str) -> tuple[tuple[str, ...], Hashes]:
    """The words of a text as they are counted, with their hashes; in order, with repeats."""
    text = normalised(text)
    spans = [m.span() for m in _WORD.finditer(text)]
    hashes = _word_hashes(_Sums(_codes(text)), spans)
    return tuple(text[start:end] for start, end in spans), hashes


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", errors="replace"), np.uint32)


def _word_hashes(sums: _Sums, spans: Sequence[tuple[int, int]]) -> Hashes:
    ends = np.array(spans, np.int64).reshape(-1, 2)
    return mixed(sums.of(ends[:, 0], ends[:, 1]))


def _runs(codes: NDArray[np.uint32], sums: _Sums) -> Hashes:
    """Hashes of all runs of 2 to 5 characters that have no space inside."""
    space = np.concatenate([[0], np.cumsum(codes == _SPACE)])
    found = []
    for length in range(SHORTEST_RUN, LONGEST_RUN + 1):
        start = np.arange(max(len(codes) - length + 1, 0))
        # spaces among the characters between the first and the last
        inside = space[start + length - 1] - space[start + 1]
        start = start[inside == 0]
        salted = sums.of(start, start + length) + np.uint64(length)
        found.append(mixed(salted))
    return np.concatenate(found)


class _Sums:
    """Polynomial hashes (Rabin & Karp 1987) of any stretch of a text, from running sums."""

    def __init__(self, codes: NDArray[np.uint32]) -> None:
        n = len(codes)
        scattered = mixed(codes.astype(np.uint64) + np.uint64(_PAIR))
        self._sums = np.zeros(n + 1, np.uint64)
        np.cumsum(scattered * _powers(_BASE, n), out=self._sums[1:])
        self._inverse = _powers(_INVERSE, n + 1)

    def of(self, start: NDArray[np.int64], end: NDArray[np.int64]) -> Hashes:
        """The hashes of the stretches `start` … `end` (exclusive); equal stretches have equal hashes."""
        hashes: Hashes = (self._sums[end] - self._sums[start]) * self._inverse[start]
        return hashes


def _powers(base: int, n: int) -> Hashes:
    """base⁰ … baseⁿ⁻¹ modulo 2⁶⁴."""
    powers = np.full(n, np.uint64(base), np.uint64)
    powers[:1] = 1
    multiplied: Hashes = np.multiply.accumulate(powers)
    return multiplied


def mixed(values: Hashes) -> Hashes:
    """The values with their bits spread out (finaliser of SplitMix64, Steele et al. 2014)."""
    x = values + np.uint64(_PAIR)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    spread: Hashes = x ^ (x >> np.uint64(31))
    return spread
