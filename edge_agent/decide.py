"""From a prediction to what is done: operating point, safe side, deadline. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydantic import JsonValue

from kits.core.operating_point import Decision, OperatingPoint, Verdict
from kits.core.prediction import Prediction, prediction_to_json


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is done with one sample.

    Attributes:
        decided: whether the model decided; otherwise the safe side did.
    """

    verdict: Verdict
    score: float | None
    label: str
    reason: str
    decided: bool


def judge(
    operating_point: OperatingPoint,
    prediction: Prediction,
    *,
    elapsed_ms: float,
    deadline_ms: float,
    safe_side: Verdict,
) -> Outcome:
    """The outcome for a prediction that took `elapsed_ms` since the capture.

    Past the deadline the safe side has been done already; the model's view is kept as the reason.
    A score that is not a number is a failure of the model: the safe side, but never `pass`.
    """
    if not math.isfinite(prediction.score):
        return safe("the score is not a number", "review" if safe_side == "pass" else safe_side)
    decision = operating_point.decide(prediction)
    if elapsed_ms > deadline_ms:
        return _late(decision, elapsed_ms, deadline_ms, safe_side)
    return Outcome(decision.verdict, decision.score, decision.label, decision.reason, decided=True)


def told(prediction: Prediction) -> dict[str, JsonValue]:
    """A prediction as its row will carry it, before anything is done about it.

    Raises:
        Exception: of any kind: it holds what no row can carry, a numpy scalar for example. Then the
            model has given no usable answer.
    """
    if not isinstance(prediction.label, str):
        raise TypeError(f"the label is no text but {type(prediction.label).__name__}")
    return prediction_to_json(prediction)


def safe(why: str, safe_side: Verdict) -> Outcome:
    """The outcome when the model gave no usable answer."""
    return Outcome(safe_side, None, "", f"safe side: {why}", decided=False)


def _late(decision: Decision, elapsed_ms: float, deadline_ms: float, safe_side: Verdict) -> Outcome:
    reason = (
        f"safe side: {elapsed_ms:.0f} ms is past the deadline of {deadline_ms:.0f} ms;"
        f" the model said {decision.verdict}"
    )
    return Outcome(safe_side, decision.score, decision.label, reason, decided=False)
