"""Shapes that people draw → the box around them, in pixels: corners, polygons, circles, however a tool writes these."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from pydantic import JsonValue

from kits.core.prediction import Box


def number(value: JsonValue | str) -> float | None:
    """A finite number, also one in a text; None of anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def numbers(values: Iterable[JsonValue | str]) -> list[float] | None:
    """All of them as numbers; None if one is none."""
    found = [number(value) for value in values]
    return None if any(one is None for one in found) else [one for one in found if one is not None]


def places(points: JsonValue) -> list[tuple[float, float]] | None:
    """Points as `[[x, y], …]` or `[{"x": …, "y": …}, …]`; None where one is none."""
    if not isinstance(points, list):
        return None
    found = []
    for point in points:
        pair = [point.get("x"), point.get("y")] if isinstance(point, dict) else point
        both = numbers(pair) if isinstance(pair, list) and len(pair) == 2 else None
        if both is None:
            return None
        found.append((both[0], both[1]))
    return found


def around(points: Sequence[tuple[float, float]] | None, label: str) -> Box | None:
    """The box around at least two points."""
    if not points or len(points) < 2:
        return None
    xs, ys = zip(*points)
    return Box(min(xs), min(ys), max(xs), max(ys), label)


def sized(values: Sequence[JsonValue | str] | None, label: str) -> Box | None:
    """A box of x, y, width and height."""
    found = numbers(values) if values is not None and len(values) == 4 else None
    if found is None:
        return None
    x, y, width, height = found
    return Box(x, y, x + width, y + height, label)


def circle(x: float, y: float, radius: float, label: str) -> Box:
    """The box around a circle."""
    return Box(x - radius, y - radius, x + radius, y + radius, label)
