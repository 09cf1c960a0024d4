"""Data sets of YOLO: `data.yaml`, `images/` and `labels/`, or a text beside each picture; a line for each box."""

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
from kits.visual_inspection._reading.files import Picture, Reading, pictures_under
from kits.visual_inspection._reading.finding_pictures import PictureIndex
from kits.visual_inspection._reading.labelling import Labeller
from kits.visual_inspection._reading.layout import layout_of
from kits.visual_inspection._reading.shapes import numbers

_LOOKED_AT = 20


@dataclass(frozen=True)
class YoloSet:
    """A YOLO data set: where it is, its classes, its picture files per split."""

    root: Path
    names: tuple[str, ...]
    pictures: tuple[tuple[Split | None, Path], ...]


def find_yolo(path: Path) -> Path | None:
    """The data.yaml of a YOLO set, or the folder when label files lie in labels/ beside images/, or beside the pictures."""
    if path.is_file():
        return path if path.suffix in (".yaml", ".yml") else None
    for name in ("data.yaml", "data.yml", "dataset.yaml"):
        if (path / name).is_file():
            return path / name
    folders = (
        one for name in ("labels", "Labels") for one in (*path.glob(name), *path.glob(f"*/{name}"))
    )
    if any(_holds_labels(folder) for folder in folders):
        return path
    return path if _names_file(path) and _beside_pictures(path) else None


def _holds_labels(folder: Path) -> bool:
    """Whether texts lie in a folder, and a folder images/ beside it."""
    beside = (one for one in folder.parent.iterdir() if one.is_dir())
    return any(one.name.lower() == "images" for one in beside) and any(folder.rglob("*.txt"))


def _beside_pictures(path: Path) -> bool:
    """Whether half of the pictures have a file of lines of numbers beside them."""
    pictures = pictures_under(path)
    beside = [file.with_suffix(".txt") for file in pictures if file.with_suffix(".txt").is_file()]
    return (
        bool(beside)
        and len(beside) * 2 >= len(pictures)
        and all(map(_has_numbers, beside[:_LOOKED_AT]))
    )


def _has_numbers(file: Path) -> bool:
    lines = [
        line.split()
        for line in file.read_text("utf-8-sig", errors="replace").splitlines()
        if line.strip()
    ]
    return all(len(words) >= 5 and numbers(words) is not None for words in lines)


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
        size = (picture.width, picture.height)
        annotation = None if boxes is None else labeller.annotation(boxes, size, picture.name)
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
        raise DataError(
            "no data.yaml and no images/ + labels/ here",
            where=str(path),
            fix="export YOLO with its data.yaml, or as images/ and labels/",
        )
    if entry.is_dir():
        return YoloSet(entry, _names_beside(entry), tuple(_by_folder(entry)))
    try:
        content = load_yaml(entry.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(
            f"data.yaml cannot be read: {error}", where=str(entry), fix="export it again"
        ) from error
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
            target = _existing(root, str(one))
            if target.is_dir():
                yield from ((split, file) for file in pictures_under(target))
            elif target.is_file():
                lines = target.read_text("utf-8-sig", errors="replace").splitlines()
                index = PictureIndex(root, pictures_under(root))
                for line in filter(None, map(str.strip, lines)):
                    yield split, index.find(line) or root / line


def _existing(root: Path, written: str) -> Path:
    """A folder or list as data.yaml has it; Roboflow's `../train/images` lies beside the file, as `train/images`."""
    target = root / written
    own = root / written.lstrip("./")
    return own if not target.exists() and own.exists() else target


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
    file = _names_file(folder)
    lines = file.read_text("utf-8-sig", errors="replace").splitlines() if file else []
    return tuple(line.strip() for line in lines if line.strip())


def _names_file(folder: Path) -> Path | None:
    """The file with a line for each class; the one of a picture's folder is as good as one above it."""
    patterns = (
        "classes.txt",
        "labels/classes.txt",
        "obj.names",
        "*.names",
        "*/classes.txt",
        "*/labels/classes.txt",
    )
    return next((file for pattern in patterns for file in sorted(folder.glob(pattern))), None)


def _by_folder(folder: Path) -> Iterator[tuple[Split | None, Path]]:
    """Pictures in images/, or anywhere if there is none; the split that a list says, or a folder above or below it."""
    placed = layout_of(folder, one_product=False).placed
    for one in [one for one in placed if "images" in _above(one.file, folder)] or placed:
        named = (SPLIT_WORDS.get(part) for part in _above(one.file, folder))
        yield one.split or next(filter(None, named), None), one.file


def _above(file: Path, folder: Path) -> list[str]:
    """The names of the folders above a file, in lower case."""
    return [part.lower() for part in file.relative_to(folder).parts[:-1]]


def _label_file(picture: Path) -> Path:
    """images/…/x.jpg → labels/…/x.txt, the last `images` counts; else beside the picture."""
    parts = list(picture.parts)
    for index in range(len(parts) - 2, -1, -1):
        if parts[index].lower() == "images":
            parts[index] = "Labels" if parts[index] == "Images" else "labels"
            return Path(*parts).with_suffix(".txt")
    return picture.with_suffix(".txt")


def _yolo_boxes(
    file: Path, picture: Picture, names: tuple[str, ...], labeller: Labeller
) -> list[Box] | None:
    """Boxes of a label file in pixels; None when a line could not be understood."""
    boxes: list[Box] = []
    bad = False
    for number, line in enumerate(
        file.read_text("utf-8-sig", errors="replace").splitlines(), start=1
    ):
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
            f"{box}; the picture counts as not annotated",
            picture.name,
            "each line is: class cx cy width height, the last four between 0 and 1",
            f"{file.name} line {number}",
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
