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
    _said: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)

    def complain(self, check: str, text: str, where: str, fix: str, detail: str = "") -> None:
        """Notes what is wrong with one file.

        Args:
            text: what may be said of many files; `detail` is of this one alone.
        """
        of = f"{where}: {detail}" if detail else where
        self._said.setdefault((check, text, fix), []).append(of)

    @property
    def findings(self) -> list[Finding]:
        """What was noted: one for all files of which the same is to be said, each of them by its name."""
        return [
            Finding(check, "warn", f"{of[0]}: {text}" if len(of) == 1 else f"{len(of)} times: {text}", tuple(of), fix)
            for (check, text, fix), of in self._said.items()
        ]  # fmt: skip

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
                "a box narrower or lower than half a pixel left out",
                where,
                "draw the box again or delete it",
                f"{box.x1 - box.x0:.1f}×{box.y1 - box.y0:.1f} pixels",
            )
            return None
        if left < area * (1 - _CLIP_SHARE):
            self.complain(
                "label-outside-image",
                f"a box with more than {_CLIP_SHARE:.0%} outside the picture left out",
                where,
                "check that labels and picture belong together and have the same size",
                f"{1 - left / area:.0%} outside",
            )
            return None
        if area - left > 1e-3 * area:
            self.complain("label-outside-image", "a box clipped to the picture", where, "")
        return clipped


def main_label(boxes: Iterable[Box]) -> str:
    """The class of a picture from its boxes: that of the largest box, `good` without any."""
    largest = max(boxes, key=_area, default=None)
    return largest.label if largest else GOOD


def _area(box: Box) -> float:
    return max(box.x1 - box.x0, 0.0) * max(box.y1 - box.y0, 0.0)
