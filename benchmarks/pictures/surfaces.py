"""Made-up surfaces as a line's camera sees them, of any size, and defects of a stated size in pixels and contrast over the noise.

From part to part differ: the grain, the place by some pixels, the angle by a third of a degree, the light across the picture, the
exposure. Board and weave keep their layout. A contrast of 1 is the usual spread of grays within 16×16 pixels of the surface, so
that a defect of one contrast is as hard to see on each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Gray: TypeAlias = NDArray[np.float32]
Corners: TypeAlias = tuple[int, int, int, int]
Rng: TypeAlias = np.random.Generator
DEFECTS = ("scratch", "pit", "stain")
SURFACES = ("brushed", "cast", "board", "woven")
_WINDOW = 16
_LEAST_NOISE = 1.5


@dataclass(frozen=True)
class Shot:
    """One picture.

    Attributes:
        defect: empty of a good part.
        boxes: of the defects, x0 y0 x1 y1.
    """

    image: NDArray[np.uint8]
    defect: str = ""
    boxes: tuple[Corners, ...] = ()

    def encoded(self, suffix: str) -> bytes:
        """As a camera's program saves it: `.jpg` at quality 92, or `.png`."""
        options = [cv2.IMWRITE_JPEG_QUALITY, 92] if suffix == ".jpg" else []
        done, content = cv2.imencode(suffix, self.image, options)
        assert done
        return bytes(content)


def shoot(
    surface: str,
    width: int,
    rng: Rng,
    *,
    defect: str = "",
    size: int = 0,
    contrast: float = 0.0,
    count: int = 1,
) -> Shot:
    """A picture of 4:3; with so many defects of a kind, if it is named.

    Args:
        size: length of a scratch, diameter of a pit or stain, in pixels.
        contrast: how far a defect's middle is from the surface, in units of the surface's noise.
    """
    height = width * 3 // 4
    gray, inside = _DRAWN[surface](height, width, rng)
    boxes = []
    for _ in range(count if defect else 0):
        depth = contrast * _noise(surface) * (1 if rng.random() < 0.5 else -1)
        boxes.append(_mark(gray, inside, defect, size, depth, rng))
    gray = _lit(gray, rng)
    gray += rng.standard_normal(gray.shape, dtype=np.float32) * np.float32(1.2)
    pixels = np.clip(gray, 0, 255).astype(np.uint8)
    colour = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    return Shot(colour, defect, tuple(boxes))


@lru_cache(maxsize=8)
def _noise(surface: str) -> float:
    gray, inside = _DRAWN[surface](768, 1024, np.random.default_rng(0))
    mean = cv2.blur(gray, (_WINDOW, _WINDOW))
    spread = np.sqrt(np.maximum(cv2.blur(gray * gray, (_WINDOW, _WINDOW)) - mean * mean, 0))
    return max(float(np.median(spread[inside(*np.indices(gray.shape)) > 0])), _LEAST_NOISE)


Inside: TypeAlias = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.bool_]]
"""Of rows and columns: whether they are on the part."""


def _everywhere(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.bool_]:
    return np.ones(np.broadcast_shapes(rows.shape, columns.shape), np.bool_)


def _grain(height: int, width: int, rng: Rng, size: tuple[int, int], strength: float) -> Gray:
    """Noise of a standard deviation, blurred to grains of a width and height."""
    raw = rng.standard_normal((height, width), dtype=np.float32)
    blurred = cv2.blur(raw, size) if size != (1, 1) else raw
    return np.asarray(blurred * np.float32(strength * np.sqrt(size[0] * size[1])), np.float32)


def _slow(height: int, width: int, rng: Rng, cells: int, strength: float) -> Gray:
    """Light and dark over large distances."""
    small = rng.standard_normal((max(2, cells * 3 // 4), cells), dtype=np.float32) * strength
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _brushed(height: int, width: int, rng: Rng) -> tuple[Gray, Inside]:
    gray = 135 + _grain(height, width, rng, (91, 1), 7.0)
    gray += _grain(height, width, rng, (1, 1), 2.0)
    return gray + _slow(height, width, rng, 6, 3.0), _everywhere


def _cast(height: int, width: int, rng: Rng) -> tuple[Gray, Inside]:
    """A round part on a dark bench, some 55 % of the picture."""
    rough = _grain(height, width, rng, (5, 5), 6.0) + _grain(height, width, rng, (2, 2), 4.0)
    gray = 120 + rough + 0.02 * rough * np.abs(rough) + _slow(height, width, rng, 8, 4.0)
    y, x = height / 2 + rng.uniform(-3, 3), width / 2 + rng.uniform(-3, 3)
    radius = 0.48 * height
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, (round(x), round(y)), round(radius), 255, -1, cv2.LINE_AA)
    cv2.circle(mask, (round(x), round(y)), round(0.3 * radius), 0, -1, cv2.LINE_AA)
    share = mask.astype(np.float32) / 255
    bench = 38 + _grain(height, width, rng, (3, 3), 2.0)

    def inside(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.bool_]:
        far = np.hypot(rows - y, columns - x)
        return np.asarray((far < 0.9 * radius) & (far > 0.38 * radius), np.bool_)

    return np.asarray(gray * share + bench * (1 - share), np.float32), inside


@lru_cache(maxsize=2)
def _layout(height: int, width: int) -> Gray:
    """Tracks, pads and holes; the same for each part."""
    rng = np.random.default_rng(11)
    board = np.full((height, width), 70, np.float32)
    step = max(width // 40, 16)
    for _ in range(90):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        turn = int(rng.integers(2, 9)) * step
        knee = (x + turn, y) if rng.random() < 0.5 else (x, y + turn)
        end = (knee[0] + turn // 2, knee[1] + turn // 2)
        points = np.array([(x, y), knee, end], np.int32)
        cv2.polylines(board, [points], False, 96.0, max(2, step // 4), cv2.LINE_AA)
    for _ in range(140):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        a, b = (int(v) for v in rng.integers(step // 3, step, 2))
        cv2.rectangle(board, (x, y), (x + a, y + b), 178.0, -1)
    for _ in range(60):
        at = int(rng.integers(0, width)), int(rng.integers(0, height))
        cv2.circle(board, at, step // 3, 190.0, -1, cv2.LINE_AA)
        cv2.circle(board, at, step // 6, 25.0, -1, cv2.LINE_AA)
    return board


def _board(height: int, width: int, rng: Rng) -> tuple[Gray, Inside]:
    """A printed circuit that fills the picture, some pixels off and a little turned."""
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-0.3, 0.3)), 1.0)
    turn[:, 2] += rng.uniform(-3, 3, 2)
    size = (width, height)
    moved = cv2.warpAffine(_layout(height, width), turn, size, borderMode=cv2.BORDER_REFLECT)
    return moved + _grain(height, width, rng, (2, 2), 3.0), _everywhere


def _woven(height: int, width: int, rng: Rng) -> tuple[Gray, Inside]:
    """Threads of ten pixels, over and under, that wander a little."""
    wander = 2 * np.pi / 20
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    down = (y + _slow(height, width, rng, 12, 2.0)) * wander + rng.uniform(0, 6.3)
    along = (x + _slow(height, width, rng, 12, 2.0)) * wander + rng.uniform(0, 6.3)
    over = np.sin(down) * np.sin(along) + 0.5 * np.cos(2 * down) * (np.sin(along) > 0)
    gray = 130 + 14 * over + _grain(height, width, rng, (3, 1), 4.0)
    return np.asarray(gray, np.float32), _everywhere


_DRAWN: dict[str, Callable[[int, int, Rng], tuple[Gray, Inside]]] = {
    "brushed": _brushed,
    "cast": _cast,
    "board": _board,
    "woven": _woven,
}


def _lit(gray: Gray, rng: Rng) -> Gray:
    """Another exposure, and light that falls off to one side."""
    height, width = gray.shape
    across = np.linspace(-1, 1, width, dtype=np.float32)[None] * rng.uniform(-0.04, 0.04)
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * rng.uniform(-0.04, 0.04)
    return np.asarray(gray * (rng.uniform(0.96, 1.04) + across + down), np.float32)


def _mark(gray: Gray, inside: Inside, defect: str, size: int, depth: float, rng: Rng) -> Corners:
    """Draws a defect somewhere on the part; its box."""
    height, width = gray.shape
    margin = size + 4
    while True:
        x, y = int(rng.integers(margin, width - margin)), int(rng.integers(margin, height - margin))
        if inside(np.array([y]), np.array([x]))[0]:
            break
    reach = size // 2 + 4
    shape = _SHAPES[defect](2 * reach + 1, size, rng)
    gray[y - reach : y + reach + 1, x - reach : x + reach + 1] += shape * depth
    rows, columns = (np.flatnonzero(np.abs(shape).max(axis=a) > 0.3) for a in (1, 0))
    left, top = x - reach, y - reach
    return (
        left + int(columns[0]), top + int(rows[0]),
        left + int(columns[-1]) + 1, top + int(rows[-1]) + 1,
    )  # fmt: skip


def _scratch(side: int, size: int, rng: Rng) -> Gray:
    angle, half = rng.uniform(0.35, 2.8), size / 2
    middle = (side - 1) / 2
    step = np.array([np.cos(angle), np.sin(angle)]) * half
    fine = 16  # points are given in sixteenths of a pixel
    start, end = (tuple(int(v) for v in fine * (middle + sign * step)) for sign in (-1, 1))
    mask = np.zeros((side, side), np.float32)
    cv2.line(mask, start, end, 1.0, max(1, round(size / 16)), cv2.LINE_AA, shift=4)
    blurred = cv2.GaussianBlur(mask, (0, 0), 0.6)
    return np.asarray(blurred / blurred.max(), np.float32)


def _distance(side: int, rng: Rng) -> Gray:
    """From the middle, of a shape a little longer than wide."""
    rows, columns = np.indices((side, side), np.float32) - np.float32((side - 1) / 2)
    angle, stretch = rng.uniform(0, np.pi), rng.uniform(1.0, 1.4)
    along = np.cos(angle) * columns + np.sin(angle) * rows
    across = -np.sin(angle) * columns + np.cos(angle) * rows
    return np.asarray(np.hypot(along, across * stretch), np.float32)


def _pit(side: int, size: int, rng: Rng) -> Gray:
    """Its middle, and a weaker rim of the other sign, as light from the side shows a hole."""
    far = _distance(side, rng)
    pit = np.clip(size / 2 + 0.5 - far, 0, 1)
    rim = np.clip(1 - np.abs(far - size / 2 - 0.8), 0, 1) * 0.4
    return np.asarray(pit - rim, np.float32)


def _stain(side: int, size: int, rng: Rng) -> Gray:
    """Soft at its border, and half as strong."""
    return np.asarray(0.5 * np.exp(-((_distance(side, rng) / (size / 2.4)) ** 4)), np.float32)


_SHAPES: dict[str, Callable[[int, int, Rng], Gray]] = {
    "scratch": _scratch,
    "pit": _pit,
    "stain": _stain,
}
