"""One JSON for all pictures, as CreateML, Datumaro and Edge Impulse write it, or file names with their classes."""

from __future__ import annotations

from pathlib import Path

from pydantic import JsonValue

from kits.core.dataset import SPLIT_WORDS
from kits.core.prediction import Box
from kits.visual_inspection._reading.documents import Object, objects, text, within
from kits.visual_inspection._reading.files import SUFFIXES
from kits.visual_inspection._reading.shapes import around, numbers, sized
from kits.visual_inspection._reading.stated import Stated
from kits.visual_inspection._words import DEFECT


def create_ml(content: JsonValue, file: Path) -> list[Stated] | None:
    """Apple's Create ML: a list of pictures; places are the middle and the size, in pixels."""
    entries = objects(content)
    names = [text(one.get("image") or one.get("imagefilename")) for one in entries]
    notes = [one.get("annotations", one.get("annotation")) for one in entries]
    if not entries or not all(names) or not all(isinstance(one, list) for one in notes):
        return None
    return [
        _made(name, [_middle(one) for one in objects(note)], file)
        for name, note in zip(names, notes)
    ]


def _middle(note: Object) -> Box | None:
    place = note.get("coordinates")
    found = (
        numbers([place.get(key) for key in ("x", "y", "width", "height")])
        if isinstance(place, dict)
        else None
    )
    if found is None:
        return None
    x, y, width, height = found
    return Box(
        x - width / 2,
        y - height / 2,
        x + width / 2,
        y + height / 2,
        text(note.get("label")) or DEFECT,
    )


def edge_impulse(content: JsonValue, file: Path) -> list[Stated] | None:
    """Edge Impulse's `bounding_boxes.labels`."""
    boxes = within(content, "boundingBoxes")
    if not isinstance(boxes, dict):
        return None
    keys = ("x", "y", "width", "height")
    return [
        _made(
            name,
            [
                sized([one.get(k) for k in keys], text(one.get("label")) or DEFECT)
                for one in objects(drawn)
            ],
            file,
        )
        for name, drawn in boxes.items()
    ]


def datumaro(content: JsonValue, file: Path) -> list[Stated] | None:
    """Datumaro's `annotations/<subset>.json`."""
    listed = within(content, "categories", "label", "labels")
    items = objects(within(content, "items"))
    if not items or not isinstance(listed, list):
        return None
    names = [text(within(one, "name")) for one in listed]
    split = SPLIT_WORDS.get(file.stem.lower())
    found = []
    for item in items:
        notes = objects(item.get("annotations"))
        label = next((_named(one, names) for one in notes if one.get("type") == "label"), "")
        drawn = [
            _datumaro_box(one, _named(one, names)) for one in notes if one.get("type") != "label"
        ]
        name = text(within(item, "image", "path")) or text(item.get("id"))
        one = _made(name, drawn, file)
        found.append(Stated(name, one.boxes, label, split, one.base, one.open))
    return found


def _named(note: Object, names: list[str]) -> str:
    at = note.get("label_id")
    return names[at] if isinstance(at, int) and 0 <= at < len(names) else ""


def _datumaro_box(note: Object, label: str) -> Box | None:
    box, points = note.get("bbox"), note.get("points")
    if isinstance(box, list):
        return sized(box, label)
    flat = numbers(points) if isinstance(points, list) else None
    return around(list(zip(flat[::2], flat[1::2])), label) if flat and label else None


def classes(content: JsonValue, file: Path) -> list[Stated] | None:
    """File names with their classes: `{"0001.jpg": "good", …}`, or with numbers beside the names of classes, as FiftyOne writes them."""
    names, labels = within(content, "classes"), within(content, "labels")
    if isinstance(names, list) and isinstance(labels, dict) and labels:
        return [_classed(name, label, names, file) for name, label in labels.items()]
    if not isinstance(content, dict) or not content:
        return None
    pictures = [Path(name).suffix.lower() in SUFFIXES for name in content]
    if not all(pictures) or not all(isinstance(label, str) for label in content.values()):
        return None
    return [Stated(name, label=text(label), base=file.parent) for name, label in content.items()]


def _classed(name: str, label: JsonValue, names: list[JsonValue], file: Path) -> Stated:
    known = isinstance(label, int) and not isinstance(label, bool) and 0 <= label < len(names)
    said = (
        text(names[label])
        if known and isinstance(label, int)
        else text(label)
        if isinstance(label, str)
        else ""
    )
    return Stated(
        name, label=said, base=file.parent, open="" if said else f"{file.name} has no class for it"
    )


def _made(name: str, boxes: list[Box | None], file: Path) -> Stated:
    unread = "" if all(boxes) else f"an annotation in {file.name} has no usable place"
    return Stated(name, [box for box in boxes if box], base=file.parent, open=unread)
