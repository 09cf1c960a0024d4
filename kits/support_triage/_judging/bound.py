"""From which confidence on mails are decided without a person, so that a stated share of them is wrong at most.

Learn-then-Test with fixed-sequence testing (Angelopoulos et al. 2021) on one threshold for the whole cascade, with
exact binomial tests (Clopper & Pearson 1934). Of mails in threads each counts in the share that is wrong, and the
threads in how much that share proves (as Korn & Graubard 1998 for surveys). Pure: values in, a bound out. Whether it still holds later is
`kits/core/monitor.py`'s question.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import beta_quantile

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int_]

STARTS: tuple[tuple[float, float], ...] = ((0.5, 0.8), (0.1, 0.2))
"""Where the walk begins, as a share of the mails, and its part of δ: from half of them it seldom stumbles over one
early error; where half cannot be promised, a tenth may still be."""
LABELS_PART = 0.1
"""The part of δ that pays for leaving out labels that are shown to be bad."""
_MOST_TIMES = 20
"""So many times the mails there are nobody labels: the error rate is too near ε, or above."""
_LOGITS = np.arange(20.0, -6.0, -0.02)
_GRID: Floats = 1.0 / (1.0 + np.exp(-_LOGITS))
"""Thresholds tried, strict to loose; fixed before any mail is seen, so that trying many costs nothing."""


@dataclass(frozen=True, slots=True)
class Certified:
    """What can be promised.

    Attributes:
        threshold: act from this confidence on; None: nothing can be promised.
        n: mails it was chosen on.
        accepted, errors: of these at the threshold (kept labels only), and wrong ones among them.
        upper: exact one-sided upper bound of the error at the level that was tested.
        left_out: labels that are never decided without a person, and why.
        needed: mails that would be needed for a promise, at the error rate seen; 0 when there is one.
    """

    threshold: float | None
    n: int
    accepted: int = 0
    errors: int = 0
    upper: float = 1.0
    left_out: Mapping[str, str] = field(default_factory=dict)
    needed: int = 0


def certify(
    confidence: Floats,
    wrong: Flags,
    labels: Sequence[str],
    *,
    epsilon: float,
    delta: float,
    floor: float = 0.0,
    known: Mapping[str, str] | None = None,
    groups: Sequence[str] = (),
) -> Certified:
    """The loosest threshold at which at most `epsilon` of the accepted are wrong, with confidence 1−`delta`.

    Two things may go wrong, and δ pays for both: a threshold that is too loose (1 − `LABELS_PART` of it, shared by the
    walks of `STARTS`), and a label left out that was no worse than ε (`LABELS_PART`, shared by all labels). A label
    that is wrong more often than ε only spoils the rest, so leaving it out keeps the promise; that is why only such
    labels may be left out after the errors were seen.

    Args:
        floor: a label is left out for its own errors only where their share is above this, too.
        confidence: (n,) of the predicted label, 0 to 1; 0 for mails that are never decided.
        wrong: (n,) whether the prediction is wrong.
        labels: (n,) predicted.
        known: labels that are left out for reasons that no error was looked at for, with the reason.
        groups: (n,) what shares its errors, as mails of one thread do; empty: each mail stands for itself.

    Raises:
        ValueError: the arrays are not of one length.
    """
    groups = groups or [str(place) for place in range(len(labels))]
    if not len(confidence) == len(wrong) == len(labels) == len(groups):
        raise ValueError("confidence, wrong, labels and groups must be of one length")
    left_out = dict(known or {})
    open_to = np.array([label not in left_out for label in labels], dtype=bool) & (confidence > 0)
    score = np.where(open_to, confidence, -1.0)
    threshold, level = _loosest((score, wrong, groups), epsilon, delta)
    n = len(confidence)
    if threshold is None:
        more = n / max(1, len(set(groups)))
        needed = math.ceil(more * _needed(score, wrong, epsilon, delta))
        return Certified(None, n, left_out=left_out, needed=needed)
    accepted = score >= threshold
    bad = _shown_bad(accepted, (wrong, groups), labels, (epsilon, floor), delta * LABELS_PART)
    left_out |= bad
    kept = accepted & np.array([label not in bad for label in labels], dtype=bool)
    errors, count = int(wrong[kept].sum()), int(kept.sum())
    all_errors, all_count = int(wrong[accepted].sum()), int(accepted.sum())
    worth = _worth(accepted, groups)
    upper = _upper(all_errors, all_count, worth, 1 - level)
    return Certified(threshold, n, count, errors, upper, left_out)


def _worth(chosen: Flags, groups: Sequence[str]) -> int:
    """So many mails that stand for themselves prove as much: one of each group."""
    return len({group for group, is_one in zip(groups, chosen.tolist()) if is_one})


def _upper(errors: int, count: int, worth: int, confidence: float) -> float:
    """Exact one-sided upper bound of the share wrong among `count` mails that prove as much as `worth`."""
    if worth == 0 or errors >= count:
        return 1.0
    likely = errors * worth / count
    return beta_quantile(confidence, likely + 1, worth - likely)


def _loosest(
    mails: tuple[Floats, Flags, Sequence[str]], epsilon: float, delta: float
) -> tuple[float | None, float]:
    """Threshold and the level it was tested at; the walks start where enough mails are, whatever their errors."""
    score, wrong, groups = mails
    order = np.argsort(-score, kind="stable")
    ranked, errors = score[order], np.concatenate([[0], np.cumsum(wrong[order])])
    _, first = np.unique(np.asarray(groups)[order], return_index=True)
    new = np.zeros(len(order), dtype=np.int_)
    new[first] = 1
    worths = np.concatenate([[0], np.cumsum(new)])
    counts = np.searchsorted(-ranked, -_GRID, side="right")
    best: tuple[float | None, float] = (None, delta)
    for share, part in STARTS:
        level = _level(delta, part)
        # of few mails in many threads, as of many in few, the threads must be enough
        fewest = int(np.searchsorted(worths, _least(epsilon, level)))
        enough = max(fewest, math.ceil(share * len(score)))
        found = _walk(counts, (errors, worths), enough, epsilon, level)
        if found is not None and (best[0] is None or found < best[0]):
            best = found, level
    return best


def _walk(
    counts: NDArray[np.intp],
    ranked: tuple[Counts, Counts],
    enough: int,
    epsilon: float,
    level: float,
) -> float | None:
    """Strict to loose from the first threshold with enough mails, to the first that fails.

    Args:
        ranked: errors among the first so many mails, and what these prove.
    """
    errors, worths = ranked
    found: float | None = None
    tested = -1
    for threshold, count in zip(_GRID, counts):
        # of thresholds that accept the same mails, the strictest is the one that was shown
        if count < enough or count == tested:
            continue
        if _upper(int(errors[count]), int(count), int(worths[count]), 1 - level) > epsilon:
            break
        found, tested = float(threshold), int(count)
    return found


def fewest(epsilon: float, delta: float) -> int:
    """Mails that carry a promise if none is wrong: 165 for 2 % with 95 %, for δ pays for a second walk and for labels left out."""
    return _least(epsilon, _level(delta, STARTS[0][1]))


def _level(delta: float, part: float) -> float:
    """What a walk has of δ."""
    return delta * (1.0 - LABELS_PART) * part


def _least(epsilon: float, delta: float) -> int:
    """Mails without a single error that show at most ε by one test."""
    return math.ceil(math.log(delta) / math.log1p(-epsilon))


def _shown_bad(
    accepted: Flags,
    judged: tuple[Flags, Sequence[str]],
    labels: Sequence[str],
    limits: tuple[float, float],
    delta: float,
) -> dict[str, str]:
    """Labels whose own error is above ε beyond doubt (the lower bound at 1 − δ, shared by all labels) and above the floor."""
    (wrong, groups), (epsilon, floor) = judged, limits
    names = np.asarray(labels)
    level = delta / max(1, len(set(labels)))
    bad = {}
    for label in sorted({str(name) for name in names[accepted]}):
        mine = accepted & (names == label)
        count, errors = int(mine.sum()), int(wrong[mine].sum())
        if errors <= floor * count:
            continue
        worth = _worth(mine, groups)
        likely = errors * worth / count
        if likely and beta_quantile(level, likely, worth - likely + 1) > epsilon:
            bad[label] = f"{errors} of {count} were wrong at this confidence"
    return bad


def _needed(score: Floats, wrong: Flags, epsilon: float, delta: float) -> int:
    """Mails with which the surest half would carry the promise, if they went on being as right as they were.

    0 when that half is wrong too often: then more mails do not help, a better model does.
    """
    half = score >= np.median(score[score > 0]) if (score > 0).any() else score > 0
    count, errors = int(half.sum()), int(wrong[half].sum())
    share = count / max(1, len(score))
    level = _level(delta, STARTS[0][1])
    if count == 0 or (rate := errors / count) >= epsilon:
        return 0
    low = _least(epsilon, level)
    size, most = low, max(low, _MOST_TIMES * count)
    while _upper(math.ceil(rate * size), size, size, 1 - level) > epsilon and size <= most:
        size = math.ceil(size * 1.1)
    return math.ceil(size / share) if size <= most else 0


def guarantee_text(found: Certified, epsilon: float, delta: float, labelled: int = 0) -> str:
    """The promise in one sentence; what is missing for one when there is none.

    Args:
        labelled: mails with a label in all splits together; val has its share of further ones.
    """
    if found.threshold is None:
        told = f"no promise of {100 * epsilon:.3g} % can be made from {found.n} mails of val: nothing is decided without a person"
        if found.needed > found.n:
            in_all = math.ceil(found.needed / found.n * labelled / 100) * 100
            together = f", so about {in_all:,} labelled mails in all" if labelled > found.n else ""
            return f"{told}; about {found.needed:,} in val would do{together}, if the rest are like these"
        least = fewest(epsilon, delta)
        if found.n < least:
            return (
                f"{told}; it takes {least} in val at the least, with none of them decided wrongly"
            )
        return (
            f"{told}; even the surest are wrong too often by the labels they have, so more mails of this kind would not"
            " do: correct labels that are wrong, merge those that are answered alike, or bear a larger epsilon"
        )
    return (
        f"at most {100 * epsilon:.3g} % wrong among automatic mails, with {1 - delta:.0%} confidence, on mails like "
        f"these: n {found.n}, coverage {found.accepted / found.n:.1%}, {found.errors} of {found.accepted} wrong"
    )
