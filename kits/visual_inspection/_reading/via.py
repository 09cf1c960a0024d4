"""VGG Image Annotator: a project, or its annotations as JSON or CSV; the class stands in one of the attributes of a region."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import JsonValue

from kits.core.prediction import Box
from kits.visual_inspection._reading.documents import Object, objects, text
from kits.visual_inspection._reading.labels_tables import Table
from kits.visual_inspection._reading.shapes import around, circle, numbers, sized
from kits.visual_inspection._reading.stated import Stated
from kits.visual_inspection._words import DEFECT

_IMAGES = "_via_img_metadata"
_NAMES = ("label", "class", "defect", "type", "name", "category")
_COLUMNS = {"filename", "region_shape_attributes", "region_attributes"}


def stated(content: JsonValue, file: Path) -> list[Stated] | None:
    """What a JSON states; None where it is none of VIA's."""
    if not isinstance(content, dict):
        return None
    images = content.get(_IMAGES, content)
    entries = objects(list(images.values())) if isinstance(images, dict) else []
    if not entries or not all("filename" in one and "regions" in one for one in entries):
        return None
    return [_image(entry, file.parent) for entry in entries]


def _image(entry: Object, base: Path) -> Stated:
    regions = entry.get("regions")
    shapes = objects(list(regions.values())) if isinstance(regions, dict) else objects(regions)
    return _stated(
        text(entry.get("filename")),
        [(one.get("shape_attributes"), one.get("region_attributes")) for one in shapes],
        base,
    )


def of_table(table: Table) -> list[Stated] | None:
    """What a CSV states; None where its columns are others."""
    if not set(table.columns) >= _COLUMNS:
        return None
    drawn: dict[str, list[tuple[JsonValue, JsonValue]]] = {}
    for row in table.rows:
        regions = drawn.setdefault(row.get("filename", ""), [])
        shape, kind = (
            _object(row.get(f"region_{what}", "")) for what in ("shape_attributes", "attributes")
        )
        if shape:
            regions.append((shape, kind))
    return [_stated(name, regions, table.file.parent) for name, regions in drawn.items()]


def _object(cell: str) -> Object:
    try:
        found = json.loads(cell) if cell.strip() else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _stated(name: str, regions: Iterable[tuple[JsonValue, JsonValue]], base: Path) -> Stated:
    boxes = [_box(shape, _label(kind)) for shape, kind in regions]
    unread = "" if all(boxes) else "a region without a place"
    return Stated(name, [box for box in boxes if box], base=base, open=unread)


def _label(attributes: JsonValue) -> str:
    """The attribute that is called as a class is, else the first with a word in it; of options the one that is ticked."""
    if not isinstance(attributes, Mapping):
        return DEFECT
    words = {key.lower(): _word(value) for key, value in attributes.items()}
    return next((words[key] for key in (*_NAMES, *words) if words.get(key)), DEFECT)


def _word(value: JsonValue) -> str:
    ticked = [key for key, on in value.items() if on] if isinstance(value, dict) else []
    return ticked[0] if ticked else text(value)


def _box(shape: JsonValue, label: str) -> Box | None:
    if not isinstance(shape, dict):
        return None
    kind = shape.get("name")
    if kind == "rect":
        return sized([shape.get(key) for key in ("x", "y", "width", "height")], label)
    if kind in ("circle", "ellipse"):
        radii = ("r", "r") if kind == "circle" else ("rx", "ry")
        found = numbers([shape.get(key) for key in ("cx", "cy", *radii)])
        return circle(found[0], found[1], max(found[2:]), label) if found else None
    xs, ys = shape.get("all_points_x"), shape.get("all_points_y")
    if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
        return None
    across, down = numbers(xs), numbers(ys)
    return around(list(zip(across, down)), label) if across and down else None
