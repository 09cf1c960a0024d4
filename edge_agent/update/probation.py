"""Is the new bundle good enough? Judged in the shadow of the old one, then on probation."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from edge_agent.config import UpdateConfig

_KEPT = 500
_MAX_FAILURE_SHARE = 0.1
_ENOUGH_LATENCIES = 10
_EXPECTED_MARGIN = 0.25


@dataclass
class Tally:
    """What was seen of one bundle; fed by the line, read by the updater."""

    n: int = 0
    failures: int = 0
    disagreements: int = 0
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, latency_ms: float, *, failed: bool, agrees: bool = True) -> None:
        """One sample judged."""
        with self._lock:
            self.n += 1
            self.failures += failed
            self.disagreements += not agrees
            if not failed:
                self.latencies_ms.append(latency_ms)

    def p95_ms(self) -> float | None:
        """The 95 % point of the latency; None before there is enough."""
        with self._lock:
            ordered = sorted(self.latencies_ms)
        if len(ordered) < _ENOUGH_LATENCIES:
            return None
        return ordered[int(0.95 * (len(ordered) - 1))]


def shadow_complaint(tally: Tally, config: UpdateConfig, expected: float = 0.0) -> str:
    """Why the shadow refuses the bundle, or empty.

    Args:
        expected: share of changed verdicts at the hub's gate; raises the limit, because a line
            sees other parts than a test set by `_EXPECTED_MARGIN` at most.
    """
    if tally.n == 0:
        return ""
    if tally.failures:
        return f"failed on {tally.failures} of {tally.n} samples in the shadow"
    share = tally.disagreements / tally.n
    limit = max(config.max_disagreement, min(expected + _EXPECTED_MARGIN, 1.0) if expected else 0.0)
    if share > limit:
        return (
            f"another verdict on {tally.disagreements} of {tally.n} samples in the shadow"
            f" (at most {limit:.0%} are accepted)"
        )
    return ""


def probation_complaint(tally: Tally, config: UpdateConfig, limit_ms: float | None) -> str:
    """Why the active bundle must go back, or empty. `limit_ms`: its own or the old one's p95."""
    if tally.failures and tally.failures / tally.n > _MAX_FAILURE_SHARE:
        return f"failed on {tally.failures} of {tally.n} samples on probation"
    p95_ms = tally.p95_ms()
    if limit_ms and p95_ms is not None and p95_ms > limit_ms * config.max_latency_factor:
        return (
            f"p95 latency {p95_ms:.0f} ms on probation, more than"
            f" {config.max_latency_factor:g} × {limit_ms:.0f} ms"
        )
    return ""
