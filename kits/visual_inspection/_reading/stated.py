"""What a labels file states of pictures, whatever tool wrote it → samples and findings, the same for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from kits.core.annotation import Annotation
from kits.core.dataset import Split
from kits.core.kit import Finding, RawSample
from kits.core.prediction import Box
from kits.visual_inspection._approach import MASKS
from kits.visual_inspection._reading.files import Picture, Reading
from kits.visual_inspection._reading.finding_pictures import PictureIndex
from kits.visual_inspection._reading.labelling import Labeller
from kits.visual_inspection._reading.layout import layout_of
from kits.visual_inspection._reading.layout_masks import LayoutMasks
from kits.visual_inspection._words import GOOD, tidy

Places: TypeAlias = Callable[[int, int], Sequence[Box]]
"""Width and height of a picture in pixels → its boxes in pixels."""
_SHOWN = 20


@dataclass(frozen=True)
class Stated:
    """What is stated of one picture.

    Attributes:
        name: of the picture, as the labels file has it.
        boxes: in pixels, or how to get them once the picture's size is known.
        label: the class of the whole picture; empty: that of its boxes, and `good` without any.
        base: the folder that the name is relative to.
        open: what is stated and cannot be read, or that nobody looked at it: without a class and a box the picture is not annotated.
        group: the part that it shows, where that is stated.
    """

    name: str
    boxes: Sequence[Box] | Places = ()
    label: str = ""
    split: Split | None = None
    base: Path | None = None
    open: str = ""
    group: str = ""


def shares(boxes: Sequence[Box]) -> Places:
    """Boxes in shares of the picture, 0 to 1."""
    return lambda width, height: [
        Box(box.x0 * width, box.y0 * height, box.x1 * width, box.y1 * height, box.label)
        for box in boxes
    ]


def samples_of(path: Path, author: str, stated: Iterable[Stated]) -> Iterator[RawSample | Finding]:
    """Pictures below a folder with what is stated of them; one that nothing is stated of is not annotated, unless it lies in `good`.

    Args:
        author: what states it, for the record and for what is said.

    Raises:
        DataError: no pictures.
    """
    placed = layout_of(path, one_product=False)
    index = PictureIndex(path, [one.file for one in placed.placed])
    claimed, lost, twice = _claimed(index, stated)
    labeller, reading, masks = Labeller(author), Reading(path), LayoutMasks.of(placed)
    told, silent = _Told(), []
    for one in placed.placed:
        picture = reading.open(one.file)
        if isinstance(picture, Finding):
            yield picture
            continue
        found = claimed.get(one.file)
        if found is not None:
            note = _annotation(picture, found, masks, labeller)
            told.opened(found.open, picture.name)
        else:
            note = Annotation(label=GOOD, author="folders") if one.label == GOOD else None
            silent += [] if note else [picture.name]
        told.count(note)
        split, group = (found.split, found.group) if found else (None, "")
        yield picture.sample(note, split=split or one.split, group=group)
    yield from told.findings(author)
    yield from labeller.findings
    yield from reading.findings()
    yield from _leftovers(author, silent, lost, twice)
    if placed.masks:
        yield from masks.findings
        yield next(iter(placed.findings()))


def _claimed(
    index: PictureIndex, stated: Iterable[Stated]
) -> tuple[dict[Path, Stated], list[str], list[str]]:
    """What is stated of which picture; names of none, among them those that another fits better; and those that are stated twice."""
    claimed: dict[Path, tuple[int, Stated]] = {}
    lost, twice = [], []
    for one in stated:
        found = index.ranked(one.name, one.base)
        if found is None:
            lost.append(one.name)
            continue
        file, agreed = found
        before, earlier = claimed.get(file, (-1, one))
        if before > agreed:
            lost.append(one.name)
            continue
        if -1 < before < agreed:
            lost.append(earlier.name)
        elif before == agreed and earlier != one:
            twice.append(one.name)
        claimed[file] = (agreed, one)
    return {file: one for file, (_, one) in claimed.items()}, lost, twice


def _annotation(
    picture: Picture, stated: Stated, masks: LayoutMasks, labeller: Labeller
) -> Annotation | None:
    if stated.open and not stated.boxes and not stated.label:
        return None
    size = (picture.width, picture.height)
    boxes = list(stated.boxes(*size) if callable(stated.boxes) else stated.boxes)
    label = tidy(stated.label)
    if boxes or label in ("", GOOD):
        return labeller.annotation(boxes, size, picture.name, label)
    note = labeller.annotation(masks.boxes(picture, label), size, picture.name, label)
    return (
        replace(note, author=MASKS)
        if note and note.boxes
        else Annotation(label=label, author=labeller.author)
    )


class _Told:
    """How many pictures are what, for what is said at the end."""

    def __init__(self) -> None:
        self._boxes = self._drawn = self._plain = self._good = 0
        self._open: dict[str, list[str]] = {}

    def opened(self, why: str, name: str) -> None:
        """Notes why something that is stated of a picture does not count; empty: all does."""
        if why:
            self._open.setdefault(why, []).append(name)

    def count(self, note: Annotation | None) -> None:
        if note is None:
            return
        self._boxes += len(note.boxes)
        self._drawn += bool(note.boxes)
        self._good += not note.boxes and note.label == GOOD
        self._plain += not note.boxes and note.label != GOOD

    def findings(self, author: str) -> Iterator[Finding]:
        drawn = f"{self._drawn} with {self._boxes} boxes, " if self._drawn else ""
        plain = f"{self._plain} with a class alone, " if self._plain else ""
        yield Finding(
            "labels", "pass", f"labels of {author}: {drawn}{plain}{self._good} of good parts"
        )
        for why, names in self._open.items():
            yield Finding(
                "malformed-label", "warn", f"{len(names)} picture(s): {why}; without a box or a class they count as not annotated", tuple(names[:_SHOWN]),
                "label them, and export again",
            )  # fmt: skip


def _leftovers(
    author: str, silent: Sequence[str], lost: Sequence[str], twice: Sequence[str]
) -> Iterator[Finding]:
    if silent:
        yield Finding(
            "image-without-label", "warn", f"{len(silent)} picture(s) are not in {author}: imported as not annotated",
            tuple(silent[:_SHOWN]), "label them, or say that they are good parts in the same way",
        )  # fmt: skip
    if lost:
        yield Finding(
            "label-without-image", "warn", f"{len(lost)} name(s) in {author} belong to no picture here, or to several",
            tuple(lost[:_SHOWN]), "copy the pictures, or delete the lines",
        )  # fmt: skip
    if twice:
        yield Finding(
            "stated-twice", "warn", f"{len(twice)} picture(s) are stated more than once in {author}: the last counts",
            tuple(twice[:_SHOWN]), "keep one export of each",
        )  # fmt: skip
