"""Keeps broker and devices in step with the tables: logins, retained desired states, deadlines.

The command line and the pages only write rows; this loop sees the change within a second, so a
revoked device is cut off and a rollout reaches its devices whoever asked for it. A part that fails
waits for its next turn and holds up no other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.cases import telling
from cloud_sync.fleet import deployments, waves, windows
from cloud_sync.fleet.admission import Admission
from cloud_sync.fleet.renewal import Renewal
from cloud_sync.fleet.rollout_alerts import RolloutAlerts
from cloud_sync.hub import Hub
from cloud_sync.intake.link import MqttLink
from cloud_sync.loop import Loop, Looping, always
from cloud_sync.mails.telling import MailWords
from cloud_sync.mails.telling import words_for as mail_words
from cloud_sync.store.models import Deployment, Device, Rollout
from kits.core.hub_api import Desired
from kits.core.topics import DeviceTopics

log = logging.getLogger(__name__)

POLL_S = 1.0
MAX_WAIT_S = 10.0
Fingerprint = tuple[int, object]


class Part:
    """A task of the loop that waits while it fails: twice as long each time, MAX_WAIT_S at most."""

    def __init__(self, name: str, task: Callable[[], object]) -> None:
        self.name = name
        self._task = task
        self._failures = 0
        self._not_before = float("-inf")

    def take_turn(self, poll_s: float) -> None:
        """Does the task unless it has to wait. Raises what the task raises."""
        if time.monotonic() < self._not_before:
            return
        self._failures += 1
        try:
            self._task()
            self._failures = 0
        finally:
            wait_s = min(poll_s * 2**self._failures, MAX_WAIT_S) if self._failures else 0.0
            self._not_before = time.monotonic() + wait_s


class Supervisor(Looping):
    """The loop.

    Args:
        hub: the tables.
        admission: is given a look every time, and looks after the broker.
        link: what is published goes through it.
    """

    def __init__(
        self, hub: Hub, admission: Admission, link: MqttLink, *, poll_s: float = POLL_S
    ) -> None:
        self._hub = hub
        self._link = link
        self._poll_s = poll_s
        self._published: dict[str, bytes] = {}
        self._seen: Fingerprint | None = None
        self._parts = (
            Part("admission", admission.step),
            Part("timestamp", Renewal(hub).step),
            Part("rollouts", self._advance),
            Part("rollout alerts", RolloutAlerts(hub).step),
            Part("desired", self._tell),
            Part("broker", admission.tend),  # last: it is the one that waits for somebody else
        )
        self._loop = Loop(
            "fleet", self._turn, hub.metrics, after_fault=always(poll_s), first_s=poll_s
        )

    def _turn(self) -> float:
        self.step()
        return self._poll_s

    def step(self) -> None:
        """One look at the tables; each part whose turn it is."""
        for part in self._parts:
            if self._loop.stopping.is_set():
                return
            try:
                part.take_turn(self._poll_s)
            except Exception as error:  # noqa: BLE001  (top of a supervised loop)
                self._hub.metrics.loop_errors.labels(part.name).inc()
                log.error("event=fleet_part_failed part=%s error=%r", part.name, str(error))

    def _advance(self) -> None:
        with self._hub.database.session() as session:
            due = waves.due(session)
        if due:
            with self._hub.database.transaction() as session:
                count = waves.advance(session)
            if count:
                log.warning("event=deployments_silent count=%d", count)

    def _tell(self) -> None:
        with self._hub.database.session() as session:
            seen = _fingerprint(session, self._link.connection)
            if seen != self._seen and self._publish(session):
                self._seen = seen

    def _publish(self, session: Session) -> bool:
        """Publishes every desired state that changed; whether all went out."""
        if not self._link.connected:
            return False
        if self._seen is None or self._seen[0] != self._link.connection:
            self._published.clear()  # a broker that was restarted has forgotten what it retained
        wanted = deployments.desired_states(session)
        asked, told = windows.asked(session), telling.words_for(session)
        mails = mail_words(session)
        known = select(Device.name, Device.site).where(Device.revoked_at.is_(None))
        for name, site in session.execute(known).all():
            desired = wanted.get(name, Desired())
            of_mails = mails.get(name, MailWords())
            desired = desired.model_copy(
                update={
                    "windows": asked.get(name, ()),
                    "cases": told.get(name, ()),
                    "gates": of_mails.gates,
                    "erasures": of_mails.erasures,
                }
            )
            payload = desired.model_dump_json().encode()
            if self._published.get(name) == payload:
                continue
            if not self._link.publish(DeviceTopics(site, name).desired, payload, retain=True):
                return False
            self._published[name] = payload
        return True


def _fingerprint(session: Session, connection: int) -> Fingerprint:
    """Changes whenever a desired state may have changed."""
    running = session.execute(
        select(Rollout.id, Rollout.state, Rollout.wave)
        .where(Rollout.finished_at.is_(None))
        .order_by(Rollout.id)
    ).all()
    newest = session.execute(
        select(func.max(Rollout.id), func.max(Deployment.updated_at))
        .select_from(Deployment)
        .join(Rollout)
    ).one()
    known = session.execute(select(func.count(Device.name), func.max(Device.created_at))).one()
    asked = {name: [wish.id for wish in wishes] for name, wishes in windows.asked(session).items()}
    told = telling.words_for(session), mail_words(session)
    return connection, ([tuple(row) for row in running], tuple(newest), tuple(known), asked, told)
