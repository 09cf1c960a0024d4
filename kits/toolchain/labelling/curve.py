"""The learning curve in words and as a drawing of letters: what labels have bought, and what more would buy."""

from __future__ import annotations

from pydantic import JsonValue

from kits.core.labelling import Curve
from kits.core.stats import Estimate

_WIDTH = 40


def curve_lines(curve: Curve) -> list[str]:
    """For people: one line per point with its interval as a bar, and what comes next."""
    name = curve.metric.replace("_", " ")
    lines = [f"{name} by number of labels (measured by cross-validation):"] if curve.points else []
    for point in curve.points:
        reached = point.reached
        lines.append(f"{point.labels:>7}  {_bar(reached)}  {_figure(reached)}")
    return [*lines, gain_line(curve)]


def gain_line(curve: Curve) -> str:
    """What the next labels are expected to buy, in one sentence."""
    gain = curve.gain
    if gain is None:
        return curve.note or "what more labels would buy cannot be said yet"
    return (
        f"the next {curve.next_labels} labels buy about {100 * gain.value:+.1f} points of "
        f"{curve.metric.replace('_', ' ')} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
    )


def curve_json(curve: Curve | None) -> JsonValue:
    """For programs; null for a kit that measures none."""
    if curve is None:
        return None
    return {
        "metric": curve.metric,
        "points": [{"labels": p.labels, **_estimate(p.reached)} for p in curve.points],
        "next_labels": curve.next_labels,
        "gain": _estimate(curve.gain) if curve.gain else None,
        "note": curve.note,
    }


def _estimate(value: Estimate) -> dict[str, JsonValue]:
    return {"value": value.value, "low": value.low, "high": value.high}


def _figure(value: Estimate) -> str:
    return f"{100 * value.value:.1f} % [{100 * value.low:.1f}, {100 * value.high:.1f}]"


def _bar(value: Estimate) -> str:
    """`----[==|==]---`: low, value and high on a line from 0 to 1."""
    low, at, high = (
        min(_WIDTH - 1, max(0, int(v * _WIDTH))) for v in (value.low, value.value, value.high)
    )
    letters = ["·"] * _WIDTH
    letters[low : high + 1] = "─" * (high - low + 1)
    letters[at] = "●"
    return "".join(letters)
