"""Folders of pictures: one per class (also MVTec's), with masks or without; a verdict in each name; or good parts only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from kits.core.annotation import Annotation
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.prediction import Box
from kits.visual_inspection._approach import MASKS
from kits.visual_inspection._reading.days import names_a_day
from kits.visual_inspection._reading.files import SUFFIXES, Picture, Reading
from kits.visual_inspection._reading.labelling import Labeller, main_label
from kits.visual_inspection._reading.layout import Layout, Placed, layout_of
from kits.visual_inspection._reading.layout_masks import LayoutMasks
from kits.visual_inspection._reading.mask_lists import MaskLists
from kits.visual_inspection._reading.names import classes_in_names, named_bad
from kits.visual_inspection._reading.unread import unread_labels
from kits.visual_inspection._words import DEFECT, GOOD, is_undecided

_SHOWN = 20
_MOST_PICTURES, _LARGEST_PART = 20, 0.2
"""Of a part, as a number and as a share of all: what holds more could not be divided among learning and judging."""


def has_masks(path: Path) -> bool:
    """Whether masks, and not folders, say which parts are good."""
    layout = layout_of(path)
    return bool(layout.masks) and LayoutMasks.of(layout).decide(layout)


def read_folders(path: Path) -> Iterator[RawSample | Finding]:
    """A folder per class, alone or under train/ val/ test/ (MVTec-like: test/<defect>); masks say where the defect is.

    Raises:
        DataError: no pictures, or several data sets side by side.
    """
    layout = layout_of(path)
    masks = LayoutMasks.of(layout)
    good = masks.good_classes(layout)
    labeller, reading = Labeller("folders"), Reading(path)
    against, undecided = [], []
    for one in layout.placed:
        if not one.label:
            continue
        picture = reading.open(one.file)
        if isinstance(picture, Finding):
            yield picture
            continue
        if is_undecided(one.label):
            undecided.append(picture.name)
            yield picture.sample(None, split=one.split)
            continue
        label = GOOD if one.label in good else one.label
        boxes = masks.boxes(picture, label)
        if label == GOOD and boxes:
            against.append(picture.name)
            boxes = ()
        yield picture.sample(_note(labeller, picture, boxes, label), split=one.split)
    yield from _told(layout, masks, labeller, reading)
    yield from layout.two_levels()
    if good:
        yield Finding(
            "good-by-masks", "pass", f"all masks of {', '.join(sorted(good))} are empty: these are good parts", tuple(sorted(good)),
        )  # fmt: skip
    if undecided:
        yield Finding(
            "image-without-label", "warn", f"{len(undecided)} picture(s) lie in folders that are called as what nobody has judged: imported as not annotated",
            tuple(undecided[:_SHOWN]), "sort them into the folder of their class; if it is a class of defects, call it after the defect",
        )  # fmt: skip
    if against:
        yield Finding(
            "masks-differ", "warn", f"{len(against)} pictures of good parts have a mask that shows a defect: the folder counts",
            tuple(against[:_SHOWN]), "move them to the folder of their defect, or delete the masks",
        )  # fmt: skip
    yield from _folder_leftovers(path, [one.file.name for one in layout.placed if not one.label])
    yield from _passed_over(path, layout)


def _passed_over(path: Path, layout: Layout) -> Iterator[Finding]:
    """What beside the pictures may be labels, and is not read because folders or names tell the classes."""
    labels = unread_labels(path, [one.file for one in layout.placed])
    if labels:
        yield Finding(
            "file-passed-over", "warn", f"{labels}: not read, as the folders or names tell the classes", (),
            "nothing to do if these are right; else take the labels where no such folders are, or write them as a table (file, label)",
        )  # fmt: skip


def _note(labeller: Labeller, picture: Picture, boxes: Sequence[Box], label: str) -> Annotation:
    """The class, with the boxes that can be used."""
    note = labeller.annotation(boxes, (picture.width, picture.height), picture.name, label)
    if note is None or not note.boxes:
        return Annotation(label=label, author=labeller.author)
    return replace(note, author=MASKS)


def _told(
    layout: Layout, masks: LayoutMasks, labeller: Labeller, reading: Reading
) -> Iterator[Finding]:
    yield from reading.findings()
    yield from labeller.findings
    yield from masks.findings
    yield from layout.findings()


def read_masks(path: Path) -> Iterator[RawSample | Finding]:
    """A mask per picture, an empty one for a good part; a picture without one is not annotated, unless a list of the masks names it.

    Pictures in one folder are one part's, where it holds few of them.

    Raises:
        DataError: no pictures, or several data sets side by side.
    """
    layout = layout_of(path)
    masks = LayoutMasks.of(layout)
    labeller, reading = Labeller(MASKS), Reading(path)
    plain = [one.file for one in layout.placed if one.file not in masks.by_picture]
    lists = MaskLists.of(path, masks.by_picture, plain, layout.masks)
    without, parts = [], _parts(layout)
    for one in layout.placed:
        picture = reading.open(one.file)
        if isinstance(picture, Finding):
            yield picture
            continue
        note = None
        if one.file in masks.by_picture:
            boxes = masks.boxes(picture, DEFECT)
            note = _note(labeller, picture, boxes, main_label(boxes))
        elif one.file in lists.without:
            note = Annotation(label=GOOD, author=MASKS)
        else:
            without.append(picture.name)
        yield picture.sample(note, split=one.split, group=one.label if one.label in parts else "")
    yield from _many(layout, parts)
    yield from _told(layout, masks, labeller, reading)
    yield from lists.findings()
    if without:
        yield Finding(
            "image-without-label", "warn", f"{len(without)} picture(s) have no mask: imported as not annotated",
            tuple(without[:_SHOWN]), "an empty mask states that a part is good; or put the good ones in a folder `good`",
        )  # fmt: skip


def _parts(layout: Layout) -> frozenset[str]:
    """Folders that are no classes and may be of one part each: what holds many of the pictures is a month, a lot or a camera."""
    most = max(_MOST_PICTURES, _LARGEST_PART * len(layout.placed))
    counts = Counter(one.label for one in layout.placed if one.label and not _lies_in_its_day(one))
    return frozenset(label for label, count in counts.items() if count <= most)


def _lies_in_its_day(one: Placed) -> bool:
    """Whether the folder that might be a part's is a day, with nothing between it and the picture."""
    return one.file.parent.name == one.label and names_a_day(one.label)


def _many(layout: Layout, parts: frozenset[str]) -> Iterator[Finding]:
    """Tells of folders that hold too many pictures to be kept in one split."""
    folders = {one.label for one in layout.placed if not _lies_in_its_day(one)}
    divided = sorted(folders - parts - {""})
    if len(divided) > 1 or (divided and parts):
        yield Finding(
            "folders-divided", "warn", f"{len(divided)} folders hold many of the pictures and are taken for days or lots: they are not kept in one split",
            tuple(divided[:_SHOWN]), r"if each is of one part: data.group_by: '([^/]+)/[^/]+$' in kit.yaml, and import with --replace",
        )  # fmt: skip


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
    yield from _all(path, layout, [(one, GOOD) for one in layout.placed], "golden")
    called = [one.file.relative_to(path).with_suffix("") for one in layout.placed]
    bad = [str(name) for name in called if named_bad(name.parts)]
    if bad:
        yield Finding(
            "names-differ", "warn", f"{len(bad)} pictures, or their folders, are called as defective parts are, and count as good ones", tuple(bad[:_SHOWN]),
            "leave them out if they are none",
        )  # fmt: skip


def _all(
    path: Path, layout: Layout, labelled: Sequence[tuple[Placed, str]], author: str
) -> Iterator[RawSample | Finding]:
    """Pictures with a class each, and what is to be told of their layout."""
    reading, parts = Reading(path), _parts(layout) if author == "names" else frozenset()
    for one, label in labelled:
        picture = reading.open(one.file)
        if isinstance(picture, Finding):
            yield picture
            continue
        note = Annotation(label=label, author=author) if label else None
        yield picture.sample(note, split=one.split, group=one.label if one.label in parts else "")
    if author == "names":
        yield from _many(layout, parts)
    yield from reading.findings()
    yield from layout.findings()


def read_named(path: Path) -> Iterator[RawSample | Finding]:
    """Pictures with their class in their names, as cameras write it: `0001_OK.jpg`, `0002_NG.jpg`.

    Raises:
        DataError: no pictures, or no place in their names tells good parts from others.
    """
    layout = layout_of(path)
    found = classes_in_names([one.file.stem for one in layout.placed]) or layout.verdicts
    if found is None:
        raise DataError(
            "no place in the names of the pictures says which parts are good",
            where=str(path),
            fix="such as 0001_OK.jpg and 0002_NG.jpg: a word for good parts among few others, at one place in all names",
        )
    yield from _all(path, layout, list(zip(layout.placed, found.labels)), "names")
    yield found.finding()
    yield from _passed_over(path, layout)
