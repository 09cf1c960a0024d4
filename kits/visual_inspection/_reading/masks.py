"""Pictures of where a defect is → the regions that they show, with their kind where a list says which colour means what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.prediction import Box
from kits.visual_inspection import _images
from kits.visual_inspection._reading.files import MAX_FILE_BYTES
from kits.visual_inspection._reading.mask_kinds import NO_KINDS, MaskKinds

Map: TypeAlias = NDArray[np.uint8]
"""Height × width: 0 for the part, else the number of a kind."""
_UNNAMED = 255
_FEW_VALUES, _MOST = 8, 0.95
"""A mask has few values, up to the soft edges that lossy formats draw."""
_GRAYS = 16
_JPEG, _DARK, _MOST_LOSSY = b"\xff\xd8", 64, 0.9
_MOST_REGIONS = 300
_JOINED = 64
"""Regions nearer to each other than the larger side by this are one defect."""


@dataclass(frozen=True)
class Mask:
    """Where defects are in a picture.

    Attributes:
        width, height: of the mask, in pixels.
        regions: x0, y0, x1, y1 and the kind of each, empty where nothing says it.
        share: how much of the picture they cover, 0 to 1.
    """

    width: int
    height: int
    regions: tuple[tuple[int, int, int, int, str], ...]
    share: float

    @classmethod
    def of(cls, maps: Sequence[Map], kinds: MaskKinds = NO_KINDS) -> Mask:
        """The masks of one picture as one, of the size of the first; regions close to each other are one."""
        shown = maps[0]
        for one in maps[1:]:
            other = one if one.shape == shown.shape else _resized(one, shown)
            shown = np.where(shown > 0, shown, other)
        found = [
            (*region, kinds.name(int(kind)))
            for kind in np.unique(shown[shown > 0])
            for region in regions((shown == kind).astype(np.uint8))
        ]
        height, width = shown.shape
        return cls(width, height, tuple(found), np.count_nonzero(shown) / shown.size)

    @property
    def empty(self) -> bool:
        return not self.regions

    def boxes(self, width: int, height: int, label: str) -> list[Box]:
        """The regions in a picture of a width and height; those of no stated kind are of the class `label`."""
        sx, sy = width / self.width, height / self.height
        return [
            Box(x0 * sx, y0 * sy, x1 * sx, y1 * sy, kind or label)
            for x0, y0, x1, y1, kind in self.regions
        ]


def _resized(one: Map, like: Map) -> Map:
    scaled = cv2.resize(one, like.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(scaled, np.uint8)


def regions(shown: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
    """x0, y0, x1, y1 of the regions of a mask, height × width, from the top; those close to each other are one, all the closer the more there are."""
    reach = max(shown.shape) // _JOINED
    count, numbers = _connected(shown, reach)
    while count > _MOST_REGIONS + 1:
        reach = 2 * reach + 1
        count, numbers = _connected(shown, reach)
    rows, columns = np.nonzero(shown)
    own = numbers[rows, columns] - 1
    first = np.full((count - 1, 2), max(shown.shape), np.int64)
    last = np.zeros((count - 1, 2), np.int64)
    for axis, places in enumerate((columns, rows)):
        np.minimum.at(first[:, axis], own, places)
        np.maximum.at(last[:, axis], own, places + 1)
    return [(int(x0), int(y0), int(x1), int(y1)) for (x0, y0), (x1, y1) in zip(first, last)]


def _connected(shown: NDArray[np.uint8], reach: int) -> tuple[int, NDArray[np.int32]]:
    """How many regions there are, the background one of them, if those within twice `reach` pixels are one; and whose each pixel is."""
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    count, numbers = cv2.connectedComponents(cv2.dilate(shown, kernel), connectivity=8)
    return int(count), np.asarray(numbers, np.int32)


def read_map(file: Path, kinds: MaskKinds = NO_KINDS) -> Map:
    """The mask in a picture file.

    Raises:
        DataError: it cannot be read, or its values are no mask's.
    """
    content, pixels = _decoded(file)
    if pixels is None:
        raise DataError("the mask cannot be read", where=file.name, fix="copy it again")
    pixels = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, :3])
    gray = pixels if pixels.ndim == 2 else np.maximum.reduce(cv2.split(pixels))
    if content.startswith(_JPEG):
        return _lossy(np.asarray(gray, np.uint8), file)
    values, counts = _counted(gray)
    if np.sort(counts)[-_FEW_VALUES:].sum() < _MOST * gray.size:
        raise _no_mask(file)
    if len(values) > _GRAYS:  # soft edges
        return np.where(gray > values[-1] // 2, _UNNAMED, 0).astype(np.uint8)
    background = 0 if values[0] == 0 else int(values[counts.argmax()])
    return _numbered(pixels, gray != background, kinds)


def _decoded(file: Path) -> tuple[bytes, NDArray[Any] | None]:
    """The bytes and the pixels; None where it is no picture, or one that is too large."""
    try:
        content = file.read_bytes() if 0 < file.stat().st_size <= MAX_FILE_BYTES else b""
        width, height = _images.size_of(content)
        if not 0 < width * height <= _images.MAX_PIXELS:
            return content, None
        return content, cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except (OSError, cv2.error):
        return b"", None


def _counted(gray: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The values and how often each is; faster than sorting where they are small whole numbers."""
    if gray.dtype not in (np.uint8, np.uint16):
        values, counts = np.unique(gray, return_counts=True)
        return values, np.asarray(counts, np.int64)
    counts = np.bincount(gray.ravel())
    return np.flatnonzero(counts), np.asarray(counts[counts > 0], np.int64)


def _numbered(pixels: NDArray[Any], other: NDArray[np.bool_], kinds: MaskKinds) -> Map:
    """The number of the kind of each pixel that is not of the background."""
    found = np.where(other, _UNNAMED, 0).astype(np.uint8)
    for number, value in kinds.values(pixels.ndim == 3):
        found[np.all(pixels == value, axis=2) if pixels.ndim == 3 else pixels == value] = number
    return found


def _lossy(gray: NDArray[np.uint8], file: Path) -> Map:
    """Black and white, but for what a lossy format makes of it."""
    dark, bright = gray < _DARK, gray >= 255 - _DARK
    if np.count_nonzero(dark | bright) < _MOST_LOSSY * gray.size:
        raise _no_mask(file)
    return np.where(gray > 127, _UNNAMED, 0).astype(np.uint8)


def _no_mask(file: Path) -> DataError:
    return DataError(
        "a picture of many grays is no mask",
        where=file.name,
        fix="masks have a value for the part and one for the defect",
    )
