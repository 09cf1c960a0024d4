"""Made-up shops whose line is photographed for a year: days with their own lamp and place, lots with their own surface.

Parts are the kit's own generated ones (`kits.visual_inspection.demo`); what a day, a lot and a picture add is drawn here. No
part is drawn twice. Names are those a camera's program writes: the moment, then the number of the part and of its picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kits.visual_inspection import demo

SIZE = (120, 96)
START = datetime(2025, 1, 1, 6, tzinfo=timezone.utc)
KINDS = ("scratch", "dot", "dent", "stain")
_LOT_DAYS = 4
Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture: what it shows in truth, what a person says of it, and its name without a folder."""

    name: str
    truth: str
    label: str
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Light:
    """What a day adds to every picture: gain, slope of the light across it, shift in pixels, blur, and dirt on the lens from 0 on."""

    gain: float = 1.0
    slope: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    blur: float = 0.0
    dirt: float = 0.0


@dataclass(frozen=True)
class Shop:
    """A line.

    Attributes:
        uneven: how much days and lots differ; 0: not at all, 1: as lamps and clamps do.
        views: pictures of each part.
        defects: share of the parts that are kept for their defect (a firm keeps these, and some of the good ones).
        slips: share of wrong labels.
        kinds: kinds of defects that occur; one more may begin later.
    """

    seed: int
    uneven: float = 1.0
    views: int = 1
    defects: float = 0.1
    slips: float = 0.0
    kinds: Sequence[str] = KINDS

    def days(self, first: int, last: int, parts: int, change: Change | None = None) -> list[Shown]:
        """The pictures of some days (0: the first of January), so many parts on each."""
        return [
            one for day in range(first, last) for one in self._day(day, parts, change or _nothing)
        ]

    def _day(self, day: int, parts: int, change: Change) -> list[Shown]:
        rng = np.random.default_rng((self.seed, 1, day))
        light, kinds = change(day, self._light(day), tuple(self.kinds))
        lot = np.random.default_rng((self.seed, 2, day // _LOT_DAYS))
        contrast = 1 + 0.25 * self.uneven * lot.normal()
        found: list[Shown] = []
        for number in range(parts):
            kind = kinds[rng.integers(len(kinds))] if rng.random() < self.defects else ""
            part = demo.draw(rng, kind).image.astype(np.float32)
            wrong = rng.random() < self.slips
            said = (part_label(kind) == "good") if wrong else bool(kind)
            at = START + timedelta(days=day, seconds=int(36_000 * (number + rng.random()) / parts))
            for view in range(self.views):
                name = f"{at:%Y%m%d_%H%M%S}_P{day:03d}{number:03d}_{view + 1}.jpg"
                label = (kind or "scratch") if said else "good"
                pixels = _photographed(part, light, contrast, rng)
                found.append(Shown(name, kind or "good", label, pixels))
        return found

    def _light(self, day: int) -> Light:
        rng, much = np.random.default_rng((self.seed, 3, day)), self.uneven
        dx, dy = 2.0 * much * rng.normal(size=2)
        return Light(
            gain=1 + 0.06 * much * rng.normal(),
            slope=8 * much * rng.normal(),
            shift=(dx, dy),
            blur=0.3 * much * abs(rng.normal()),
        )


def part_label(kind: str) -> str:
    """What a right label says."""
    return kind or "good"


def _photographed(
    part: Image, light: Light, contrast: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    height, width = part.shape[:2]
    dx, dy = np.array(light.shift) + rng.normal(0, 0.5, 2)
    moved = cv2.warpAffine(part, np.array([[1, 0, dx], [0, 1, dy]], np.float32), (width, height), borderMode=cv2.BORDER_REFLECT)  # fmt: skip
    moved = moved.mean() + (moved - moved.mean()) * np.float32(contrast)
    moved = moved * np.float32(light.gain)
    moved += np.linspace(-1, 1, width, dtype=np.float32)[None, :, None] * np.float32(light.slope)
    if light.blur + light.dirt > 0.05:
        moved = cv2.GaussianBlur(moved, (0, 0), light.blur + light.dirt)
    small = cv2.resize(moved, SIZE, interpolation=cv2.INTER_AREA)
    small += rng.normal(0, 1.0, small.shape).astype(np.float32)
    return np.asarray(np.clip(small, 0, 255), np.uint8)


def written(folder: Path, shown: Sequence[Shown], *, true: bool = False) -> Path:
    """A folder for each label, as firms keep them."""
    for one in shown:
        place = folder / (one.truth if true else one.label)
        place.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / one.name), one.pixels, [cv2.IMWRITE_JPEG_QUALITY, 92])
    return folder


# -- what changes -------------------------------------------------------------------------------------

Change = Callable[[int, Light, tuple[str, ...]], tuple[Light, tuple[str, ...]]]


def _nothing(_: int, light: Light, kinds: tuple[str, ...]) -> tuple[Light, tuple[str, ...]]:
    return light, kinds


def _lamp(_: int, light: Light, kinds: tuple[str, ...]) -> tuple[Light, tuple[str, ...]]:
    return replace(light, gain=0.75 * light.gain, slope=light.slope + 25), kinds


def _moved(_: int, light: Light, kinds: tuple[str, ...]) -> tuple[Light, tuple[str, ...]]:
    return replace(light, shift=(light.shift[0] + 14, light.shift[1] - 10)), kinds


def _dirt(day: int, light: Light, kinds: tuple[str, ...]) -> tuple[Light, tuple[str, ...]]:
    return replace(light, dirt=1.8 * max(0, day - 240) / 120), kinds


CHANGES: Mapping[str, Change] = {
    "nothing": _nothing,
    "another lamp": _lamp,
    "the camera was moved": _moved,
    "a lens that slowly dirties": _dirt,
}
"""From September on."""
