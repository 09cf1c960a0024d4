"""From stated boxes to an annotation: bounds, class names, what a label file without boxes means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kits.core.annotation import Annotation
from kits.core.kit import Finding
from kits.core.prediction import Box
from kits.visual_inspection._words import GOOD, is_good

_CLIP_SHARE = 0.05
_MIN_SIDE = 0.5


@dataclass
class Labeller:
    """Turns boxes into annotations and collects what is wrong with them.

    Args:
        author: where the labels come from, for the record.
    """

    author: str
    findings: list[Finding] = field(default_factory=list)

    def complain(self, check: str, text: str, where: str, fix: str) -> None:
        """Notes a finding about one file."""
        self.findings.append(Finding(check, "warn", text, (where,), fix))

    def annotation(
        self, boxes: Sequence[Box], size: tuple[int, int], where: str, label: str = ""
    ) -> Annotation | None:
        """The annotation of one picture; None where all its boxes are refused: that does not make it a good part.

        Args:
            boxes: in pixels, possibly outside the picture; one around what is good is no defect.
            size: width and height in pixels.
            where: file name for complaints.
            label: the picture's class when it is stated apart from the boxes.
        """
        defects = [box for box in boxes if not is_good(box.label)]
        kept = tuple(b for b in (self._within(box, size, where) for box in defects) if b)
        if defects and not kept:
            return None
        return Annotation(label=label or main_label(kept), boxes=kept, author=self.author)

    def _within(self, box: Box, size: tuple[int, int], where: str) -> Box | None:
        width, height = size
        clipped = Box(
            min(max(box.x0, 0.0), width),
            min(max(box.y0, 0.0), height),
            min(max(box.x1, 0.0), width),
            min(max(box.y1, 0.0), height),
            box.label,
        )
        area, left = _area(box), _area(clipped)
        if box.x1 - box.x0 < _MIN_SIDE or box.y1 - box.y0 < _MIN_SIDE:
            self.complain(
                "zero-area-box",
                f"{where}: a box of {box.x1 - box.x0:.1f}×{box.y1 - box.y0:.1f} pixels left out",
                where,
                "draw the box again or delete it",
            )
            return None
        if left < area * (1 - _CLIP_SHARE):
            self.complain(
                "label-outside-image",
                f"{where}: a box with {1 - left / area:.0%} outside the picture left out",
                where,
                "check that labels and picture belong together and have the same size",
            )
            return None
        if area - left > 1e-3 * area:
            self.complain(
                "label-outside-image", f"{where}: a box clipped to the picture", where, ""
            )
        return clipped


def main_label(boxes: Iterable[Box]) -> str:
    """The class of a picture from its boxes: that of the largest box, `good` without any."""
    largest = max(boxes, key=_area, default=None)
    return largest.label if largest else GOOD


def _area(box: Box) -> float:
    return max(box.x1 - box.x0, 0.0) * max(box.y1 - box.y0, 0.0)
