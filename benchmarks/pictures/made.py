"""Made-up plates, small ones: good, scratched or dented, with the place of the defect as a box and as a mask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
Kind: TypeAlias = Literal["good", "scratch", "dent"]
Corners: TypeAlias = tuple[int, int, int, int]
WIDTH, HEIGHT = 96, 72


@dataclass(frozen=True)
class Part:
    """One picture and what is true of it.

    Attributes:
        image: height × width × 3.
        box: x0, y0, x1, y1 of the defect in pixels; None of a good part.
        split: `train`, `val` or `test`.
    """

    number: int
    kind: Kind
    image: Image
    box: Corners | None
    split: Literal["train", "val", "test"]

    @property
    def stem(self) -> str:
        return f"{self.number:04d}"

    @property
    def good(self) -> bool:
        return self.kind == "good"

    @cached_property
    def mask(self) -> Image:
        """255 where the defect is: height × width; a diagonal for a scratch, an ellipse for a dent."""
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        if self.box is not None:
            x0, y0, x1, y1 = self.box
            if self.kind == "scratch":
                cv2.line(mask, (x0, y0), (x1 - 1, y1 - 1), 255, 1)
            else:
                middle, half = (
                    ((x0 + x1 - 1) // 2, (y0 + y1 - 1) // 2),
                    ((x1 - x0) // 2, (y1 - y0) // 2),
                )
                cv2.ellipse(mask, middle, half, 0, 0, 360, 255, -1)
        return mask

    def encoded(self, suffix: str = ".jpg", *, mask: bool = False) -> bytes:
        done, content = cv2.imencode(suffix, self.mask if mask else self.image)
        assert done
        return bytes(content)


def make_parts(count: int, seed: int = 3) -> list[Part]:
    """Parts in the order of the line, half of them good; the same for the same numbers."""
    rng = np.random.default_rng(seed)
    kinds: tuple[Kind, ...] = ("good", "scratch", "good", "dent")
    splits: tuple[Literal["train", "val", "test"], ...] = ("train", "train", "train", "test", "val")
    return [_part(rng, n + 1, kinds[n % 4], splits[n // 4 % 5]) for n in range(count)]


def _part(
    rng: np.random.Generator, number: int, kind: Kind, split: Literal["train", "val", "test"]
) -> Part:
    small = rng.integers(90, 160, (9, 12, 3), dtype=np.uint8)
    image = np.asarray(cv2.resize(small, (WIDTH, HEIGHT)), np.uint8)
    if kind == "good":
        return Part(number, kind, image, None, split)
    x, y = int(rng.integers(8, WIDTH - 36)), int(rng.integers(8, HEIGHT - 36))
    w, h = int(rng.integers(11, 24)) | 1, int(rng.integers(11, 24)) | 1
    part = Part(number, kind, image, (x, y, x + w, y + h), split)
    image[part.mask > 0] = (20, 20, 30) if kind == "scratch" else (230, 230, 225)
    return part
