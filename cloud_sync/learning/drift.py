"""Drift of a bundle's scores: recent decisions against the bundle's own first days.

The threshold is not a folklore number: it is simulated from the baseline at the actual window
size for a stated false-alarm rate, of all looks of a year together. Neighbouring scores depend on each other (blocks),
and days differ more than their decisions let expect (`unlikeness`): orders and material change. Drift
says "look closer", not "the model is wrong": only audited rates say that (`reviews.py`). Where the
scores come from is `history.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import Floats, student_quantile

FALSE_ALARM_RATE = 0.1
"""Of a year in which the hub looks each hour and nothing changes."""
LOOKS = 220
"""So many independent looks are as apt to alarm as those of a year, which see nearly the same decisions hour by hour
(simulated in the tests)."""
SIMULATED = 0.01
"""The rate that is simulated; a rarer one follows by the tail of the distance."""
MIN_BASELINE = 100
MIN_WINDOW = 30
MAX_POINTS = 2000
ROUNDS = 1000
MIN_FREEDOM = 2
"""Fewer cells than this beyond the first of each side do not tell how far they differ."""
Cells = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Series:
    """Scores in time order and the cell of time (a day, say) of each, shapes (n,)."""

    scores: Floats
    cells: Cells

    def __len__(self) -> int:
        return len(self.scores)

    def part(self, chosen: slice | NDArray[np.intp]) -> Series:
        """Some of them."""
        return Series(self.scores[chosen], self.cells[chosen])

    def thinned(self) -> Series:
        """At most `MAX_POINTS` of them, evenly spaced."""
        if len(self) <= MAX_POINTS:
            return self
        return self.part(np.linspace(0, len(self) - 1, MAX_POINTS).round().astype(np.intp))


@dataclass(frozen=True, slots=True)
class DriftResult:
    """One look at one bundle's scores.

    Attributes:
        statistic: largest distance between the two distribution functions (Kolmogorov–Smirnov),
            in [0, 1]; None when there is too little to compare.
        threshold: exceeded within a year of looks with probability `false_alarm_rate` when nothing changes.
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
    false_alarm_rate: float = SIMULATED,
    seed: int = 0,
    rounds: int = ROUNDS,
    block: int | None = None,
) -> float:
    """The distance that unchanged data exceed with probability `false_alarm_rate` in one look.

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


def unlikeness(baseline: Series, window: Series, rate: float) -> float:
    """How many times as far apart two samples are by chance as independent decisions were, since their cells differ.

    How far they do is learned within either sample, and of the baseline alone where that is less: a window that has seen
    the change within itself says nothing of what is usual. One: they differ as chance lets them, or are too few to tell.
    """
    edges = np.unique(np.quantile(baseline.scores, np.arange(1, 10) / 10))
    first, last = (_Cells.of(side, edges) for side in (baseline, window))
    apart = (first.uneven + last.uneven) / (1 / len(baseline) + 1 / len(window))
    known = [_share_between(sides, rate) for sides in ((first,), (first, last))]
    return math.sqrt(1 + apart * min((one for one in known if one is not None), default=0.0))


def _share_between(sides: Sequence[_Cells], rate: float) -> float | None:
    """The share of the variance that lies between cells; None: they are too few.

    A one-way analysis of variance (Fisher 1925) of being below each edge; few cells widen it by Student's quantile.
    """
    freedom = sum(side.freedom for side in sides)
    if freedom < MIN_FREEDOM:
        return None
    between = sum((side.between for side in sides), start=np.zeros(1)) / freedom
    within = sum((side.within for side in sides), start=np.zeros(1))
    within /= max(1, sum(side.rest for side in sides))
    size = sum(side.size for side in sides) / freedom
    variance = float((between - within).mean()) / size
    if variance <= 0.0:
        return 0.0
    return variance / (float(within.mean()) + variance) * _widened(freedom, rate) ** 2


@cache
def _widened(freedom: int, rate: float) -> float:
    """By how much less is known of a spread that few cells tell."""
    return student_quantile(1 - rate / 2, freedom) / NormalDist().inv_cdf(1 - rate / 2)


@dataclass(frozen=True)
class _Cells:
    """Sums of squares of one sample, shapes (edges,).

    Attributes:
        freedom, rest: degrees of freedom between cells and within them.
        size: `freedom` times the number of decisions of a cell, as the analysis of variance counts it.
        uneven: what one cell's part of the variance weighs in the sample's.
    """

    between: Floats
    within: Floats
    freedom: int
    rest: int
    size: float
    uneven: float

    @classmethod
    def of(cls, side: Series, edges: Floats) -> _Cells:
        below = (side.scores[:, None] <= edges[None, :]).astype(np.float64)
        _, places = np.unique(side.cells, return_inverse=True)
        counts = np.bincount(places).astype(np.float64)
        sums = np.zeros((len(counts), len(edges)))
        np.add.at(sums, places, below)
        means, n = sums / counts[:, None], float(len(side))
        between = (counts[:, None] * (means - below.mean(axis=0)) ** 2).sum(axis=0)
        within = (sums - counts[:, None] * means**2).sum(
            axis=0
        )  # squares of 0 and 1 are themselves
        squares = float((counts**2).sum())
        return cls(
            between,
            within,
            len(counts) - 1,
            len(side) - len(counts),
            n - squares / n,
            squares / n**2,
        )


def measure(
    bundle: str,
    baseline: Series,
    window: Series,
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
    block = dependence_block(baseline.scores)
    statistic = ks_distance(baseline.scores, window.scores)
    threshold = threshold_of(
        baseline, window, false_alarm_rate=false_alarm_rate, seed=seed, block=block
    )
    shift = float(np.median(window.scores) - np.median(baseline.scores))
    beyond = statistic > threshold
    text = (
        f"scores {'have drifted' if beyond else 'look as in the first days'}: distance "
        f"{statistic:.3f}, threshold {threshold:.3f} at {n} decisions for a false alarm in "
        f"{false_alarm_rate:.0%} of years; the median moved by {shift:+.3g}"
    )
    return DriftResult(bundle, statistic, threshold, n, m, false_alarm_rate, block, shift, text)


def threshold_of(
    baseline: Series,
    window: Series,
    *,
    false_alarm_rate: float,
    block: int,
    seed: int = 0,
    rounds: int = ROUNDS,
) -> float:
    """The distance that is exceeded in a year of looks with probability `false_alarm_rate` when nothing changes.

    The larger of two: neighbours that depend on each other, drawn in blocks, and days that differ. Beyond the rate that is
    simulated the distance's tail is that of Kolmogorov's distribution, 2·exp(−2·n·d²).
    """
    rate = false_alarm_rate / LOOKS
    further = math.sqrt(math.log(2 / rate) / math.log(2 / SIMULATED))

    def simulated(length: int) -> float:
        return further * calibrated_threshold(
            baseline.scores, len(window), seed=seed, rounds=rounds, block=length
        )

    apart, blocks = unlikeness(baseline, window, rate), simulated(block)
    singly = blocks if block == 1 or apart == 1.0 else simulated(1)
    return max(blocks, apart * singly)


def halves(series: Series) -> tuple[Series, Series]:
    """The earlier and the later half of scores in time order, thinned."""
    middle = len(series) // 2
    return series.part(slice(middle)).thinned(), series.part(slice(middle, None)).thinned()


def _redraw(scores: Floats, n: int, block: int, rng: np.random.Generator) -> Floats:
    if block <= 1:
        drawn: Floats = scores[rng.integers(len(scores), size=n)]
        return drawn
    starts = rng.integers(len(scores) - block + 1, size=-(-n // block))
    rows: NDArray[np.intp] = (starts[:, None] + np.arange(block)[None, :]).ravel()[:n]
    return scores[rows]
