"""The time by which it is decided what is old: the hub's clock, but a clock that leaps ahead is followed only by and by.

A machine whose clock says 2031 for a minute must not lose five years. So this time goes on at most `PACE` times as fast
as the hub runs; after a leap that was right (the machine was off for a month) it catches up within a day or two, and
meanwhile things are only kept a little longer. What is pruned by it is `pruner.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.effects.settings import NotifyConfig
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Setting

SETTING = "retention_clock"
LEAPT = "hub-clock-leapt"
PACE = 24.0
"""Days that it catches up in a day in which the hub runs."""
TOLD = timedelta(days=2)
"""A leap from here on is told."""
_AT = "at"


def go_on(session: Session, notify: NotifyConfig, now: datetime, ran_s: float) -> datetime:
    """The time to prune by, from here on also the one that is kept.

    Args:
        now: by the hub's clock.
        ran_s: how long the hub has run since this was asked last, by a clock that nobody sets.
    """
    insert_once(session, Setting, [{"key": SETTING, "value": {_AT: now.isoformat()}}])
    row = session.get_one(Setting, SETTING, with_for_update=True)
    known = datetime.fromisoformat(str(row.value[_AT]))
    # a clock that was set back is followed at once: then things are kept longer
    at = min(now, known + timedelta(seconds=PACE * ran_s))
    row.value = {_AT: at.isoformat()}
    _tell(session, notify, now - at)
    return at


def _tell(session: Session, notify: NotifyConfig, behind: timedelta) -> None:
    if behind >= TOLD:
        raise_alert(
            session, notify, LEAPT, "warning",
            f"the clock of this machine leapt {behind.days} days ahead, or the hub was off for so long: what is old is"
            f" removed by and by, so that a wrong clock costs little; is it right (timedatectl)?",
        )  # fmt: skip
    elif not behind:
        close_alert(session, LEAPT)
