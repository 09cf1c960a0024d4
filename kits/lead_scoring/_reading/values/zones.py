"""Times of tables that name no zone → UTC, where a person stated whose clock wrote them."""

from __future__ import annotations

from kits.core.moments import READERS, YEAR_LAST
from kits.core.zones import from_local

_DAY_S = 86_400.0
_SINCE_1970 = 3e8
"""From this size on a number counts seconds, or milliseconds, and needs no zone."""


def in_utc(text: str, seconds: float | None, zone: str) -> float | None:
    """What a cell tells, seconds since 1970, read as if in UTC: by the clock of `zone`, unless it names another.

    Midnight stands for a day alone and stays; what would come to lie there is a second later.
    """
    if seconds is None or not seconds % _DAY_S or _is_placed(text.strip()):
        return seconds
    at = from_local(seconds, zone)
    return at if at % _DAY_S else at + 1.0


def _is_placed(text: str) -> bool:
    """Whether a text says its zone, or needs none."""
    last = YEAR_LAST.fullmatch(text)
    if last is not None:
        return last.groups()[-1] is not None
    moment = next(filter(None, (read(text) for read in READERS.values())), None)
    if moment is not None:
        return moment[1]
    try:
        return float(text.replace(",", ".")) >= _SINCE_1970
    except ValueError:
        return False
