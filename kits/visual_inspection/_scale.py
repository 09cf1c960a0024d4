"""At what scale a good-parts model sees pictures: into how many tiles they are cut, and which defects are too small for that.

The rule of `tiles: auto`. The checks of the data say the same before a training is tried.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kits.core.dataset import Dataset
from kits.visual_inspection.config import GoodPartsConfig

CLEAR_PIXELS, FAINT_PIXELS = 3.0, 8.0
"""Narrower than this at the model's scale, a defect may vanish; narrower than that, a faint one."""
_HALF = 2
_FEW_BOXES = 10


@dataclass(frozen=True, slots=True)
class Scale:
    """How pictures of one size are seen.

    Attributes:
        rows, columns: of tiles.
        factor: pixels of the picture per pixel of the model, along the more shrunk side.
    """

    height: int
    width: int
    side: int
    rows: int
    columns: int

    @property
    def tiles(self) -> int:
        return self.rows * self.columns

    @property
    def factor(self) -> float:
        return max(self.height / (self.rows * self.side), self.width / (self.columns * self.side))

    def pixels(self, at_model: float) -> int:
        """As many pixels of the picture as these of the model."""
        return math.ceil(at_model * self.factor)

    def text(self) -> str:
        size = f"{self.columns * self.side}×{self.rows * self.side}"
        return (
            f"the model sees {self.width}×{self.height} pixels as {size} ({self.rows}×{self.columns} tiles): a defect narrower "
            f"than {self.pixels(CLEAR_PIXELS)} pixels may vanish, a faint one narrower than {self.pixels(FAINT_PIXELS)}"
        )


def narrow_defect(dataset: Dataset) -> float:
    """Width in pixels of the narrowest tenth of the training boxes; 0 where there are hardly any."""
    notes = (item.annotation for item in dataset.of("train"))
    boxes = [box for note in notes if note for box in note.boxes]
    narrow = [min(box.x1 - box.x0, box.y1 - box.y0) for box in boxes]
    return float(np.quantile(narrow, 0.1)) if len(narrow) >= _FEW_BOXES else 0.0


def scale_of(config: GoodPartsConfig, height: int, width: int, narrow: float = 0.0) -> Scale:
    """How pictures of this size are seen.

    Args:
        narrow: width in pixels of a narrow defect; 0: not known.
    """
    side = config.image_size
    if config.tiles != "auto":
        return Scale(height, width, side, *config.tiles)
    usual = tuple(max(1, round(length / (_HALF * side))) for length in (height, width))
    rows, columns = _within(usual, config.max_tiles)
    scale = Scale(height, width, side, rows, columns)
    if narrow and narrow < scale.pixels(CLEAR_PIXELS):
        wanted = side * max(1.0, narrow / FAINT_PIXELS)  # never larger than the picture is
        fine = tuple(math.ceil(length / wanted - 1e-9) for length in (height, width))
        rows, columns = _within((max(fine[0], rows), max(fine[1], columns)), config.max_tiles)
        return Scale(height, width, side, rows, columns)
    return scale


def _within(wanted: tuple[int, ...], most: int) -> tuple[int, int]:
    """So many rows and columns or, in about their proportion, as many as are allowed."""
    rows, columns = wanted
    while rows * columns > most:
        if rows / wanted[0] > columns / wanted[1] or columns == 1:
            rows -= 1
        else:
            columns -= 1
    return rows, columns
