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
        Words as they stand in the normalised text, each with its weight times its value. Of words as strong, the rarer
        comes first: what stands in every mail ("the", "is") tells nobody anything.
    """
    found, hashes = readable_words(text)
    if not found or not len(words.known):
        return ()
    place = np.minimum(np.searchsorted(words.known, hashes), len(words.known) - 1)
    known = words.known[place] == hashes
    rows = weights[place].astype(np.float32)
    spoke = np.where(known, words.weights[place] * (rows[:, label] - rows.mean(axis=1)), 0.0)
    rarity = words.weights[place] - 1  # 0 for a piece in every mail, see `learn_ngrams`
    best: dict[str, float] = {}
    for n in np.argsort(-spoke * rarity, kind="stable"):
        if spoke[n] <= 0 or len(best) == SHOWN:
            break
        best.setdefault(found[n], round(float(spoke[n]), 3))
    return tuple(best.items())
