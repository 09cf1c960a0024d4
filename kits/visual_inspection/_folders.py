"""Folders of pictures: one per class (also MVTec's), or good parts only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kits.core.annotation import Annotation
from kits.core.dataset import SPLIT_WORDS, Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.visual_inspection._files import (
    SUFFIXES,
    Reading,
    pictures_under,
)
from kits.visual_inspection._labels import GOOD, tidy


def has_class_folders(path: Path) -> bool:
    """Whether pictures lie in folders that are classes; `good` alone is one only beside a split."""
    found = {_class_of(file.relative_to(path)) for file in pictures_under(path)}
    labels = {label for _, label in found if label}
    return bool(labels - {GOOD}) or (bool(labels) and any(split for split, _ in found))


def read_folders(path: Path) -> Iterator[RawSample | Finding]:
    """A folder per class, alone or under train/ val/ test/ (MVTec-like: test/<defect>).

    Raises:
        DataError: no pictures, or pictures that lie in no class folder only.
    """
    files = pictures_under(path)
    if not files:
        raise DataError("a folder without pictures", where=str(path))
    loose = [
        file.name
        for file in files
        if not _class_of(file.relative_to(path))[1] and "ground_truth" not in file.parts
    ]
    reading = Reading(path)
    for file in files:
        split, label = _class_of(file.relative_to(path))
        if not label:
            continue
        picture = reading.open(file)
        if isinstance(picture, Finding):
            yield picture
            continue
        yield picture.sample(Annotation(label=tidy(label), author="folders"), split=split)
    yield from reading.findings()
    yield from _folder_leftovers(path, loose)


def _folder_leftovers(path: Path, loose: list[str]) -> Iterator[Finding]:
    if loose:
        yield Finding(
            "image-without-label",
            "warn",
            f"{len(loose)} picture(s) lie in no class folder: left out",
            tuple(loose[:20]),
            "move them into a folder named after their class",
        )
    for folder in sorted(p for p in path.rglob("*") if p.is_dir() and not p.name.startswith(".")):
        if not any(file.suffix.lower() in SUFFIXES for file in folder.rglob("*")):
            name = str(folder.relative_to(path))
            yield Finding(
                "empty-class", "warn", f"the folder {name} holds no pictures", (name,), "fill it"
            )


def _class_of(relative: Path) -> tuple[Split | None, str]:
    """(split, class) of a picture from its folders; MVTec's ground_truth masks have no class."""
    folders = list(relative.parts[:-1])
    if "ground_truth" in folders:
        return None, ""
    split = SPLIT_WORDS.get(folders[0].lower()) if folders else None
    rest = folders[1:] if split else folders
    return split, tidy(rest[0]) if rest else ""


def read_golden(path: Path) -> Iterator[RawSample | Finding]:
    """A folder of pictures of good parts, nothing else.

    Raises:
        DataError: no pictures in it.
    """
    files = pictures_under(path)
    if not files:
        raise DataError("a folder without pictures", where=str(path))
    reading = Reading(path)
    for file in files:
        picture = reading.open(file)
        if isinstance(picture, Finding):
            yield picture
            continue
        yield picture.sample(Annotation(label=GOOD, author="golden"))
    yield from reading.findings()
