"""The course over time of a report on leads: AUC, share won beside the probability, and their distance, by period.

It draws what `slices.py` measured; whether something drifts is for the reader to see, and for the hub to tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from kits.core.kit import Plot
from kits.core.stats import Estimate
from kits.lead_scoring._judging import drawing
from kits.lead_scoring._judging.drawing import Axis, Frame, round_up
from kits.lead_scoring._judging.slices import PERIOD

_FEW_PERIODS = 2
_MOST_NAMES = 8


def course(slices: Mapping[str, Mapping[str, Estimate]]) -> list[Plot]:
    """AUC, share won beside the probability, and their distance, period by period."""
    periods = [
        (name.removeprefix(PERIOD), part) for name, part in slices.items() if name.startswith(PERIOD)
    ]  # fmt: skip
    if len(periods) < _FEW_PERIODS:
        return []
    names = [name for name, _ in periods]
    parts = [part for _, part in periods]
    panels = [
        _panel(names, parts, "auc", "AUC", (0.4, 1.0)),
        _shares_panel(names, parts),
        _panel(names, parts, "calibration_gap", "probability − won", None, named=True),
    ]
    body, down = "", 0
    for svg, height in panels:
        body += drawing.shifted(svg, down)
        down += height
    caption = (
        "Period by period, with 95 % intervals: how well leads are ordered; the share that was won (dots) beside the mean "
        "probability (line); and how far the two are apart. A base rate that moves, or a distance that stays away from 0, is "
        "drift: probabilities are then true of the past only, and the order may still hold."
    )
    svg = drawing.picture(body, down, "AUC, share won and calibration by period")
    return [Plot("The course over time", svg=svg, caption=caption)]


def _panel(
    names: Sequence[str],
    parts: Sequence[Mapping[str, Estimate]],
    figure: str,
    label: str,
    ends: tuple[float, float] | None,
    *,
    named: bool = False,
) -> tuple[str, int]:
    known = [(place, part[figure]) for place, part in enumerate(parts) if figure in part]
    if ends is None:
        reach = round_up(max((max(abs(e.low), abs(e.high)) for _, e in known), default=0.01))
        ends = (-reach, reach)
    frame = _row(names, label, ends, named, steps=4 if ends[0] < 0 else 3)
    body = frame.across(0.5 if ends[0] > 0 else 0.0)
    for place, one in known:
        body += frame.whisker(place, one.low, one.high)
        body += frame.dot(place, one.value, "", f"{names[place]}: {one.text()} n={one.n}")
    return frame.inside(body + _names(frame, names, named), x_ticks=False), frame.height


def _shares_panel(names: Sequence[str], parts: Sequence[Mapping[str, Estimate]]) -> tuple[str, int]:
    rates = [(place, part["base_rate"]) for place, part in enumerate(parts) if "base_rate" in part]
    said = [(float(place), part["probability"].value) for place, part in enumerate(parts) if "probability" in part]  # fmt: skip
    top = min(1.0, round_up(max([e.high for _, e in rates] + [y for _, y in said], default=0.1)))
    frame = _row(names, "won", (0.0, top), False)
    body = frame.curve(said)
    for place, rate in rates:
        body += frame.whisker(place, rate.low, rate.high)
        body += frame.dot(place, rate.value, "", f"{names[place]}: won {rate.text()} n={rate.n}")
    return frame.inside(body, x_ticks=False), frame.height


def _row(
    names: Sequence[str], label: str, ends: tuple[float, float], named: bool, steps: int = 5
) -> Frame:
    text = drawing.percent if ends[0] <= 0 else lambda value: f"{value:.2f}"
    axis = Axis(-0.5, len(names) - 0.5, "")
    return Frame(axis, Axis(*ends, label, text, steps), 190 if named else 165, top=14, bottom=40 if named else 14)  # fmt: skip


def _names(frame: Frame, names: Sequence[str], named: bool) -> str:
    if not named:
        return ""
    every = max(1, math.ceil(len(names) / _MOST_NAMES))
    base = frame.height - frame.bottom
    return "".join(
        f'<text x="{frame.at(place, frame.y.low)[0]:.1f}" y="{base + 22}" text-anchor="middle">{name}</text>'
        for place, name in enumerate(names)
        if place % every == 0
    )
