"""A dataset version back to files: YOLO and a folder per class."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from kits.core.annotation import Annotation
from kits.core.dataset import SPLITS, Dataset, DatasetItem
from kits.visual_inspection import _images
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


def write_yolo(dataset: Dataset, folder: Path) -> None:
    """`images/<split>`, `labels/<split>` and data.yaml; samples not annotated get no label file.

    A defective sample without boxes is left out: in this format it would read as a good part.
    """
    names = classes_of(dataset)
    index = {name: number for number, name in enumerate(names)}
    for item in dataset.items:
        note = item.annotation
        if note is not None and not note.boxes and note.label != GOOD:
            continue
        content = dataset.content(item)
        picture = _put(folder / "images" / item.split / _name(item), content)
        if note is not None:
            label = folder / "labels" / item.split / f"{picture.stem}.txt"
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text(_yolo_lines(note, _size(item, content), index))
    splits = {s: f"images/{s}" for s in SPLITS if (folder / "images" / s).is_dir()}
    described = {"path": ".", "names": dict(enumerate(names))} | splits
    (folder / "data.yaml").write_text(yaml.safe_dump(described, sort_keys=False))


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


def write_folders(dataset: Dataset, folder: Path) -> None:
    """`<split>/<class>/…`; samples not annotated are left out."""
    for item in dataset.items:
        if item.annotation is not None:
            label = re.sub(r"[^\w-]+", "_", item.annotation.label) or "defect"
            _put(folder / item.split / label / _name(item), dataset.content(item))


def _name(item: DatasetItem) -> str:
    return item.sample.id + _SUFFIX.get(item.sample.media_type, ".jpg")


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
