"""Whether two tables tell the time by different clocks: a CRM in the firm's own time, a form in UTC.

Nothing is moved here: that leads and rows lie whole hours apart is told, and who exports them mends it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kits.core.kit import Finding

_HALF_HOUR, _NEAR = 1_800.0, 120.0
_FARTHEST = 28
"""Half hours between two zones."""
_AN_HOUR = 2
"""What summer time adds."""
_LEAST, _SHARE = 30, 0.5
"""Leads with a row at such a distance, and their share of those that have rows."""


def clocks_apart(table: str, lags: Sequence[Sequence[float]]) -> list[Finding]:
    """A warning where most leads have a row that lies whole hours from them, to the minute, and hardly any have one beside them.

    Args:
        lags: (leads,) seconds from when a lead came to each of its rows.
    """
    counts: Counter[int] = Counter()
    for one in lags:
        near = {round(lag / _HALF_HOUR) for lag in one if _is_whole(lag)}
        counts.update(place for place in near if abs(place) <= _FARTHEST)
    have = sum(bool(one) for one in lags)
    ways = [(counts[n] + counts[n + _AN_HOUR], n) for n in list(counts) if n and n + _AN_HOUR]
    most, first = max(ways, default=(0, 0))
    if most < max(_LEAST, _SHARE * have) or counts[0] > most / 2:
        return []
    places = [n for n in (first, first + _AN_HOUR) if counts[n] > most / 10]
    hours = " or ".join(f"{abs(n) / 2:g}" for n in sorted(places, key=abs))
    side, harm = (
        ("after", "what was known counts as later and is left out")
        if first > 0
        else ("before", "what came later counts as known")
    )
    return [Finding(
        "clocks-apart", "warn",
        f"{most} of {have} leads have a row of {table} {hours} hours {side} they came, to the minute: if the two are written in "
        f"different time zones, {harm}",
        fix="export both in one time zone, or with the zone in each time (2024-05-01T14:00+02:00); if something happens so long "
        f"{side} each lead, nothing",
    )]  # fmt: skip


def lags_of(
    came: Sequence[float | None], decided: Sequence[float | None]
) -> list[tuple[float, ...]]:
    """(leads,) the lag of each lead's one row, where both tell an hour that nobody chose."""
    return [
        ()
        if row is None or at is None or on_the_half_hour(row) or on_the_half_hour(at)
        else (row - at,)
        for row, at in zip(came, decided)
    ]


def on_the_half_hour(at: float) -> bool:
    """Whether a time is one that people choose, so that whole hours between two such say nothing."""
    return at % _HALF_HOUR == 0


def _is_whole(lag: float) -> bool:
    return abs(lag - round(lag / _HALF_HOUR) * _HALF_HOUR) <= _NEAR
