"""A person is told when a rollout does not spread because of silence, and when one was stopped.

Looked at again and again, from the rows alone; when that is so is `judgement.py`, in which words `standings.py`.
"""

from __future__ import annotations

import time
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import close_alert, raise_alert, raise_lasting
from cloud_sync.fleet import standings, waves
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, Rollout
from kits.core.sample import utc_now

HELD = "rollout-held"
STOPPED = "rollout-stopped"
LOOK_EVERY_S = 20.0
_NEWS = timedelta(days=1)
"""Of a rollout that was stopped longer ago nobody is told: the hub was updated since."""


class RolloutAlerts:
    """Looks now and then."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._again_at = 0.0

    def step(self) -> None:
        """Raises and closes what is due."""
        if time.monotonic() < self._again_at:
            return
        self._again_at = time.monotonic() + LOOK_EVERY_S
        with self._hub.database.session() as session:
            held, stopped, over = _held(session), _stopped(session), _open(session)
        over -= set(held)
        if not held and not stopped and not over:
            return
        notify, now = self._hub.config.notify, utc_now()
        with self._hub.database.transaction() as session:
            for number, text in held.items():
                since = session.get_one(Rollout, number).created_at
                raise_lasting(
                    session, notify, HELD, "warning", text, where=place_of(number), since=since, at=now
                )  # fmt: skip
            for number, text in stopped.items():
                raise_alert(session, notify, STOPPED, "error", text, where=place_of(number))
            for number in over:
                close_alert(session, HELD, where=place_of(number))


def place_of(number: int) -> str:
    """Where an alert about a rollout stands."""
    return f"rollout {number}"


def _held(session: Session) -> dict[int, str]:
    """Rollouts under way that wait for a sign of life → what is said of them."""
    rows = list(session.scalars(select(Rollout).where(Rollout.state.in_(waves.UNDER_WAY))))
    members, now = waves.members_of(session, [row.id for row in rows]), utc_now()
    said = {
        row.id: standings.held_words(waves.course_of(row, members[row.id]), now) for row in rows
    }
    return {number: text for number, text in said.items() if text}


def _stopped(session: Session) -> dict[int, str]:
    """Rollouts that failed lately and were not told of → why."""
    query = select(Rollout.id, Rollout.reason).where(
        Rollout.state == "failed", Rollout.finished_at > utc_now() - _NEWS
    )
    failed = {row.id: row.reason for row in session.execute(query)}
    places = {place_of(number) for number in failed}
    known = set(
        session.scalars(select(Alert.where).where(Alert.name == STOPPED, Alert.where.in_(places)))
    )
    return {number: text for number, text in failed.items() if place_of(number) not in known}


def _open(session: Session) -> set[int]:
    """The rollouts whose silence somebody was told of."""
    query = select(Alert.where).where(Alert.name == HELD, Alert.seen_at.is_(None))
    return {int(where.rpartition(" ")[2]) for where in session.scalars(query)}
