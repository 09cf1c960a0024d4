"""From which confidence counted words decide alone, so that most mails never wake the network.

Chosen on mails that no model of that round had seen: at the threshold, counted words must not be wrong more
often than all models together are on the same mails. The promise about errors is made later, on the whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_CANDIDATES = (0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998)
LEAST = 200
"""Mails above the threshold below which nothing is concluded."""


def choose_shortcut(
    alone: NDArray[np.float32], together: NDArray[np.float32], truth: NDArray[np.bool_]
) -> float | None:
    """The threshold; None where counted words never decide as well.

    Args:
        alone, together: probabilities by counted words and by all models, shape (n, classes).
        truth: which class holds, shape (n, classes).
    """
    rows = np.arange(len(truth))
    wrong_alone = ~truth[rows, alone.argmax(axis=1)]
    wrong_together = ~truth[rows, together.argmax(axis=1)]
    confidence = alone.max(axis=1)
    for threshold in _CANDIDATES:
        sure = confidence >= threshold
        if sure.sum() < LEAST:
            return None
        if wrong_alone[sure].sum() <= wrong_together[sure].sum():
            return threshold
    return None
