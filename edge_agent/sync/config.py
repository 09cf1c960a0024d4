"""The sections `outbox` and `sync` of `agent.yaml`: how much may wait for the hub, and how it travels."""

from __future__ import annotations

from pydantic import Field, model_validator

from edge_agent.sync.eviction import Budgets
from kits.core.section import Section

MIB = 1 << 20


class OutboxConfig(Section):
    """How much may wait for the hub. What a class leaves unused others borrow."""

    budget_bytes: int = Field(2 << 30, ge=1 << 16, description="rows and their blobs, bytes")
    alerts_share: float = Field(0.05, gt=0, lt=1, description="of the budget; never evicted")
    labels_share: float = Field(0.10, gt=0, lt=1, description="labels and gap rows, of the budget")
    samples_share: float = Field(
        0.65, gt=0, lt=1, description="sample rows and blobs; telemetry has what is left"
    )
    commit_samples_ms: int = Field(
        250, ge=0, le=250, description="a sample waits this long for a commit at most, ms"
    )
    commit_telemetry_ms: int = Field(
        1000, ge=0, le=1000, description="telemetry waits this long for a commit at most, ms"
    )
    queue: int = Field(2000, ge=10, description="rows waiting for the writer at most")
    ballast_bytes: int = Field(
        16 * MIB, ge=0, description="file given up when the disk is full, so that alerts fit; bytes"
    )
    disk_marks: tuple[float, float, float] = Field(
        (85.0, 90.0, 95.0),
        description="percent of the disk in use from which: no bytes of samples are kept, telemetry"
        " is thinned, telemetry is stopped and an alarm raised; they count only while less than"
        " budget_bytes is free",
    )

    @model_validator(mode="after")
    def _telemetry_has_a_share(self) -> OutboxConfig:
        if self.alerts_share + self.labels_share + self.samples_share >= 1:
            raise ValueError("the shares must leave some of the budget to telemetry")
        if list(self.disk_marks) != sorted(self.disk_marks):
            raise ValueError("disk_marks must rise")
        return self

    def budgets(self) -> Budgets:
        """Bytes per class."""
        return Budgets.of(
            self.budget_bytes,
            alerts=self.alerts_share,
            labels=self.labels_share,
            samples=self.samples_share,
        )


class SyncConfig(Section):
    """How events travel to the hub."""

    enabled: bool = Field(True, description="false: only collect")
    window: int = Field(
        20, ge=1, le=20, description="frames in flight at most; the broker may allow fewer"
    )
    chunk_bytes: int = Field(
        256 * 1024, ge=16 * 1024, le=256 * 1024, description="size of a blob's pieces, bytes"
    )
    resend_s: float = Field(
        3.0, gt=0, description="no acknowledgement for this long: send again, s"
    )
    max_kbps: float = Field(
        0.0, ge=0, description="blobs share this rate with rows, kilobits per second; 0: no limit"
    )
    blobs_between: str = Field(
        "",
        json_schema_extra={"expected": "HH:MM-HH:MM, as 22:00-06:00"},
        pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$",
        description="blobs travel only in these hours of local time, as 22:00-06:00; empty, or from and"
        " to the same: always. While the clock cannot be trusted they travel at any time",
    )
    keepalive_s: int = Field(30, ge=5, le=600, description="MQTT keep-alive, seconds")
    backoff_s: float = Field(1.0, gt=0, description="first pause after a lost connection, seconds")
    backoff_max_s: float = Field(120.0, gt=0, description="longest such pause, seconds")
    taken_over_s: float = Field(
        600.0, gt=0, description="pause after another program took this device's name, seconds"
    )
    health_s: float = Field(60.0, gt=0, description="one health row each, seconds")
