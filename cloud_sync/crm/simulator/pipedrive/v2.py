"""What all of the pretended Pipedrive's API v2 does alike: pages by cursor, and a strict look at what is asked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from cloud_sync.crm.simulator.answering import ApiError, Query
from cloud_sync.crm.simulator.values import Fields

USUAL_PAGE = 100
MAX_PAGE = 500
_EVERYWHERE = frozenset({"limit", "cursor", "api_token", "header:prefer"})

Row = TypeVar("Row")


def refused(said: str) -> ApiError:
    """What was asked is not as the schema has it: 400."""
    body = {
        "success": False, "error": f"Validation failed: {said}",
        "code": "ERR_SCHEMA_VALIDATION_FAILED",
    }  # fmt: skip
    return ApiError(400, body)


def page_of(found: Sequence[Row], query: Query) -> tuple[Sequence[Row], Fields]:
    """The rows of the page that is asked for, and what tells of the next. Raises ApiError: no such page."""
    said = query.get("limit", str(USUAL_PAGE))
    if not (said.isdecimal() and 0 < int(said) <= MAX_PAGE):
        raise refused(f"limit: not a whole number from 1 to {MAX_PAGE}")
    start, limit = _start(query.get("cursor", "")), int(said)
    more = start + limit < len(found)
    return found[start : start + limit], {"next_cursor": _cursor(start + limit) if more else None}


def require_known(query: Query, *names: str) -> None:
    """That a list is asked for with parameters it has; `names`: besides those of all lists. Raises ApiError."""
    odd = sorted(set(query) - _EVERYWHERE - set(names))
    if odd:
        raise refused(f"{odd[0]}: unknown parameter")


def _cursor(start: int) -> str:
    return base64.urlsafe_b64encode(f"start:{start}".encode()).decode().rstrip("=")


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        raise refused("cursor: not one of ours") from None
    name, _, start = word.partition(":")
    if name != "start" or not start.isdecimal():
        raise refused("cursor: not one of ours")
    return int(start)
