"""A machine's scores over time as SVG: levels as lines, known failures shaded, cases as bars below."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timezone
from html import escape

import numpy as np

from kits.toolchain.replaying.courses import Course
from kits.toolchain.replaying.failures import Met
from kits.toolchain.replaying.machine_text import moment_text, outcome_text
from kits.toolchain.replaying.machines import Replayed
from kits.toolchain.replaying.text import length_text

WIDTH, HEIGHT = 1040, 176
WIDTH, HEIGHT = 1040, 176
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 10, 14, 40
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 10, 14, 40
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 10, 14, 40
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 10, 14, 40
_LINE = 13.0
_TICKS = 7
_QUANTILES = (0.005, 0.995)
_STEPS_S = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, *(86_400 * d for d in (1, 2, 7, 14, 30, 61, 91, 183, 365)))  # fmt: skip
_DAY_S = 86_400.0


def timeline(course: Course, done: Replayed) -> str:
    """One machine as SVG: failures shaded, highest score per pixel, levels as lines, cases as bars below."""
    scale = _Scale(course)
    met = [one for one in done.figures.known if one.failure.asset == course.track.asset]
    parts = [
        *(_failure(one, scale, done) for one in met),
        *_axis(scale, done),
        *_levels(course, scale),
        f'<path class="score" d="{_path(course, scale)}"/>',
        *_cases(course, scale, done),
    ]
    label = escape(f"score of {course.track.asset} over time", quote=True)
    body = "".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{body}</svg>'


class _Scale:
    """From time and score to pixels."""

    def __init__(self, course: Course) -> None:
        at_s, band = course.track.at_s, course.band
        self.first, self.last = float(at_s[0]), float(at_s[-1])
        known = course.scores[np.isfinite(course.scores)]
        low, high = (float(v) for v in np.quantile(known, _QUANTILES)) if known.size else (0.0, 1.0)
        low, high = min(low, band.review_from), max(high, band.act_at)
        room = 0.08 * ((high - low) or 1.0)
        self.low, self.high = low - room, high + room

    def x(self, at_s: float) -> float:
        share = (at_s - self.first) / ((self.last - self.first) or 1.0)
        return _LEFT + min(max(share, 0.0), 1.0) * (WIDTH - _LEFT - _RIGHT)

    def y(self, score: float) -> float:
        share = (score - self.low) / (self.high - self.low)
        return HEIGHT - _BOTTOM - min(max(share, 0.0), 1.0) * (HEIGHT - _TOP - _BOTTOM)


def _path(course: Course, scale: _Scale) -> str:
    """Lowest and highest score of each column of pixels; broken where nothing was judged."""
    at_s, scores = course.track.at_s, course.scores
    columns = WIDTH - _LEFT - _RIGHT
    places = np.linspace(scale.first, scale.last, columns + 1)
    edges = np.searchsorted(at_s, places)
    edges[-1] = len(at_s)
    words: list[str] = []
    broken = True
    usual = float(np.median(np.diff(at_s))) if len(at_s) > 1 else 1.0
    before = -math.inf
    for column in range(columns):
        rows = slice(int(edges[column]), int(edges[column + 1]))
        piece = scores[rows]
        known = np.isfinite(piece)
        if not known.any():
            broken |= bool(piece.size)  # judged, and nothing came of it
            continue
        at = float(at_s[rows][known][0])
        x = scale.x(at)
        broken |= at - before > max(10 * usual, 2 * (scale.last - scale.first) / columns)
        before = float(at_s[rows][known][-1])
        low, high = scale.y(float(piece[known].min())), scale.y(float(piece[known].max()))
        words.append(f"{'M' if broken else 'L'}{x:.1f},{low:.1f}")
        if abs(high - low) >= 0.3 or broken:
            words.append(f"L{x:.1f},{high - (0.4 if broken else 0):.1f}")
        broken = False
    return "".join(words)


def _failure(met: Met, scale: _Scale, done: Replayed) -> str:
    failure = met.failure
    start = failure.at_s if failure.from_s is None else failure.from_s
    left, right = scale.x(start), scale.x(failure.at_s)
    wide = max(right - left, 2.0)
    lead = (
        f", warned {length_text(met.lead, done.replay.unit)} ahead" if met.lead is not None else ""
    )
    title = escape(f"{failure.what}: {met.outcome}{lead}, {moment_text(failure.at_s, done)}")
    return (
        f'<g class="failure {met.outcome}"><title>{title}</title>'
        f'<rect x="{min(left, right):.1f}" y="{_TOP}" width="{wide:.1f}" height="{HEIGHT - _TOP - _BOTTOM}"/>'
        f'<path d="M{right:.1f},{_TOP}V{HEIGHT - _BOTTOM}"/></g>'
    )


def _levels(course: Course, scale: _Scale) -> Iterator[str]:
    alarm, warn = scale.y(course.band.act_at), scale.y(course.band.review_from)
    below = max(warn, alarm + _LINE)  # the words must not lie on each other
    for kind, word, y, at in (("act", "alarm", alarm, alarm), ("review", "warn", warn, below)):
        yield f'<path class="level {kind}" d="M{_LEFT},{y:.1f}H{WIDTH - _RIGHT}"/>'
        yield f'<text class="{kind}" x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{word}</text>'


def _cases(course: Course, scale: _Scale, done: Replayed) -> Iterator[str]:
    y = HEIGHT - _BOTTOM + 5
    for told in done.cases:
        case = told.case
        if case.asset != course.track.asset:
            continue
        left = scale.x(case.opened_s)
        right = scale.x(case.closed_s if case.closed_s is not None else scale.last)
        words = f"{moment_text(case.opened_s, done)} {told.label}: {told.evidence}"
        kind = "false" if told.outcome == "false" else "true" if told.outcome else "open"
        title = escape(f"{words} ({outcome_text(told, done)})")
        yield (
            f'<g class="case {kind}"><title>{title}</title>'
            f'<rect x="{left:.1f}" y="{y}" width="{max(right - left, 2.0):.1f}" height="7" rx="2"/>'
        )
        for alarm in case.alarms:
            x = scale.x(alarm.at_s)
            yield f'<path d="M{x:.1f},{y - 2}v11"/>'
        yield "</g>"


def _axis(scale: _Scale, done: Replayed) -> Iterator[str]:
    y = HEIGHT - _BOTTOM
    yield f'<path class="grid" d="M{_LEFT},{y}H{WIDTH - _RIGHT}"/>'
    for at_s, label in _ticks(scale.first, scale.last, done):
        x = scale.x(at_s)
        yield f'<path class="grid" d="M{x:.1f},{_TOP}V{y}"/>'
        anchor = "end" if x > WIDTH - 2 * _LINE else "middle"
        yield f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{escape(label)}</text>'


def _ticks(first: float, last: float, done: Replayed) -> Iterator[tuple[float, str]]:
    """Round moments, a handful."""
    span = (last - first) or 1.0
    if done.replay.unit == "s":
        step = next((float(s) for s in _STEPS_S if span / s <= _TICKS), span / _TICKS)
    else:
        power = 10.0 ** math.floor(math.log10(span / _TICKS))
        step = next(power * m for m in (1, 2, 5, 10) if span / (power * m) <= _TICKS)
    at_s = math.ceil(first / step) * step
    while at_s <= last:
        yield at_s, _tick_text(at_s, step, done)
        at_s += step


def _tick_text(at_s: float, step: float, done: Replayed) -> str:
    if not done.replay.timed:
        return length_text(at_s, done.replay.unit)
    at = datetime.fromtimestamp(at_s, timezone.utc)
    if step < _DAY_S:
        return at.strftime("%d %b %H:%M")
    return at.strftime("%d %b" if step < 61 * _DAY_S else "%b %Y")
