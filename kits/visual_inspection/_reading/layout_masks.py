"""The masks of a layout by the picture that they belong to: boxes, and which parts are good where folders do not say it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.core.prediction import Box
from kits.visual_inspection._reading.files import Picture
from kits.visual_inspection._reading.layout import Layout
from kits.visual_inspection._reading.mask_kinds import NO_KINDS, kinds_of_masks
from kits.visual_inspection._reading.mask_pairs import pair_masks
from kits.visual_inspection._reading.masks import Mask, read_map

_SHOWN = 20
_HALF = 0.5


@dataclass
class LayoutMasks:
    """The masks of a layout by their picture, and what was odd about them."""

    by_picture: Mapping[Path, Mask]
    findings: list[Finding] = field(default_factory=list)

    @classmethod
    def of(cls, layout: Layout) -> LayoutMasks:
        paired = pair_masks(layout.root, [one.file for one in layout.placed], layout.masks)
        kinds = kinds_of_masks(layout.root) if paired else NO_KINDS
        found: dict[Path, Mask] = {}
        unread = []
        for picture, masks in paired.items():
            maps = []
            for mask in masks:
                try:
                    maps.append(read_map(mask, kinds))
                except DataError as error:
                    unread.append(f"{mask.relative_to(layout.root)}: {error.what}")
            if maps:
                found[picture] = Mask.of(maps, kinds)
        used = {mask for masks in paired.values() for mask in masks}
        alone = [mask for mask in layout.masks if mask not in used]
        odd = [*_odd_masks(unread, layout.names(alone), len(alone)), *_large(found)]
        return cls(found, odd)

    def decide(self, layout: Layout) -> bool:
        """Whether masks say which parts are good, since folders do not: of no class, or of both sorts in one that is a part."""
        if not self.by_picture or layout.has_good:
            return False
        sorts: dict[str, set[bool]] = {}
        for one in layout.placed:
            if one.file in self.by_picture:
                sorts.setdefault(one.label, set()).add(self.by_picture[one.file].empty)
        return not layout.has_classes or any(len(both) == 2 for both in sorts.values())

    def good_classes(self, layout: Layout) -> frozenset[str]:
        """Classes all of whose masks are empty, where others have some that are not."""
        if layout.has_good:
            return frozenset()
        full = {one.label for one in layout.placed if self._shows(one.file)}
        empty = {one.label for one in layout.placed if self._is_empty(one.file)}
        return frozenset(empty - full) if full else frozenset()

    def boxes(self, picture: Picture, label: str) -> Sequence[Box]:
        mask = self.by_picture.get(picture.path)
        return mask.boxes(picture.width, picture.height, label) if mask else ()

    def _shows(self, file: Path) -> bool:
        return file in self.by_picture and not self.by_picture[file].empty

    def _is_empty(self, file: Path) -> bool:
        return file in self.by_picture and self.by_picture[file].empty


def _odd_masks(unread: Sequence[str], alone: tuple[str, ...], count: int) -> Iterator[Finding]:
    if unread:
        yield Finding(
            "malformed-label", "warn", f"{len(unread)} masks are left out: {unread[0]}", tuple(unread[:_SHOWN]),
            "a mask is black, and of another colour where the defect is",
        )  # fmt: skip
    if alone:
        yield Finding(
            "label-without-image", "warn", f"{count} masks belong to no picture here, or to several", alone,
            "call them as their pictures, such as ground_truth/scratch/0001_mask.png for test/scratch/0001.png",
        )  # fmt: skip


def _large(masks: Mapping[Path, Mask]) -> Iterator[Finding]:
    large = [file.name for file, mask in masks.items() if mask.share > _HALF]
    if len(large) > _HALF * sum(not mask.empty for mask in masks.values()):
        yield Finding(
            "masks-large", "warn", f"{len(large)} masks show a defect in more than half of the picture", tuple(sorted(large)[:_SHOWN]),
            "if black is the defect in them, turn them around",
        )  # fmt: skip
