"""The replay of machines as one HTML file that needs nothing else: scores over time, cases, known failures, money.

Every figure and word comes from `machines.py` and `machine_text.py`, each curve from `timeline.py`. The look is
`machines.html.j2`.
"""

from __future__ import annotations

from pathlib import Path

from kits.toolchain.pages import render
from kits.toolchain.replaying import machine_text, text
from kits.toolchain.replaying.courses import Course
from kits.toolchain.replaying.machines import Replayed
from kits.toolchain.replaying.timeline import timeline

_MOST_MACHINES = 40
_TEMPLATE = Path(__file__).with_name("machines.html.j2")


def page(done: Replayed, heading: text.Heading) -> str:
    """A timeline per machine, worst first."""
    from markupsafe import Markup

    order = sorted(done.courses, key=lambda course: -_interest(course, done))
    drawn = [
        {
            "asset": course.track.asset,
            "svg": Markup(timeline(course, done)),  # noqa: S704 - every word in it is escaped
            "alarms": len(course.alarms),
            "failures": sum(not f.beyond for f in course.track.failures),
        }
        for course in order[:_MOST_MACHINES]
    ]
    return render(
        _TEMPLATE,
        heading=heading,
        done=done,
        line=machine_text.line(done),
        drawn=drawn,
        hidden=len(order) - len(drawn),
        notes=machine_text.notes_of(done, heading),
        words=machine_text,
        text=text,
    )


def _interest(course: Course, done: Replayed) -> int:
    """What went wrong comes first, then what happened at all."""
    asset = course.track.asset
    mine = [one for one in done.figures.known if one.failure.asset == asset]
    false = sum(told.outcome == "false" for told in done.cases if told.case.asset == asset)
    missed = sum(not one.in_time for one in mine)
    return 1000 * missed + 100 * false + 10 * len(mine) + len(course.alarms)
