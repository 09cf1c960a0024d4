"""COCO: one JSON with the pictures, the annotations and the categories; in each split one of its own, or one for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import JsonValue

from kits.core.dataset import SPLIT_WORDS, Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.prediction import Box
from kits.visual_inspection._reading.documents import (
    Object,
    document,
    files_under,
    may_hold,
    objects,
    text,
)
from kits.visual_inspection._reading.runs import box_of_runs
from kits.visual_inspection._reading.shapes import around, numbers, sized
from kits.visual_inspection._reading.stated import Stated, samples_of

_KEYS = ("images", "annotations", "categories")


def find_coco(path: Path) -> list[Path]:
    """COCO files in a folder (or the file itself), by their keys."""
    files = [path] if path.is_file() else files_under(path, [".json"])
    return [
        file
        for file in files
        if file.suffix == ".json" and may_hold(file, _KEYS) and _is_coco(document(file))
    ]


def _is_coco(content: JsonValue) -> bool:
    return isinstance(content, dict) and all(isinstance(content.get(key), list) for key in _KEYS)


def read_coco(path: Path) -> Iterator[RawSample | Finding]:
    """Pictures listed in COCO files; one without annotations counts as a good part.

    The split is taken from a file name such as `instances_val.json`, or from its folder.

    Raises:
        DataError: no file with images, annotations and categories.
    """
    files = find_coco(path)
    if not files:
        raise DataError(
            "no COCO file here",
            where=str(path),
            fix="looked for *.json with the keys " + ", ".join(_KEYS),
        )
    root = path if path.is_dir() else path.parent
    names = ", ".join(str(file.relative_to(root)) for file in files)
    yield from samples_of(root, names, [one for file in files for one in _stated(file)])


def _stated(file: Path) -> Iterator[Stated]:
    content = document(file)
    assert isinstance(content, dict)
    names = {text(one.get("id")): text(one.get("name")) for one in objects(content["categories"])}
    drawn: dict[str, list[Box | None]] = {}
    plain: dict[str, str] = {}
    for note in objects(content["annotations"]):
        image, label = text(note.get("image_id")), names.get(text(note.get("category_id")), "")
        if label and not note.get("bbox") and not note.get("segmentation"):
            plain[image] = label  # of the whole picture
        else:
            drawn.setdefault(image, []).append(_box(note, label))
    split = _split(file)
    for entry in objects(content["images"]):
        boxes = drawn.get(text(entry.get("id")), [])
        unread = (
            "" if all(boxes) else f"an annotation in {file.name} has no usable place or category"
        )
        kept = tuple(box for box in boxes if box)
        label = plain.get(text(entry.get("id")), "")
        yield Stated(text(entry.get("file_name")), kept, label, split, file.parent, unread)


def _split(file: Path) -> Split | None:
    words = [
        *file.stem.lower().replace("-", "_").replace(".", "_").split("_"),
        file.parent.name.lower(),
    ]
    return next((SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS), None)


def _box(note: Object, label: str) -> Box | None:
    """Its `bbox`, else what is around its outline; None of a category that is not listed."""
    box = note.get("bbox")
    if not label:
        return None
    if isinstance(box, list) and box:
        return sized(box, label)
    return _outline(note.get("segmentation"), label)


def _outline(outline: JsonValue, label: str) -> Box | None:
    if isinstance(outline, dict):
        return box_of_runs(outline, label)
    if not isinstance(outline, list) or not outline:
        return None
    rings = [numbers(ring) if isinstance(ring, list) else None for ring in outline]
    points = [pair for ring in rings if ring for pair in zip(ring[::2], ring[1::2])]
    return around(points, label) if all(rings) else None
