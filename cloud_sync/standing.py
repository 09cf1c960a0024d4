"""How a hub stands: what waits in its tables, for whom. Read-only; whether its server answers is `asking.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.health import Health, connections
from cloud_sync.effects.letters import TargetState, targets
from cloud_sync.intake.ledger import undated_accounts
from cloud_sync.learning.review_queue import count_waiting
from cloud_sync.store.models import Alert, Case, Device, Epoch, Job, Quarantine, Rollout
from cloud_sync.store.models.cases import OPEN_ALARMS
from cloud_sync.web.next_steps import IN_USE, count_of

MOST_NAMED = 5
"""Devices that are away, and alerts, that are named; the others are counted."""
_ANYBODY = 0


@dataclass(frozen=True, slots=True)
class Away:
    """A device in use that is not connected."""

    name: str
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """An alert that nobody has acknowledged."""

    name: str
    severity: str
    device: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Standing:
    """What waits.

    Attributes:
        at: when it was looked at.
        devices: in use.
        away: of these, those that are not connected: the first of them, by when they were seen last.
        missing_rows: rows of devices that are neither here nor declared lost.
        quarantined: messages that could not be read.
        samples: that wait for a person's judgement.
        cases: of machines, that nobody has taken on.
        alerts: that nobody has acknowledged; `newest`: the last of them.
        jobs: queued or running.
        rollouts, paused: numbers of those under way, and of those among them that wait for a person.
    """

    at: datetime
    devices: int
    online: int
    away: Sequence[Away]
    missing_rows: int
    quarantined: int
    samples: int
    cases: int
    alerts: int
    newest: Sequence[Told]
    receivers: Sequence[TargetState]
    crms: Sequence[Health]
    jobs: int
    rollouts: Sequence[int]
    paused: Sequence[int]


def look(session: Session, now: datetime) -> Standing:
    """What waits at this moment."""
    unseen = Alert.seen_at.is_(None)
    moving = session.execute(
        select(Rollout.id, Rollout.state)
        .where(Rollout.state.in_(("running", "paused")))
        .order_by(Rollout.id)
    ).all()
    holes = session.scalars(select(Epoch.device).where(Epoch.missing_since.is_not(None)).distinct())
    return Standing(
        at=now,
        devices=count_of(session, Device.name, IN_USE),
        online=count_of(session, Device.name, IN_USE & Device.online),
        away=_away(session),
        missing_rows=sum(one.missing for one in undated_accounts(session, set(holes))),
        quarantined=count_of(session, Quarantine.id, True),
        samples=count_waiting(session, _ANYBODY),
        cases=count_of(session, Case.id, OPEN_ALARMS),
        alerts=count_of(session, Alert.id, unseen),
        newest=[
            Told(one.name, one.severity, one.device or "", one.text, one.at)
            for one in session.scalars(
                select(Alert).where(unseen).order_by(Alert.at.desc()).limit(MOST_NAMED)
            )
        ],
        receivers=targets(session),
        crms=connections(session, now),
        jobs=count_of(session, Job.id, Job.state.in_(("queued", "running"))),
        rollouts=[row.id for row in moving],
        paused=[row.id for row in moving if row.state == "paused"],
    )  # fmt: skip


def _away(session: Session) -> list[Away]:
    query = (
        select(Device.name, Device.last_seen_at)
        .where(IN_USE, ~Device.online)
        .order_by(Device.last_seen_at.desc(), Device.name)
        .limit(MOST_NAMED)
    )
    return [Away(name, at) for name, at in session.execute(query)]
