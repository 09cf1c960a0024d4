"""Small builders: pictures as bytes, datasets in memory-sized folders, trained runs as runtimes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from kits.core import dataset as versions
from kits.core.annotation import Annotation
from kits.core.blobs import FolderBlobStore
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, Split
from kits.core.prediction import Box
from kits.core.sample import Sample, sample_id_for, utc_now
from kits.visual_inspection.demo import Part, draw

KINDS = ("scratch", "dot", "dent", "stain")


def picture(width: int = 64, height: int = 48, seed: int = 0) -> np.ndarray:
    """A picture with structure, so that JPEG and hashes have something to hold on to."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def encoded(image: np.ndarray, suffix: str = ".jpg") -> bytes:
    done, buffer = cv2.imencode(suffix, image)
    assert done
    return buffer.tobytes()


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def item(store: FolderBlobStore, name: str, part: Part, split: Split) -> DatasetItem:
    content = encoded(part.image)
    boxes = tuple(Box(*map(float, corners), label) for corners, label in part.boxes)
    height, width = part.image.shape[:2]
    sample = Sample(
        sample_id_for(content, name),
        "image/jpeg",
        store.put(content),
        len(content),
        utc_now(),
        source=name,
        meta={"width": width, "height": height},
    )
    return DatasetItem(sample, Annotation(label=part.label, boxes=boxes), split)


def dataset(store: FolderBlobStore, items: Iterable[DatasetItem]) -> Dataset:
    header = DatasetHeader(kit="visual-inspection", split_rule="given", seed=0)
    return versions.build(header, items, store)


def parts(
    store: FolderBlobStore, split: Split, good: int, defects: int, seed: int
) -> list[DatasetItem]:
    """Generated parts of one split; defects take turns in kind."""
    rng = np.random.default_rng(seed)
    found = [item(store, f"{split}-g{n}", draw(rng, ""), split) for n in range(good)]
    for number in range(defects):
        part = draw(rng, KINDS[number % len(KINDS)])
        found.append(item(store, f"{split}-d{number}", part, split))
    return found
