"""Ids that say when a record was made: MongoDB's, which the cards of Trello and the records of many programs of the web have.

Their first eight of 24 hexadecimal digits are seconds since 1970 (MongoDB's manual: ObjectId).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{24}")
_TIME = slice(8)
_FIRST = datetime(2009, 1, 1, tzinfo=timezone.utc).timestamp()
"""MongoDB's first year; digits of no meaning tell any year from 1970 to 2106."""
_LONGEST_S = 25 * 365 * 86_400.0
_LEAST = 20


def time_of_id(cell: str) -> float | None:
    """Seconds since 1970; None where the cell is no such id."""
    if not _OBJECT_ID.fullmatch(cell.strip()):
        return None
    seconds = float(int(cell.strip()[_TIME], 16))
    return seconds if seconds >= _FIRST else None


def tell_times(ids: Sequence[str]) -> bool:
    """Whether all are such ids, and so many of so few years that it is not by chance."""
    times = [time_of_id(one) for one in ids]
    known = [at for at in times if at is not None]
    return len(known) == len(ids) >= _LEAST and max(known) - min(known) <= _LONGEST_S
