"""The replay of mails as one HTML file that needs nothing else: what is filed by month and by intent, and what it saves.

It draws; every figure and word comes from `mails.py` and `mail_text.py`. The look is `mails.html.j2`.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from kits.core.operating_point import Costs
from kits.toolchain.pages import render
from kits.toolchain.replaying import mail_text, text
from kits.toolchain.replaying.mails import ReplayedMails, Row

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 1000, 230, 56, 30, 14
_MOST_MONTHS = 36
_MOST_INTENTS = 100


def page(done: ReplayedMails, heading: text.Heading, costs: Costs) -> str:
    """The page."""
    from markupsafe import Markup

    months = done.months[-_MOST_MONTHS:]
    return render(
        Path(__file__).with_name("mails.html.j2"),
        heading=heading,
        done=done,
        costs=costs,
        line=mail_text.line(done, costs),
        promise=mail_text.promise(done.bound),
        months=months,
        chart=Markup(bars(months)) if len(months) > 1 else "",  # noqa: S704 - built below, every word escaped
        intents=done.intents[:_MOST_INTENTS],
        hidden=max(0, len(done.intents) - _MOST_INTENTS),
        notes=mail_text.notes(done, heading),
        words=mail_text,
        text=text,
    )


def bars(months: tuple[Row, ...]) -> str:
    """A bar per month: what was filed, and above it what a person sorts."""
    most = max(row.mails for row in months)
    base = _HEIGHT - _BOTTOM
    step = (_WIDTH - _LEFT - 10) / len(months)
    wide = min(step * 0.72, 60.0)
    scale = (base - _TOP) / most
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="mails by month, filed and left to a person">'
    ]
    for share in (0.0, 0.5, 1.0):
        y = base - share * most * scale
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share * most:,.0f}</text>'
        )
    every = max(1, -(-len(months) // 14))
    for place, row in enumerate(months):
        x = _LEFT + place * step + (step - wide) / 2
        filed, rest = row.filed * scale, (row.mails - row.filed) * scale
        told = f"{row.name}: {row.mails} mails, {row.filed} filed"
        parts.append(
            f"<g><title>{escape(told)}</title>"
            f'<rect class="filed" x="{x:.1f}" y="{base - filed:.1f}" width="{wide:.1f}" height="{filed:.1f}"/>'
            f'<rect class="person" x="{x:.1f}" y="{base - filed - rest:.1f}" width="{wide:.1f}" height="{rest:.1f}"/></g>'
        )
        if place % every == 0:
            parts.append(
                f'<text x="{x + wide / 2:.1f}" y="{base + 18}" text-anchor="middle">{escape(row.name)}</text>'
            )
    return "".join(parts) + "</svg>"
