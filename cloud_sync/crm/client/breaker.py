"""The circuit breaker of a CRM, in its connection's row: reading, writing and polling of all processes share it.

After some failures in a row the CRM is left alone, longer each time; then one request tries whether it is back.
What is asked of it is the business of who asks.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.settings import NotifyConfig
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.store.models import CrmConnection

UNREACHABLE = "crm-unreachable"
FAILURES = 5
FIRST_S = 10.0
MAX_S = 300.0
TRIAL = timedelta(minutes=1)
"""While one process tries, the others wait so long."""
LONGEST = timedelta(hours=25)
"""No pause is longer, a CRM may ask for a day; what lies further ahead was written by a clock that was wrong."""
_WORDS = 300
_OF_CREDENTIALS = frozenset({401, 403})
"""Statuses whose words are about us, never about a lead."""


def may_try(session: Session, seen: CrmConnection, now: datetime) -> bool:
    """Whether the CRM may be asked now; who is let through after a pause tries for all others.

    Within a transaction that writes: the row is taken.

    Args:
        seen: the connection as its CRM was opened; whoever goes by settings that have changed since is not let through.
    """
    row = session.get(CrmConnection, seen.name, with_for_update=True, populate_existing=True)
    if row is None or row.paused_at is not None or row.terms != seen.terms:
        return False
    if row.open_until is None:
        return True
    if now < row.open_until <= now + LONGEST:
        return False
    row.open_until = now + TRIAL
    return True


def rests(row: CrmConnection, now: datetime) -> bool:
    """Whether it is left alone now; looks only."""
    return row.open_until is not None and now < row.open_until <= now + LONGEST


def try_now(session: Session, name: str, now: datetime) -> bool:
    """Ends a pause, so that one request tries whether the CRM is back; whether there was one."""
    row = session.get_one(CrmConnection, name, with_for_update=True, populate_existing=True)
    rested = rests(row, now)
    if rested:
        row.open_until = now
    return rested


def look_again(row: CrmConnection, now: datetime) -> None:
    """After its settings or secrets changed: a short pause, as the hub makes them itself, is over."""
    if rests(row, now) and row.open_until is not None and row.open_until - now <= timedelta(seconds=MAX_S):  # fmt: skip
        row.open_until = now


def succeeded(session: Session, name: str, now: datetime) -> CrmConnection:
    """It did as asked; the row as it is now, which is taken."""
    row = session.get_one(CrmConnection, name, with_for_update=True, populate_existing=True)
    if row.failures or row.open_until is not None or row.error:
        close_alert(session, UNREACHABLE, where=name)
    row.failures, row.open_until, row.error, row.last_ok_at = 0, None, "", now
    return row


def told_of(error: DeliveryError) -> str:
    """What may stand in alerts and logs, which outlive a lead: no words of the CRM that may quote one.

    The connection's row has its words until it does as asked again, or until a lead is erased.
    """
    if isinstance(error, RefusedError) and error.status not in _OF_CREDENTIALS:
        return f"answered with HTTP {error.status}" if error.status else "refused what was asked"
    return error.what[:_WORDS]


def failed(
    session: Session,
    notify: NotifyConfig,
    name: str,
    error: DeliveryError,
    now: datetime,
    rng: random.Random,
) -> float:
    """It did not; seconds until it may be asked again."""
    row = session.get_one(CrmConnection, name, with_for_update=True, populate_existing=True)
    row.failures += 1
    row.error = error.what[:_WORDS]
    over = row.failures - FAILURES
    pause = 0.0
    if over >= 0:
        pause = min(FIRST_S * 2.0 ** min(over, 10), MAX_S) * rng.uniform(0.5, 1.0)
    pause = max(pause, error.after_s)
    row.open_until = now + timedelta(seconds=pause) if pause else None
    if over >= 0:
        raise_alert(
            session, notify, UNREACHABLE, "warning",
            f"the CRM {name} does not answer as it should: {told_of(error)}; scores wait and are written later",
            where=name,
        )  # fmt: skip
    return max(pause, 1.0)
