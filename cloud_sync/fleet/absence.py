"""Time in which the hub could hear nobody: it was off, or its clock was set.

Silence proves nothing then, so a rollout's times move by as much as was missed, like those of a
rollout that rested. What is noted is the last moment at which the hub was at work, on the row of each
rollout: who holds that row catches up first, be it the loop, a report or a command.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from cloud_sync.store.models import Rollout

log = logging.getLogger(__name__)

NOTE_EVERY = timedelta(seconds=20)
ABSENT_FROM = timedelta(minutes=1)
"""A shorter time without a note is no absence: the loop was busy, or the clock was trimmed."""
RECONNECT = timedelta(minutes=5)
"""What devices have to be heard of again after an absence: they try more and more rarely."""


def is_noteworthy(rollout: Rollout, now: datetime) -> bool:
    """Whether the last note is so old, or so far ahead, that another is due."""
    return abs(now - rollout.attended_at) >= NOTE_EVERY


def catch_up(rollout: Rollout, now: datetime) -> None:
    """Notes that the hub is at work, and makes up for the time in which it was not.

    A clock that was set back has moved the times away by as much: they follow it. Nothing is made up
    for while a rollout rests: `resume` does.
    """
    if not is_noteworthy(rollout, now):
        return
    missed = now - rollout.attended_at
    rollout.attended_at = now
    if rollout.state == "running" and abs(missed) >= ABSENT_FROM:
        shift(rollout, missed)
        rollout.deadline_at = max(rollout.deadline_at, now + RECONNECT)
        log.warning(
            "event=rollout_times_moved rollout=%d by_s=%d", rollout.id, missed.total_seconds()
        )


def shift(rollout: Rollout, by: timedelta) -> None:
    """Moves a rollout's times: its deadline, its soak, and since when its devices wait."""
    rollout.deadline_at += by
    if rollout.soak_until is not None:
        rollout.soak_until += by
    for deployment in rollout.deployments:
        if deployment.waited_until is not None:
            deployment.waited_until += by
