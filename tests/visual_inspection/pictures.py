"""Folders of pictures for tests, and what is read of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kits.core.annotation import Annotation
from kits.core.kit import Finding, RawSample
from kits.visual_inspection import data
from tests.visual_inspection.builders import encoded, picture, put

WIDTH, HEIGHT = 64, 48


@dataclass(frozen=True)
class Read:
    """What was read: samples by their source, findings by their check (of several the last)."""

    samples: dict[str, RawSample]
    told: dict[str, Finding]

    @property
    def labels(self) -> dict[str, str]:
        """Label of each picture; empty: not annotated."""
        return {
            name: one.annotation.label if one.annotation else ""
            for name, one in self.samples.items()
        }

    def note(self, name: str) -> Annotation:
        note = self.samples[name].annotation
        assert note is not None, f"{name} is not annotated"
        return note

    def box(self, name: str) -> tuple[float, float, float, float, str]:
        """The only box of a picture, rounded."""
        (one,) = self.note(name).boxes
        return round(one.x0, 1), round(one.y0, 1), round(one.x1, 1), round(one.y1, 1), one.label


def pictures(folder: Path, *names: str) -> Path:
    """Pictures of 64×48 pixels, each another one."""
    for number, name in enumerate(names):
        put(folder / name, encoded(picture(WIDTH, HEIGHT, seed=number), Path(name).suffix))
    return folder


def mask(
    path: Path, *boxes: tuple[int, int, int, int], shape: tuple[int, int] = (HEIGHT, WIDTH)
) -> Path:
    """A mask with rectangles in it: x0, y0, x1, y1."""
    pixels = np.zeros(shape, np.uint8)
    for x0, y0, x1, y1 in boxes:
        cv2.rectangle(pixels, (x0, y0), (x1 - 1, y1 - 1), 255, -1)
    return put(path, encoded(pixels, path.suffix))


def read(path: Path, format: str = "auto") -> Read:
    found = list(data.read(path, format))
    samples = {one.source: one for one in found if isinstance(one, RawSample)}
    return Read(samples, {one.check: one for one in found if isinstance(one, Finding)})
