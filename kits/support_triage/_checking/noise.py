"""Whether the labels can be learned at all, and which of them are probably wrong.

Cross-validated predictions of counted words: their agreement with the labels is compared with that of shuffled labels,
and labels that the rest of the data contradicts are named (confident learning: Northcutt et al. 2021).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import Finding
from kits.support_triage._checking.mails import Mail

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

MOST = 3_000
FOLDS = 5
_LEAST_PER_LABEL = 5
_LEAST_MAILS = 40
_SHUFFLES = 999
_SURE = 0.01
_WEAK = 0.2
_SUSPICIOUS_SHARE = 0.03
_ENOUGH = 0.9
ALMOST_ALL = 0.9
_LEAST_UNTOLD = 10
_UNTOLD = 0.2
_SHOWN = 30
_SHARPNESS = 6.0
"""Margins of a linear classifier → probabilities, as in the n-gram model of this kit."""


@dataclass(frozen=True)
class CrossValidated:
    """Predictions of mails that the predictor did not learn from.

    Attributes:
        given: (n,) index of the label each has.
        probabilities: (n, labels).
    """

    labels: tuple[str, ...]
    given: Ints
    probabilities: Floats


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far predictions agree with labels, and how far they would with shuffled ones.

    Attributes:
        kappa: 0 as by chance, 1 always (Cohen 1960).
        p: share of shuffles that agree as well.
    """

    found: float
    chance: float
    p: float

    @property
    def kappa(self) -> float:
        return (self.found - self.chance) / (1 - self.chance) if self.chance < 1 else 0.0


def predictable(mails: list[Mail]) -> Iterator[Finding]:
    """Labels that are no better than chance fail; some that look wrong are named."""
    chosen = _chosen(mails)
    if chosen is None:
        return
    done = cross_validated([m.reading.text for m in chosen], [m.label for m in chosen],
                           [m.item.sample.group or m.item.sample.id for m in chosen])  # fmt: skip
    if done is None:
        return
    told = agreement(done)
    evidence = (
        f"{len(chosen)} mails, {len(done.labels)} labels, {FOLDS}-fold cross-validation, seed 0",
        f"agreement {told.found:.1%}, of shuffled labels {told.chance:.1%}, p {told.p:.3f}",
    )
    if told.p > _SURE:
        yield Finding(
            "labels-are-noise",
            "fail",
            f"the labels cannot be told from the texts better than by chance: {told.found:.0%} right, {told.chance:.0%}"
            " with shuffled labels",
            evidence,
            "check which column became the label (`columns` above); if it is right, nothing can be learned from it",
        )
        return
    weak = told.kappa < _WEAK
    yield Finding(
        "labels-predictable",
        "warn" if weak else "pass",
        f"counted words tell {told.found:.0%} of the labels, chance {told.chance:.0%}",
        evidence,
        "most labels seem not to follow from the text: look at some mails of each" if weak else "",
    )
    yield from _untold(done)
    yield from _suspects(chosen, done)


def _chosen(mails: list[Mail]) -> list[Mail] | None:
    """Labelled training mails of labels with enough of them, evenly chosen."""
    usable = [m for m in mails if m.label and m.item.split == "train" and m.words]
    counts = Counter(mail.label for mail in usable)
    usable = [mail for mail in usable if counts[mail.label] >= _LEAST_PER_LABEL]
    usable = usable[:: max(1, -(-len(usable) // MOST))]
    kept = Counter(mail.label for mail in usable)
    usable = [mail for mail in usable if kept[mail.label] >= 2]
    if len(usable) < _LEAST_MAILS or len({mail.label for mail in usable}) < 2:
        return None
    return usable


def cross_validated(
    texts: Sequence[str], labels: Sequence[str], groups: Sequence[str]
) -> CrossValidated | None:
    """Predictions by counted words, each group in one fold; None when the folds cannot be made."""
    from sklearn.model_selection import GroupKFold

    if len(set(groups)) < FOLDS:
        return None
    given = np.unique(labels, return_inverse=True)[1]
    return predicted(
        texts, labels, GroupKFold(FOLDS, shuffle=True, random_state=0).split(texts, given, groups)
    )


def predicted(
    texts: Sequence[str], labels: Sequence[str], folds: Iterable[tuple[Ints, Ints]]
) -> CrossValidated | None:
    """Predictions of the second rows of each fold, learned by counted words from its first; None where these have one label."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union
    from sklearn.svm import LinearSVC

    names = tuple(sorted(set(labels)))
    given = np.array([names.index(label) for label in labels], dtype=np.intp)
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, strip_accents="unicode"),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True),
    ).fit_transform([text[:4000] for text in texts])
    probabilities = np.full((len(texts), len(names)), 1.0 / len(names))
    for learn, judge in folds:
        known = np.unique(given[learn])
        if known.size < 2:
            return None
        model = LinearSVC(C=0.5, random_state=0).fit(features[learn], given[learn])
        margins = np.asarray(model.decision_function(features[judge]), dtype=np.float64)
        if margins.ndim == 1:
            margins = np.stack([-margins, margins], axis=1)
        scaled = np.exp(_SHARPNESS * (margins - margins.max(axis=1, keepdims=True)))
        probabilities[judge] = 0.0
        probabilities[np.ix_(judge, known)] = scaled / scaled.sum(axis=1, keepdims=True)
    return CrossValidated(names, given, probabilities)


def agreement(done: CrossValidated) -> Agreement:
    """Agreement beside that of shuffled labels: the predictions stay, the labels are dealt out anew."""
    said = done.probabilities.argmax(axis=1)
    rng = np.random.default_rng(0)
    found = float((said == done.given).mean())
    shuffled = np.array([(said == rng.permutation(done.given)).mean() for _ in range(_SHUFFLES)])
    p = (1 + int((shuffled >= found).sum())) / (1 + _SHUFFLES)
    return Agreement(found, float(shuffled.mean()), p)


def suspects(done: CrossValidated) -> list[tuple[int, int]]:
    """Rows whose label the rest contradicts, with the label that fits, the surest first.

    A label k is confidently meant where its probability reaches the mean of those labelled k; `_ENOUGH` always does.
    A mail whose own label is the likeliest of all is accused by none that reaches a low mean of its own.
    """
    n, k = done.probabilities.shape
    bars = np.array([
        done.probabilities[done.given == label, label].mean() if (done.given == label).any() else 1.0
        for label in range(k)
    ])  # fmt: skip
    bars = np.minimum(bars, _ENOUGH)
    sure = np.where(done.probabilities >= bars, done.probabilities, -1.0)
    meant = sure.argmax(axis=1)
    contradicted = done.probabilities.argmax(axis=1) != done.given
    rows = np.flatnonzero((sure.max(axis=1) > 0) & (meant != done.given) & contradicted)
    own = done.probabilities[np.arange(n), done.given]
    order = sorted(rows.tolist(), key=lambda r: float(own[r] - done.probabilities[r, meant[r]]))
    return [(row, int(meant[row])) for row in order]


def untold(done: CrossValidated) -> list[tuple[str, int, float, str, float]]:
    """Labels whose mails read like those of others: label, mails, share told, the likeliest other and its share."""
    said = done.probabilities.argmax(axis=1)
    found = []
    for number, label in enumerate(done.labels):
        mine = done.given == number
        told = np.bincount(said[mine], minlength=len(done.labels)) / max(1, int(mine.sum()))
        right, told[number] = float(told[number]), -1.0
        other = int(told.argmax())
        if mine.sum() >= _LEAST_UNTOLD and right <= _UNTOLD:
            found.append((label, int(mine.sum()), right, done.labels[other], float(told[other])))
    return found


def _untold(done: CrossValidated) -> Iterator[Finding]:
    found = untold(done)
    if found:
        yield Finding(
            "labels-not-told",
            "warn",
            f"the mails of {len(found)} of {len(done.labels)} labels read like those of others",
            tuple(
                f"{label}: {right:.0%} of {n} mails told, {share:.0%} read like {other}"
                for label, n, right, other, share in found[:_SHOWN]
            ),
            "a colleague's name or a state is no matter, and two names of one matter are one intent: say so under"
            " labels in mails.yaml",
        )


def _suspects(chosen: list[Mail], done: CrossValidated) -> Iterator[Finding]:
    found = suspects(done)
    share = len(found) / len(chosen)
    if share <= _SUSPICIOUS_SHARE:
        return
    yield Finding(
        "suspicious-labels",
        "warn",
        f"{len(found)} of {len(chosen)} labels ({share:.0%}) contradict mails like theirs",
        tuple(
            f"{chosen[row].name}: {chosen[row].label}, rather {done.labels[meant]}"
            for row, meant in found[:_SHOWN]
        ),
        "look at the first ones; labels that are answered alike may be merged",
    )
