"""What actions are told of a sample, and its times by stage: values only."""

from __future__ import annotations

from dataclasses import replace

from edge_agent.actions.base import Order
from edge_agent.alarms.steps import Step
from edge_agent.alarms.watching import VERDICTS
from edge_agent.decide import Outcome
from edge_agent.sources.base import Captured
from kits.core.runtime import StageTimes


def order_of(sample_id: str, captured: Captured, outcome: Outcome, deadline_mono: float) -> Order:
    """What actions are told.

    Args:
        deadline_mono: monotonic seconds; nothing is begun after it.
    """
    return Order(
        sample_id=sample_id,
        verdict=outcome.verdict,
        label=outcome.label,
        score=outcome.score,
        captured_at=captured.captured_at,
        deadline_mono=deadline_mono,
        reason=outcome.reason,
    )


def case_order(order: Order, step: Step) -> Order:
    """The same about a step of a machine's case."""
    body = step.body
    return replace(
        order, verdict=VERDICTS[body.level], label=body.label, reason=body.reason,
        case_id=body.case_id, asset=body.asset, step=body.transition, level=body.level,
    )  # fmt: skip


def stages_of(times: StageTimes) -> dict[str, float]:
    """Milliseconds by stage."""
    return {
        "pre": float(times.pre_ms),
        "infer": float(times.infer_ms),
        "post": float(times.post_ms),
    }
