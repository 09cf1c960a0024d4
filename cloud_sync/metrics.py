"""The hub's figures for Prometheus, in one registry per hub (no global state).

Counters are touched where things happen; gauges that live in the database are read when
`/metrics` is asked, at most every ten seconds: anybody may ask.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from sqlalchemy import func, select

from cloud_sync.crm.leads.waiting import leads_waiting
from cloud_sync.errors import BusyError
from cloud_sync.store.db import Database
from cloud_sync.store.models import (
    Case,
    Device,
    Effect,
    Job,
    MailErasure,
    MailGate,
    Sample,
)
from cloud_sync.store.models.intake import EXPECTED
from kits.core.alarm import LEVELS

JOB_STATES = ("queued", "running", "done", "failed")
GAUGES_S: Final = 10.0
"""So long what was counted in the tables is shown again; Prometheus asks four times a minute."""


class Metrics:
    """All figures of one hub process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._make_intake(self.registry)
        self._make_effects(self.registry)
        self._make_fleet(self.registry)
        self._make_leads(self.registry)
        self._make_doors(self.registry)

    def _make_intake(self, registry: CollectorRegistry) -> None:
        self.rows = Counter("kitwright_ingest_rows", "rows committed", ["klass"], registry=registry)
        self.duplicates = Counter(
            "kitwright_ingest_duplicates", "rows that were there already", registry=registry
        )
        self.refused = Counter(
            "kitwright_ingest_refused", "messages dropped", ["reason"], registry=registry
        )
        self.commits = Histogram(
            "kitwright_ingest_commit_seconds", "time of one transaction", registry=registry
        )
        self.lag = Gauge(
            "kitwright_ingest_lag_seconds",
            "age of the newest committed row by the device's clock",
            registry=registry,
        )
        self.queue = Gauge(
            "kitwright_ingest_queue", "messages waiting for the database", registry=registry
        )
        self.quarantined = Counter(
            "kitwright_ingest_quarantined", "messages kept because unreadable", registry=registry
        )
        self.unknown_bundle = Counter(
            "kitwright_ingest_unknown_bundle_rows",
            "decisions of bundles this hub does not know",
            registry=registry,
        )
        self.disk_free = Gauge(
            "kitwright_disk_free_bytes", "room left for the hub's data", registry=registry
        )
        self.stalled = Gauge(
            "kitwright_ingest_stalled", "1 while nothing is taken from devices", registry=registry
        )
        self.rows_missing = Gauge(
            "kitwright_ledger_rows_missing",
            "rows neither here nor declared lost, at the last look",
            registry=registry,
        )
        self.pruned = Counter(
            "kitwright_retention_pruned",
            "what was removed because it was kept long enough",
            ["kind"],
            registry=registry,
        )
        self.chunks = Counter("kitwright_blob_chunks", "chunks accepted", registry=registry)
        self.blobs = Counter(
            "kitwright_blobs", "blobs by how they ended", ["outcome"], registry=registry
        )
        self.samples_waiting = Gauge(
            "kitwright_blobs_expected",
            "samples whose bytes are still on the way",
            registry=registry,
        )

    def _make_effects(self, registry: CollectorRegistry) -> None:
        self.effects = Counter(
            "kitwright_effects",
            "attempts to tell a receiver, by how they ended",
            ["target", "outcome"],
            registry=registry,
        )
        self.effects_waiting = Gauge(
            "kitwright_effects_waiting", "notices by state", ["state"], registry=registry
        )
        self.breaker = Gauge(
            "kitwright_effects_breaker_open",
            "1 while a receiver is left alone after failures",
            ["target"],
            registry=registry,
        )

    def _make_doors(self, registry: CollectorRegistry) -> None:
        self.bodies_refused = Counter(
            "kitwright_bodies_refused",
            "bodies not read on, because too many bytes of unknown senders were on their way",
            ["of"],
            registry=registry,
        )
        self.connections_refused = Counter(
            "kitwright_connections_refused",
            "connections to the web server that were one too many",
            registry=registry,
        )
        self.logins = Counter(
            "kitwright_logins",
            "tries to sign in by password: done, wrong, too-many (refused unseen), busy, failed (a fault of the hub)",
            ["outcome"],
            registry=registry,
        )

    def _make_fleet(self, registry: CollectorRegistry) -> None:
        self.broker_restarts = Counter(
            "kitwright_broker_restarts",
            "times the broker had to be started again",
            registry=registry,
        )
        self.crl_left = Gauge(
            "kitwright_crl_seconds_left",
            "until the list of revoked certificates ends; renewed daily",
            registry=registry,
        )
        self.loop_errors = Counter(
            "kitwright_loop_errors",
            "errors that a supervised loop survived",
            ["loop"],
            registry=registry,
        )
        self.cases = Gauge(
            "kitwright_cases_open", "open cases of machines by level", ["level"], registry=registry
        )
        self.mail_gates = Gauge(
            "kitwright_mail_gates_closed",
            "bundles that devices run and that may decide no mail without a person, by the hub's word",
            registry=registry,
        )
        self.mail_erasures = Gauge(
            "kitwright_mail_erasures_waiting",
            "erasures of correspondents that some device has not answered yet",
            registry=registry,
        )
        self.devices = Gauge("kitwright_devices", "devices", ["state"], registry=registry)
        self.jobs = Gauge("kitwright_jobs", "jobs", ["state"], registry=registry)

    def _make_leads(self, registry: CollectorRegistry) -> None:
        self.leads_scored = Counter(
            "kitwright_leads_scored", "scores computed of a CRM's leads", ["connection"],
            registry=registry,
        )  # fmt: skip
        self.leads_written = Counter(
            "kitwright_leads_written",
            "scores written back into CRMs, by how it ended; failed: batches of which nothing was taken",
            ["connection", "outcome"],
            registry=registry,
        )
        self.leads_swept = Counter(
            "kitwright_leads_swept",
            "records that sweeps listed, those with news, and leads that a whole sweep did not come by",
            ["connection", "outcome"],
            registry=registry,
        )
        self.crm_messages = Counter(
            "kitwright_crm_messages", "messages taken from CRMs", ["kind"], registry=registry
        )
        self.crm_refused = Counter(
            "kitwright_crm_refused",
            "messages to CRM connections that were not taken, and why",
            ["reason"],
            registry=registry,
        )
        self.crm_events = Counter(
            "kitwright_crm_events",
            "events of CRMs: new, there already, or making nothing due",
            ["outcome"],
            registry=registry,
        )
        self.crm_commits = Histogram(
            "kitwright_crm_commit_seconds",
            "time of a commit of CRM events",
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
            registry=registry,
        )
        self.leads_asked = Counter(
            "kitwright_leads_asked",
            "leads scored over the API, by how they ended",
            ["outcome"],
            registry=registry,
        )
        self.leads = Gauge(
            "kitwright_leads",
            "leads by what waits: to be scored, to be written, a person (dead)",
            ["waits"],
            registry=registry,
        )


class Exposition:
    """The text for `/metrics`. Whole tables are counted for it: by one at a time, and not for each who asks.

    Args:
        clock: monotonic seconds.
    """

    def __init__(
        self, metrics: Metrics, database: Database, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._metrics = metrics
        self._database = database
        self._clock = clock
        self._reading = threading.Lock()
        self._read_at: float | None = None

    def text(self) -> tuple[bytes, str]:
        """It, and its media type.

        Raises:
            BusyError: the gauges are read for the first time just now.
        """
        if self._old() and self._reading.acquire(blocking=False):
            try:
                if self._old():  # another may have read them since
                    read_gauges(self._metrics, self._database)
                    self._read_at = self._clock()
            finally:
                self._reading.release()
        if self._read_at is None:
            raise BusyError("the figures are being counted", fix="ask again in a few seconds")
        return generate_latest(self._metrics.registry), CONTENT_TYPE_LATEST

    def _old(self) -> bool:
        return self._read_at is None or self._clock() - self._read_at >= GAUGES_S


def read_gauges(metrics: Metrics, database: Database) -> None:
    """Sets the gauges that live in the database."""
    with database.session() as session:
        query = select(
            func.count(),
            func.count().filter(Device.online),
            func.count().filter(Device.revoked_at.is_not(None)),
        ).select_from(Device)
        known, online, revoked = session.execute(query).one()
        jobs = session.execute(select(Job.state, func.count()).group_by(Job.state)).all()
        effects = session.execute(
            select(Effect.state, func.count()).where(Effect.state != "done").group_by(Effect.state)
        ).all()
        cases = session.execute(
            select(Case.level, func.count()).where(Case.closed_at.is_(None)).group_by(Case.level)
        ).all()
        waiting = session.scalar(select(func.count()).select_from(Sample).where(EXPECTED)) or 0
        runs = select(Device.running_bundle).where(Device.revoked_at.is_(None))
        closed = select(func.count()).select_from(MailGate)
        closed = closed.where(MailGate.closed_at.is_not(None), MailGate.bundle.in_(runs))
        metrics.mail_gates.set(session.scalar(closed) or 0)
        told = select(func.count()).select_from(MailErasure).where(MailErasure.address != "")
        metrics.mail_erasures.set(session.scalar(told) or 0)
        waits = leads_waiting(session)
    for name, counts in (
        ("scoring", waits.scoring), ("writing", waits.writing), ("person", waits.person)
    ):  # fmt: skip
        metrics.leads.labels(name).set(sum(counts.values()))
    for state, count in (("known", known), ("online", online), ("revoked", revoked)):
        metrics.devices.labels(state).set(count)
    for state, count in {
        **dict.fromkeys(JOB_STATES, 0),
        **{row[0]: row[1] for row in jobs},
    }.items():
        metrics.jobs.labels(state).set(count)
    of_level = {row[0]: row[1] for row in cases}
    for level in LEVELS:
        metrics.cases.labels(level).set(of_level.get(level, 0))
    for state, count in {"waiting": 0, "dead": 0, **{row[0]: row[1] for row in effects}}.items():
        metrics.effects_waiting.labels(state).set(count)
    metrics.samples_waiting.set(waiting)
