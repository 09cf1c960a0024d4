"""The months of a replay: which samples came in each, how many of its days the data covers, and how many calls these allow."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from kits.core.replay import Ranking

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
PARTS = 12
"""Parts of equal size that take the place of months where the data has no clock."""
_TOLD = 3


@dataclass(frozen=True)
class Part:
    """A month, or a part where the data has no clock.

    Attributes:
        rows: of the ranking.
        capacity: that the team works on.
        days, of: days that the data covers, of the month's; 0: no clock.
    """

    name: str
    rows: Rows
    capacity: float
    days: int = 0
    of: int = 0

    @property
    def whole(self) -> bool:
        return self.days == self.of


def parts_of(terms: Ranking) -> list[Part]:
    """The parts in order. The team works on as many in a day of a month that was cut short as in one of a whole month."""
    return list(_months(terms) if terms.timed else _equal(terms))


def told(parts: Sequence[Part]) -> Iterator[str]:
    """Which months are cut short, in one sentence."""
    short = [part for part in parts if not part.whole]
    if short:
        named = ", ".join(
            f"{part.name} {part.days} of {part.of} days ({part.capacity:,.1f} calls)"
            for part in short[:_TOLD]
        )
        yield f"calls are counted for the days from the first sample to the last: {named}"


def without_clock(terms: Ranking, parts: int) -> str:
    """What the parts are where the data has no clock, in one sentence."""
    if _several_months(terms):
        return f"the data has no clock: {parts} parts of equal size stand for months"
    share = len(terms.score) / terms.incoming if terms.incoming else 1.0
    return (
        f"the data has no clock, and {max(terms.incoming, 1.0):,.0f} are taken for a month's: all of these count as "
        f"{share:.0%} of one month's, and so do the calls; the {parts} parts of equal size are no months. How many come in a "
        "month is model.team.incoming_per_month"
    )


def _several_months(terms: Ranking) -> bool:
    """Of data without a clock: whether more than a month's are there."""
    return 0 < terms.incoming < len(terms.score)


def _months(terms: Ranking) -> Iterator[Part]:
    days = [datetime.fromtimestamp(at, tz=timezone.utc).date() for at in terms.at_s]
    names = np.array([f"{day:%Y-%m}" for day in days])
    first, last = days[0], days[-1]
    spans: list[tuple[str, Rows, int, int]] = []
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        here = days[rows[0]]
        of = calendar.monthrange(here.year, here.month)[1]
        begins = first.day if name == names[0] else 1
        ends = last.day if name == names[-1] else of
        spans.append((str(name), rows, ends - begins + 1, of))
    # what all the data holds was taken as one month, so its days have one month's calls between them
    month = sum(days for _, _, days, _ in spans) if terms.one_month else 0
    for name, rows, covered, of in spans:
        yield Part(name, rows, terms.per_month * covered / (month or of), covered, of)


def _equal(terms: Ranking) -> Iterator[Part]:
    count = len(terms.score)
    size = terms.incoming if _several_months(terms) else count / PARTS
    parts = max(1, round(count / size))
    places = np.arange(count) * parts // count
    capacity = min(1.0, terms.per_month / max(terms.incoming, 1.0)) * count / parts
    for part in range(parts):
        rows = np.flatnonzero(places == part)
        if len(rows):
            yield Part(f"part {part + 1}", rows, capacity)
