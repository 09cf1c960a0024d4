"""Which mask belongs to which picture: by their names, and by the folders above them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

MASK_ENDS = ("_mask", "-mask", "_label", "_gt", "_seg", "_groundtruth", "_ground_truth")


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
