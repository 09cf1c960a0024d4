"""Readers of a JSON per picture, beside it or in a folder of its own: LabelMe, Supervisely, V7 Darwin, SuperAnnotate, Dataloop."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from pydantic import JsonValue

from kits.core.annotation import Annotation
from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.prediction import Box
from kits.visual_inspection._reading.documents import Object, document, objects, text, within
from kits.visual_inspection._reading.files import Picture, Reading
from kits.visual_inspection._reading.finding_pictures import Beside
from kits.visual_inspection._reading.labelling import Labeller
from kits.visual_inspection._reading.layout import layout_of
from kits.visual_inspection._reading.shapes import around, circle, numbers, places, sized
from kits.visual_inspection._reading.whole_words import WHOLE, Heard, Whole, is_tag
from kits.visual_inspection._words import DEFECT, GOOD

_MAX_BYTES = 64 << 20
"""A file may hold its picture once more."""
_LOOKED_AT = 5
_PNG_HEAD = 24
"""Bytes of a PNG to the end of its size."""
Drawn: TypeAlias = list[Box | None]
"""The boxes of a file; None for a shape without a place."""


def _labelme(content: Object) -> Drawn | None:
    shapes = content.get("shapes")
    if not isinstance(shapes, list):
        return None
    return [_labelme_box(shape) if isinstance(shape, dict) else None for shape in shapes]


def _labelme_box(shape: Object) -> Box | None:
    """The bounds of a rectangle, polygon or circle (its middle and a point on it)."""
    label = text(shape.get("label")) or DEFECT
    points = places(shape.get("points"))
    if points and len(points) >= 2 and shape.get("shape_type") == "circle":
        (x0, y0), (x1, y1) = points[0], points[1]
        return circle(x0, y0, math.hypot(x1 - x0, y1 - y0), label)
    return around(points, label)


def _supervisely(content: Object) -> Drawn | None:
    shapes = content.get("objects")
    if not isinstance(shapes, list) or "size" not in content:
        return None
    return [_supervisely_box(one) for one in objects(shapes)]


def _supervisely_box(shape: Object) -> Box | None:
    """The bounds of points, or of a bitmap: the picture of its object alone, and where that begins."""
    label = text(shape.get("classTitle")) or DEFECT
    if "bitmap" not in shape:
        return around(places(within(shape, "points", "exterior")), label)
    origin, size = (
        within(shape, "bitmap", "origin"),
        _png_size(text(within(shape, "bitmap", "data"))),
    )
    corner = numbers(origin) if isinstance(origin, list) and len(origin) == 2 else None
    return sized([*corner, *size], label) if corner and size else None


def _png_size(packed: str) -> tuple[int, int] | None:
    """Width and height of a PNG, packed and written as text."""
    try:
        head = zlib.decompressobj().decompress(base64.b64decode(packed), _PNG_HEAD)
    except (ValueError, zlib.error):
        return None
    if len(head) < _PNG_HEAD or not head.startswith(b"\x89PNG"):
        return None
    width, height = struct.unpack(">II", head[16:])
    return width, height


def _darwin(content: Object) -> Drawn | None:
    notes = content.get("annotations")
    if not isinstance(notes, list) or not isinstance(
        content.get("item") or content.get("image"), dict
    ):
        return None
    return [_darwin_box(one) for one in objects(notes) if not is_tag(one)]


def _darwin_box(note: Object) -> Box | None:
    label, box = text(note.get("name")) or DEFECT, note.get("bounding_box")
    if isinstance(box, dict):
        return sized([box.get(key) for key in ("x", "y", "w", "h")], label)
    paths = within(note, "polygon", "paths")
    return around(
        places(paths[0] if isinstance(paths, list) and paths else within(note, "polygon", "path")),
        label,
    )


def _superannotate(content: Object) -> Drawn | None:
    shapes = content.get("instances")
    if not isinstance(shapes, list) or not isinstance(content.get("metadata"), dict):
        return None
    return [_superannotate_box(one) for one in objects(shapes) if one.get("type") != "tag"]


def _superannotate_box(shape: Object) -> Box | None:
    label, place = text(shape.get("className")) or DEFECT, shape.get("points")
    if isinstance(place, dict):
        found = numbers([place.get(key) for key in ("x1", "y1", "x2", "y2")])
        return Box(found[0], found[1], found[2], found[3], label) if found else None
    flat = numbers(place) if isinstance(place, list) else None
    return around(list(zip(flat[::2], flat[1::2])), label) if flat else None


def _dataloop(content: Object) -> Drawn | None:
    shapes = objects(content.get("annotations"))
    if "filename" not in content or not isinstance(content.get("annotations"), list):
        return None
    return [
        around(_corners(one.get("coordinates")), text(one.get("label")) or DEFECT)
        for one in shapes
        if one.get("type") != "class"
    ]


def _corners(given: JsonValue) -> list[tuple[float, float]] | None:
    """Points, or of polygons a list of them."""
    inner = given[0] if isinstance(given, list) and given and isinstance(given[0], list) else given
    return places(inner)


TOOLS: Mapping[str, Callable[[Object], Drawn | None]] = {
    "labelme": _labelme,
    "supervisely": _supervisely,
    "darwin": _darwin,
    "superannotate": _superannotate,
    "dataloop": _dataloop,
}
"""Format → the boxes in a file of it; None: it is no such file."""


def find_beside(path: Path) -> str:
    """The format of the JSON files that are called as the pictures; empty if there are none, or others."""
    beside = Beside(path, ".json")
    named = (beside.of(placed.file) for placed in layout_of(path, one_product=False).placed)
    some = [file for file in named if file is not None][:_LOOKED_AT]
    for tool, drawn in TOOLS.items():
        contents = [document(file, _MAX_BYTES) for file in some]
        if some and all(isinstance(one, dict) and drawn(one) is not None for one in contents):
            return tool
    return ""


def reader_of(tool: str) -> Callable[[Path], Iterator[RawSample | Finding]]:
    """The reader of one of the formats."""

    def read(path: Path) -> Iterator[RawSample | Finding]:
        """Pictures with the bounds of their shapes; one without a file is not annotated.

        Raises:
            DataError: no pictures, or no such file for any of them.
        """
        labeller, reading = Labeller(tool), Reading(path)
        placed = layout_of(path, one_product=False).placed
        beside = Beside(path, ".json", [one.file for one in placed])
        if not any(beside.of(one.file) for one in placed):
            raise DataError(
                "no JSON with the name of a picture",
                where=str(path),
                fix="0001.json or 0001.jpg.json beside 0001.jpg, or in a folder of its own",
            )
        said = _Said(tool, [file for one in placed if (file := beside.of(one.file)) is not None])
        for one in placed:
            picture = reading.open(one.file)
            if isinstance(picture, Finding):
                yield picture
                continue
            yield _sample(picture, beside.of(one.file), said, labeller, one.split)
        yield from labeller.findings
        yield from reading.findings()

    return read


@dataclass(frozen=True)
class _Said:
    """What the files of an import say of whole pictures: read once more where one's words are understood by those of others."""

    tool: str
    files: Sequence[Path]

    @cached_property
    def heard(self) -> Heard:
        read = (document(file, _MAX_BYTES) for file in self.files)
        return Heard.of(WHOLE[self.tool](one) for one in read if isinstance(one, dict))

    def of(self, content: Object) -> Whole:
        whole = WHOLE[self.tool](content)
        return self.heard.understood(whole) if whole.contrasted else whole


def _sample(
    picture: Picture,
    file: Path | None,
    said: _Said,
    labeller: Labeller,
    split: Split | None,
) -> RawSample:
    if file is None:
        labeller.complain(
            "image-without-label", "a picture without a JSON is imported as not annotated", picture.name,
            "a file without shapes states that a part is good",
        )  # fmt: skip
        return picture.sample(None, split=split)
    content = document(file, _MAX_BYTES)
    boxes = TOOLS[said.tool](content) if isinstance(content, dict) else None
    if boxes == [] and isinstance(content, dict) and (whole := said.of(content)) != Whole():
        return picture.sample(_of_whole(whole, picture.name, labeller), split=split)
    if boxes is None or any(box is None for box in boxes):
        labeller.complain(
            "malformed-label", "no shapes with points; the picture counts as not annotated", picture.name,
            f"save it again in {labeller.author}", file.name,
        )  # fmt: skip
        return picture.sample(None, split=split)
    size = (picture.width, picture.height)
    note = labeller.annotation([box for box in boxes if box], size, picture.name)
    return picture.sample(note, split=split)


def _of_whole(whole: Whole, name: str, labeller: Labeller) -> Annotation | None:
    """What a picture without shapes is, by what is said of all of it."""
    if whole.asked:
        labeller.complain(
            "image-without-label", "a flag says that a part is good, and neither it nor another one is set: imported as not annotated", name,
            "set one of the flags",
        )  # fmt: skip
        return None
    if not whole.verdict and whole.words:
        labeller.complain(
            "words-not-read", "words said of a whole picture that are no known verdict; without shapes it counts as good", name,
            "nothing to do if they say no more than when or where; else call them as good parts and defects are called", ", ".join(whole.words),
        )  # fmt: skip
    return Annotation(label=whole.verdict or GOOD, author=labeller.author)
