"""CVAT for images: an `annotations.xml` with all pictures, their shapes and tags."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from kits.core.prediction import Box
from kits.visual_inspection._reading.shapes import around, numbers, sized
from kits.visual_inspection._reading.stated import Stated
from kits.visual_inspection._reading.xml_files import root_of

_MAX_BYTES = 256 << 20
_START = 4096
_SIGNS = tuple("<annotations".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_CORNERS = ("xtl", "ytl", "xbr", "ybr")
_PLACE = ("left", "top", "width", "height")


def stated(file: Path) -> list[Stated] | None:
    """What a file states; None where it is none of CVAT's."""
    if file.suffix.lower() != ".xml":
        return None
    with file.open("rb") as opened:
        start = opened.read(_START)
    if not any(sign in start for sign in _SIGNS):
        return None
    root = root_of(file, _MAX_BYTES)
    return (
        [_image(one, file.parent) for one in root.iter("image")]
        if isinstance(root, ElementTree.Element) and root.tag == "annotations"
        else None
    )


def _image(image: ElementTree.Element, base: Path) -> Stated:
    shapes = [_shape(shape) for shape in image if shape.tag not in ("tag", "points", "skeleton")]
    tags = [tag.get("label", "") for tag in image.iter("tag")]
    unread = "" if all(shapes) else "a shape without a place"
    label = tags[0] if tags else ""
    return Stated(
        image.get("name", ""), [one for one in shapes if one], label, base=base, open=unread
    )


def _shape(shape: ElementTree.Element) -> Box | None:
    label = shape.get("label", "")
    if shape.tag == "box":
        corners = numbers([shape.get(key, "") for key in _CORNERS])
        return Box(corners[0], corners[1], corners[2], corners[3], label) if corners else None
    if shape.tag == "mask":
        return sized([shape.get(key, "") for key in _PLACE], label)
    if shape.tag == "ellipse":
        found = numbers([shape.get(key, "") for key in ("cx", "cy", "rx", "ry")])
        if found is None:
            return None
        x, y, rx, ry = found
        return Box(x - rx, y - ry, x + rx, y + ry, label)
    return around(list(_points(shape.get("points", ""))), label)


def _points(written: str) -> Iterator[tuple[float, float]]:
    """`x,y;x,y;…`; nothing of a point that is none."""
    for point in written.split(";"):
        pair = numbers(point.split(","))
        if pair is not None and len(pair) == 2:
            yield pair[0], pair[1]
