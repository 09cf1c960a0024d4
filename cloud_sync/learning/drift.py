"""Drift of a bundle's scores: recent decisions against the bundle's own first days.

The threshold is not a folklore number: it is simulated from the baseline at the actual window
size for a stated false-alarm rate, in blocks when neighbouring scores depend on each other. Drift
says "look closer", not "the model is wrong": only audited rates say that (`reviews.py`). Where the
scores come from is `history.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import Floats

FALSE_ALARM_RATE = 0.01
MIN_BASELINE = 100
MIN_WINDOW = 30
MAX_POINTS = 2000
ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class DriftResult:
    """One look at one bundle's scores.

    Attributes:
        statistic: largest distance between the two distribution functions (Kolmogorov–Smirnov),
            in [0, 1]; None when there is too little to compare.
        threshold: exceeded with probability `false_alarm_rate` when nothing has changed.
        window_n, baseline_n: numbers of scores compared.
        block: samples drawn together in the simulation (1: neighbours are independent).
        median_shift: median of the window minus median of the baseline, in score units.
        text: the finding in one sentence.
    """

    bundle: str
    statistic: float | None
    threshold: float | None
    window_n: int
    baseline_n: int
    false_alarm_rate: float
    block: int
    median_shift: float | None
    text: str

    @property
    def drifted(self) -> bool:
        """Whether the statistic is beyond what chance explains."""
        return (
            self.statistic is not None
            and self.threshold is not None
            and self.statistic > self.threshold
        )


def ks_distance(one: Floats, two: Floats) -> float:
    """Two-sample Kolmogorov–Smirnov statistic of two samples, shapes (m,) and (n,)."""
    one, two = np.sort(one), np.sort(two)
    both = np.concatenate([one, two])
    below_one = np.searchsorted(one, both, side="right") / len(one)
    below_two = np.searchsorted(two, both, side="right") / len(two)
    return float(np.abs(below_one - below_two).max())


def calibrated_threshold(
    baseline: Floats,
    window_n: int,
    *,
    false_alarm_rate: float = FALSE_ALARM_RATE,
    seed: int = 0,
    rounds: int = ROUNDS,
    block: int | None = None,
) -> float:
    """The distance that unchanged data exceed with probability `false_alarm_rate`.

    Both the baseline and the window are redrawn from the baseline, so the error of a short
    baseline counts too. Redrawing is by moving blocks (Künsch 1989), so that slowly wandering
    scores do not look like drift.

    Args:
        baseline: scores in time order, shape (m,).
        window_n: size of the window that will be compared.
        block: length of the blocks; None measures it (`dependence_block`).
    """
    rng = np.random.default_rng(seed)
    length = dependence_block(baseline) if block is None else block
    distances = [
        ks_distance(
            _redraw(baseline, len(baseline), length, rng), _redraw(baseline, window_n, length, rng)
        )
        for _ in range(rounds)
    ]
    return float(np.quantile(distances, 1 - false_alarm_rate, method="higher"))


def dependence_block(scores: Floats) -> int:
    """How many neighbours must be drawn together: twice the integrated autocorrelation time."""
    n = len(scores)
    centred = scores - scores.mean()
    power = float(centred @ centred)
    if n < 4 or power == 0.0:
        return 1
    noise = 2.0 / np.sqrt(n)
    time = 1.0
    for lag in range(1, n // 4):
        rho = float(centred[:-lag] @ centred[lag:]) / power
        if rho < noise:
            break
        time += 2 * rho
    return 1 if time == 1.0 else min(int(np.ceil(2 * time)), max(1, n // 5))


def measure(
    bundle: str,
    baseline: Floats,
    window: Floats,
    *,
    false_alarm_rate: float = FALSE_ALARM_RATE,
    seed: int = 0,
) -> DriftResult:
    """Compares two lists of scores in time order."""
    n, m = len(window), len(baseline)
    if m < MIN_BASELINE or n < MIN_WINDOW:
        return DriftResult(
            bundle, None, None, n, m, false_alarm_rate, 1, None,
            f"too few decisions to tell: {m} of {MIN_BASELINE} in the baseline, "
            f"{n} of {MIN_WINDOW} in the window",
        )  # fmt: skip
    block = dependence_block(baseline)
    statistic = ks_distance(baseline, window)
    threshold = calibrated_threshold(
        baseline, n, false_alarm_rate=false_alarm_rate, seed=seed, block=block
    )
    shift = float(np.median(window) - np.median(baseline))
    beyond = statistic > threshold
    text = (
        f"scores {'have drifted' if beyond else 'look as in the first days'}: distance "
        f"{statistic:.3f}, threshold {threshold:.3f} at {n} decisions for a false-alarm rate of "
        f"{false_alarm_rate:.1%}; the median moved by {shift:+.3g}"
    )
    return DriftResult(bundle, statistic, threshold, n, m, false_alarm_rate, block, shift, text)


def halves(scores: Floats) -> tuple[Floats, Floats]:
    """The earlier and the later half of scores in time order, thinned."""
    middle = len(scores) // 2
    return thin(scores[:middle]), thin(scores[middle:])


def thin(scores: Floats) -> Floats:
    """At most `MAX_POINTS` of them, evenly spaced."""
    if len(scores) <= MAX_POINTS:
        return scores.astype(np.float64)
    picks = np.linspace(0, len(scores) - 1, MAX_POINTS).round().astype(np.intp)
    return scores[picks].astype(np.float64)


def _redraw(scores: Floats, n: int, block: int, rng: np.random.Generator) -> Floats:
    if block <= 1:
        drawn: Floats = scores[rng.integers(len(scores), size=n)]
        return drawn
    starts = rng.integers(len(scores) - block + 1, size=-(-n // block))
    rows: NDArray[np.intp] = (starts[:, None] + np.arange(block)[None, :]).ravel()[:n]
    return scores[rows]
