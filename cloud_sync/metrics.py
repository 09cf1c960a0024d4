"""The hub's figures for Prometheus, in one registry per hub (no global state).

Counters are touched where things happen; gauges that live in the database are read when
`/metrics` is asked.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """All figures of one hub process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
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
        self.chunks = Counter("kitwright_blob_chunks", "chunks accepted", registry=registry)
        self.blobs = Counter(
            "kitwright_blobs", "blobs by how they ended", ["outcome"], registry=registry
        )
        self.broker_restarts = Counter(
            "kitwright_broker_restarts",
            "times the broker had to be started again",
            registry=registry,
        )
        self.loop_errors = Counter(
            "kitwright_loop_errors",
            "errors that a supervised loop survived",
            ["loop"],
            registry=registry,
        )
        self.devices = Gauge("kitwright_devices", "devices", ["state"], registry=registry)
        self.jobs = Gauge("kitwright_jobs", "jobs", ["state"], registry=registry)
        self.samples_waiting = Gauge(
            "kitwright_blobs_expected",
            "samples whose bytes are still on the way",
            registry=registry,
        )
