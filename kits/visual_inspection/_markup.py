"""Readers of annotation files: COCO json and Pascal VOC xml."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.prediction import Box
from kits.visual_inspection._files import Picture, Reading, pictures_under
from kits.visual_inspection._labels import Labeller

_MAX_XML_BYTES = 4 << 20
_COCO_KEYS = ("images", "annotations", "categories")


def find_coco(path: Path) -> list[Path]:
    """COCO files in a folder (or the file itself), by their keys."""
    files = [path] if path.is_file() else sorted({*path.glob("*.json"), *path.glob("*/*.json")})
    return [file for file in files if file.suffix == ".json" and _looks_like_coco(file)]


def _looks_like_coco(file: Path) -> bool:
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and all(key in content for key in _COCO_KEYS)


def read_coco(path: Path) -> Iterator[RawSample | Finding]:
    """Pictures listed in COCO files; one without annotations counts as a good part.

    The split is taken from a file name such as `instances_val.json`.

    Raises:
        DataError: no file with images, annotations and categories.
    """
    files = find_coco(path)
    if not files:
        raise DataError(
            "no COCO file here",
            where=str(path),
            fix="looked for *.json with the keys " + ", ".join(_COCO_KEYS),
        )
    for file in files:
        root = path if path.is_dir() else path.parent
        yield from _read_coco_file(file, root)


def _read_coco_file(file: Path, root: Path) -> Iterator[RawSample | Finding]:
    content = json.loads(file.read_bytes())
    labeller = Labeller("coco")
    names = {c.get("id"): str(c.get("name")) for c in content["categories"] if isinstance(c, dict)}
    boxes = _coco_boxes(content["annotations"], names, labeller)
    by_name = {picture.name: picture for picture in pictures_under(root)}
    split = next((s for s in ("train", "val", "test") if s in file.stem.lower()), None)
    reading = Reading(root)
    for entry in content["images"]:
        name = str(entry.get("file_name", "")) if isinstance(entry, dict) else ""
        target = root / name
        safe = target.is_file() and target.resolve().is_relative_to(root.resolve())
        found = target if safe else by_name.get(Path(name).name)
        if not name or found is None:
            labeller.complain(
                "label-without-image", f"{file.name}: no picture {name!r}", name, "copy the picture"
            )
            continue
        picture = reading.open(found)
        if isinstance(picture, Finding):
            yield picture
            continue
        stated = boxes.get(entry.get("id"), [])
        annotation = labeller.annotation(stated, (picture.width, picture.height), picture.name)
        refused = stated and not annotation.boxes
        yield picture.sample(None if refused else annotation, split=split)  # type: ignore[arg-type]  # one of the three words
    yield from labeller.findings
    yield from reading.findings()


def _coco_boxes(
    annotations: list[Any], names: Mapping[Any, str], labeller: Labeller
) -> dict[Any, list[Box]]:
    boxes: dict[Any, list[Box]] = {}
    for entry in annotations:
        try:
            x, y, w, h = (float(v) for v in entry["bbox"])
            label = names[entry["category_id"]]
            boxes.setdefault(entry["image_id"], []).append(Box(x, y, x + w, y + h, label))
        except (KeyError, TypeError, ValueError):
            number = entry.get("id") if isinstance(entry, dict) else entry
            labeller.complain(
                "malformed-label",
                f"annotation {number!r} has no usable bbox and category: left out",
                str(number),
                "bbox is [x, y, width, height] in pixels, category_id one of categories",
            )
    return boxes


def find_voc(path: Path) -> bool:
    """Whether a folder has VOC files."""
    return any(_root_tag(file) == "annotation" for file in sorted(path.rglob("*.xml"))[:5])


def _root_tag(file: Path) -> str:
    parsed = _parse(file)
    return parsed.tag if isinstance(parsed, ElementTree.Element) else ""


def _parse(file: Path) -> ElementTree.Element | str:
    """The root of an XML file, or why not. Entities are refused: they can explode."""
    try:
        content = file.read_bytes()
        if len(content) > _MAX_XML_BYTES:
            return "too large"
        if b"<!ENTITY" in content or b"<!DOCTYPE" in content:
            return "declares entities"
        return ElementTree.fromstring(content)  # noqa: S314  entities are refused above
    except (OSError, ElementTree.ParseError) as error:
        return str(error)


def read_voc(path: Path) -> Iterator[RawSample | Finding]:
    """Pictures with one xml each; an xml without objects states a good part.

    Raises:
        DataError: no pictures.
    """
    files = pictures_under(path)
    if not files:
        raise DataError("a folder without pictures", where=str(path))
    markup = {file.stem: file for file in sorted(path.rglob("*.xml"))}
    labeller = Labeller("voc")
    reading = Reading(path)
    for file in files:
        picture = reading.open(file)
        if isinstance(picture, Finding):
            yield picture
            continue
        found = markup.pop(file.stem, None)
        yield _voc_sample(picture, found, labeller)
    for stem, file in sorted(markup.items()):
        labeller.complain("label-without-image", f"{file.name} has no picture", stem, "copy it")
    yield from labeller.findings
    yield from reading.findings()


def _voc_sample(picture: Picture, file: Path | None, labeller: Labeller) -> RawSample:
    if file is None:
        labeller.complain(
            "image-without-label",
            f"{picture.name} has no xml: imported as not annotated",
            picture.name,
            "an xml without objects states that a part is good",
        )
        return picture.sample(None)
    root = _parse(file)
    if isinstance(root, str):
        labeller.complain("malformed-label", f"{file.name}: {root}", picture.name, "export again")
        return picture.sample(None)
    boxes = []
    for item in root.iter("object"):
        try:
            x0, y0, x1, y1 = (float(item.findtext(f"bndbox/{k}", "")) for k in _VOC_CORNERS)
            boxes.append(Box(x0, y0, x1, y1, item.findtext("name", "") or "defect"))
        except ValueError:
            labeller.complain(
                "malformed-label", f"{file.name}: an object without box", picture.name, "fix it"
            )
            return picture.sample(None)
    annotation = labeller.annotation(boxes, (picture.width, picture.height), picture.name)
    return picture.sample(None if boxes and not annotation.boxes else annotation)


_VOC_CORNERS = ("xmin", "ymin", "xmax", "ymax")
