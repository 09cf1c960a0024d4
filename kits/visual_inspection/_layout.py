"""How pictures lie in folders: which folder is a class or a split, and which files are masks and no pictures of parts.

Names alone decide, no pixel is looked at. What is read of the files is the business of the readers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kits.core.dataset import SPLIT_WORDS, Split
from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.visual_inspection._files import pictures_under
from kits.visual_inspection._labels import is_good, tidy

_MASK_FOLDERS = frozenset({
    "ground_truth", "groundtruth", "gt", "mask", "masks", "segmentation", "segmentations", "segmentation_masks", "label_masks",
})  # fmt: skip
_MASK_ENDS = ("_mask", "-mask", "_label", "_gt", "_seg", "_groundtruth", "_ground_truth")
_NO_CLASS = frozenset({
    "images", "image", "imgs", "img", "pictures", "pics", "photos", "data", "dataset", "jpegimages", "bilder", "fotos", "rgb", "imagesets",
})  # fmt: skip
"""Folders that only say that pictures are in them."""
_MANY_CLASSES, _FEW_EACH = 8, 6
_SHOWN = 20


@dataclass(frozen=True)
class Placed:
    """A picture and what its folders say: its split, its class; empty where they say none."""

    file: Path
    split: Split | None
    label: str


@dataclass(frozen=True)
class Layout:
    """The pictures under a folder.

    Attributes:
        masks: pictures of where a defect is; no pictures of parts.
    """

    placed: tuple[Placed, ...]
    masks: tuple[str, ...]

    @property
    def has_classes(self) -> bool:
        """Whether pictures lie in folders that are classes; good parts alone are one only beside a split."""
        labels = {one.label for one in self.placed if one.label}
        bad = {label for label in labels if not is_good(label)}
        return bool(bad) or (bool(labels) and any(one.split for one in self.placed))

    def findings(self) -> Iterator[Finding]:
        """What a person should know of it."""
        if self.masks:
            yield Finding(
                "masks", "pass",
                f"{len(self.masks)} masks of defects are no pictures of parts: left out, the class counts", self.masks[:_SHOWN],
            )  # fmt: skip
        yield from self._parts_as_classes()

    def _parts_as_classes(self) -> Iterator[Finding]:
        counts = Counter(one.label for one in self.placed if one.label)
        often = sorted(counts.values())
        good = any(is_good(label) for label in counts)
        if len(counts) >= _MANY_CLASSES and not good and often[len(often) // 2] <= _FEW_EACH:
            yield Finding(
                "folders-like-parts", "warn",
                f"{len(counts)} folders with few pictures each, and none for good parts: they look like parts, not like classes",
                tuple(sorted(counts))[:_SHOWN],
                "sort the pictures into a folder per class, or give a table with a line per picture (file, label); for several pictures "
                "of a part: data.group_by",
            )  # fmt: skip


def layout_of(path: Path) -> Layout:
    """Places the pictures under a folder.

    Raises:
        DataError: no pictures, or several data sets side by side.
    """
    files = pictures_under(path)
    if not files:
        raise DataError("a folder without pictures", where=str(path))
    stems = {(file.parent, file.stem) for file in files}
    masks = [file for file in files if _is_mask(file.relative_to(path), file, stems)]
    left = [file for file in files if file not in set(masks)]
    folders = [_folders(file.relative_to(path)) for file in left]
    _refuse_several(path, folders)
    while _wrapped(folders):
        folders = [names[1:] for names in folders]
    placed = [Placed(file, *_class_of(names)) for file, names in zip(left, folders)]
    return Layout(tuple(placed), tuple(str(mask.relative_to(path)) for mask in masks))


def _is_mask(relative: Path, file: Path, stems: set[tuple[Path, str]]) -> bool:
    if any(part.lower() in _MASK_FOLDERS for part in relative.parts[:-1]):
        return True
    ends = (end for end in _MASK_ENDS if file.stem.lower().endswith(end))
    return any((file.parent, file.stem[: -len(end)]) in stems for end in ends)


def _folders(relative: Path) -> tuple[str, ...]:
    return tuple(part for part in relative.parts[:-1] if part.lower() not in _NO_CLASS)


def _refuse_several(path: Path, folders: Sequence[tuple[str, ...]]) -> None:
    """Several products, each with splits of its own, are several projects."""
    firsts = {names[0] for names in folders if len(names) > 1 and _is_split(names[1])}
    firsts = {name for name in firsts if not _is_split(name)}
    if len(firsts) > 1:
        raise DataError(
            f"{len(firsts)} data sets in one folder, each with splits of its own: {', '.join(sorted(firsts)[:_SHOWN])}",
            where=str(path),
            fix="import one of them: what a good part looks like is learned for one product",
        )


def _wrapped(folders: Sequence[tuple[str, ...]]) -> bool:
    """Whether all pictures lie in one folder that only holds the splits and classes."""
    if not folders or any(len(names) < 2 for names in folders):
        return False
    firsts, seconds = ({names[n] for names in folders} for n in (0, 1))
    if len(firsts) > 1 or any(_is_split(name) or is_good(name) for name in firsts):
        return False
    return any(_is_split(name) or is_good(name) for name in seconds)


def _is_split(name: str) -> bool:
    return name.lower() in SPLIT_WORDS


def _class_of(folders: tuple[str, ...]) -> tuple[Split | None, str]:
    split = SPLIT_WORDS.get(folders[0].lower()) if folders else None
    rest = folders[1:] if split else folders
    return split, tidy(rest[0]) if rest else ""
