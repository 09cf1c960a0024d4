"""Predictions: what a model says of one sample, in terms all kits share.

One shape serves every kit, so that agent, hub and report need no knowledge of the vertical:
an image fills `boxes`, a mail `label`, `spans` and `draft`, a lead `score` and `reasons`, a sensor
window `label` and `quantities` (remaining life with its interval). It holds no decision: that is
what an operating point makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from pydantic import JsonValue, TypeAdapter, ValidationError

from kits.core.errors import DataError


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box in pixels of the original image; (x0, y0) is the top left corner."""

    x0: float
    y0: float
    x1: float
    y1: float
    label: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text: characters `start` to `end` (exclusive) of the sample's plain text.

    `value` is what it says in one form, where the kit can read it: a day by ISO 8601, a sum with its currency.
    """

    start: int
    end: int
    label: str
    text: str
    confidence: float = 1.0
    value: JsonValue = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit and, where known, its interval at `confidence` (0.9 = 90 %)."""

    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    confidence: float | None = None


Direction = Literal["for", "against", ""]
_MARKS: Mapping[str, str] = {"for": "(+) ", "against": "(−) "}
"""In brackets, because a spreadsheet takes what begins with a sign for a formula."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in words for the person who reads it.

    Attributes:
        weight: signed, larger pushes to act.
        direction: whether it speaks for acting or against it, where a person has to see that; empty: it describes.
    """

    text: str
    weight: float = 0.0
    field: str = ""
    value: JsonValue = None
    direction: Direction = ""

    @property
    def marked(self) -> str:
        """The text with a sign before it that says which way it speaks, in whatever language it is."""
        return marked(self.text, self.direction)


def marked(text: str, direction: str) -> str:
    """A reason's text as `Reason.marked` has it, for who has a reason as JSON."""
    return f"{_MARKS.get(direction, '')}{text}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A text a person may send: nothing in Kitwright sends it by itself.

    `citations` names, per sentence, the passage, template or record it was taken from; `cut` holds the
    sentences that were left out, each with the reason.
    """

    subject: str
    body: str
    language: str
    citations: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's output for one sample.

    Attributes:
        score: the one number the operating point compares; larger means more reason to act.
            Finite; its range is the kit's (a probability, a distance).
        label: the most likely class, or empty when the model has none.
        probabilities: class → probability, when the model gives them.
        boxes, spans, quantities, reasons, draft: see the classes above.
        details: kit-specific figures worth keeping; JSON only.
    """

    score: float
    label: str = ""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    boxes: tuple[Box, ...] = ()
    spans: tuple[Span, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    reasons: tuple[Reason, ...] = ()
    draft: Draft | None = None
    details: Mapping[str, JsonValue] = field(default_factory=dict)


@cache
def _adapter() -> TypeAdapter[Prediction]:
    # built at first use: a device that only starts should not pay for it
    return TypeAdapter(Prediction)


def prediction_to_json(prediction: Prediction) -> dict[str, JsonValue]:
    """`prediction` as JSON values, without the fields that are at their default."""
    dumped: dict[str, JsonValue] = _adapter().dump_python(
        prediction, mode="json", exclude_defaults=True
    )
    return dumped


def prediction_from_json(value: object) -> Prediction:
    """The opposite of `prediction_to_json`.

    Raises:
        DataError: the value is not a prediction.
    """
    try:
        return _adapter().validate_python(value)
    except ValidationError as error:
        raise DataError("not a prediction", where=str(error.errors()[0]["loc"])) from error
