"""A dataset version back to files: YOLO and a folder per class."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import yaml

from kits.core.annotation import Annotation
from kits.core.dataset import SPLITS, Dataset, DatasetItem
from kits.core.errors import DataError
from kits.core.prediction import Box
from kits.visual_inspection import _images
from kits.visual_inspection._pieces import Piece, pieces_of
from kits.visual_inspection._words import GOOD

_SUFFIX = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/webp": ".webp",
}


def classes_of(dataset: Dataset) -> tuple[str, ...]:
    """Classes of boxes in a version, sorted: the order every part of the kit uses."""
    found = {b.label for item in dataset.items if item.annotation for b in item.annotation.boxes}
    return tuple(sorted(found))


def write_yolo(dataset: Dataset, folder: Path) -> int:
    """`images/<split>`, `labels/<split>` and data.yaml; samples not annotated get no label file. How many there are.

    A defective sample without boxes is left out: in this format it would read as a good part.
    """
    names = classes_of(dataset)
    index = {name: number for number, name in enumerate(names)}
    written = 0
    for item in dataset.items:
        note = item.annotation
        if note is not None and not note.boxes and note.label != GOOD:
            continue
        content = dataset.content(item)
        picture = _put(folder / "images" / item.split / _name(item), content)
        written += 1
        if note is not None:
            label = folder / "labels" / item.split / f"{picture.stem}.txt"
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text(_yolo_lines(note, _size(item, content), index))
    splits = {s: f"images/{s}" for s in SPLITS if (folder / "images" / s).is_dir()}
    described = {"path": ".", "names": dict(enumerate(names))} | splits
    (folder / "data.yaml").write_text(yaml.safe_dump(described, sort_keys=False))
    return written


def write_pieces(
    dataset: Dataset, folder: Path, rows: int, columns: int, seed: int
) -> tuple[int, int]:
    """Overlapping pieces of the pictures of `train` and `val` as `write_yolo` lays out pictures; how many of train have boxes, and not.

    Of the pieces without a box as many stay as there are with one, drawn at random, but one of each good part at least.
    """
    index = {name: number for number, name in enumerate(classes_of(dataset))}
    rng = np.random.default_rng(seed)
    full, empty = 0, 0
    for item in dataset.items:
        if item.split not in ("train", "val") or not _drawn(item):
            continue
        image = _images.decode(dataset.content(item), where=item.sample.source)
        found = pieces_of(image.shape[1], image.shape[0], rows, columns)
        notes = [_within(item, piece) for piece in found]
        boxed = [n for n, note in enumerate(notes) if note.boxes]
        plain = rng.permutation([n for n, note in enumerate(notes) if not note.boxes])
        some = [int(n) for n in plain[: max(len(boxed), 1)]]
        for n in (*boxed, *some):
            stem, pixels = f"{item.sample.id}_{n}", found[n].of(image)
            _put(folder / "images" / item.split / f"{stem}.png", _png(pixels))
            lines = _yolo_lines(notes[n], (pixels.shape[1], pixels.shape[0]), index)
            _put(folder / "labels" / item.split / f"{stem}.txt", lines.encode())
        if item.split == "train":
            full, empty = full + len(boxed), empty + len(some)
    return full, empty


def _png(pixels: _images.Image) -> bytes:
    done, content = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise DataError("a piece of a picture could not be encoded")
    return bytes(content)


def _drawn(item: DatasetItem) -> bool:
    """Whether it is known where a part is defective, or that it is good."""
    note = item.annotation
    return note is not None and (bool(note.boxes) or note.label == GOOD)


def _within(item: DatasetItem, piece: Piece) -> Annotation:
    """What of the boxes is in a piece; a box of which less than a third is seen is none."""
    assert item.annotation is not None
    boxes = []
    for box in item.annotation.boxes:
        x0, x1 = max(box.x0, piece.x0), min(box.x1, piece.x1)
        y0, y1 = max(box.y0, piece.y0), min(box.y1, piece.y1)
        area = (box.x1 - box.x0) * (box.y1 - box.y0)
        if x1 > x0 and y1 > y0 and (x1 - x0) * (y1 - y0) >= area / 3:
            boxes.append(Box(x0 - piece.x0, y0 - piece.y0, x1 - piece.x0, y1 - piece.y0, box.label))
    return Annotation(label=item.annotation.label, boxes=tuple(boxes))


def _size(item: DatasetItem, content: bytes) -> tuple[int, int]:
    width, height = item.sample.meta.get("width"), item.sample.meta.get("height")
    if isinstance(width, int) and isinstance(height, int):
        return width, height
    image = _images.decode(content, where=item.sample.id)
    return image.shape[1], image.shape[0]


def _yolo_lines(note: Annotation, size: tuple[int, int], index: dict[str, int]) -> str:
    width, height = size
    return "".join(
        f"{index[b.label]} {(b.x0 + b.x1) / 2 / width:.6f} {(b.y0 + b.y1) / 2 / height:.6f} "
        f"{(b.x1 - b.x0) / width:.6f} {(b.y1 - b.y0) / height:.6f}\n"
        for b in note.boxes
    )


def write_folders(dataset: Dataset, folder: Path) -> int:
    """`<split>/<class>/…`; samples not annotated are left out. How many there are."""
    written = 0
    for item in dataset.items:
        if item.annotation is not None:
            label = re.sub(r"[^\w-]+", "_", item.annotation.label) or "defect"
            _put(folder / item.split / label / _name(item), dataset.content(item))
            written += 1
    return written


def _name(item: DatasetItem) -> str:
    return item.sample.id + _SUFFIX.get(item.sample.media_type, ".jpg")


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
