"""The replay of samples that wait for people as one HTML file that needs nothing else: each month in three orders.

It draws; every figure and word comes from `leads.py` and `lead_text.py`. The look is `leads.html.j2`.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from kits.core.kit_manifest import Words
from kits.toolchain.pages import render
from kits.toolchain.replaying import lead_text, text
from kits.toolchain.replaying.leads import Month, ReplayedLeads

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 1000, 250, 64, 30, 14
_MOST_MONTHS = 36
_LABELS = 14
ORDERS = (("by_score", "score"), ("in_order", "order"), ("at_random", "random"))
"""Fields of a month beside each other, with their classes."""


def page(done: ReplayedLeads, heading: text.Heading, words: Words, currency: str) -> str:
    """The page."""
    from markupsafe import Markup

    months = done.months[-_MOST_MONTHS:]
    return render(
        Path(__file__).with_name("leads.html.j2"),
        heading=heading,
        done=done,
        currency=currency,
        sample=words.sample,
        hit=words.bad,
        line=lead_text.line(done, words, currency),
        months=months,
        hidden=len(done.months) - len(months),
        bars=Markup(bars(months, words)),  # noqa: S704 - built below, every word escaped
        course=Markup(course(done)) if len(done.months) > 1 else "",  # noqa: S704 - likewise
        notes=heading.notes(done.notes),
        words=lead_text,
        text=text,
    )


def bars(months: Sequence[Month], words: Words) -> str:
    """Three bars per month: hits by score, in the order they came, at random; a line where the best would be."""
    most = max(max(month.at_best, month.by_score, month.in_order) for month in months) or 1.0
    base = _HEIGHT - _BOTTOM
    step = (_WIDTH - _LEFT - 10) / len(months)
    wide = min(step * 0.8, 90.0) / len(ORDERS)
    scale = (base - _TOP) / most
    parts = [
        _opened(f"{words.bad} {words.sample}s among the called ones, by month"),
        _grid(most, scale, base),
    ]
    for place, month in enumerate(months):
        x = _LEFT + place * step + (step - wide * len(ORDERS)) / 2
        told = (
            f"{month.name}: {month.called:.0f} of {month.n} called; {words.bad}: {month.by_score:.1f} by score, "
            f"{month.in_order:.1f} in order, {month.at_random:.1f} at random, {month.at_best:.0f} at best"
        )
        parts.append(f"<g><title>{escape(told)}</title>")
        for number, (name, kind) in enumerate(ORDERS):
            tall = getattr(month, name) * scale
            parts.append(
                f'<rect class="{kind}" x="{x + number * wide:.1f}" y="{base - tall:.1f}" width="{wide - 1:.1f}" '
                f'height="{tall:.1f}"/>'
            )
        top = base - month.at_best * scale
        parts.append(
            f'<line class="best" x1="{x:.1f}" x2="{x + wide * len(ORDERS):.1f}" y1="{top:.1f}" y2="{top:.1f}"/></g>'
        )
    return "".join([*parts, _names(months, step, base), "</svg>"])


def course(done: ReplayedLeads) -> str:
    """Money that adds up over the months, in the three orders."""
    sums: dict[str, list[float]] = {name: [0.0] for name, _ in ORDERS}
    for month in done.months:
        for name, earned in sums.items():
            earned.append(earned[-1] + done.money(getattr(month, name), month.called))
    low = min(0.0, *(min(line) for line in sums.values()))
    high = max(1.0, *(max(line) for line in sums.values()))
    base = _HEIGHT - _BOTTOM
    scale = (base - _TOP) / (high - low)
    step = (_WIDTH - _LEFT - 10) / len(done.months)
    parts = [_opened("money that adds up"), _grid(high, scale, base, low)]
    for name, kind in reversed(ORDERS):
        points = " ".join(
            f"{_LEFT + place * step:.1f},{base - (value - low) * scale:.1f}"
            for place, value in enumerate(sums[name])
        )
        parts.append(f'<polyline class="sum {kind}" points="{points}"/>')
    return "".join([*parts, _names(done.months, step, base), "</svg>"])


def _opened(told: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(told)}">'


def _grid(high: float, scale: float, base: int, low: float = 0.0) -> str:
    parts = []
    for share in (0.0, 0.5, 1.0):
        value = low + share * (high - low)
        y = base - (value - low) * scale
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,.0f}</text>'
        )
    return "".join(parts)


def _names(months: Sequence[Month], step: float, base: int) -> str:
    every = max(1, -(-len(months) // _LABELS))
    return "".join(
        f'<text x="{_LEFT + (place + 0.5) * step:.1f}" y="{base + 18}" text-anchor="middle">{escape(month.name)}</text>'
        for place, month in enumerate(months)
        if place % every == 0
    )
