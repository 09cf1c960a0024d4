"""What labels have bought, and what the next ones are expected to buy.

Cross-validation inside the labelled mails with growing shares of them, by one plain model: what counts is how it
grows, not the last tenth of a point. The error falls as a power of the number of labels (Cortes et al. 1993): what
further labels gain is less than the first ones did, and never more than there is to gain.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.labelling import Curve, CurvePoint
from kits.core.stats import Estimate, proportion
from kits.support_triage._learning.folds import fold_of
from kits.support_triage._learning.linear import Kind, Matrix, fit
from kits.support_triage._learning.rounds import truth_table

NEXT = 50
LEAST = 30
"""Labels below which nothing is measured."""
_FOLDS = 5
_SHARES = (0.25, 0.5, 0.75, 1.0)
_NEAR = 1
"""From which share on the error's fall is taken further: with a quarter of the labels some kinds are hardly there."""
_STRENGTH: dict[Kind, float] = {"pieces": 0.5, "vectors": 10.0}
_T_4 = 2.776
"""95 % quantile of Student's t for five folds."""


def learning_curve(
    kind: Kind, rows: Matrix, labels: Sequence[str], groups: Sequence[str], seed: int
) -> Curve:
    """The curve of accuracy over labels.

    Args:
        rows: features, shape (n, features).
        labels: one for each row.
    """
    classes = tuple(sorted(set(labels)))
    if len(labels) < LEAST or len(classes) < 2:
        note = f"{len(labels)} mails of {len(classes)} kinds are labelled: too few to measure; from {LEAST} on"
        return Curve("accuracy", note=note)
    truth = truth_table(labels, classes, several=False)
    fold = fold_of(labels, groups, _FOLDS, seed)
    right = np.zeros((len(_SHARES), _FOLDS), np.int64)
    sizes = np.zeros((len(_SHARES), _FOLDS), np.int64)
    judged = np.bincount(fold, minlength=_FOLDS)
    rng = np.random.default_rng(seed)
    for number in range(_FOLDS):
        order = rng.permutation(np.flatnonzero(fold != number))
        unseen = np.flatnonzero(fold == number)
        for place, share in enumerate(_SHARES):
            kept = order[: max(2, round(share * len(order)))]
            model = fit(kind, rows[kept], truth[kept], _STRENGTH[kind], several=False)
            hit = truth[unseen, model.decide(rows[unseen]).argmax(axis=1)]
            right[place, number], sizes[place, number] = hit.sum(), len(kept)
    points = tuple(
        CurvePoint(round(float(sizes[p].mean())), proportion(int(right[p].sum()), len(labels)))
        for p in range(len(_SHARES))
    )
    gain = _gain(right, judged, sizes, len(labels))
    note = f"the next {NEXT} labels are expected to buy {100 * gain.value:+.1f} points"
    return Curve("accuracy", points, NEXT, gain, note)


def _gain(
    right: NDArray[np.int64],
    judged: NDArray[np.int64],
    sizes: NDArray[np.int64],
    labels: int,
) -> Estimate:
    """What `NEXT` labels buy: the power of its size by which each fold's error falls from half of it on, taken further.

    Args:
        right: mails told rightly, shape (shares, folds); `sizes`: mails learned from.
        judged: mails of each fold.
    """
    wrong = np.maximum(judged - right[_NEAR:], 0.5) / np.maximum(judged, 1)
    steps = np.log(sizes[_NEAR:].astype(np.float64))
    centred, errors = steps - steps.mean(axis=0), np.log(wrong)
    slopes = (centred * (errors - errors.mean(axis=0))).sum(axis=0) / (centred**2).sum(axis=0)
    spread = float(slopes.std(ddof=1)) / np.sqrt(len(slopes)) * _T_4
    now = 1 - int(right[-1].sum()) / labels

    def bought(slope: float) -> float:
        return float(now * (1 - np.power((labels + NEXT) / labels, min(slope, 0.0))))

    slope = float(slopes.mean())
    return Estimate(
        value=bought(slope),
        low=bought(slope + spread),
        high=bought(slope - spread),
        n=labels,
        method="power law of the error",
    )
