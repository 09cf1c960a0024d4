"""Operating points: thresholds, the actions they trigger, and the costs and rates they came from.

A pure function of values: it turns a prediction into a decision. It does not choose thresholds
(the kit's `evaluate.py` does) and does not act (the agent does).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kits.core.alarm import AlarmRule
from kits.core.prediction import Prediction
from kits.core.section import Section
from kits.core.stats import Estimate

Verdict = Literal["act", "pass", "review"]


class Costs(Section):
    """What mistakes cost, in the firm's currency, per sample."""

    model_config = ConfigDict(defer_build=True)

    currency: str = Field("EUR", description="ISO 4217 code, for reports")
    escape: float = Field(100.0, ge=0, description="one missed positive (a defect that gets out)")
    overkill: float = Field(2.0, ge=0, description="one false act (a good part rejected)")
    review: float = Field(0.5, ge=0, description="one sample looked at by a person")
    prevalence: float = Field(0.02, gt=0, lt=1, description="share of true positives in production")


class Band(BaseModel):
    """Two thresholds on one score: act at or above `act_at`, review from `review_from` to it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    act_at: float
    review_from: float

    @model_validator(mode="after")
    def _ordered(self) -> Band:
        if not self.review_from <= self.act_at:
            raise ValueError("review_from must not be above act_at")
        return self


class ErrorBound(Section):
    """A promise about what is decided without a person, and the evidence it rests on.

    Among samples whose score reaches the threshold, the share of wrong decisions is at most `epsilon`
    with confidence `1 - delta`, as long as new samples are like those it was calibrated on.

    Attributes:
        n: samples it was calibrated on, which the model did not learn from.
        accepted, errors: of these, decided at the threshold; and of those, wrong.
        coverage: share that is decided without a person.
        upper: the exact upper bound of the error rate at the threshold.
        left_out: labels that are never decided without a person, and why.
    """

    model_config = ConfigDict(defer_build=True)

    epsilon: float = Field(gt=0, lt=1)
    delta: float = Field(gt=0, lt=1)
    n: int = Field(ge=0)
    accepted: int = Field(ge=0)
    errors: int = Field(ge=0)
    coverage: Estimate
    upper: float = Field(ge=0, le=1)
    left_out: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the operating point makes of one prediction."""

    verdict: Verdict
    score: float
    label: str
    reason: str


class OperatingPoint(Section):
    """Thresholds with the evidence they came from. Part of every bundle.

    Attributes:
        default: the band for the sample's score, and for boxes whose class has no own band.
        per_label: bands by class; applied to each box's confidence, the strictest verdict wins.
        action: what `act` means at the device (`reject`, `warn`, `file`, `write`).
        alarm: for what is watched over time: how long a level must hold (`alarm.py`). None where each
            sample is decided by itself.
        bound: the promised error rate of what is decided without a person; None where none is promised.
        rates: measured on held-out data at exactly these thresholds, with intervals; names as in
            `kit evaluate` (`escape_rate`, `overkill_rate`, …).
        guarantee: one sentence that may be printed, or empty when nothing is guaranteed.
        method: how the thresholds were chosen.
    """

    model_config = ConfigDict(defer_build=True)

    default: Band
    per_label: dict[str, Band] = Field(default_factory=dict)
    action: str = "reject"
    alarm: AlarmRule | None = None
    bound: ErrorBound | None = None
    costs: Costs = Field(default_factory=Costs)
    rates: dict[str, Estimate] = Field(default_factory=dict)
    guarantee: str = ""
    method: str
    dataset: str
    seed: int

    def decide(self, prediction: Prediction) -> Decision:
        """The decision for one prediction. A score that is not a number is reviewed, never passed."""
        if not math.isfinite(prediction.score):
            return Decision("review", prediction.score, prediction.label, "score is not a number")
        strongest = self._judge(prediction.label, prediction.score)
        for box in prediction.boxes:
            judged = self._judge(box.label, box.confidence) if box.label in self.per_label else None
            if judged is not None and _RANK[judged.verdict] > _RANK[strongest.verdict]:
                strongest = judged
        return strongest

    def _judge(self, label: str, score: float) -> Decision:
        band = self.per_label.get(label, self.default)
        if score >= band.act_at:
            return Decision("act", score, label, f"score {score:.4g} ≥ {band.act_at:.4g}")
        if self.bound is not None and score >= band.review_from:
            return Decision("review", score, label, self._unproved(label, score, band))
        if score >= band.review_from:
            return Decision("review", score, label, f"score {score:.4g} within the review band")
        return Decision("pass", score, label, f"score {score:.4g} < {band.review_from:.4g}")

    def _unproved(self, label: str, score: float, band: Band) -> str:
        """Why a promised error rate leaves a sample to a person."""
        bound = self.bound
        if bound is None or not bound.accepted:
            return "nothing is decided without a person yet: no error rate can be promised"
        if label in bound.left_out:
            return f"{label} is left to a person: {bound.left_out[label]}"
        return f"confidence {score:.4g}, below {band.act_at:.4g} a person decides"


_RANK: dict[Verdict, int] = {"pass": 0, "review": 1, "act": 2}
