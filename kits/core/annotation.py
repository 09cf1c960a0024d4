"""Annotations: statements on a sample, with who said it, when and how. Appended, never overwritten.

The newest annotation of a sample is the one in force; older ones stay for the record. The shape
is shared by all kits (see `prediction.py` for boxes, spans and quantities).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Literal

from pydantic import JsonValue, TypeAdapter, ValidationError

from kits.core.errors import DataError
from kits.core.harmless import readable
from kits.core.prediction import Box, Quantity, Span
from kits.core.sample import utc_now

AnnotationSource = Literal["import", "review", "device", "outcome"]
BY_PEOPLE: tuple[AnnotationSource, ...] = ("review", "device")
"""What a person said of a sample outlives newer states of it."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One statement on one sample.

    Attributes:
        label: the sample's class (`good`, `defect`, an intent, `won`), or empty when only
            boxes or quantities are stated.
        boxes: with labels; an empty tuple together with `label="good"` states "nothing there".
        source: `import` (came with the data), `review` (a person in the hub), `device` (a person
            at the line), `outcome` (the world answered: the deal was won, the bearing failed).
        author: login or file the statement came from.
    """

    label: str = ""
    boxes: tuple[Box, ...] = ()
    spans: tuple[Span, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    author: str = ""
    source: AnnotationSource = "import"
    at: datetime = field(default_factory=utc_now)
    note: str = ""

    @property
    def says(self) -> bool:
        """Whether it says anything: an outcome that was taken back does not."""
        return bool(self.label or self.boxes or self.spans or self.quantities)

    def with_readable_names(self) -> Annotation:
        """This one, where labels and author may be names of folders and files that are no UTF-8, as text."""
        places: tuple[Box | Span, ...] = (*self.boxes, *self.spans)
        names = [self.label, self.author, *(place.label for place in places)]
        if [readable(name) for name in names] == names:
            return self
        return replace(
            self,
            label=readable(self.label),
            author=readable(self.author),
            boxes=tuple(replace(box, label=readable(box.label)) for box in self.boxes),
            spans=tuple(replace(span, label=readable(span.label)) for span in self.spans),
        )


@cache
def _adapter() -> TypeAdapter[Annotation]:
    # built at first use: a device that only starts should not pay for it
    return TypeAdapter(Annotation)


def annotation_to_json(annotation: Annotation) -> dict[str, JsonValue]:
    """`annotation` as JSON values, defaults left out (the time is always kept)."""
    dumped: dict[str, JsonValue] = _adapter().dump_python(
        annotation, mode="json", exclude_defaults=True
    )
    dumped["at"] = annotation.at.isoformat()
    return dumped


def annotation_from_json(value: object) -> Annotation:
    """The opposite of `annotation_to_json`.

    Raises:
        DataError: the value is not an annotation.
    """
    try:
        return _adapter().validate_python(value)
    except ValidationError as error:
        raise DataError("not an annotation", where=str(error.errors()[0]["loc"])) from error
