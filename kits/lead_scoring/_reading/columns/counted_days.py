"""Columns that count days from a lead's coming up to its end, or up to the day of the export: `Tage offen`, `Alter (Tage)`.

They say what became known with the outcome, or when the table was written; a lead that has just come has nought there. They are told
by what they count, whatever they are called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from kits.lead_scoring._reading.values.cells import Typed

_DAY = 86_400.0
_LEAST, _LEAST_DAYS = 20, 10
"""Leads, and different numbers of days among them."""
_NEARLY_ALL = 0.98
_SOON = 31
"""Days after the last that a table knows in which it is exported."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Counted:
    """A column that counts days.

    Attributes:
        until: up to what, in words.
        ahead: this lies long after all that the table knows, so that it may be the day of a fair or the end of an offer as well.
    """

    column: str
    until: str
    ahead: bool = False


def counted_days(
    typed: Mapping[str, Typed],
    at: Sequence[float | None],
    known_at: Sequence[float | None],
    won: Sequence[bool | None],
    keep: Collection[str],
) -> tuple[Counted, ...]:
    """The columns whose days, from when each lead came on, end with its outcome or on one day for all open leads.

    Args:
        typed: the values of all columns.
        at: (rows,) when each lead came, seconds since 1970.
        known_at: (rows,) when its outcome was known.
        won: (rows,) what became of it; None: it is open.
        keep: columns that a person vouches for.
    """
    found = []
    for name, column in typed.items():
        if column.kind != "number" or name in keep:
            continue
        ends = [_end(came, value) for came, value in zip(at, column.values)]
        if until := _of_outcomes(ends, at, known_at):
            found.append(Counted(name, until))
        elif day := _of_export(ends, at, won):
            last = max(moment for moment in (*at, *known_at) if moment is not None)
            told = (_EPOCH + timedelta(days=day)).date().isoformat()
            found.append(Counted(name, f"the export, {told}", day > last // _DAY + _SOON))
    return tuple(found)


def _end(came: float | None, value: object) -> int | None:
    """The day on which so many days have passed; None where none were counted."""
    if came is None or not isinstance(value, float) or value < 0:
        return None
    return int(came // _DAY) + round(value)


def _of_outcomes(
    ends: Sequence[int | None], at: Sequence[float | None], known_at: Sequence[float | None]
) -> str:
    rows = [
        (end, int(known // _DAY), int(came // _DAY))
        for end, known, came in zip(ends, known_at, at)
        if end is not None and known is not None and came is not None
    ]
    same = sum(abs(end - known) <= 1 for end, known, _ in rows)
    several = len({end - came for end, _, came in rows}) >= _LEAST_DAYS
    enough = len(rows) >= _LEAST and several and same >= _NEARLY_ALL * len(rows)
    return "when outcomes were known" if enough else ""


def _of_export(
    ends: Sequence[int | None], at: Sequence[float | None], won: Sequence[bool | None]
) -> int:
    """The day on which open leads were written down, to which they are counted, those that ended up to it or to their end; 0: none."""
    rows = [
        (end, int(came // _DAY))
        for end, came, one in zip(ends, at, won)
        if end is not None and came is not None and one is None
    ]
    if len(rows) < _LEAST or len({end - came for end, came in rows}) < _LEAST_DAYS:
        return 0
    day = Counter(end for end, _ in rows).most_common(1)[0][0]
    same = sum(abs(end - day) <= 1 for end, _ in rows)
    last = max(int(came // _DAY) for came in at if came is not None)
    return 0 if same < _NEARLY_ALL * len(rows) or day < last - 1 else day
