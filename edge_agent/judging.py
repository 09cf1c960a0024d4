"""Judging: what the bundle that decides says of one sample.

Whatever a model does is an outcome: it raises, it says what no row can carry, and the safe side is done. What
it did counts for the bundle that did it. What follows from an outcome is the line's work.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from edge_agent.decide import Outcome, judge, safe, told
from edge_agent.engine.ladder import Loaded
from edge_agent.log import failure, warn
from edge_agent.orders import stages_of
from edge_agent.sources.base import Alerts, Captured
from edge_agent.update.probation import Tally
from kits.core.errors import DataError
from kits.core.operating_point import Verdict
from kits.core.prediction import Prediction
from kits.core.runtime import Payload


@dataclass(frozen=True)
class Deciding:
    """The bundle that decides, with what is counted of it: a sample counts for who judged it."""

    loaded: Loaded
    tally: Tally

    @property
    def watches(self) -> bool:
        """Whether it watches machines over time."""
        return self.loaded.ready.bundle.operating_point.alarm is not None


@dataclass(frozen=True)
class Judged:
    """What came of one sample.

    Attributes:
        payload: as it was judged; None when nothing could be judged.
        told: the prediction as JSON; empty without a finite score.
        stages: milliseconds by stage.
    """

    outcome: Outcome
    payload: Payload | None = None
    prediction: Prediction | None = None
    told: Mapping[str, JsonValue] = field(default_factory=dict)
    stages: Mapping[str, float] = field(default_factory=dict)


class Judge:
    """Has samples judged, and counts what went wrong.

    Attributes:
        failures: samples of which a model, or its kit, made nothing.
        unreadable: samples that could not be read.
    """

    def __init__(self, safe_side: Verdict, alerts: Alerts) -> None:
        self._safe_side = safe_side
        self._alerts = alerts
        self.failures = 0
        self.unreadable = 0

    def judged(self, captured: Captured, deciding: Deciding | None, deadline_mono: float) -> Judged:
        """The outcome of one sample. Raises nothing that a sample or a model can cause.

        Args:
            deadline_mono: when the outcome is too late, monotonic seconds.
        """
        safe_side = self._safe_side
        if deciding is None:
            return Judged(safe("no bundle is active", safe_side))
        if captured.unjudged:
            return Judged(safe(captured.unjudged, safe_side))
        ready, payload = deciding.loaded.ready, captured.payload
        try:
            if captured.media_type and isinstance(payload, bytes):
                payload = ready.runtime.decode(payload, captured.media_type)
            started = time.monotonic()
            prediction, times = ready.predict_timed(payload)
            now = time.monotonic()
            said, stages = told(prediction), stages_of(times)
            outcome = judge(
                ready.bundle.operating_point,
                prediction,
                elapsed_ms=(now - captured.captured_mono) * 1000,
                deadline_ms=(deadline_mono - captured.captured_mono) * 1000,
                safe_side=safe_side,
            )
        except DataError as error:
            self.unreadable += 1
            self._alerts("corrupt-sample", "warning", f"{captured.source}: {error.in_a_line}")
            return Judged(safe("the sample cannot be read", safe_side))
        except Exception as error:  # noqa: BLE001  a model's failure is an outcome: the safe side
            deciding.tally.add(0.0, None)
            self.failed(error)
            return Judged(safe("the model failed", safe_side), payload)
        failed = outcome.score is None
        self.failures += failed
        deciding.tally.add((now - started) * 1000, None if failed else prediction)
        return Judged(outcome, payload, prediction, {} if failed else said, stages)

    def failed(self, error: Exception) -> None:
        """A model, or its kit, failed in a way that no sample explains."""
        self.failures += 1
        warn("model_failed", error=failure(error))
        self._alerts("model-failed", "error", f"the model failed: {type(error).__name__}")
