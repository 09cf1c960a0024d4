"""Is the new bundle good enough? Judged in the shadow of the old one, then on probation.

Pure functions of what was counted. What a bundle did in the shadow is the baseline of its
probation: the same model on the same line, just before it began to decide.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from edge_agent.update.config import UpdateConfig
from edge_agent.update.scores import CERTAIN_SDS, Histogram, noise, psi
from kits.core.prediction import Prediction

_KEPT = 2000
_MAX_FAILURE_SHARE = 0.1
_ENOUGH_LATENCIES = 10
_EXPECTED_MARGIN = 0.25
EMPTY_JUMP = 0.2
MISSED_ALL = 5
_CERTAIN_Z = 3.3
_SLOW_SHARE = 0.05
_SLOW_AT_LEAST = 4
_FAILURES_AT_LEAST = 3
_DOUBT_SDS = 1.0
_FEWEST = 20
"""No bundle is judged by fewer samples, unless fewer are configured: a line that stands still proves
nothing, however long."""


def enough(n: int, wanted: int, waited_s: float, patience_s: float) -> bool:
    """Whether `n` samples are enough to judge: all that are wanted, or a few when they take long."""
    return n >= wanted or (n >= fewest(wanted) and waited_s >= patience_s)


def fewest(wanted: int) -> int:
    """So many samples are enough where more take too long."""
    return min(_FEWEST, wanted)


class Baseline(BaseModel):
    """What a bundle did in the shadow."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    n: int
    empty: int
    p95_ms: float | None
    scores: Histogram | None


@dataclass
class Tally:
    """What was seen of one bundle; fed by the line, read by the updater.

    `found_nothing` and `other_found` count samples on which this bundle found nothing, and on
    which the bundle that decided found something.
    """

    n: int = 0
    failures: int = 0
    disagreements: int = 0
    found_nothing: int = 0
    other_found: int = 0
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    scores: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    other_scores: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(
        self,
        latency_ms: float,
        prediction: Prediction | None,
        *,
        agrees: bool = True,
        other: Prediction | None = None,
    ) -> None:
        """One sample judged.

        Args:
            latency_ms: of the model alone, without reading the sample.
            prediction: None when the model failed or gave no finite number.
            agrees: whether the verdict is that of the bundle that decided.
            other: what that bundle said.
        """
        with self._lock:
            self.n += 1
            self.disagreements += not agrees
            if other is not None:
                self.other_found += not is_empty(other)
                self.other_scores.append(other.score)
            if prediction is None:
                self.failures += 1
                return
            self.found_nothing += is_empty(prediction)
            self.latencies_ms.append(latency_ms)
            self.scores.append(prediction.score)

    def spoil(self) -> None:
        """The sample just judged is a failure after all: what the model said cannot be used."""
        with self._lock:
            self.failures += 1

    def forget_latencies(self) -> None:
        """Those so far were of another engine."""
        with self._lock:
            self.latencies_ms.clear()

    def p95_ms(self) -> float | None:
        """The 95 % point of the latency; None before there is enough."""
        with self._lock:
            ordered = sorted(self.latencies_ms)
        if len(ordered) < _ENOUGH_LATENCIES:
            return None
        return ordered[int(0.95 * (len(ordered) - 1))]

    def slower_than(self, limit_ms: float) -> tuple[int, int]:
        """(samples that took longer, samples with a latency)."""
        with self._lock:
            return sum(took > limit_ms for took in self.latencies_ms), len(self.latencies_ms)

    def baseline(self) -> Baseline:
        """For the probation that follows."""
        return Baseline(
            n=self.n,
            empty=self.found_nothing,
            p95_ms=self.p95_ms(),
            scores=Histogram.of(self.seen_scores()),
        )

    def baseline_of_other(self) -> Baseline:
        """What the bundle that decided did with the same samples."""
        with self._lock:
            scores = list(self.other_scores)
        return Baseline(
            n=self.n, empty=self.n - self.other_found, p95_ms=None, scores=Histogram.of(scores)
        )

    def seen_scores(self) -> list[float]:
        """The last scores; the line goes on adding meanwhile."""
        with self._lock:
            return list(self.scores)


def is_empty(prediction: Prediction) -> bool:
    """Whether the model found nothing at all in a sample; a label like "good" is no finding."""
    p = prediction
    found = p.boxes or p.spans or p.quantities or p.probabilities or p.draft
    return not found and p.score == 0


def shadow_complaint(tally: Tally, config: UpdateConfig, expected: float | None = None) -> str:
    """Why the shadow refuses the bundle, or empty.

    Args:
        expected: share of changed verdicts at the gate, as signed; raises the limit, because a
            line sees other parts than a test set by `_EXPECTED_MARGIN` at most.
    """
    if tally.n == 0:
        return ""
    if tally.failures:
        return f"failed on {tally.failures} of {tally.n} samples in the shadow"
    wanted = min(expected + _EXPECTED_MARGIN, 1.0) if expected else 0.0
    limit = max(config.max_disagreement, wanted)
    if tally.disagreements / tally.n > limit:
        return (
            f"another verdict on {tally.disagreements} of {tally.n} samples in the shadow"
            f" (at most {limit:.0%} are accepted)"
        )
    missed_all = tally.found_nothing == tally.n and tally.other_found >= MISSED_ALL
    if missed_all and tally.other_found / tally.n > (expected or 0.0):
        return (
            f"found nothing on any of {tally.n} samples in the shadow,"
            f" the running bundle on {tally.other_found}"
        )
    return ""


def urgent_complaint(
    tally: Tally,
    config: UpdateConfig,
    baseline: Baseline | None,
    declared_ms: float | None,
    *,
    timed: bool = True,
) -> str:
    """Why the active bundle must go back at once, whatever comes by; or empty.

    Args:
        declared_ms: the latency limit that the bundle itself declares.
        timed: whether its latency may be judged.
    """
    if tally.failures >= _FAILURES_AT_LEAST and _fails_often(tally):
        return _failing(tally)
    limit_ms = declared_ms
    if limit_ms is None and baseline is not None and baseline.p95_ms is not None:
        limit_ms = baseline.p95_ms * config.max_latency_factor + config.latency_slack_ms
    slow, n = tally.slower_than(limit_ms) if timed and limit_ms is not None else (0, 0)
    if slow > _few(n):
        return (
            f"too slow: {slow} of {n} samples on probation took more than {limit_ms:.0f} ms,"
            f" {_SLOW_SHARE:.0%} may"
        )
    return ""


def empty_complaint(tally: Tally, baseline: Baseline | None) -> str:
    """Whether the active bundle has ceased to find things, or empty. Other parts may be the reason."""
    if baseline is None or not _empty_jump(tally, baseline):
        return ""
    return (
        f"found nothing on {tally.found_nothing} of {tally.n} samples on probation,"
        f" in the shadow on {baseline.empty} of {baseline.n}"
    )


def failing_complaint(tally: Tally) -> str:
    """Whether a bundle failed too often to be committed at the end of its probation, or empty."""
    return _failing(tally) if _fails_often(tally) else ""


def moved_complaint(
    tally: Tally, config: UpdateConfig, baseline: Baseline | None, *, doubt: bool = False
) -> str:
    """Whether the scores are distributed otherwise at the end of the probation, or empty. Other parts may be the reason.

    Looked at once only: a distance that is computed again after each sample exceeds any limit by
    chance sooner or later.

    Args:
        doubt: whether it is looked at again before anything is done: then less is enough.
    """
    distance, limit = moved(
        tally.seen_scores(), config, baseline, _DOUBT_SDS if doubt else CERTAIN_SDS
    )
    if distance <= limit:
        return ""
    return (
        f"scores are distributed otherwise than in the shadow: population stability index"
        f" {distance:.2f}, more than {limit:.2f}"
    )


def moved(
    scores: list[float], config: UpdateConfig, baseline: Baseline | None, sds: float = CERTAIN_SDS
) -> tuple[float, float]:
    """How far scores are from those in the shadow, and how far they may be; 0 and 0 where that is not known."""
    if baseline is None or baseline.scores is None or not scores:
        return 0.0, 0.0
    seen = baseline.scores.count(scores)
    counts = baseline.scores.counts
    return psi(counts, seen), config.max_psi + noise(counts, seen, sds)


def _fails_often(tally: Tally) -> bool:
    return tally.failures > _MAX_FAILURE_SHARE * tally.n


def _failing(tally: Tally) -> str:
    return f"failed on {tally.failures} of {tally.n} samples on probation"


def _few(n: int) -> float:
    """How many of `n` may exceed a p95 limit: the share of 5 % and what chance adds to it.

    Three standard deviations of the binomial distribution: one hiccup of the machine among the
    first samples is no slow model, a model that is always slow shows within five.
    """
    mean = _SLOW_SHARE * n
    return max(mean + 3 * float((mean * (1 - _SLOW_SHARE)) ** 0.5), _SLOW_AT_LEAST)


def _empty_jump(tally: Tally, baseline: Baseline) -> bool:
    """A rise of the share of samples without any finding that is no chance.

    Two-proportion z-test; a rise counts when it is large, or when nothing is found any more.
    """
    if not tally.n or not baseline.n:
        return False
    now, before = tally.found_nothing / tally.n, baseline.empty / baseline.n
    large = now - before > EMPTY_JUMP or tally.found_nothing == tally.n
    pooled = (tally.found_nothing + baseline.empty) / (tally.n + baseline.n)
    spread = (pooled * (1 - pooled) * (1 / tally.n + 1 / baseline.n)) ** 0.5
    return large and now - before > _CERTAIN_Z * spread > 0
