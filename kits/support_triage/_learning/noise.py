"""Labels that the other mails contradict: confident learning (Northcutt et al. 2021) on cross-validated probabilities.

It names and counts; nothing is removed or changed, because rare and hard mails look the same as wrong ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.support_triage._learning.mails import Mail

_TOLD = 5
_LEAST_PER_LABEL = 5


@dataclass(frozen=True, slots=True)
class Suspect:
    """One mail whose label may be wrong.

    Attributes:
        row: its place among the rows judged.
        likely: number of the label that the other mails speak for.
        margin: by how much its probability exceeds that of the label it has.
    """

    row: int
    likely: int
    margin: float


def suspects(probabilities: NDArray[np.float32], truth: NDArray[np.bool_]) -> tuple[Suspect, ...]:
    """Mails that belong to another label as surely as that label's own mails do, and to their own less, the surest first.

    Args:
        probabilities: by models that did not see the mail, shape (n, labels).
        truth: the label each has, shape (n, labels), one a row.
    """
    given = truth.argmax(axis=1)
    counts = truth.sum(axis=0)
    sums = np.where(truth, probabilities, 0).sum(axis=0)
    # a label's own mails have it with this confidence on average; rarer labels accuse nobody
    usual = np.where(counts >= _LEAST_PER_LABEL, sums / np.maximum(counts, 1), np.inf)
    sure = probabilities >= usual
    likely = np.where(sure, probabilities, -1).argmax(axis=1)
    # a label whose own mails are seldom told has a low bar: it accuses no mail whose label is the likeliest of all
    contradicted = probabilities.argmax(axis=1) != given
    rows = np.flatnonzero(sure.any(axis=1) & (likely != given) & contradicted)
    found = [
        Suspect(
            int(row),
            int(likely[row]),
            float(probabilities[row, likely[row]] - probabilities[row, given[row]]),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (-one.margin, one.row)))


def noise_note(
    mails: Sequence[Mail],
    classes: Sequence[str],
    probabilities: NDArray[np.float32],
    truth: NDArray[np.bool_],
) -> str:
    """One sentence on labels that may be wrong; empty where none is.

    Args:
        mails: one for each row.
    """
    found = suspects(probabilities, truth)
    if not found:
        return ""
    given = truth.argmax(axis=1)
    shown = "; ".join(
        f"{mails[one.row].source or mails[one.row].sample_id} is {classes[given[one.row]]}, looks like {classes[one.likely]}"
        for one in found[:_TOLD]
    )
    share = len(found) / len(mails)
    return (
        f"{len(found)} of {len(mails)} labels ({share:.1%}) may be wrong, the surest first: {shown}"
    )
