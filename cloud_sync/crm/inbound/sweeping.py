"""The loop that sweeps through the records of CRMs, page by page: after a connection was added, and once in a while.

It takes a fifth of a connection's requests at most, so that what events ask for goes first; pausing a connection pauses it.
What a page changes, and when a sweep begins, is `sweeps.py`.
"""

from __future__ import annotations

import logging
import math
from datetime import datetime

from cloud_sync.crm.client import breaker
from cloud_sync.crm.client.budget import WINDOW_S, ThrottledError
from cloud_sync.crm.client.http import CrmRefusedError
from cloud_sync.crm.connection.connections import settings_of
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound import sweeps
from cloud_sync.crm.kinds.base import Crm
from cloud_sync.crm.kinds.table import KINDS, with_defaults
from cloud_sync.crm.threads import ConnectionLoops
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.store.models import CrmConnection
from kits.core.errors import ConfigError

log = logging.getLogger(__name__)

SHARE = 0.2
"""Of the requests of a connection."""
LEAST_S = 0.2
"""Between two pages."""
RESTS_S = 5.0
"""So often it is looked whether a sweep is wanted."""
LONGEST_S = 300.0
BAD_REQUEST = 400


class Sweeping(ConnectionLoops):
    """The loops, one per connection. Any number of processes may run them: they share one sweep.

    Args:
        hub: whose connections.
        opener: gives a connection's CRM. Raises ConfigError while a person has to do something first.
        now: UTC.
        rng: for jitter.
    """

    name = "crm-sweeping"

    def serve(self, name: str) -> tuple[int, float]:
        """One page of a connection: how many records it named, and seconds until the next one."""
        now = self._now()
        row = self.awake(name)
        if row is None or not (row.project and row.kind in KINDS and KINDS[row.kind].lists):
            return 0, RESTS_S
        try:
            settings = settings_of(row)
            if not sweeps.is_wanted(row, settings.sweep_h, now):
                return 0, RESTS_S
            crm = self._opener(row)
        except ConfigError:
            return 0, RESTS_S  # the other loops say why
        return self._sweep(row, crm, settings, now)

    def _sweep(
        self, row: CrmConnection, crm: Crm, settings: CrmSettings, now: datetime
    ) -> tuple[int, float]:
        name = row.name
        with self._hub.database.transaction() as session:
            if not breaker.may_try(session, row, now):
                return 0, RESTS_S
            turn = sweeps.claim(session, name, settings.sweep_h, polls=crm.polls, now=now)
        if not isinstance(turn, sweeps.Turn):
            return 0, min(max(turn, LEAST_S), RESTS_S)
        try:
            page = crm.listed(turn.cursor, turn.since)
        except ThrottledError as error:
            self._let_go(name, turn)
            return 0, min(max(error.after_s, LEAST_S), LONGEST_S)
        except DeliveryError as error:
            return 0, self._failed(name, turn, error)
        pause_s = _pause_s(settings)
        with self._hub.database.transaction() as session:
            breaker.succeeded(session, name, self._now())
        with self._hub.database.transaction() as session:
            kept = sweeps.keep(session, name, turn, page, pause_s, self._now())
        self._count(name, kept)
        return kept.listed, RESTS_S if kept.ended else pause_s

    def _let_go(self, name: str, turn: sweeps.Turn, *, again: bool = False) -> None:
        with self._hub.database.transaction() as session:
            sweeps.let_go(session, name, turn, again=again)

    def _failed(self, name: str, turn: sweeps.Turn, error: DeliveryError) -> float:
        """The CRM is left alone for a while; a cursor that it does not know any more is forgotten."""
        lost = bool(turn.cursor) and isinstance(error, CrmRefusedError)
        self._let_go(name, turn, again=lost and _status(error) == BAD_REQUEST)
        with self._hub.database.transaction() as session:
            pause_s = breaker.failed(
                session, self._hub.config.notify, name, error, self._now(), self._rng
            )
        log.warning("event=crm_not_swept connection=%s error=%r next_s=%.1f", name, breaker.told_of(error), pause_s)  # fmt: skip
        return min(pause_s, LONGEST_S)

    def _count(self, name: str, kept: sweeps.Kept) -> None:
        for outcome, count in (("listed", kept.listed), ("found", kept.found), ("missing", kept.gone)):  # fmt: skip
            self._hub.metrics.leads_swept.labels(name, outcome).inc(count)
        if kept.ended:
            log.info("event=crm_swept connection=%s missing=%d", name, kept.gone)


def _status(error: DeliveryError) -> int:
    return error.status if isinstance(error, CrmRefusedError) else 0


def _pause_s(settings: CrmSettings) -> float:
    """Between two pages, so that they are no more than their share of the requests."""
    per_page_s = WINDOW_S / with_defaults(settings).rate_per_10s / SHARE
    return max(LEAST_S, per_page_s if math.isfinite(per_page_s) else 0.0)
