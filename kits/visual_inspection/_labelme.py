"""Reader of LabelMe's files: a JSON beside each picture, with shapes; a file without shapes states a good part."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

from pydantic import JsonValue

from kits.core.kit import Finding, RawSample
from kits.core.prediction import Box
from kits.visual_inspection._files import Picture, Reading
from kits.visual_inspection._labels import Labeller
from kits.visual_inspection._layout import layout_of

_MAX_BYTES = 64 << 20
"""A file may hold its picture once more."""


def find_labelme(path: Path) -> bool:
    """Whether JSON files with shapes lie beside the pictures."""
    beside = (placed.file.with_suffix(".json") for placed in layout_of(path).placed)
    some = [file for file in beside if file.is_file()][:5]
    return bool(some) and all(_content(file) is not None for file in some)


def read_labelme(path: Path) -> Iterator[RawSample | Finding]:
    """Pictures with the bounds of their shapes; one without a file is not annotated.

    Raises:
        DataError: no pictures.
    """
    labeller, reading = Labeller("labelme"), Reading(path)
    for placed in layout_of(path).placed:
        picture = reading.open(placed.file)
        if isinstance(picture, Finding):
            yield picture
            continue
        yield _sample(picture, labeller)
    yield from labeller.findings
    yield from reading.findings()


def _content(file: Path) -> dict[str, JsonValue] | None:
    try:
        if file.stat().st_size > _MAX_BYTES:
            return None
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    shapes = found.get("shapes") if isinstance(found, dict) else None
    return found if isinstance(shapes, list) else None


def _sample(picture: Picture, labeller: Labeller) -> RawSample:
    file = picture.path.with_suffix(".json")
    if not file.is_file():
        labeller.complain(
            "image-without-label", f"{picture.name} has no JSON: imported as not annotated", picture.name,
            "a file without shapes states that a part is good",
        )  # fmt: skip
        return picture.sample(None)
    content = _content(file)
    shapes = content.get("shapes") if content is not None else None
    boxes = [_box(shape) for shape in shapes] if isinstance(shapes, list) else [None]
    if any(box is None for box in boxes):
        labeller.complain(
            "malformed-label", f"{file.name}: no shapes with points; the picture counts as not annotated", picture.name,
            "save it again in LabelMe",
        )  # fmt: skip
        return picture.sample(None)
    size = (picture.width, picture.height)
    annotation = labeller.annotation([box for box in boxes if box], size, picture.name)
    return picture.sample(None if boxes and not annotation.boxes else annotation)


def _box(shape: JsonValue) -> Box | None:
    """The bounds of a rectangle, polygon or circle (its middle and a point on it)."""
    if not isinstance(shape, dict) or not isinstance(points := shape.get("points"), list):
        return None
    places = [place for point in points if (place := _place(point)) is not None]
    if len(places) < len(points):
        return None
    if len(places) < 2:
        return None
    (x0, y0), (x1, y1) = places[0], places[1]
    if shape.get("shape_type") == "circle":
        r = math.hypot(x1 - x0, y1 - y0)
        places = [(x0 - r, y0 - r), (x0 + r, y0 + r)]
    xs, ys = zip(*places)
    return Box(min(xs), min(ys), max(xs), max(ys), str(shape.get("label") or "defect"))


def _place(point: JsonValue) -> tuple[float, float] | None:
    if not isinstance(point, list) or len(point) != 2:
        return None
    x, y = point
    if isinstance(x, bool) or isinstance(y, bool):
        return None
    if not isinstance(x, int | float) or not isinstance(y, int | float):
        return None
    return (float(x), float(y)) if math.isfinite(x) and math.isfinite(y) else None
