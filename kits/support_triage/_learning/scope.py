"""From which confidence on a mail is believed to be about one of the intents at all.

One threshold, after Larson et al. 2019 (oos-threshold): chosen on mails of which some are out of scope, where all
labels together, `oos` among them, come out right most often; of thresholds that nobody could tell from the best,
the strictest, because a mail wrongly called out of scope only costs a person's look.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST = 10
"""Mails out of scope below which no threshold is chosen."""


def choose_threshold(
    confidence: Floats, right: NDArray[np.bool_], inside: NDArray[np.bool_]
) -> float:
    """The confidence below which a mail is out of scope; 0 where none should be.

    Args:
        confidence: of the most likely intent, shape (n,).
        right: whether that intent is the true one, shape (n,).
        inside: whether the mail is about one of the intents, shape (n,).
    """
    order = np.argsort(confidence, kind="stable")
    # below the k-th smallest, all are called out of scope
    called_out = np.concatenate([[0], np.cumsum(~inside[order])])
    kept = right[order] & inside[order]
    called_in = kept.sum() - np.concatenate([[0], np.cumsum(kept)])
    share = (called_out + called_in) / len(order)
    error = np.sqrt(share.max() * (1 - share.max()) / len(order))
    best = int(np.flatnonzero(share >= share.max() - error)[-1])
    if best == 0 or not called_out[best]:
        return 0.0
    if best == len(order):
        return 1.0
    between = confidence[order[best - 1]], confidence[order[best]]
    return float(sum(between) / 2)


def split_labels(
    labels: Sequence[str], names: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of the mails within scope, and of those out of it."""
    outside = np.isin(np.asarray(labels, dtype=object), np.asarray(names, dtype=object))
    return np.flatnonzero(~outside), np.flatnonzero(outside)
