"""Pascal VOC: an XML per picture, beside it or in `Annotations`; `ImageSets` may say the splits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from kits.core.annotation import Annotation
from kits.core.kit import Finding, RawSample
from kits.core.prediction import Box
from kits.visual_inspection._reading.files import Picture, Reading
from kits.visual_inspection._reading.finding_pictures import Beside
from kits.visual_inspection._reading.labelling import Labeller
from kits.visual_inspection._reading.layout import layout_of
from kits.visual_inspection._reading.shapes import numbers
from kits.visual_inspection._reading.xml_files import root_of
from kits.visual_inspection._words import DEFECT, GOOD

_MAX_XML_BYTES = 4 << 20
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def find_voc(path: Path) -> bool:
    """Whether a folder has VOC files."""
    return any(_root_tag(file) == "annotation" for file in sorted(path.rglob("*.xml"))[:5])


def _root_tag(file: Path) -> str:
    parsed = root_of(file, _MAX_XML_BYTES)
    return parsed.tag if isinstance(parsed, ElementTree.Element) else ""


def read_voc(path: Path) -> Iterator[RawSample | Finding]:
    """Pictures with one xml each; an xml without objects states a good part, and so does a folder `good` of pictures without one.

    Raises:
        DataError: no pictures.
    """
    labeller, reading = Labeller("voc"), Reading(path)
    used = set()
    layout = layout_of(path, one_product=False)
    beside = Beside(path, ".xml", [one.file for one in layout.placed])
    for one in layout.placed:
        picture = reading.open(one.file)
        if isinstance(picture, Finding):
            yield picture
            continue
        found = beside.of(one.file)
        used.add(found)
        in_good = found is None and one.label == GOOD
        note = (
            Annotation(label=GOOD, author="folders")
            if in_good
            else _annotation(picture, found, labeller)
        )
        yield picture.sample(note, split=one.split)
    for file in beside.files():
        if file not in used:
            labeller.complain(
                "label-without-image", "an xml without its picture", file.name, "copy the picture"
            )
    yield from labeller.findings
    yield from reading.findings()
    if layout.masks:
        yield next(iter(layout.findings()))


def _annotation(picture: Picture, file: Path | None, labeller: Labeller) -> Annotation | None:
    if file is None:
        labeller.complain(
            "image-without-label",
            "a picture without an xml is imported as not annotated",
            picture.name,
            "an xml without objects states that a part is good",
        )
        return None
    root = root_of(file, _MAX_XML_BYTES)
    if isinstance(root, str):
        labeller.complain("malformed-label", root, picture.name, "export again", file.name)
        return None
    boxes = []
    for item in root.iter("object"):
        corners = numbers([item.findtext(f"bndbox/{key}", "") for key in _CORNERS])
        if corners is None:
            labeller.complain(
                "malformed-label",
                "an object without box: the picture counts as not annotated",
                picture.name,
                "fix it",
                file.name,
            )
            return None
        x0, y0, x1, y1 = corners
        boxes.append(Box(x0, y0, x1, y1, item.findtext("name", "") or DEFECT))
    return labeller.annotation(boxes, (picture.width, picture.height), picture.name)
