"""Whether a span of wall time is over, by a clock that may have been wrong when the span began. Pure.

What lies further ahead than its span is long was written by a clock that has been set back since: it is over. So
nothing that waits for a few minutes waits for years. What waits for hours is looked after where a clock that is set
back is noticed (`crm/upkeep.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute

SLACK = timedelta(minutes=1)
"""Clocks of several machines of one hub may differ by so much."""


def has_passed(since: datetime | None, span: timedelta, now: datetime) -> bool:
    """Whether `span` is over since then; a moment that lies ahead, and None, count as long ago."""
    return since is None or not since <= now < since + span


def ends_later(until: datetime | None, longest: timedelta, now: datetime) -> bool:
    """Whether a pause, which is never longer than `longest`, goes on; None: there is none."""
    return until is not None and now < until <= now + longest + SLACK


def is_free(
    until: InstrumentedAttribute[Any], longest: timedelta, now: datetime
) -> ColumnElement[bool]:
    """A condition: the opposite of `ends_later`, for a moment in a column."""
    return or_(until.is_(None), until <= now, until > now + longest + SLACK)
