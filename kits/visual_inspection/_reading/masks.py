"""Pictures of where a defect is, beside the pictures of parts: which belongs to which, and the boxes that they draw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.prediction import Box
from kits.visual_inspection._reading.files import MAX_FILE_BYTES

MASK_ENDS = ("_mask", "-mask", "_label", "_gt", "_seg", "_groundtruth", "_ground_truth")
_FEW_VALUES, _MOST = 8, 0.95
"""A mask has few values, up to the soft edges that lossy formats draw."""
_GRAYS = 16
_JPEG, _DARK, _MOST_LOSSY = b"\xff\xd8", 64, 0.9
_MOST_REGIONS = 300
_JOINED = 64
"""Regions nearer to each other than the larger side by this are one defect."""


@dataclass(frozen=True)
class Mask:
    """Where a defect is.

    Attributes:
        shown: height × width, 1 where it is.
    """

    shown: NDArray[np.uint8]

    @property
    def empty(self) -> bool:
        return not self.shown.any()

    def boxes(self, label: str) -> Callable[[int, int], Sequence[Box]]:
        """The bounds of its regions in a picture of a width and height; those close to each other are one."""

        def scaled(width: int, height: int) -> list[Box]:
            sy, sx = height / self.shown.shape[0], width / self.shown.shape[1]
            return [
                Box(x0 * sx, y0 * sy, x1 * sx, y1 * sy, label)
                for x0, y0, x1, y1 in regions(self.shown)
            ]

        return scaled


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


def read_mask(file: Path) -> Mask:
    """The mask in a picture file.

    Raises:
        DataError: it cannot be read, or its values are no mask's.
    """
    try:
        content = file.read_bytes() if file.stat().st_size <= MAX_FILE_BYTES else b""
        pixels = (
            cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
            if content
            else None
        )
    except (OSError, cv2.error) as error:
        raise DataError("the mask cannot be read", where=file.name, fix="copy it again") from error
    if pixels is None:
        raise DataError("the mask cannot be read", where=file.name, fix="copy it again")
    gray = pixels if pixels.ndim == 2 else pixels[:, :, :3].max(axis=2)
    if content.startswith(_JPEG):
        return _lossy(np.asarray(gray, np.uint8), file)
    values, counts = np.unique(gray, return_counts=True)
    if np.sort(counts)[-_FEW_VALUES:].sum() < _MOST * gray.size:
        raise _no_mask(file)
    if len(values) > _GRAYS:  # soft edges
        return Mask((gray > values[-1] // 2).astype(np.uint8))
    background = 0 if values[0] == 0 else int(values[counts.argmax()])
    return Mask((gray != background).astype(np.uint8))


def _lossy(gray: NDArray[np.uint8], file: Path) -> Mask:
    """Black and white, but for what a lossy format makes of it."""
    dark, bright = gray < _DARK, gray >= 255 - _DARK
    if np.count_nonzero(dark | bright) < _MOST_LOSSY * gray.size:
        raise _no_mask(file)
    return Mask((gray > 127).astype(np.uint8))


def _no_mask(file: Path) -> DataError:
    return DataError(
        "a picture of many grays is no mask",
        where=file.name,
        fix="masks have a value for the part and one for the defect",
    )


def joined(masks: Sequence[Mask]) -> Mask:
    """Several masks of one picture as one, of the size of the first."""
    shown = masks[0].shown
    for one in masks[1:]:
        other = one.shown
        if other.shape != shown.shape:
            other = np.asarray(
                cv2.resize(other, shown.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8
            )
        shown = shown | other
    return Mask(shown)


def pair_masks(
    root: Path, pictures: Sequence[Path], masks: Sequence[Path]
) -> dict[Path, list[Path]]:
    """Picture → its masks: those with its name, or in a folder of its name, whose other folders agree best with its own.

    A mask that may belong to two pictures belongs to none.
    """
    by_stem: dict[str, list[Path]] = defaultdict(list)
    folders: set[str] = set()
    for picture in pictures:
        by_stem[picture.stem.lower()].append(picture)
        folders.update(part.lower() for part in picture.relative_to(root).parts[:-1])
    paired: dict[Path, list[Path]] = defaultdict(list)
    for mask in masks:
        own = frozenset(part.lower() for part in mask.relative_to(root).parts[:-1])
        named = _named(mask, by_stem, folders)
        ranked = sorted(((_shared(root, one, own), str(one), one) for one in named), reverse=True)
        if ranked and (len(ranked) == 1 or ranked[0][0] > ranked[1][0]):
            paired[ranked[0][2]].append(mask)
    return dict(paired)


def _named(mask: Path, by_stem: dict[str, list[Path]], folders: set[str]) -> list[Path]:
    """Pictures that are called as the mask, or as its folder, where no pictures lie in one of that name: `ground_truth/dent/001/000.png`."""
    stem, folder = mask.stem.lower(), mask.parent.name.lower()
    if folder in by_stem and folder not in folders:
        return by_stem[folder]
    ends = [stem.removesuffix(end) for end in MASK_ENDS if stem.endswith(end)]
    return next((by_stem[one] for one in (stem, *ends) if one in by_stem), [])


def _shared(root: Path, picture: Path, folders: frozenset[str]) -> tuple[int, int]:
    own = [part.lower() for part in picture.relative_to(root).parts[:-1]]
    return len(folders & set(own)), -len(own)
