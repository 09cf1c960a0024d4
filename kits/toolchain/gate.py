"""May this artefact ship? The loss of a lower precision, measured in pairs against FP32.

It only judges; making the artefacts and falling back is `compile.py`'s work. All limits have
names, and a refusal carries its evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from kits.core.dataset import DatasetItem
from kits.core.kit import Evaluation, Kit
from kits.toolchain.pairing import SMALLER_IS_BETTER, GoalRatio, goal_ratio, pair_up

_ALWAYS = "accuracy"
"""Kept as well as the goal, where both were measured: a goal of verdicts says nothing of what nobody decides on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a lower precision may cost.

    Attributes:
        max_loss: largest loss of the goal metric, relative; 0.02 keeps at least 98 %.
        max_loss_bound: the same for the 95 % lower bound of the paired bootstrap.
        min_agreement: smallest share of samples with an unchanged verdict.
        max_escape_rise: largest rise of the escape rate, absolute.
        max_overkill_rise: largest rise of the overkill rate, absolute.
    """

    max_loss: float = 0.02
    max_loss_bound: float = 0.05
    min_agreement: float = 0.995
    max_escape_rise: float = 0.005
    max_overkill_rise: float = 0.01

    @classmethod
    def for_loss(cls, max_loss: float) -> Limits:
        """Limits around a stated loss; the bound may be two and a half times as far away."""
        return cls(max_loss=max_loss, max_loss_bound=2.5 * max_loss)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the gate found about one precision."""

    precision: str
    accepted: bool
    reason: str
    evidence: dict[str, JsonValue]


def judge(
    kit: Kit,
    precision: str,
    goal: str,
    items: Sequence[DatasetItem],
    reference: Evaluation,
    candidate: Evaluation,
    limits: Limits,
) -> Judgement:
    """Compares a candidate with FP32 on the same samples.

    Raises:
        DataError: the goal metric was not measured.
    """
    ratio = goal_ratio(kit, goal, items, reference, candidate)
    goal = ratio.metric
    pair = pair_up(reference, candidate)
    escapes, overkill = pair.escapes(), pair.overkill()
    agreement = pair.agreement()
    labels = _labels_kept(kit, items, reference, candidate)
    checks = (
        (
            labels is not None and labels.ratio < 1 - limits.max_loss,
            f"{_ALWAYS} falls to {(labels.ratio if labels else 1):.1%} of what it was, "
            f"{1 - limits.max_loss:.1%} is asked",
        ),
        (
            ratio.ratio < 1 - limits.max_loss,
            _lost(ratio, limits),
        ),
        (
            ratio.low is not None and ratio.low < 1 - limits.max_loss_bound,
            f"of the quality by {goal} perhaps {(ratio.low or 0):.1%} is left (95 % bound), "
            f"{1 - limits.max_loss_bound:.1%} is asked",
        ),
        (
            agreement < limits.min_agreement,
            f"the verdict changes for {1 - agreement:.2%} of {len(pair.before)} samples, "
            f"{1 - limits.min_agreement:.2%} is allowed",
        ),
        (
            _rise(escapes) > limits.max_escape_rise,
            f"escapes rise from {escapes[0]} to {escapes[1]} of {escapes[2]}",
        ),
        (
            _rise(overkill) > limits.max_overkill_rise,
            f"overkill rises from {overkill[0]} to {overkill[1]} of {overkill[2]}",
        ),
    )
    reasons = [text for failed, text in checks if failed]
    evidence: dict[str, JsonValue] = {
        "metric": goal,
        "fp32": ratio.before,
        "value": ratio.after,
        "kept": ratio.ratio,
        "kept_low": ratio.low,
        "verdict_agreement": agreement,
        "escapes": list(escapes),
        "overkill": list(overkill),
        "n": len(pair.before),
    }
    return Judgement(precision, not reasons, "; ".join(reasons), evidence)


def _lost(ratio: GoalRatio, limits: Limits) -> str:
    """How the goal got worse: a rate of mistakes rises."""
    way = "rises" if ratio.metric in SMALLER_IS_BETTER else "falls"
    return (
        f"{ratio.metric} {way} from {ratio.before:.4g} to {ratio.after:.4g}: "
        f"{ratio.ratio:.1%} of the quality is left, {1 - limits.max_loss:.1%} is asked"
    )


def _labels_kept(
    kit: Kit, items: Sequence[DatasetItem], reference: Evaluation, candidate: Evaluation
) -> GoalRatio | None:
    if _ALWAYS not in reference.metrics or _ALWAYS not in candidate.metrics:
        return None
    return goal_ratio(kit, _ALWAYS, items, reference, candidate)


def _rise(counts: tuple[int, int, int]) -> float:
    before, after, n = counts
    return (after - before) / n if n else 0.0
