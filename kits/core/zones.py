"""Clocks of a place, such as `Europe/Berlin`, and moments: seconds since 1970 in UTC.

What a local clock shows is counted in the same way, as if it stood in UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def known_zone(name: str) -> str:
    """The name itself.

    Raises:
        ValueError: no place of the time zone database is called so.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone {name!r}; for example Europe/Berlin or UTC") from error
    return name


Zone = Annotated[str, AfterValidator(lambda name: name and known_zone(name))]
"""A zone that this machine knows; empty: none is stated."""


def from_local(shown: float, zone: str) -> float:
    """The moment at which a clock of the zone shows this; the first of two, in the hour that comes twice."""
    local = (_EPOCH + timedelta(seconds=shown)).replace(tzinfo=ZoneInfo(zone))
    return (local - _EPOCH).total_seconds()


@lru_cache(maxsize=4096)
def ahead_s(hour: int, zone: str) -> float:
    """Seconds by which a clock of the zone is ahead of UTC in an hour, counted since 1970."""
    local = (_EPOCH + timedelta(hours=hour)).astimezone(ZoneInfo(zone))
    offset = local.utcoffset()
    return offset.total_seconds() if offset is not None else 0.0
