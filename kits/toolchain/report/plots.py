"""Plots as inline SVG: a cost curve and a score histogram. No plotting library, no script.

Colours are CSS classes of the report's template, so light, dark and print need no second picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 74, 18, 30, 46
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line at `x` with a word; `kind` is its CSS class: `act` or `review`."""

    x: float
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to pixels."""

    x0: float
    x1: float
    y1: float

    def x(self, value: float) -> float:
        span = (self.x1 - self.x0) or 1.0
        return _LEFT + (value - self.x0) / span * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - value / (self.y1 or 1.0) * (HEIGHT - _TOP - _BOTTOM)


def line_plot(
    xs: Sequence[float],
    ys: Sequence[float],
    *,
    x_label: str,
    y_label: str,
    marks: Sequence[Mark] = (),
) -> str:
    """A curve of `ys` ≥ 0 over `xs`, ascending."""
    scale = _Scale(*_range(xs, marks), _nice_top(max(ys)))
    points = " ".join(f"{scale.x(x):.1f},{scale.y(y):.1f}" for x, y in zip(xs, ys))
    body = f'<polyline class="curve" points="{points}"/>'
    return _frame(scale, body, x_label, y_label, marks)


def histogram(
    negatives: Sequence[float],
    positives: Sequence[float],
    *,
    names: tuple[str, str],
    x_label: str,
    marks: Sequence[Mark] = (),
    bins: int = 32,
) -> str:
    """Shares of two classes by score, side by side in each bin, each class summing to 100 %."""
    everything = [*negatives, *positives]
    low, high = _range(everything, marks)
    width = (high - low) / bins or 1.0
    shares = [_shares(values, low, width, bins) for values in (negatives, positives)]
    scale = _Scale(low, high, _nice_top(max(max(row) for row in shares)))
    bars = []
    for kind, row, shift in (("good", shares[0], 0.0), ("bad", shares[1], 0.5)):
        for index, share in enumerate(row):
            if share > 0:
                left = scale.x(low + (index + shift) * width)
                wide = scale.x(low + (index + shift + 0.5) * width) - left
                top = scale.y(share)
                bars.append(
                    f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" '
                    f'height="{HEIGHT - _BOTTOM - top:.1f}"/>'
                )
    legend = "".join(
        f'<rect class="{kind}" x="{_LEFT + 10 + 170 * i}" y="4" width="11" height="11"/>'
        f'<text x="{_LEFT + 27 + 170 * i}" y="14">{escape(name)}</text>'
        for i, (kind, name) in enumerate(zip(("good", "bad"), names))
    )
    return _frame(scale, "".join(bars) + legend, x_label, "share of its class", marks, percent=True)


def _shares(values: Sequence[float], low: float, width: float, bins: int) -> list[float]:
    row = [0.0] * bins
    for value in values:
        row[min(bins - 1, max(0, int((value - low) / width)))] += 1 / len(values)
    return row


def _range(values: Sequence[float], marks: Sequence[Mark]) -> tuple[float, float]:
    inside = [v for v in [*values, *(m.x for m in marks)] if math.isfinite(v)]
    low, high = min(inside), max(inside)
    margin = (high - low) * 0.03 or 0.5
    return low - margin, high + margin


def _nice_top(value: float) -> float:
    """The next of 1, 2, 2.5, 5, 10 × 10ⁿ at or above `value`."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= value * 0.999)


def _round_values(low: float, high: float) -> list[float]:
    """Round numbers within the range, about five of them."""
    step = _nice_top((high - low) / (_TICKS + 1))
    first = math.ceil(low / step)
    return [k * step for k in range(first, math.floor(high / step) + 1)]


def _frame(
    scale: _Scale,
    body: str,
    x_label: str,
    y_label: str,
    marks: Sequence[Mark],
    *,
    percent: bool = False,
) -> str:
    base, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(y_label)} over '
        f'{escape(x_label)}">'
    ]
    for step in range(_TICKS + 1):
        y = scale.y1 * step / _TICKS
        text = f"{y:.0%}" if percent else f"{y:,.4g}"
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{scale.y(y):.1f}" '
            f'y2="{scale.y(y):.1f}"/>'
            f'<text class="tick" x="{_LEFT - 7}" y="{scale.y(y) + 4:.1f}" text-anchor="end">'
            f"{text}</text>"
        )
    parts += [
        f'<text class="tick" x="{scale.x(x):.1f}" y="{base + 18}" text-anchor="middle">{x:.4g}</text>'
        for x in _round_values(scale.x0, scale.x1)
    ]
    parts.append(body)
    parts += [_mark(scale, mark, base) for mark in marks if math.isfinite(mark.x)]
    parts.append(
        f'<text x="{(_LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">'
        f"{escape(x_label)}</text>"
        f'<text x="{-(base + _TOP) / 2}" y="15" transform="rotate(-90)" text-anchor="middle">'
        f"{escape(y_label)}</text></svg>"
    )
    return "".join(parts)


def _mark(scale: _Scale, mark: Mark, base: int) -> str:
    x = scale.x(mark.x)
    near_right = x > WIDTH - 150
    anchor, shift = ("end", -5) if near_right else ("start", 5)
    y = _TOP + (12 if mark.kind == "act" else 30)
    return (
        f'<line class="mark {mark.kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{base}"/>'
        f'<text class="marktext" x="{x + shift:.1f}" y="{y}" text-anchor="{anchor}">'
        f"{escape(mark.text)}</text>"
    )
