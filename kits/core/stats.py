"""Small statistics that every kit reports with: intervals, ranks, conformal thresholds.

Numpy only, so that device and hub can compute the same figures. No plotting, no data frames.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Floats = NDArray[np.float64]
MIN_GROUPS = 5
_NEARLY = 1e-9
"""So near to none or all a share is that, but for rounding."""
_NEAR, _MOST_STEPS = 1e-9, 200
"""How small a last step towards a quantile is, beside the quantile, and how many are gone at most."""
SINGLY = "bootstrap of samples: too few groups, so too narrow"
"""Method of an interval from resamples of single samples."""


class Estimate(BaseModel):
    """A figure with its interval: never printed without one.

    `n` is the number of samples behind it, `method` how the interval was made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    value: float
    low: float
    high: float
    n: int
    method: str = "bootstrap"
    confidence: float = 0.95

    def text(self, digits: int = 3) -> str:
        """`0.912 [0.887, 0.934]`"""
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"


def proportion(successes: int, n: int, confidence: float = 0.95) -> Estimate:
    """A rate with its exact two-sided interval (Clopper & Pearson 1934).

    With no observations the interval is [0, 1].

    Raises:
        ValueError: `successes` is not within 0 … n.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n}")
    if n == 0:
        return Estimate(
            value=0.0, low=0.0, high=1.0, n=0, method="clopper-pearson", confidence=confidence
        )
    alpha = 1.0 - confidence
    low = 0.0 if successes == 0 else beta_quantile(alpha / 2, successes, n - successes + 1)
    high = 1.0 if successes == n else beta_quantile(1 - alpha / 2, successes + 1, n - successes)
    return Estimate(
        value=successes / n,
        low=low,
        high=high,
        n=n,
        method="clopper-pearson",
        confidence=confidence,
    )


def opened(share: Estimate, count: int) -> Estimate:
    """A share of `count` samples; where it is all or none of them, with the exact interval (Clopper & Pearson 1934).

    Resampling samples that were all hits never draws a miss, which would look certain.
    """
    if _NEARLY < share.value < 1.0 - _NEARLY:
        return share
    exact = proportion(round(share.value * count), count)
    return share.model_copy(
        update={"low": exact.low, "high": exact.high, "method": f"{exact.method} on {count}"}
    )


def widened(one: Estimate, low: float, high: float, method: str) -> Estimate:
    """An interval that reaches so far at least; `method` says why, where it does so only now."""
    if low >= one.low and high <= one.high:
        return one
    update = {"low": min(low, one.low), "high": max(high, one.high), "method": method}
    return one.model_copy(update=update)


def rare_rate(count: int, exposure: float, confidence: float = 0.95) -> Estimate:
    """Events per unit of exposure with their exact Poisson interval (Garwood 1936), as the limit of the binomial one.

    Args:
        exposure: machine-months, days, whatever the rate is per.
    """
    exposure = max(exposure, 1e-12)
    trials, alpha = 10_000_000, 1 - confidence
    low = 0.0 if count == 0 else beta_quantile(alpha / 2, count, trials - count + 1) * trials
    high = beta_quantile(1 - alpha / 2, count + 1, trials - count) * trials
    return Estimate(
        value=count / exposure,
        low=low / exposure,
        high=high / exposure,
        n=count,
        method="poisson",
        confidence=confidence,
    )


def upper_bound(successes: int, n: int, confidence: float = 0.95) -> float:
    """One-sided exact upper bound of a rate: 0 of 50 at 95 % gives 0.058."""
    return (
        1.0 if n == 0 or successes >= n else beta_quantile(confidence, successes + 1, n - successes)
    )


def beta_quantile(q: float, a: float, b: float) -> float:
    """Quantile of the beta distribution: Newton's steps on the regularised incomplete beta, within what is left to halve."""
    q, a, b = float(q), float(a), float(b)  # numpy's own numbers warn of a step without end
    low, high, x = 0.0, 1.0, a / (a + b)
    whole = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    for _ in range(_MOST_STEPS):
        off = _beta_cdf(x, a, b) - q
        low, high = (x, high) if off < 0 else (low, x)
        density = math.exp(whole + (a - 1) * math.log(x) + (b - 1) * math.log1p(-x))
        then = x - off / density if density > 0 else low
        if not low < then < high:
            then = (low + high) / 2
            if then in (low, high):
                break  # no number lies between them
        near = abs(then - x) <= _NEAR * min(then, 1 - then)
        x = then
        if near:
            break  # each step doubles the digits that hold
    return x


def student_quantile(q: float, freedom: int) -> float:
    """The quantile of Student's t above its middle, by the beta distribution of what is left of it."""
    left = beta_quantile(2 * (1 - q), freedom / 2, 0.5)
    return math.sqrt(freedom * (1 - left) / left)


def _beta_cdf(x: float, a: float, b: float) -> float:
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(x, a, b) / a
    return 1.0 - front * _beta_fraction(1 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    """Continued fraction of the incomplete beta (modified Lentz; Numerical Recipes 6.4)."""
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    result = d
    for m in range(1, 500):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + numerator * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + numerator / c
            c = c if abs(c) > tiny else tiny
            result *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return result


def bootstrap(
    statistic: Callable[[NDArray[np.intp]], float],
    groups: Sequence[str],
    *,
    seed: int,
    rounds: int = 1000,
    confidence: float = 0.95,
) -> Estimate:
    """Percentile interval of `statistic(indices)`, resampling whole groups (cluster bootstrap).

    Args:
        statistic: takes sample indices (with repeats) and returns a number; NaN rounds are
            left out (a resample without any positive has no AUROC).
        groups: the group of each sample; samples of one group are drawn together, because they
            are not independent. Fewer than `MIN_GROUPS` cannot show how groups differ: samples
            are drawn instead, and `method` says that the interval is too narrow.
    """
    few = len(set(groups)) < MIN_GROUPS
    if few:
        groups = [str(number) for number in range(len(groups))]
    order: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        order.setdefault(group, []).append(index)
    members = [np.asarray(rows, dtype=np.intp) for rows in order.values()]
    everything = np.arange(len(groups), dtype=np.intp)
    value = statistic(everything)
    rng = np.random.default_rng(seed)
    drawn: list[float] = []
    for _ in range(rounds):
        picks = rng.integers(len(members), size=len(members))
        drawn.append(statistic(np.concatenate([members[p] for p in picks])))
    method = SINGLY if few else f"bootstrap of {len(members)} groups"
    return of_draws(value, drawn, len(groups), method, confidence)


def of_draws(
    value: float, drawn: Sequence[float], n: int, method: str, confidence: float
) -> Estimate:
    """A figure with the percentile interval of its resamples.

    Args:
        drawn: the figure of each resample; those that are not finite are left out.
        n: samples.
    """
    finite = np.asarray([d for d in drawn if math.isfinite(d)])
    if finite.size == 0:
        return Estimate(value=value, low=value, high=value, n=n, method="no interval")
    tail = (1 - confidence) / 2
    low, high = (float(v) for v in np.quantile(finite, [tail, 1 - tail]))
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=n,
        method=method,
        confidence=confidence,
    )


def auroc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve by ranks, ties counted half; NaN when one class is missing."""
    n_pos = int(positive.sum())
    n_neg = int(positive.size - n_pos)
    if n_pos == 0 or n_neg == 0:
        return math.nan
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2.0)[inverse]
    return float((ranks[positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))


def auroc_estimate(
    scores: Floats, positive: NDArray[np.bool_], groups: Sequence[str], *, seed: int, rounds: int
) -> Estimate:
    """AUROC with its interval.

    A perfect order stays perfect in every resample, which would look certain however few samples
    there are. Its lower end is then 1 minus the exact bound on how many of the smaller class may
    stand on the wrong side; samples of one group count once.
    """
    found = bootstrap(
        lambda rows: auroc(scores[rows], positive[rows]), groups, seed=seed, rounds=rounds
    )
    if found.value < 1.0:
        return found
    classes = ({g for g, p in zip(groups, positive) if p == wanted} for wanted in (True, False))
    fewer = min(map(len, classes))
    return found.model_copy(
        update={
            "low": 1.0 - upper_bound(0, fewer, 0.975),
            "method": f"exact bound: perfect order, {fewer} in the smaller class",
        }
    )


def average_precision(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Area under the precision-recall curve (step-wise); NaN when there is no positive."""
    if not positive.any():
        return math.nan
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    precision = hits / np.arange(1, len(order) + 1)
    return float(precision[positive[order]].sum() / hits[-1])


def conformal_threshold(calibration: Floats, false_alarm_rate: float) -> float:
    """Smallest threshold whose expected false-alarm rate on exchangeable data is at most the target.

    Split conformal prediction (Vovk et al. 2005; Papadopoulos et al. 2002): the
    ⌈(1−α)(n+1)⌉-th smallest calibration score. Scores strictly above it are alarms.

    Args:
        calibration: scores of good samples the model did not learn from, shape (n,).
        false_alarm_rate: α in (0, 1).

    Returns:
        The threshold; `inf` when n is too small for the target (n < 1/α − 1).
    """
    n = len(calibration)
    rank = math.ceil((1 - false_alarm_rate) * (n + 1))
    if rank > n:
        return math.inf
    return float(np.partition(calibration, rank - 1)[rank - 1])
