"""What a bundle says of one lead, as tables, the API and CRMs take it. A value made of a prediction; it decides nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from cloud_sync.store.types import JsonObject
from kits.core.harmless import printable
from kits.core.prediction import Direction, Prediction, Quantity, Reason
from kits.core.ready import ReadyBundle

MEDIA_TYPE = "application/json"
Band = Literal["hot", "warm", "cold"]
BANDS: tuple[Band, ...] = ("hot", "warm", "cold")
_OF_VERDICT: Mapping[str, Band] = {"act": "hot", "review": "warm", "pass": "cold"}
_DIRECTIONS: Mapping[str, Direction] = {"for": "for", "against": "against"}
MAX_WORDS = 300
MAX_NAMES = 50
_MOST_DAYS = 36_525.0


@dataclass(frozen=True, slots=True)
class LeadScore:
    """A score with all that is shown of it.

    Attributes:
        probability, low, high: 0 to 1, with the interval the kit gives; None: the lead is not scored.
        confidence: of the interval, 0 to 1, as the bundle says; None: there is none, or it does not say.
        points: 1 to 99.
        percentile: 0 to 1: better than so many of the latest leads, or of those the bundle was judged on (`cutting.py`).
        band: hot, warm, cold; empty: not scored.
        reasons: those that speak with the score first; a weight in log-odds, positive speaks for the lead.
        hints: what the team could find out or do.
        unknown: fields the bundle asks for and the lead has not.
        new_values: fields with values the bundle has never seen.
        unreadable: fields with values that are no number, date, or yes or no, where the bundle learned from these.
        opted_out: the lead says that it is not to be scored.
        base_rate: share of won among the leads the bundle learned from; None: it does not say.
        when_new: what the probability would be if the lead had just come; None: it is that, or how old it is was not said.
        days_open: how long it has been open; None as well.
        holds_for_days: after so many days the score is another one, as the lead is older; None: it stays what it is.
        new_since: since when it counts as new, where that is not since it came.
        kept: the fields it looked at, as the kit keeps them to learn from; empty where nothing is kept.
    """

    bundle: str
    verdict: str
    probability: float | None
    low: float | None
    high: float | None
    points: int | None
    percentile: float | None
    band: str
    reasons: tuple[Reason, ...] = ()
    hints: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    new_values: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    opted_out: bool = False
    base_rate: float | None = None
    kept: Mapping[str, JsonValue] = field(default_factory=dict)
    confidence: float | None = None
    when_new: float | None = None
    days_open: float | None = None
    holds_for_days: float | None = None
    new_since: datetime | None = None

    def as_json(self) -> JsonObject:
        """For the API."""
        return {
            "probability": self.probability, "low": self.low, "high": self.high, "confidence": self.confidence,
            "points": self.points, "percentile": self.percentile, "band": self.band,
            "days_open": self.days_open, "probability_when_new": self.when_new,
            "reasons": [{**reason_json(one), "value": one.value} for one in self.reasons],
            "hints": list(self.hints), "unknown_fields": list(self.unknown),
            "new_values": list(self.new_values), "unreadable_fields": list(self.unreadable),
            "opted_out": self.opted_out, "base_rate": self.base_rate, "bundle": self.bundle,
        }  # fmt: skip


def score_of(ready: ReadyBundle, prediction: Prediction) -> LeadScore:
    """The score in a prediction of a lead."""
    details = prediction.details
    verdict = ready.decide(prediction).verdict
    if details.get("opted_out") is True or not math.isfinite(prediction.score):
        return no_score(ready.id, verdict)
    quantities = {one.name: one for one in prediction.quantities}
    interval = quantities.get("probability")
    # a score is what leads are put in order by, which need not know the time of year
    probability = _clipped(interval.value if interval else prediction.score)
    band = str(details.get("band") or _OF_VERDICT[verdict])
    return LeadScore(
        ready.id, verdict, probability,
        _clipped(interval.low) if interval and interval.low is not None else None,
        _clipped(interval.high) if interval and interval.high is not None else None,
        _points(quantities.get("points"), probability),
        _share(details.get("percentile"), quantities.get("percentile")),
        band if band in BANDS else _OF_VERDICT[verdict],
        prediction.reasons, _texts(details.get("hints")),
        _texts(details.get("unknown_fields")) + _texts(details.get("unheard_fields")),
        _texts(details.get("new_values")),
        _texts(details.get("unreadable_fields")),
        base_rate=_share(details.get("base_rate"), None),
        confidence=interval.confidence if interval and interval.low is not None else None,
        when_new=_share(details.get("probability_when_new"), None),
        days_open=_days(details.get("days_open")),
        holds_for_days=_days(details.get("holds_for_days")),
    )  # fmt: skip


def no_score(bundle: str, verdict: str = "review") -> LeadScore:
    """What is left of a lead that does not want to be scored."""
    return LeadScore(
        bundle, verdict, None, None, None, None, None, "", opted_out=True,
    )  # fmt: skip


def reason_json(one: Reason) -> JsonObject:
    """A reason without the lead's own value, as it is kept and told."""
    return {
        "text": printable(one.text), "direction": one.direction, "weight": one.weight, "field": one.field,
    }  # fmt: skip


def reasons_in(told: Iterable[JsonValue]) -> list[Reason]:
    """Reasons as they are kept; of one that was kept as a text only it is not known which way it speaks."""
    return [_reason_in(one) if isinstance(one, dict) else Reason(str(one)) for one in told]


def _reason_in(told: JsonObject) -> Reason:
    weight = told.get("weight")
    return Reason(
        str(told.get("text", "")),
        float(weight) if isinstance(weight, int | float) else 0.0,
        str(told.get("field", "")),
        direction=_DIRECTIONS.get(str(told.get("direction")), ""),
    )


def _points(quantity: Quantity | None, probability: float) -> int:
    value = quantity.value if quantity is not None else 100 * probability
    return min(max(round(value), 1), 99)


def _share(told: JsonValue, quantity: Quantity | None) -> float | None:
    if isinstance(told, int | float) and not isinstance(told, bool):
        return _clipped(float(told))
    return _clipped(quantity.value / 100) if quantity is not None else None


def _days(told: JsonValue) -> float | None:
    if not isinstance(told, int | float) or isinstance(told, bool) or not math.isfinite(told):
        return None
    return min(max(float(told), 0.0), _MOST_DAYS)


def _clipped(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _texts(told: JsonValue) -> tuple[str, ...]:
    if isinstance(told, Mapping):
        return tuple(
            f"{name}: {value}"[:MAX_WORDS] for name, value in list(told.items())[:MAX_NAMES]
        )
    if not isinstance(told, list):
        return ()
    return tuple(str(one)[:MAX_WORDS] for one in told[:MAX_NAMES])
