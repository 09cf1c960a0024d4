"""The learned models as values: what a bundle's `config` holds of them. Trees are arrays in a file beside it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _refuse_unpaired(knots: Sequence[float], values: Sequence[float]) -> None:
    """A curve has a value at each of its knots, which rise."""
    rising = all(one <= other for one, other in pairwise(knots))
    if not knots or len(knots) != len(values) or not rising:
        raise ValueError("a curve needs a value at each of its rising knots")


class Term(_Part):
    """What one column of the matrix adds: straight lines between knots, level outside them."""

    knots: tuple[float, ...] = Field(description="values of the column, rising")
    adds: tuple[float, ...] = Field(description="log-odds at each knot, less the average lead's")
    missing: float = Field(0.0, description="log-odds where the column is missing")

    @model_validator(mode="after")
    def _paired(self) -> Term:
        _refuse_unpaired(self.knots, self.adds)
        return self


class AdditiveSpec(_Part):
    """Logistic regression as a sum of curves (Hastie & Tibshirani 1986), one for each column of the matrix."""

    intercept: float = Field(description="log-odds of a lead whose columns add nothing")
    terms: tuple[Term, ...] = Field(description="one for each column of the matrix")


class CalibratorSpec(_Part):
    """Log-odds of the models → log-odds of the probability.

    `platt`: a·m + b (Platt 1999). `beta`: a·ln p − c·ln(1−p) + b (Kull 2017). `isotonic`: lines between knots.
    """

    method: Literal["none", "platt", "beta", "isotonic"] = "none"
    a: float = Field(1.0, description="slope; of ln p with beta")
    c: float = Field(1.0, description="of −ln(1−p) with beta")
    b: float = Field(0.0, description="added, log-odds")
    knots: tuple[float, ...] = Field((), description="log-odds before, rising; isotonic")
    values: tuple[float, ...] = Field((), description="log-odds at each knot; isotonic")

    @model_validator(mode="after")
    def _paired(self) -> CalibratorSpec:
        if self.method == "isotonic":
            _refuse_unpaired(self.knots, self.values)
        return self


class IntervalSpec(_Part):
    """Where the true share of won lies among leads that are scored alike, by leads that no model had seen."""

    knots: tuple[float, ...] = Field((), description="calibrated log-odds, rising")
    low: tuple[float, ...] = Field((), description="log-odds at each knot, lower end")
    high: tuple[float, ...] = Field((), description="log-odds at each knot, upper end")
    confidence: float = Field(0.9, description="of the interval, 0 to 1")

    @model_validator(mode="after")
    def _paired(self) -> IntervalSpec:
        for end in (self.low, self.high):
            if self.knots or end:
                _refuse_unpaired(self.knots, end)
        return self


class SeasonSpec(_Part):
    """What the time of year adds: cosine · cos + sine · sin of its angle + level, in log-odds of the models."""

    cosine: float = Field(description="of the angle, which is 0 as 1970 begins")
    sine: float = Field(description="of the angle")
    level: float = Field(
        description="so much that the leads learned from are given nothing on the whole"
    )


class StillOpenSpec(_Part):
    """What it adds that a lead is still open at an age: straight lines between ages, nothing at 0, level after the last."""

    days: tuple[float, ...] = Field(description="ages, rising")
    adds: tuple[float, ...] = Field(description="log-odds of the probability at each")
    errors: tuple[float, ...] = Field(description="their standard errors")
    never: float = Field(
        0.0, ge=0, le=1, description="share of leads not won that stay open for ever"
    )

    @model_validator(mode="after")
    def _paired(self) -> StillOpenSpec:
        for values in (self.adds, self.errors):
            _refuse_unpaired(self.days, values)
        if self.days[0] <= 0:
            raise ValueError("a lead of no age is as one that has just come")
        return self


class Tried(_Part):
    """One model that was tried, and how it did on the folds that decided."""

    name: str = Field(description="in words")
    fate: Literal["taken", "beside", "given up"] = Field(
        description="`given up`: far behind or in the worse half on the first folds of a large table, and not tried on later ones"
    )
    leads: int = Field(ge=0, description="leads it was judged on")
    log_loss: float = Field(description="mean per lead, after a straight calibration")
    log_loss_error: float = Field(ge=0, description="its standard error")
    auc: float = Field(description="mean over folds")
    lift: float = Field(description="at the best tenth, mean over folds")
    lift_error: float = Field(ge=0, description="its standard error")


class ModelSpec(_Part):
    """What makes a lead's log-odds: the mean of the models that are there and the time of year, calibrated, and its age."""

    approach: str = Field(description="which candidate it is")
    additive: AdditiveSpec | None = Field(None, description="None: trees alone")
    trees: bool = Field(
        False, description="whether `trees.npz` and the ONNX role `trees` belong to it"
    )
    season: SeasonSpec | None = Field(None, description="None: the same throughout the year")
    still_open: StillOpenSpec | None = Field(
        None, description="None: a lead that stays open is scored as one that has just come"
    )
    calibrator: CalibratorSpec = Field(default_factory=CalibratorSpec)
    interval: IntervalSpec = Field(default_factory=IntervalSpec)
