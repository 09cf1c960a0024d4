"""The score of the Numenta anomaly benchmark (Lavin & Ahmad 2015, arXiv 1510.03336), small and by itself.

A detection inside a marked window earns by how early it is, once per window; outside it costs by how far it is behind
the last window. It is scaled so that a detector that says nothing has 0 and a perfect one 100. It knows no detector;
the threshold of one is swept over the whole corpus, as NAB does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PROBATION = 0.15
"""Share of a series that is learnt from and not scored, as in the paper; NAB's programs stop at 750 rows."""
_FAR = 3.0


@dataclass(frozen=True)
class Profile:
    """What a detector is paid and charged."""

    found: float
    false: float
    missed: float


PROFILES: Mapping[str, Profile] = {
    "standard": Profile(1.0, 0.11, 1.0),
    "low false positives": Profile(1.0, 0.22, 1.0),
    "low false negatives": Profile(1.0, 0.11, 2.0),
}


@dataclass(frozen=True)
class Series:
    """One series of the corpus.

    Attributes:
        windows: rows of the marked windows, both ends included, in order.
    """

    rows: int
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        return math.floor(PROBATION * self.rows)


def sigmoid(position: float) -> float:
    """Worth of a detection: 1 long before the window's end (at 0), −1 from three windows behind it."""
    if position > _FAR:
        return -1.0
    return 2 / (1 + math.exp(5 * position)) - 1


def worths(series: Series, profile: Profile) -> tuple[Floats, NDArray[np.intp]]:
    """What a detection at each row is worth, and which window the row lies in (−1: none)."""
    worth, owner = np.empty(series.rows), np.full(series.rows, -1, np.intp)
    full = sigmoid(-1.0)
    last: tuple[int, int] | None = None
    waiting = list(enumerate(series.windows))
    for row in range(series.rows):
        while waiting and row > waiting[0][1][1]:
            last = waiting.pop(0)[1]
        if waiting and row >= waiting[0][1][0]:
            owner[row], (start, end) = waiting[0]
            worth[row] = sigmoid(-(end - row + 1) / (end - start + 1)) * profile.found / full
        elif last is None:
            worth[row] = -profile.false
        else:
            start, end = last
            worth[row] = sigmoid((row - end) / max(end - start, 1)) * profile.false
    return worth, owner


def raw_score(series: Series, detections: NDArray[np.intp], profile: Profile) -> float:
    """Sum over a series: the best detection of each window, −`missed` for one without, and all outside."""
    worth, owner = worths(series, profile)
    kept = detections[detections >= series.probation]
    total = float(worth[kept[owner[kept] < 0]].sum())
    for number in range(len(series.windows)):
        inside = worth[kept[owner[kept] == number]]
        total += float(inside.max()) if inside.size else -profile.missed
    return total


def normalised(raw: float, windows: int, profile: Profile) -> float:
    """0 for a detector that says nothing, 100 for one that finds each window at its first row and is never wrong."""
    silent = -profile.missed * windows
    return 100 * (raw - silent) / (profile.found * windows - silent)


def corpus_score(
    corpus: Sequence[Series], detections: Sequence[NDArray[np.intp]], profile: Profile
) -> float:
    """The normalised score of a detector at one threshold."""
    raw = sum(raw_score(series, found, profile) for series, found in zip(corpus, detections))
    return normalised(raw, sum(len(series.windows) for series in corpus), profile)


def swept(
    corpus: Sequence[Series], scores: Sequence[Floats], profile: Profile
) -> tuple[float, float]:
    """The best normalised score over all thresholds on a score by row (a row is a detection from it on), and which.

    The threshold is one for the whole corpus and chosen on it, as NAB does: for all detectors alike, so a comparison
    is fair, though each figure is optimistic.
    """
    parts = [worths(series, profile) for series in corpus]
    first = np.cumsum([0, *(len(series.windows) for series in corpus)])
    kept = [np.arange(series.rows) >= series.probation for series in corpus]
    value = np.concatenate([s[k] for s, k in zip(scores, kept)])
    worth = np.concatenate([w[k] for (w, _), k in zip(parts, kept)])
    owner = np.concatenate(
        [np.where(o >= 0, o + f, -1)[k] for (_, o), f, k in zip(parts, first, kept)]
    )
    order = np.argsort(-value, kind="stable")
    best_in = np.full(int(first[-1]), -profile.missed)
    total, best = float(best_in.sum()), (float(best_in.sum()), math.inf)
    for place, row in enumerate(order.tolist()):
        window = owner[row]
        if window < 0:
            total += float(worth[row])
        elif worth[row] > best_in[window]:
            total += float(worth[row]) - float(best_in[window])
            best_in[window] = worth[row]
        last = place + 1 == order.size or value[order[place + 1]] != value[row]
        if last and total > best[0]:
            best = total, float(value[row])
    return normalised(best[0], int(first[-1]), profile), best[1]
