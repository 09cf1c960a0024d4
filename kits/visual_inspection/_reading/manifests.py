"""Lines of JSON, one per picture: SageMaker's and Lookout's manifests, Vertex AI's imports, Labelbox's exports, Hugging Face's metadata."""

from __future__ import annotations

from pathlib import Path

from pydantic import JsonValue

from kits.core.dataset import SPLIT_WORDS, Split
from kits.core.prediction import Box
from kits.visual_inspection._reading.documents import Object, lines, objects, text, within
from kits.visual_inspection._reading.shapes import around, numbers, places, sized
from kits.visual_inspection._reading.stated import Stated, shares
from kits.visual_inspection._words import DEFECT

SUFFIXES = (".jsonl", ".ndjson", ".manifest")
_USE = "aiplatform.googleapis.com/ml_use"
_CORNERS = ("xMin", "yMin", "xMax", "yMax")
_SIZED = ("left", "top", "width", "height")


def stated(file: Path) -> list[Stated] | None:
    """What a file states; None where its lines are of another kind."""
    entries = lines(file) if file.suffix.lower() in SUFFIXES else []
    for known, read in (("source-ref", _amazon), ("imageGcsUri", _google), ("data_row", _labelbox)):
        if entries and all(known in one for one in entries):
            return [read(one, file) for one in entries]
    if entries and all(
        "file_name" in one and isinstance(one.get("objects"), dict) for one in entries
    ):
        return [_hugging_face(one, file) for one in entries]
    return None


def _amazon(entry: Object, file: Path) -> Stated:
    """The attribute that has a `-metadata` of its own: boxes, or a class."""
    name = text(entry["source-ref"])
    keys = [key for key in entry if f"{key}-metadata" in entry]
    for key in keys:
        about, value = entry[f"{key}-metadata"], entry[key]
        notes = within(value, "annotations")
        if isinstance(notes, list):
            named = within(about, "class-map")
            boxes = [_amazon_box(one, named) for one in objects(notes)]
            return _made(name, boxes, file)
        label = text(within(about, "class-name"))
        if label:
            return Stated(name, label=label, base=file.parent)
    return Stated(name, base=file.parent, open="its line states no class and no boxes")


def _amazon_box(note: Object, named: JsonValue) -> Box | None:
    label = text(within(named, text(note.get("class_id")))) or DEFECT
    return sized([note.get(key) for key in _SIZED], label)


def _google(entry: Object, file: Path) -> Stated:
    split = SPLIT_WORDS.get(text(within(entry, "dataItemResourceLabels", _USE)).lower())
    name, label = (
        text(entry["imageGcsUri"]),
        text(within(entry, "classificationAnnotation", "displayName")),
    )
    boxes: list[Box | None] = []
    for note in objects(entry.get("boundingBoxAnnotations")):
        found = numbers([note.get(key) for key in _CORNERS])
        boxes.append(
            Box(found[0], found[1], found[2], found[3], text(note.get("displayName")))
            if found
            else None
        )
    one = _made(name, boxes, file)
    kept = [box for box in boxes if box]
    unsaid = "" if boxes or label else "its line states no class and no boxes"
    return Stated(name, shares(kept) if kept else (), label, split, file.parent, one.open or unsaid)


def _labelbox(entry: Object, file: Path) -> Stated:
    """The labels of all projects; a row without any waits for somebody to look at it."""
    name = text(within(entry, "data_row", "external_id")) or text(
        within(entry, "data_row", "global_key")
    )
    projects = entry.get("projects")
    labels = [
        one
        for project in (projects.values() if isinstance(projects, dict) else ())
        for one in objects(within(project, "labels"))
    ]
    if not labels:
        return Stated(name, base=file.parent, open="nobody has labelled it")
    drawn = [one for label in labels for one in objects(within(label, "annotations", "objects"))]
    boxes = [_labelbox_box(one) for one in drawn]
    answers = [
        one for label in labels for one in objects(within(label, "annotations", "classifications"))
    ]
    label = next(
        (found for one in answers if (found := text(within(one, "radio_answer", "name")))), ""
    )
    one = _made(name, boxes, file)
    return Stated(name, one.boxes, label, None, file.parent, one.open)


def _labelbox_box(note: Object) -> Box | None:
    label, place = text(note.get("name")) or DEFECT, note.get("bounding_box")
    if isinstance(place, dict):
        return sized([place.get(key) for key in _SIZED], label)
    return around(places(note.get("polygon") or note.get("line")), label)


def _hugging_face(entry: Object, file: Path) -> Stated:
    """Boxes of x, y, width and height in pixels, with a list of their classes."""
    drawn = entry["objects"]
    lists = [within(drawn, key) for key in ("categories", "category", "label", "labels")]
    kinds = next((one for one in lists if isinstance(one, list)), [])
    listed = within(drawn, "bbox")
    boxes: list[Box | None] = []
    for number, box in enumerate(listed if isinstance(listed, list) else []):
        label = text(kinds[number]) if number < len(kinds) else ""
        boxes.append(sized(box, label or DEFECT) if isinstance(box, list) else None)
    return _made(text(entry["file_name"]), boxes, file, _split(file))


def _split(file: Path) -> Split | None:
    return SPLIT_WORDS.get(file.parent.name.lower())


def _made(name: str, boxes: list[Box | None], file: Path, split: Split | None = None) -> Stated:
    unread = "" if all(boxes) else f"an annotation in {file.name} has no usable place"
    return Stated(name, [box for box in boxes if box], split=split, base=file.parent, open=unread)
