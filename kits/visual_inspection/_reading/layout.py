"""How pictures lie in folders: which folder is a class or a split, and which files are masks and no pictures of parts.

Names decide; pixels are looked at only where a picture and its mask have one name. What is read of the files is the business of
the readers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kits.core.column_names import squeezed
from kits.core.dataset import SPLIT_WORDS, Split
from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.visual_inspection._reading.files import pictures_under
from kits.visual_inspection._reading.mask_pairs import MASK_ENDS
from kits.visual_inspection._reading.masks import read_map
from kits.visual_inspection._reading.names import Named, classes_in_names
from kits.visual_inspection._reading.split_lists import listed_splits
from kits.visual_inspection._words import GOOD, is_defect, is_good, tidy

_MASK_FOLDERS = frozenset({
    "groundtruth", "gt", "mask", "masks", "segmentation", "segmentations", "segmentationmasks", "labelmasks", "maskimages", "masksimages",
    "defectmasks", "segmentationclass", "segmentationobject", "segmentationclassraw", "pngmasks", "label", "labels", "annotation",
    "annotations",
})  # fmt: skip
"""Without signs between their parts."""
_NO_CLASS = frozenset({
    "images", "image", "imgs", "img", "pictures", "pics", "photos", "data", "dataset", "jpegimages", "bilder", "fotos", "rgb", "imagesets",
    "obj_train_data", "obj_valid_data", "obj_test_data", "ds", "default",
})  # fmt: skip
"""Folders that only say that pictures are in them."""
_LOSSLESS, _LOSSY = (".png", ".bmp", ".tif", ".tiff"), (".jpg", ".jpeg")
_LOOKED_AT = 5
_CONTRASTS = (("positive", "negative"), ("positives", "negatives"), ("pos", "neg"))
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
        above: folders above those that are classes, such as days or cameras.
        below: folders in those that are classes.
    """

    root: Path
    placed: tuple[Placed, ...]
    masks: tuple[Path, ...]
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()

    @property
    def has_classes(self) -> bool:
        """Whether pictures lie in folders that are classes; good parts alone are one only beside a split."""
        labels = {one.label for one in self.placed if one.label}
        bad = {label for label in labels if not is_good(label)}
        return bool(bad) or (bool(labels) and any(one.split for one in self.placed))

    @property
    def silent_folders(self) -> tuple[str, ...]:
        """The folders of the pictures where nothing says what parts are in them: one, or such as days, lots and serial numbers."""
        labels = {one.label for one in self.placed}
        said = any(is_good(label) or is_defect(label) for label in labels)
        if said or "" in labels or any(one.split for one in self.placed):
            return ()
        numbered = all(any(c.isdigit() for c in label) for label in labels)
        return tuple(sorted(labels)) if numbered or len(labels) == 1 else ()

    @property
    def verdicts(self) -> Named | None:
        """The class of each picture by a word in the name of its folder, where each part has one of its own: `SN4711_OK/front.png`."""
        folders = [one.label for one in self.placed]
        if len(set(folders)) < _MANY_CLASSES or not all(folders):
            return None
        return classes_in_names(folders)

    @property
    def has_good(self) -> bool:
        """Whether a folder is one of good parts."""
        return any(one.label == GOOD for one in self.placed)

    def names(self, files: Sequence[Path]) -> tuple[str, ...]:
        """The first of some files, relative to the folder, for evidence."""
        return tuple(str(file.relative_to(self.root)) for file in files[:_SHOWN])

    def findings(self) -> Iterator[Finding]:
        """What a person should know of it."""
        if self.masks:
            yield Finding(
                "masks", "pass", f"{len(self.masks)} masks of defects are no pictures of parts: they say where a defect is",
                self.names(self.masks),
            )  # fmt: skip
        if self.above:
            yield Finding(
                "folders-above", "pass", f"the classes lie below {len(self.above)} folders, such as days or cameras: these are no classes",
                self.above[:_SHOWN], "import one of them if they are different products",
            )  # fmt: skip
        yield from self._parts_as_classes()

    def two_levels(self) -> Iterator[Finding]:
        """Tells of folders in folders, of which none has a name that says which are the classes."""
        labels = {one.label for one in self.placed if one.label}
        inner = {folder.rpartition("/")[2] for folder in self.below}
        worded = any(char.isalpha() for folder in inner for char in folder)
        if (
            len(labels) > 1
            and len(inner) > 1
            and worded
            and not any(is_good(one) or is_defect(one) for one in labels)
        ):
            yield Finding(
                "folders-below", "warn", f"the upper of two levels of folders are taken for classes ({', '.join(sorted(labels)[:_FEW_EACH])}), and not those in them",
                self.below[:_SHOWN], "nothing to do if so; else give a table with a line per picture (file, label)",
            )  # fmt: skip

    def _parts_as_classes(self) -> Iterator[Finding]:
        counts = Counter(one.label for one in self.placed if one.label)
        often = sorted(counts.values())
        good = any(is_good(label) for label in counts) or self.verdicts is not None
        if len(counts) >= _MANY_CLASSES and not good and often[len(often) // 2] <= _FEW_EACH:
            yield Finding(
                "folders-like-parts", "warn",
                f"{len(counts)} folders with few pictures each, and none for good parts: they look like parts, not like classes",
                tuple(sorted(counts))[:_SHOWN],
                "sort the pictures into a folder per class, or give a table with a line per picture (file, label); for several pictures "
                "of a part: data.group_by",
            )  # fmt: skip


def layout_of(path: Path, *, one_product: bool = True) -> Layout:
    """Places the pictures under a folder.

    Args:
        one_product: folders tell the classes, so that several data sets side by side cannot be told apart.

    Raises:
        DataError: no pictures, or several data sets side by side.
    """
    files = pictures_under(path)
    if not files:
        raise DataError(
            "a folder without pictures",
            where=str(path),
            fix="put PNG or JPEG files there, or name another folder",
        )
    masks = _masks(path, files)
    left = [file for file in files if file not in masks]
    folders = [_folders(file.relative_to(path)) for file in left]
    if one_product:
        _refuse_several(path, folders)
    while _wrapped(folders):
        folders = [names[1:] for names in folders]
    splits = [_split(names) for names in folders]
    below = [names for _, names in splits]
    level = _class_level(below)
    labels = [tidy(names[level]) if len(names) > level else "" for names in below]
    labels = _by_contrast(labels)
    listed = listed_splits(path, left)
    placed = [
        Placed(file, split or listed.get(file), label)
        for file, (split, _), label in zip(left, splits, labels)
    ]
    above = (
        sorted({"/".join(names[:level]) for names in below if len(names) > level}) if level else []
    )
    inner = sorted(
        {"/".join(names[level : level + 2]) for names in below if len(names) > level + 1}
    )
    return Layout(path, tuple(placed), tuple(sorted(masks)), tuple(above), tuple(inner))


def _masks(path: Path, files: Sequence[Path]) -> set[Path]:
    """Those of the pictures that are masks; never all of them."""
    stems = {(file.parent, file.stem) for file in files}
    masks = {file for file in files if _is_mask(file.relative_to(path), file, stems)}
    masks = masks if len(masks) < len(files) else set()
    return masks | _twins([file for file in files if file not in masks])


def _is_mask(relative: Path, file: Path, stems: set[tuple[Path, str]]) -> bool:
    if any(squeezed(part) in _MASK_FOLDERS for part in relative.parts[:-1]):
        return True
    ends = (end for end in MASK_ENDS if file.stem.lower().endswith(end))
    return any((file.parent, file.stem[: -len(end)]) in stems for end in ends)


def _twins(files: Sequence[Path]) -> set[Path]:
    """Lossless pictures with the name of a lossy one beside them, if those looked at are masks."""
    lossy = {(file.parent, file.stem) for file in files if file.suffix.lower() in _LOSSY}
    twins = [f for f in files if f.suffix.lower() in _LOSSLESS and (f.parent, f.stem) in lossy]
    step = max(1, len(twins) // _LOOKED_AT)
    return set(twins) if all(_shows_mask(file) for file in twins[::step]) else set()


def _shows_mask(file: Path) -> bool:
    try:
        read_map(file)
    except DataError:
        return False
    return True


def _folders(relative: Path) -> tuple[str, ...]:
    return tuple(part for part in relative.parts[:-1] if part.lower() not in _NO_CLASS)


def _refuse_several(path: Path, folders: Sequence[tuple[str, ...]]) -> None:
    """Several products, each with splits of its own, are several projects; classes with splits in them are one."""
    above = {names[:at] for names in folders if (at := _split_at(names))}
    if len(above) > 1 and not any(is_good(names[-1]) for names in above):
        named = sorted(map("/".join, above))
        raise DataError(
            f"{len(above)} data sets in one folder, each with splits of its own: {', '.join(named[:_SHOWN])}",
            where=str(path),
            fix="import one of them: what a good part looks like is learned for one product",
        )


def _wrapped(folders: Sequence[tuple[str, ...]]) -> bool:
    """Whether all pictures lie in one folder that only holds the splits and classes."""
    if not folders or any(len(names) < 2 for names in folders):
        return False
    firsts, below = {names[0] for names in folders}, {one for names in folders for one in names[1:]}
    if len(firsts) > 1 or any(_is_split(name) or is_good(name) for name in firsts):
        return False
    return any(_is_split(name) or is_good(name) for name in below)


def _is_split(name: str) -> bool:
    return name.lower() in SPLIT_WORDS


def _split(folders: tuple[str, ...]) -> tuple[Split | None, tuple[str, ...]]:
    """The split that the first folder called so names, above classes or below; and the folders without it."""
    at = _split_at(folders)
    if at is None:
        return None, folders
    return SPLIT_WORDS[folders[at].lower()], folders[:at] + folders[at + 1 :]


def _split_at(folders: tuple[str, ...]) -> int | None:
    return next((at for at, name in enumerate(folders) if _is_split(name)), None)


def _class_level(folders: Sequence[tuple[str, ...]]) -> int:
    """Below how many folders the classes lie: there where a word for good parts stands, else at the top."""
    for level in range(max(map(len, folders), default=0)):
        if any(len(names) > level and is_good(names[level]) for names in folders):
            return level
    return 0


def _by_contrast(labels: Sequence[str]) -> list[str]:
    """Negative is good where the other class is positive, as in medicine."""
    said = {label.lower() for label in labels if label}
    negative = next((two[1] for two in _CONTRASTS if said == {*two}), "")
    return [GOOD if negative and label.lower() == negative else label for label in labels]
