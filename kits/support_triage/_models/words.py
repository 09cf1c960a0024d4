"""Which words of a text spoke for a label: what a person reads as the reason.

Only counted words are asked, because a person can check them; the network's share cannot be told in words.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kits.support_triage._features.ngrams import Block
from kits.support_triage._features.pieces import readable_words

SHOWN = 3


def telling_words(
    text: str, words: Block, weights: NDArray[np.float16], label: int
) -> tuple[tuple[str, float], ...]:
    """Up to three words that the model holds to speak for a label more than for the others.

    Args:
        weights: of the known words by class, shape (words, classes).

    Returns:
        Words as they stand in the normalised text, each with its weight times its value; the strongest first.
    """
    found, hashes = readable_words(text)
    if not found or not len(words.known):
        return ()
    place = np.minimum(np.searchsorted(words.known, hashes), len(words.known) - 1)
    known = words.known[place] == hashes
    rows = weights[place].astype(np.float32)
    spoke = np.where(known, words.weights[place] * (rows[:, label] - rows.mean(axis=1)), 0.0)
    best: dict[str, float] = {}
    for n in np.argsort(-spoke, kind="stable"):
        if spoke[n] <= 0 or len(best) == SHOWN:
            break
        best.setdefault(found[n], round(float(spoke[n]), 3))
    return tuple(best.items())
