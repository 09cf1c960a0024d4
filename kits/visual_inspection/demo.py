"""Demo data: brushed-metal plates on a line, good ones to learn from, a shift of mixed ones.

Everything is drawn from a seed; nothing is downloaded. The line also shows what is not a defect
but looks like one to a model of good parts only: oil film and bright lint. A person tells them
apart in the review, and the retrained model learns it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from kits.core.story import DemoStory, ExtraStep

STORY = DemoStory(
    learns_from="good parts",
    data="parts",
    sample="part",
    content="picture",
    harmless="good",
    finds="defects",
    answers={"cost_escape": "300"},
    extra=ExtraStep(
        title="exercise the detector path",
        data="labelled",
        settings=(
            "model.approach=detector",
            "model.detector.epochs=2",
            "model.detector.image_size=96",
        ),
        outcome="two epochs from scratch prove the path, not quality",
    ),
)
WIDTH, HEIGHT = 320, 256
PARTS, LINE, LABELLED = 80, 360, 32
DEFECT_SHARE, HARMLESS_SHARE = 0.42, 0.35
Image = NDArray[np.float32]
Corners = tuple[int, int, int, int]
Rng = np.random.Generator


@dataclass(frozen=True)
class Part:
    """A drawn part with what is wrong with it: `label` is `good` or the kind of defect."""

    image: NDArray[np.uint8]
    label: str
    boxes: tuple[tuple[Corners, str], ...]

    def truth(self) -> dict[str, object]:
        """The truth as the review API takes it."""
        boxes = [
            {"x0": b[0], "y0": b[1], "x1": b[2], "y1": b[3], "label": label}
            for b, label in self.boxes
        ]
        return {"label": self.label, "boxes": boxes}


def generate(folder: Path, seed: int) -> None:
    """Writes `parts/good/*.jpg`, `line/*.jpg`, `truth.json` and `labelled/` (YOLO) to `folder`."""
    rng = np.random.default_rng(seed)
    truth: dict[str, object] = {}
    for number in range(PARTS):
        _save(folder / "parts" / "good" / f"good_{number:04d}.jpg", draw(rng, ""))
    for number in range(LINE):
        name = f"part_{number:04d}.jpg"
        kind = _KINDS[rng.integers(len(_KINDS))] if rng.random() < DEFECT_SHARE else ""
        part = draw(rng, kind, harmless=rng.random() < HARMLESS_SHARE)
        truth[name] = part.truth()
        _save(folder / "line" / name, part)
    (folder / "truth.json").write_text(json.dumps(truth, indent=1))
    _write_labelled(folder / "labelled", rng)


def draw(rng: Rng, kind: str, *, harmless: bool = False) -> Part:
    """One part.

    Args:
        kind: `scratch`, `dot`, `dent`, `stain`, or empty for a good part.
        harmless: adds marks that are no defect.
    """
    image = _plate(rng)
    if harmless:
        _HARMLESS[rng.integers(len(_HARMLESS))](image, rng)
    boxes: tuple[tuple[Corners, str], ...] = ()
    if kind:
        boxes = ((_DEFECTS[kind](image, rng), kind),)
    image += rng.normal(0, 1.5, image.shape).astype(np.float32)
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    tinted = np.stack([pixels, pixels, pixels], axis=2)
    tinted[:, :, 0] = cv2.add(pixels, 4)
    return Part(tinted, kind or "good", boxes)


def _plate(rng: Rng) -> Image:
    lines = rng.normal(0, 1, (HEIGHT, WIDTH + 80)).astype(np.float32)
    lines = cv2.blur(lines, (61, 1))[:, 40:-40] * 55
    light = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None] * rng.normal(6, 3)
    fall = np.linspace(-1, 1, HEIGHT, dtype=np.float32)[:, None] * rng.normal(-4, 2)
    image: Image = 138 + rng.normal(0, 4) + lines + light + fall
    dx, dy = rng.integers(-2, 3, 2)
    for x, y in ((44, 40), (276, 40), (44, 216), (276, 216)):
        _disc(image, x + dx, y + dy, 15, -62)
        cv2.circle(image, (int(x + dx), int(y + dy)), 18, float(image.mean()) + 34, 2, cv2.LINE_AA)
    cv2.rectangle(image, (100 + dx, 96 + dy), (220 + dx, 160 + dy), 118.0, 2, cv2.LINE_AA)
    return image


def _disc(image: Image, x: float, y: float, radius: float, depth: float) -> None:
    mask = np.zeros_like(image)
    cv2.circle(mask, (int(x), int(y)), int(radius), 1.0, -1, cv2.LINE_AA)
    image += mask * depth


def _place(rng: Rng, margin: int = 30) -> tuple[int, int]:
    return int(rng.integers(margin, WIDTH - margin)), int(rng.integers(margin, HEIGHT - margin))


def _corners(x0: float, y0: float, x1: float, y1: float, pad: int = 3) -> Corners:
    return (
        max(0, int(min(x0, x1)) - pad),
        max(0, int(min(y0, y1)) - pad),
        min(WIDTH, int(max(x0, x1)) + pad),
        min(HEIGHT, int(max(y0, y1)) + pad),
    )


def _scratch(image: Image, rng: Rng) -> Corners:
    x, y = _place(rng, 50)
    angle, length = rng.uniform(0.5, 2.6), rng.uniform(22, 55)
    end = (int(x + length * np.cos(angle)), int(y + length * np.sin(angle)))
    mask = np.zeros_like(image)
    cv2.line(mask, (x, y), end, 1.0, 1, cv2.LINE_AA)
    image += cv2.GaussianBlur(mask, (0, 0), 0.7) * rng.uniform(45, 95)
    return _corners(x, y, *end)


def _dot(image: Image, rng: Rng) -> Corners:
    x, y = _place(rng)
    radius = rng.uniform(2, 4.5)
    _disc(image, x, y, radius, -rng.uniform(40, 80))
    return _corners(x - radius, y - radius, x + radius, y + radius)


def _dent(image: Image, rng: Rng) -> Corners:
    x, y = _place(rng)
    spread, depth = rng.uniform(4, 8), rng.uniform(22, 44)
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    bell = np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * spread**2))
    image += depth * bell * ((xs - x) + (ys - y)) / spread
    reach = 2 * spread
    return _corners(x - reach, y - reach, x + reach, y + reach)


def _stain(image: Image, rng: Rng) -> Corners:
    x, y = _place(rng, 40)
    noise = cv2.GaussianBlur(rng.normal(0, 1, image.shape).astype(np.float32), (0, 0), 5) * 9
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    reach = rng.uniform(9, 17)
    inside = np.clip(1.4 - np.hypot(xs - x, ys - y) / reach + 0.5 * noise, 0, 1)
    inside[np.hypot(xs - x, ys - y) > 1.8 * reach] = 0
    image -= inside * rng.uniform(20, 38)
    return _corners(x - reach, y - reach, x + reach, y + reach, 4)


def _oil(image: Image, rng: Rng) -> None:
    x, y = _place(rng, 50)
    mask = np.zeros_like(image)
    axes = (int(rng.integers(28, 50)), int(rng.integers(14, 26)))
    cv2.ellipse(mask, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1, cv2.LINE_AA)
    image += cv2.GaussianBlur(mask, (0, 0), 4) * rng.uniform(14, 26)


def _lint(image: Image, rng: Rng) -> None:
    x, y = _place(rng, 40)
    turns = np.cumsum(rng.normal(0, 0.35, 26)) + rng.uniform(0, 6.28)
    steps = np.stack([np.cos(turns), np.sin(turns)], 1) * 1.6
    points = (np.array([x, y]) + np.cumsum(steps, axis=0)).astype(np.int32)
    mask = np.zeros_like(image)
    cv2.polylines(mask, [points], False, 1.0, 2, cv2.LINE_AA)
    image += mask * rng.uniform(45, 85)


_DEFECTS: dict[str, Callable[[Image, Rng], Corners]] = {
    "scratch": _scratch,
    "dot": _dot,
    "dent": _dent,
    "stain": _stain,
}
_KINDS = tuple(_DEFECTS)
_HARMLESS: tuple[Callable[[Image, Rng], None], ...] = (_oil, _lint)


def _save(path: Path, part: Part) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), part.image, [cv2.IMWRITE_JPEG_QUALITY, 92])


def _write_labelled(folder: Path, rng: Rng) -> None:
    """A small YOLO set with every kind of defect and some good parts."""
    for number in range(LABELLED):
        split = "val" if number % 4 == 3 else "train"
        kind = "" if number % 5 == 4 else _KINDS[number % len(_KINDS)]
        part = draw(rng, kind)
        _save(folder / "images" / split / f"plate_{number:03d}.jpg", part)
        label = folder / "labels" / split / f"plate_{number:03d}.txt"
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text("".join(_yolo_line(*box) for box in part.boxes))
    described = {
        "path": ".",
        "train": "images/train",
        "val": "images/val",
        "names": dict(enumerate(_KINDS)),
    }
    (folder / "data.yaml").write_text(yaml.safe_dump(described, sort_keys=False))


def _yolo_line(box: Corners, kind: str) -> str:
    x0, y0, x1, y1 = box
    centre = (x0 + x1) / 2 / WIDTH, (y0 + y1) / 2 / HEIGHT
    size = (x1 - x0) / WIDTH, (y1 - y0) / HEIGHT
    return f"{_KINDS.index(kind)} " + " ".join(f"{v:.6f}" for v in (*centre, *size)) + "\n"
