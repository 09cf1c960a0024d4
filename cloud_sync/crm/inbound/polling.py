"""The loop that asks CRMs for changes: those that do not tell them by themselves, or not for sure.

A page of events and the cursor behind it are one commit, so nothing is skipped and nothing asked for twice for long;
events that come twice have the same id and do nothing. What is stored of an event is `taking.py`.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from cloud_sync.crm.client import breaker
from cloud_sync.crm.client.budget import ThrottledError
from cloud_sync.crm.connection.connections import settings_of
from cloud_sync.crm.inbound.inbox import OWN_CHANGE, is_own
from cloud_sync.crm.inbound.merging import untold
from cloud_sync.crm.inbound.taking import Batch, take
from cloud_sync.crm.kinds.base import Crm, Page
from cloud_sync.crm.kinds.incoming import INCOMING, own_fields
from cloud_sync.crm.threads import ConnectionLoops, Opener
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection
from kits.core.errors import ConfigError, DataError
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

SOON_S = 0.1
RESTS_S = 5.0
NOT_ASKED_S = 60.0
LONGEST_S = 300.0


class Polling(ConnectionLoops):
    """The loops, one per connection. Two processes that ask at the same time store each event once.

    Args:
        hub: whose connections.
        opener: gives a connection's CRM. Raises ConfigError while a person has to do something first.
        now: UTC.
        rng: for jitter.
        clock: monotonic seconds.
    """

    name = "crm-polling"

    def __init__(
        self,
        hub: Hub,
        opener: Opener,
        *,
        now: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(hub, opener, now=now, rng=rng)
        self._clock = clock
        self._done: dict[str, float] = {}

    def serve(self, name: str) -> tuple[int, float]:
        """Asks a connection once: how many events came, and seconds until it is to be asked again."""
        row = self.awake(name)
        if row is None:
            return 0, RESTS_S
        try:
            poll_s = settings_of(row).poll_s
            crm = self._opener(row)
        except ConfigError:
            return 0, NOT_ASKED_S  # the other loops say why
        if not crm.polls:
            return 0, NOT_ASKED_S
        left_s = self._done.get(name, -math.inf) + poll_s - self._clock()
        if poll_s > NOT_ASKED_S and left_s > 0:
            # in small steps: a person may say meanwhile that it is to be asked more often
            return 0, min(left_s, NOT_ASKED_S)
        return self._poll(row, crm, poll_s)

    def _poll(self, row: CrmConnection, crm: Crm, poll_s: float) -> tuple[int, float]:
        with self._hub.database.transaction() as session:
            if not breaker.may_try(session, row, self._now()):
                return 0, RESTS_S
        try:
            page = self._ask(crm, row)
        except ThrottledError as error:
            return 0, min(max(error.after_s, poll_s), LONGEST_S)
        except DeliveryError as error:
            return 0, max(self._failed(row.name, error), poll_s)
        self._keep(row, page)
        if page.more:
            return len(page.events), SOON_S
        self._done[row.name] = self._clock()
        return len(page.events), min(poll_s, NOT_ASKED_S)

    def _ask(self, crm: Crm, row: CrmConnection) -> Page:
        """The next page; after a cursor that cannot be read it begins now, which is said."""
        try:
            return crm.changed_since(row.cursor)
        except DataError:
            log.error("event=crm_cursor_lost connection=%s", row.name)
            return crm.changed_since("")

    def _keep(self, row: CrmConnection, page: Page) -> None:
        now = self._now()
        settings = settings_of(row)
        own, books = own_fields(settings), INCOMING[settings.kind].bookkeeping
        events = [
            replace(one, skip=OWN_CHANGE) if is_own(one, own, books) else one for one in page.events
        ]
        counts = {"new": 0, "repeated": 0, "skipped": 0}
        with self._hub.database.transaction() as session:
            breaker.succeeded(session, row.name, now)
            events = untold(session, row.name, events)
            for done in take(session, [Batch(row.name, events, now)] if events else []):
                counts["new"] += done.new - done.skipped
                counts["repeated"] += done.repeated
                counts["skipped"] += done.skipped
            current = session.get_one(CrmConnection, row.name)
            if current.cursor == row.cursor:  # else another process was quicker
                current.cursor = page.cursor
        for outcome, count in counts.items():
            self._hub.metrics.crm_events.labels(outcome).inc(count)

    def _failed(self, name: str, error: DeliveryError) -> float:
        with self._hub.database.transaction() as session:
            pause_s = breaker.failed(
                session, self._hub.config.notify, name, error, self._now(), self._rng
            )
        log.warning("event=crm_not_asked connection=%s error=%r next_s=%.1f", name, breaker.told_of(error), pause_s)  # fmt: skip
        return min(pause_s, LONGEST_S)
