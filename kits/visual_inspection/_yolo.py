"""Data sets of YOLO: `data.yaml`, or `images/` and `labels/`, with a line of text for each box."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from kits.core.dataset import SPLIT_WORDS, Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.prediction import Box
from kits.core.settings import load_yaml
from kits.visual_inspection._files import (
    Picture,
    Reading,
    pictures_under,
)
from kits.visual_inspection._labels import Labeller


@dataclass(frozen=True)
class YoloSet:
    """A YOLO data set: where it is, its classes, its picture files per split."""

    root: Path
    names: tuple[str, ...]
    pictures: tuple[tuple[Split | None, Path], ...]


def find_yolo(path: Path) -> Path | None:
    """The data.yaml of a YOLO set, or the folder when it has images/ and labels/."""
    if path.is_file():
        return path if path.suffix in (".yaml", ".yml") else None
    for name in ("data.yaml", "data.yml", "dataset.yaml"):
        if (path / name).is_file():
            return path / name
    return path if (path / "images").is_dir() and (path / "labels").is_dir() else None


def read_yolo(path: Path) -> Iterator[RawSample | Finding]:
    """Pictures with one `class cx cy w h` line per box, values as shares of the picture.

    An empty label file states a good part; a picture without a label file is not annotated.

    Raises:
        DataError: the data.yaml is malformed or names no pictures.
    """
    found = _open_yolo(path)
    labeller = Labeller("yolo")
    unlabelled: list[str] = []
    reading = Reading(found.root)
    for split, file in found.pictures:
        picture = reading.open(file)
        if isinstance(picture, Finding):
            yield picture
            continue
        label_file = _label_file(file)
        if not label_file.is_file():
            unlabelled.append(picture.name)
            yield picture.sample(None, split=split)
            continue
        boxes = _yolo_boxes(label_file, picture, found.names, labeller)
        annotation = None
        if boxes is not None:
            size = (picture.width, picture.height)
            annotation = labeller.annotation(boxes, size, picture.name)
            if boxes and not annotation.boxes:
                annotation = None  # all its boxes were refused: that does not make it a good part
        yield picture.sample(annotation, split=split)
    yield from labeller.findings
    yield from reading.findings()
    yield from _yolo_leftovers(found, unlabelled)


def _yolo_leftovers(found: YoloSet, unlabelled: list[str]) -> Iterator[Finding]:
    if unlabelled:
        yield Finding(
            "image-without-label",
            "warn",
            f"{len(unlabelled)} picture(s) have no label file: imported as not annotated",
            tuple(unlabelled[:20]),
            "an empty label file states that a part is good",
        )
    known = {_label_file(file).resolve() for _, file in found.pictures}
    folders = {file.parent for file in known}
    lost = sorted(
        file.name
        for folder in folders
        if folder.is_dir()
        for file in folder.glob("*.txt")
        if file.resolve() not in known and file.name != "classes.txt"
    )
    if lost:
        yield Finding(
            "label-without-image",
            "warn",
            f"{len(lost)} label file(s) have no picture",
            tuple(lost[:20]),
            "copy the pictures, or delete the label files",
        )


def _open_yolo(path: Path) -> YoloSet:
    entry = find_yolo(path)
    if entry is None:
        raise DataError("no data.yaml and no images/ + labels/ here", where=str(path))
    if entry.is_dir():
        return YoloSet(entry, _names_beside(entry), tuple(_by_folder(entry / "images")))
    try:
        content = load_yaml(entry.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"data.yaml cannot be read: {error}", where=str(entry)) from error
    if not isinstance(content, dict):
        raise DataError("data.yaml holds no keys", where=str(entry), fix="see the YOLO format")
    names = _class_names(content.get("names"), entry)
    root = entry.parent / str(content.get("path") or ".")
    root = root if root.is_dir() else entry.parent
    pictures = list(_listed(content, root))
    if not pictures:
        raise DataError(
            "data.yaml names no folder with pictures",
            where=str(entry),
            fix="train:, val: or test: must be folders or lists of pictures, relative to it",
        )
    return YoloSet(root, names, tuple(pictures))


def _listed(content: dict[str, object], root: Path) -> Iterator[tuple[Split | None, Path]]:
    for key, split in SPLIT_WORDS.items():
        given = content.get(key)
        for one in given if isinstance(given, list) else [given] if given else []:
            target = root / str(one)
            if target.is_dir():
                yield from ((split, file) for file in pictures_under(target))
            elif target.is_file():
                lines = target.read_text(errors="replace").splitlines()
                files = [root / line.strip() for line in lines if line.strip()]
                yield from ((split, file) for file in files)


def _class_names(given: object, where: Path) -> tuple[str, ...]:
    if isinstance(given, dict):
        try:
            given = [given[key] for key in sorted(given, key=int)]
        except (TypeError, ValueError):
            given = None
    if isinstance(given, list) and given:
        return tuple(str(name) for name in given)
    raise DataError("data.yaml has no class names", where=str(where), fix="add names: [scratch, …]")


def _names_beside(folder: Path) -> tuple[str, ...]:
    for name in ("classes.txt", "labels/classes.txt", "obj.names"):
        file = folder / name
        if file.is_file():
            lines = file.read_text(errors="replace").splitlines()
            return tuple(line.strip() for line in lines if line.strip())
    return ()


def _by_folder(images: Path) -> Iterator[tuple[Split | None, Path]]:
    for file in pictures_under(images):
        first = file.relative_to(images).parts[0]
        yield SPLIT_WORDS.get(first.lower()), file


def _label_file(picture: Path) -> Path:
    """images/…/x.jpg → labels/…/x.txt, the last `images` counts; else beside the picture."""
    parts = list(picture.parts)
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] == "images":
            parts[index] = "labels"
            return Path(*parts).with_suffix(".txt")
    return picture.with_suffix(".txt")


def _yolo_boxes(
    file: Path, picture: Picture, names: tuple[str, ...], labeller: Labeller
) -> list[Box] | None:
    """Boxes of a label file in pixels; None when a line could not be understood."""
    boxes: list[Box] = []
    bad = False
    for number, line in enumerate(file.read_text(errors="replace").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        box = _yolo_box(words, picture, names)
        if isinstance(box, Box):
            boxes.append(box)
            continue
        bad = True
        labeller.complain(
            "malformed-label" if "class" not in box else "unknown-class",
            f"{file.name} line {number}: {box}; the picture counts as not annotated",
            picture.name,
            "each line is: class cx cy width height, the last four between 0 and 1",
        )
    return None if bad else boxes


def _yolo_box(words: list[str], picture: Picture, names: tuple[str, ...]) -> Box | str:
    try:
        values = [float(word) for word in words]
    except ValueError:
        return "not numbers"
    if not all(math.isfinite(value) for value in values):
        return "not finite numbers"
    if len(values) >= 7 and len(values) % 2 == 1:  # a polygon: its bounds
        xs, ys = values[1::2], values[2::2]
        corners = (min(xs), min(ys), max(xs), max(ys))
    elif len(values) in (5, 6):
        x, y, w, h = values[1:5]
        corners = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
    else:
        return f"{len(values)} values instead of 5"
    index = int(values[0])
    if index != values[0] or index < 0 or (names and index >= len(names)):
        return f"class {words[0]} is not among the {len(names)} names"
    if max(abs(v) for v in corners) > 2:
        return "values look like pixels, not shares"
    x0, y0, x1, y1 = corners
    label = names[index] if names else f"class_{index}"
    width, height = picture.width, picture.height
    return Box(x0 * width, y0 * height, x1 * width, y1 * height, label)
