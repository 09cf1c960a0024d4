"""What a report shows of machines: the score over time, predicted beside true life, which fault was taken for which.

SVG with the classes of the report's style sheet, so light, dark and print need no second picture. It draws what
was judged; figures are computed elsewhere, and nothing here decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import EvaluateTask, Evaluation, ItemResult, Plot
from kits.core.operating_point import Band, OperatingPoint
from kits.core.prediction import Quantity, prediction_from_json
from kits.predictive_maintenance._device.trace import SENSOR_FAULT, Trace
from kits.predictive_maintenance._judging.onsets import course_of
from kits.predictive_maintenance._learning.recordings import LIFE, Recording, load
from kits.predictive_maintenance.runtime import MachineRuntime

Floats = NDArray[np.float64]
Place = Callable[[float], float]
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 1000, 170, 60, 90, 10, 34
_MOST_COURSES, _MOST_RECORDINGS, _COLUMNS = 6, 400, 800
_LOWEST, _HIGHEST = -6.0, 6.0
"""Scores beyond are drawn at the edge: a million months are as rare as ten thousand."""
_SILENCE = 20.0
"""Usual steps, as an import has it."""
_MOST_CLASSES = 20
_SQUARE = 420
_HOUR_S, _DAY_S, _MANY_DAYS = 3600.0, 86_400.0, 10


@dataclass(frozen=True)
class _Line:
    """The score of one machine, or of one recording, over time.

    Attributes:
        at: (rows,) in the unit of `unit`; not a number between stretches.
        onsets: where an alarm began.
        faults: stretches of marked faults.
    """

    name: str
    unit: str
    at: Floats
    score: Floats
    onsets: tuple[float, ...]
    faults: tuple[tuple[float, float, str], ...]


def plots(task: EvaluateTask, evaluation: Evaluation) -> list[Plot]:
    """The plots of the approach at work; read by `kit report`.

    Raises:
        DataError: the bytes of a recording are gone.
    """
    runtime = task.runtime
    assert isinstance(runtime, MachineRuntime)
    if runtime.spec.remaining is not None:
        return of_life(evaluation.results)
    if runtime.spec.faults is not None:
        return of_faults(evaluation.results)
    return _of_condition(task, evaluation, runtime)


# -- condition ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Seen:
    """A recording with the scores of its rows; `at_s` counts from its begin."""

    recording: Recording
    at_s: Floats
    score: Floats
    faulty: NDArray[np.bool_]


def _of_condition(
    task: EvaluateTask, evaluation: Evaluation, runtime: MachineRuntime
) -> list[Plot]:
    point = task.operating_point
    assert point is not None
    # with a broken sensor nothing is known of the machine, so it is not judged and not drawn
    known = [r for r in load(task.dataset, task.items) if r.label != SENSOR_FAULT]
    timed = all(r.window.started_at is not None for r in known)
    spec = runtime.spec.condition
    captures = (
        timed and spec is not None and spec.rows.kind == "windows" and len(known) > _MOST_RECORDINGS
    )
    scores = {one.sample_id: one.score for one in evaluation.results} if captures else {}
    named: dict[str, list[_Seen]] = {}
    for recording in known if captures else known[:_MOST_RECORDINGS]:
        name = recording.asset if timed else recording.item.sample.source or recording.group
        named.setdefault(name, []).append(_seen(recording, runtime, scores))
    lines = [_line(name, found, point, timed=timed) for name, found in named.items()]
    # those with something to see first: marked faults, then alarms
    chosen = sorted(lines, key=lambda line: (-len(line.faults), -len(line.onsets)))[:_MOST_COURSES]
    left = len(lines) - len(chosen)
    more = f" {left} more are not shown." if left else ""
    svg = "".join(_drawn(line, point.default) for line in chosen)
    caption = (
        "The score is the logarithm of the months between values as unusual as this in normal running: 0 comes by "
        "chance once a month, 1 once in ten months. Shaded: a fault was marked. Triangles: an alarm began. Gaps: "
        f"nothing was recorded, or the machine had just changed its way of running.{more}"
    )
    return [Plot("How the machines ran: score over time", svg=svg, caption=caption)] if svg else []


def _seen(recording: Recording, runtime: MachineRuntime, scores: Mapping[str, float]) -> _Seen:
    """What was judged of a recording; of captures that are many the score that stands in the results."""
    wholly = not recording.spans and not recording.is_normal()
    known = scores.get(recording.item.sample.id)
    if known is not None:
        return _Seen(recording, np.zeros(1), np.array([known]), np.array([wholly]))
    trace = runtime.judge.trace(recording.window)
    last = np.clip(trace.ends - 1, 0, recording.readings - 1)
    return _Seen(recording, trace.at_s, trace.score, recording.faulty()[last] | wholly)


def _line(name: str, found: Sequence[_Seen], point: OperatingPoint, *, timed: bool) -> _Line:
    starts = [one.recording.window.started_at for one in found]
    first = min((s for s in starts if s is not None), default=None)
    shifts = [(s - first).total_seconds() if timed and s and first else 0.0 for s in starts]
    at_s = np.concatenate([one.at_s + shift for one, shift in zip(found, shifts)])
    score = np.concatenate([one.score for one in found])
    faulty = np.concatenate([one.faulty for one in found])
    owners = np.repeat(np.arange(len(found)), [len(one.at_s) for one in found])
    alone = any(one.recording.item.sample.device for one in found)
    courses = [owners == i for i in range(len(found))] if alone else [owners >= 0]
    onsets, faults = [], []
    for mine in courses:
        places = np.flatnonzero(mine)
        trace = Trace(at_s[mine], np.arange(1, places.size + 1), score[mine])
        course = course_of(trace, faulty[mine], point, name)
        onsets += [places[row] for row in course.onsets]
        faults += [(places[begin], places[end - 1]) for begin, end in course.events]
    unit, length = _unit_of(at_s) if found[0].recording.rate_hz else ("readings", 1.0)
    at = at_s / length
    since = f" from {first:%Y-%m-%d %H:%M} UTC" if first is not None and length > 1 else ""
    return _Line(
        name,
        f"{unit}{since}",
        *_broken(at, score, owners),
        tuple(float(at[row]) for row in onsets),
        tuple(
            (float(at[a]), float(at[b]), _label_at(found[owners[a]].recording)) for a, b in faults
        ),
    )


def _unit_of(at_s: Floats) -> tuple[str, float]:
    """What a course is told in, and its seconds."""
    return ("days", _DAY_S) if np.ptp(at_s) > _MANY_DAYS * _DAY_S else ("hours", _HOUR_S)


def _label_at(recording: Recording) -> str:
    return recording.label or next((s.label for s in recording.spans), "")


def _broken(at: Floats, score: Floats, owners: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """The same with a break between recordings, where time passes in which nothing was recorded."""
    steps = np.diff(at)
    usual = float(np.median(steps)) if steps.size else 0.0
    ends = np.flatnonzero((np.diff(owners) > 0) & ((steps > _SILENCE * usual) | (steps <= 0))) + 1
    return np.insert(at, ends, np.nan), np.insert(score, ends, np.nan)


def _drawn(line: _Line, band: Band) -> str:
    known = line.at[np.isfinite(line.at)]
    if known.size < 2:
        return ""
    first, last = float(known.min()), float(known.max())
    across = (_WIDTH - _LEFT - _RIGHT) / max(last - first, 1e-9)
    scores = np.clip(line.score, _LOWEST, _HIGHEST)
    seen = scores[np.isfinite(scores)]
    low = min(float(seen.min(initial=0.0)), band.review_from) - 0.5
    high = max(float(seen.max(initial=0.0)), band.act_at) + 0.7
    base = _HEIGHT - _BOTTOM

    def x(value: float) -> float:
        return _LEFT + (value - first) * across

    def y(value: float) -> float:
        return base - (value - low) / (high - low) * (base - _TOP)

    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="score of {escape(line.name)} over time">'
    ]
    parts += [
        f'<rect class="bad" style="opacity:.22" x="{x(a):.1f}" y="{_TOP}" '
        f'width="{max(x(b) - x(a), 2):.1f}" height="{base - _TOP}"><title>{escape(label)}</title></rect>'
        for a, b, label in line.faults
    ]
    for value, word, kind in (
        (band.act_at, "alarm", "act"),
        (band.review_from, "warning", "review"),
    ):
        parts.append(
            f'<line class="mark {kind}" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
            f'<text x="{_WIDTH - _RIGHT + 6}" y="{y(value) + 5:.1f}">{word}</text>'
        )
    parts += [
        f'<polyline class="curve" style="stroke-width:1.2" points="{points}"/>'
        for points in _strokes(line.at, scores, x, y)
    ]
    parts += [
        f'<path class="onset" d="M{x(at) - 5:.1f} {_TOP} h10 l-5 9 z"><title>an alarm began</title></path>'
        for at in line.onsets
    ]
    parts += [
        f'<text x="{x(tick):.1f}" y="{base + 15}" text-anchor="middle">{tick:.4g}</text>'
        for tick in _ticks(first, last)
    ]
    parts.append(
        f'<text x="{_LEFT - 8}" y="{y(high - 0.7) + 5:.1f}" text-anchor="end">{high - 0.7:.1f}</text>'
        f'<text x="{_LEFT - 8}" y="{y(low + 0.5) + 5:.1f}" text-anchor="end">{low + 0.5:.1f}</text>'
        f'<text class="marktext" x="{_LEFT}" y="{_HEIGHT - 3}">{escape(line.name)}</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 3}" text-anchor="end">{escape(line.unit)}</text></svg>'
    )
    return "".join(parts)


def _strokes(at: Floats, score: Floats, x: Place, y: Place) -> Iterator[str]:
    """Uninterrupted pieces as points; highest and lowest of each column of pixels, so that no peak is lost."""
    known = np.isfinite(at) & np.isfinite(score)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], known.astype(np.int8), [0]])))
    step = max(int(known.sum()) // _COLUMNS, 1)
    for begin, end in zip(edges[::2], edges[1::2]):
        points = []
        for start in range(int(begin), int(end), step):
            piece = slice(start, min(start + step, int(end)))
            values = {float(score[piece].min()), float(score[piece].max())}
            points += [f"{x(float(at[start])):.1f},{y(value):.1f}" for value in sorted(values)]
        if len(points) == 1:
            points *= 2
        yield " ".join(points)


def _ticks(first: float, last: float) -> list[float]:
    step = 10.0 ** np.floor(np.log10(max(last - first, 1e-9)))
    step = next(step * f for f in (0.1, 0.2, 0.25, 0.5, 1.0) if (last - first) / (step * f) <= 10)
    return [k * step for k in range(int(np.ceil(first / step)), int(np.floor(last / step)) + 1)]


# -- remaining life -------------------------------------------------------------------------------


def of_life(results: Sequence[ItemResult]) -> list[Plot]:
    """The statement at the end of each recording beside the truth."""
    said: list[tuple[float, Quantity]] = []
    for one in results:
        number = re.match(r"[-+.\de]+", one.truth)
        if number is None or not one.prediction:
            continue
        found = prediction_from_json(dict(one.prediction)).quantities
        said += [(float(number[0]), q) for q in found if q.name == LIFE]
    if not said:
        return []
    unit = said[0][1].unit
    top = (
        max(max(truth, q.high if q.high is not None else q.value) for truth, q in said) * 1.05
        or 1.0
    )
    edge = _SQUARE - 46

    def x(value: float) -> float:
        return 60 + value / top * (_SQUARE - 76)

    def y(value: float) -> float:
        return edge - value / top * (edge - 10)

    ticks = _ticks(0.0, top)
    parts = [
        f'<svg viewBox="0 0 {_SQUARE} {_SQUARE}" style="max-width:520px" role="img" '
        f'aria-label="predicted over true remaining life">',
        *(
            f'<line class="grid" x1="60" x2="{_SQUARE - 16}" y1="{y(t):.1f}" y2="{y(t):.1f}"/>'
            f'<text x="54" y="{y(t) + 5:.1f}" text-anchor="end">{t:.4g}</text>'
            f'<text x="{x(t):.1f}" y="{edge + 17}" text-anchor="middle">{t:.4g}</text>'
            for t in ticks
        ),
        f'<line class="mark review" x1="{x(0):.1f}" y1="{y(0):.1f}" x2="{x(top):.1f}" y2="{y(top):.1f}"/>',
    ]
    for truth, q in said:
        inside = q.low is not None and q.high is not None and q.low <= truth <= q.high
        kind = "good" if inside else "bad"
        if q.low is not None and q.high is not None:
            parts.append(
                f'<line class="grid" style="stroke:var(--soft);opacity:.55" x1="{x(truth):.1f}" x2="{x(truth):.1f}" y1="{y(q.low):.1f}" y2="{y(q.high):.1f}"/>'
            )
        parts.append(
            f'<rect class="{kind}" x="{x(truth) - 2.5:.1f}" y="{y(q.value) - 2.5:.1f}" width="5" height="5">'
            f"<title>true {truth:g}, predicted {q.value:.0f} {escape(q.unit)}</title></rect>"
        )
    parts.append(
        f'<text x="{_SQUARE / 2 + 20}" y="{_SQUARE - 6}" text-anchor="middle">true life left, {escape(unit)}</text>'
        f'<text x="{-edge / 2}" y="14" transform="rotate(-90)" text-anchor="middle">predicted, {escape(unit)}</text></svg>'
    )
    caption = (
        f"One square per recording, at its end (n={len(said)}), with its interval; red where the truth lies outside. "
        "On the dashed line the prediction is right; above it the machine failed earlier than said."
    )
    return [Plot("Predicted beside true life", svg="".join(parts), caption=caption)]


# -- named faults ---------------------------------------------------------------------------------


def of_faults(results: Sequence[ItemResult]) -> list[Plot]:
    """Truth by row, what was said by column."""
    pairs = [
        (one.truth, prediction_from_json(dict(one.prediction)).label)
        for one in results
        if one.prediction
    ]
    classes = sorted({label for pair in pairs for label in pair}, key=lambda c: (c != "normal", c))
    if not pairs or len(classes) > _MOST_CLASSES:
        return []
    rows = [("truth \\ said", *classes, "found")]
    for truth in classes:
        mine = [said for whose, said in pairs if whose == truth]
        share = f"{mine.count(truth) / len(mine):.0%}" if mine else "–"
        rows.append((truth, *(str(mine.count(said)) for said in classes), share))
    caption = "Numbers of recordings; what stands on the diagonal was named rightly."
    return [
        Plot("Which fault was taken for which", table=tuple(rows), caption=caption, diagonal=True)
    ]
