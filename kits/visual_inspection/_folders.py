"""Folders of pictures: one per class (also MVTec's), or good parts only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kits.core.annotation import Annotation
from kits.core.kit import Finding, RawSample
from kits.visual_inspection._files import SUFFIXES, Reading
from kits.visual_inspection._labels import GOOD
from kits.visual_inspection._layout import layout_of


def read_folders(path: Path) -> Iterator[RawSample | Finding]:
    """A folder per class, alone or under train/ val/ test/ (MVTec-like: test/<defect>).

    Raises:
        DataError: no pictures, or several data sets side by side.
    """
    layout = layout_of(path)
    reading = Reading(path)
    for one in layout.placed:
        if not one.label:
            continue
        picture = reading.open(one.file)
        if isinstance(picture, Finding):
            yield picture
            continue
        yield picture.sample(Annotation(label=one.label, author="folders"), split=one.split)
    yield from reading.findings()
    yield from layout.findings()
    yield from _folder_leftovers(path, [one.file.name for one in layout.placed if not one.label])


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


def read_golden(path: Path) -> Iterator[RawSample | Finding]:
    """A folder of pictures of good parts, nothing else.

    Raises:
        DataError: no pictures in it.
    """
    layout = layout_of(path)
    reading = Reading(path)
    for one in layout.placed:
        picture = reading.open(one.file)
        if isinstance(picture, Finding):
            yield picture
            continue
        yield picture.sample(Annotation(label=GOOD, author="golden"))
    yield from reading.findings()
    yield from layout.findings()


def labels_beside(path: Path) -> list[str]:
    """Files with the name of a picture that may be its labels, where half of the pictures have one."""
    placed = layout_of(path).placed
    ends = (".txt", ".json", ".xml")
    beside = [one.file.with_suffix(end) for one in placed for end in ends]
    found = [file.name for file in beside if file.is_file()]
    return found if len(found) >= len(placed) / 2 else []
