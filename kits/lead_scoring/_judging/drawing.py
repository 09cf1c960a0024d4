"""A frame for plots as SVG: axes, grid, curves, bands, marks, in the classes of the report's style sheet.

It knows pixels and no leads. Colours are the style sheet's, so light, dark and print need no second picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]
Format: TypeAlias = Callable[[float], str]

WIDTH = 640
_ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
SOFT = "stroke:var(--soft)"
DASHED = "stroke:var(--soft);stroke-dasharray:5 4"


def percent(value: float) -> str:
    """`31%`; below a tenth with a decimal where it has one."""
    text = f"{100 * value:.1f}".removesuffix(".0")
    return "0%" if text == "-0" else f"{text}%"


def plain_number(value: float) -> str:
    """`1,250`, `2.5`."""
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:g}"


def round_up(value: float) -> float:
    """The next round number at or above `value`, whose fifths can be said."""
    if not value > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(f * power for f in _ROUND if f * power >= value * 0.999)


@dataclass(frozen=True)
class Axis:
    """One axis: its ends, its words, how its ticks are written and how many steps there are."""

    low: float
    high: float
    label: str
    text: Format = percent
    steps: int = 5

    def share(self, value: float) -> float:
        """Where a value lies between the ends, 0 to 1; beyond them at the end."""
        return min(1.0, max(0.0, (value - self.low) / ((self.high - self.low) or 1.0)))

    def ticks(self) -> list[float]:
        """Values at equal steps from end to end."""
        wide = (self.high - self.low) / self.steps
        return [self.low + wide * step for step in range(self.steps + 1)]


@dataclass(frozen=True)
class Frame:
    """A picture in the making: give it values, it gives pieces of SVG."""

    x: Axis
    y: Axis
    height: int = 300
    left: int = 70
    right: int = 30
    top: int = 24
    bottom: int = 48

    def at(self, x: float, y: float) -> Point:
        """Pixels of a point."""
        wide, tall = WIDTH - self.left - self.right, self.height - self.top - self.bottom
        across = self.left + self.x.share(x) * wide
        return across, self.height - self.bottom - self.y.share(y) * tall

    def curve(self, points: Iterable[Point], style: str = "") -> str:
        """A line through points."""
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*point) for point in points))
        look = f' style="{style}"' if style else ""
        return f'<polyline class="curve" points="{drawn}"{look}/>'

    def band(self, lows: Sequence[Point], highs: Sequence[Point]) -> str:
        """The area between two lines."""
        around = [*lows, *reversed(highs)]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*point) for point in around))
        return f'<polygon points="{drawn}" style="fill:var(--accent);opacity:.15"/>'

    def whisker(self, x: float, low: float, high: float) -> str:
        """An interval as an upright line."""
        (px, py0), (_, py1) = self.at(x, low), self.at(x, high)
        return f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{py0:.1f}" y2="{py1:.1f}" style="{SOFT}"/>'

    def dot(self, x: float, y: float, kind: str, told: str) -> str:
        """A point of a class (`good`, `bad`, or empty), with what is told when it is pointed at."""
        px, py = self.at(x, y)
        look = f'class="{kind}"' if kind else 'style="fill:var(--accent)"'
        return (
            f'<rect {look} x="{px - 4:.1f}" y="{py - 4:.1f}" width="8" height="8">'
            f"<title>{escape(told)}</title></rect>"
        )

    def bar(self, start: float, end: float, y: float) -> str:
        """A bar from the bottom up to `y`."""
        (x0, top), (x1, base) = self.at(start, y), self.at(end, self.y.low)
        return (
            f'<rect x="{x0:.1f}" y="{top:.1f}" width="{max(0.5, x1 - x0 - 1):.1f}" '
            f'height="{base - top:.1f}" style="fill:var(--soft);opacity:.45"/>'
        )

    def upright(self, x: float, text: str, *, low: bool = False) -> str:
        """A dashed line at `x`, and what it is in a corner at the right where no curve is."""
        px, _ = self.at(x, self.y.low)
        line = self.height - self.bottom - 10 if low else self.top + 16
        return (
            f'<line class="mark act" x1="{px:.1f}" x2="{px:.1f}" y1="{self.top}" y2="{self.height - self.bottom}"/>'
            f'<text class="marktext" x="{WIDTH - self.right - 4}" y="{line}" text-anchor="end">{escape(text)}</text>'
        )

    def across(self, y: float) -> str:
        """A dashed line at `y`."""
        _, py = self.at(self.x.low, y)
        return f'<line x1="{self.left}" x2="{WIDTH - self.right}" y1="{py:.1f}" y2="{py:.1f}" style="{DASHED}"/>'

    def inside(self, body: str, *, x_ticks: bool = True) -> str:
        """Grid, ticks and body, without the picture's own element: for pictures of several frames."""
        parts = []
        for value in self.y.ticks():
            _, py = self.at(self.x.low, value)
            parts.append(
                f'<line class="grid" x1="{self.left}" x2="{WIDTH - self.right}" y1="{py:.1f}" y2="{py:.1f}"/>'
                f'<text x="{self.left - 7}" y="{py + 5:.1f}" text-anchor="end">{escape(self.y.text(value))}</text>'
            )
        base = self.height - self.bottom
        for value in self.x.ticks() if x_ticks else ():
            px, _ = self.at(value, self.y.low)
            parts.append(
                f'<text x="{px:.1f}" y="{base + 18}" text-anchor="middle">{escape(self.x.text(value))}</text>'
            )
        parts.append(body)
        if self.x.label:
            middle = (self.left + WIDTH - self.right) / 2
            parts.append(
                f'<text x="{middle}" y="{self.height - 6}" text-anchor="middle">{escape(self.x.label)}</text>'
            )
        parts.append(
            f'<text x="{-(base + self.top) / 2}" y="14" transform="rotate(-90)" text-anchor="middle">'
            f"{escape(self.y.label)}</text>"
        )
        return "".join(parts)

    def drawn(self, body: str) -> str:
        """The whole picture."""
        told = escape(f"{self.y.label} over {self.x.label}")
        return picture(self.inside(body), self.height, told)


def picture(body: str, height: int, told: str) -> str:
    """A picture's element around its parts."""
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{told}">{body}</svg>'


def shifted(body: str, down: int) -> str:
    """Parts of a picture, moved down by pixels."""
    return f'<g transform="translate(0 {down})">{body}</g>'
