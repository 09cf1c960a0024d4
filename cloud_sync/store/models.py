"""All tables of the hub, as typed classes. Rows only: rules live in the modules that use them.

Devices, projects, samples and bundles are named by their own identity (name, id, digest), so rows
read like the wire formats. Times are aware UTC (`types.UtcDateTime`). Tokens and passwords are
stored as hashes only.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cloud_sync.store.types import Base, JsonList, JsonObject
from kits.core.sample import utc_now


class Person(Base):
    """Someone who signs in; `role` is viewer, reviewer, engineer or admin."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    disabled_at: Mapped[datetime | None] = mapped_column(default=None)


class ApiToken(Base):
    """A token for programs; acts as its person with `role` (never above the person's)."""

    __tablename__ = "api_token"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    name: Mapped[str]
    role: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    person: Mapped[Person] = relationship()


class WebSession(Base):
    """A browser's session; `hash` is the SHA-256 of the cookie's value."""

    __tablename__ = "web_session"
    hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    csrf: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    person: Mapped[Person] = relationship()


class AuditLog(Base):
    """Who did what when; appended only."""

    __tablename__ = "audit_log"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    who: Mapped[str]
    what: Mapped[str]
    target: Mapped[str] = mapped_column(default="")
    details: Mapped[JsonObject] = mapped_column(default=dict)


class Setting(Base):
    """A value the hub keeps for itself (the release counter, …)."""

    __tablename__ = "setting"
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[JsonObject]


class Device(Base):
    """One enrolled agent. `name` is also its MQTT user name; `group` is the set it belongs to."""

    __tablename__ = "device"
    name: Mapped[str] = mapped_column(primary_key=True)
    site: Mapped[str]
    group: Mapped[str] = mapped_column("group_name", default="", index=True)
    hardware: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    online: Mapped[bool] = mapped_column(default=False, server_default=false())
    last_seen_at: Mapped[datetime | None] = mapped_column(default=None)
    running_bundle: Mapped[str] = mapped_column(default="")
    reported: Mapped[JsonObject] = mapped_column(default=dict)
    reported_at: Mapped[datetime | None] = mapped_column(default=None)
    figures: Mapped[JsonObject] = mapped_column(default=dict)
    broker_hash: Mapped[str] = mapped_column(default="")


class EnrollToken(Base):
    """A one-time token that turns a machine into device `device`."""

    __tablename__ = "enroll_token"
    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(unique=True)
    device: Mapped[str]
    site: Mapped[str]
    group: Mapped[str] = mapped_column("group_name", default="")
    created_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class DeviceToken(Base):
    """A device's token for HTTP and broker (SHA-256)."""

    __tablename__ = "device_token"
    hash: Mapped[str] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(ForeignKey("device.name", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class Epoch(Base):
    """One outbox of one device: bookkeeping of what came from it."""

    __tablename__ = "epoch"
    device: Mapped[str] = mapped_column(ForeignKey("device.name"), primary_key=True)
    epoch: Mapped[str] = mapped_column(primary_key=True)
    first_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_at: Mapped[datetime] = mapped_column(default=utc_now)
    highest_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    rows: Mapped[int] = mapped_column(BigInteger, default=0)
    duplicates: Mapped[int] = mapped_column(BigInteger, default=0)


class Event(Base):
    """One row from a device's outbox, exactly once by (device, epoch, seq)."""

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("device", "epoch", "seq"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(ForeignKey("device.name"))
    epoch: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    klass: Mapped[str]
    kind: Mapped[str] = mapped_column(index=True)
    wall: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    body: Mapped[JsonObject]


class Sample(Base):
    """One observed unit and what the model said of it.

    `blob_state`: none (bytes were not kept), expected (announced, on the way), stored.
    """

    __tablename__ = "sample"
    __table_args__ = (
        Index("ix_sample_device_captured", "device", "captured_at"),
        Index("ix_sample_project_captured", "project", "captured_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(ForeignKey("device.name"))
    epoch: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    captured_at: Mapped[datetime] = mapped_column(index=True)
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
    project: Mapped[str] = mapped_column(default="")
    bundle: Mapped[str] = mapped_column(index=True)
    verdict: Mapped[str] = mapped_column(index=True)
    score: Mapped[float | None]
    label: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    prediction: Mapped[JsonObject] = mapped_column(default=dict)
    latency_ms: Mapped[JsonObject] = mapped_column(default=dict)
    actions: Mapped[JsonObject] = mapped_column(default=dict)
    media_type: Mapped[str]
    blob: Mapped[str] = mapped_column(default="", index=True)
    blob_size: Mapped[int] = mapped_column(BigInteger, default=0)
    blob_state: Mapped[str] = mapped_column(default="none", index=True)
    kept_for: Mapped[str] = mapped_column(default="")
    group: Mapped[str] = mapped_column("group_name", default="")
    source: Mapped[str] = mapped_column(default="")
    meta: Mapped[JsonObject] = mapped_column(default=dict)


class Annotation(Base):
    """A statement on a sample; appended, the newest is in force.

    No foreign key to `sample`: labels outrank samples on the way, so one may arrive before its
    sample does. `body` is `kits.core.annotation.annotation_to_json`.
    """

    __tablename__ = "annotation"
    id: Mapped[int] = mapped_column(primary_key=True)
    sample_id: Mapped[str] = mapped_column(index=True)
    label: Mapped[str] = mapped_column(default="")
    body: Mapped[JsonObject]
    author: Mapped[str] = mapped_column(default="")
    source: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)


class Review(Base):
    """One decision of a person on a sample: accept, correct, unsure or skip."""

    __tablename__ = "review"
    id: Mapped[int] = mapped_column(primary_key=True)
    sample_id: Mapped[str] = mapped_column(ForeignKey("sample.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    decision: Mapped[str]
    annotation_id: Mapped[int | None] = mapped_column(ForeignKey("annotation.id"), default=None)
    at: Mapped[datetime] = mapped_column(default=utc_now)


class Alert(Base):
    """Something a person should know, from a device (then with epoch and seq) or from the hub."""

    __tablename__ = "alert"
    id: Mapped[int] = mapped_column(primary_key=True)
    device: Mapped[str | None] = mapped_column(ForeignKey("device.name"), default=None)
    epoch: Mapped[str] = mapped_column(default="")
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    name: Mapped[str]
    severity: Mapped[str]
    text: Mapped[str]
    where: Mapped[str] = mapped_column("place", default="")
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    seen_by: Mapped[str] = mapped_column(default="")
    seen_at: Mapped[datetime | None] = mapped_column(default=None)


class Gap(Base):
    """Declared loss: rows a device had to evict before they could be sent."""

    __tablename__ = "gap"
    id: Mapped[int] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(ForeignKey("device.name"), index=True)
    epoch: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    klass: Mapped[str]
    first_seq: Mapped[int] = mapped_column(BigInteger)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(BigInteger)
    blobs: Mapped[int] = mapped_column(BigInteger, default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)


class Blob(Base):
    """Bytes in the storage."""

    __tablename__ = "blob"
    digest: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(default="application/octet-stream")
    stored_at: Mapped[datetime] = mapped_column(default=utc_now)


class BlobPart(Base):
    """A blob on its way from a device: `have` lists inclusive ranges of chunk numbers."""

    __tablename__ = "blob_part"
    device: Mapped[str] = mapped_column(ForeignKey("device.name"), primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(default="application/octet-stream")
    chunk_bytes: Mapped[int]
    have: Mapped[JsonList] = mapped_column(default=list)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class Project(Base):
    """One vertical of the firm; `kit_yaml` is what a retraining starts from."""

    __tablename__ = "project"
    name: Mapped[str] = mapped_column(primary_key=True)
    kit: Mapped[str]
    kit_yaml: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Dataset(Base):
    """A dataset version; its file is a blob under the same digest."""

    __tablename__ = "dataset"
    id: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.name"), index=True)
    parent: Mapped[str] = mapped_column(default="")
    n: Mapped[int]
    counts: Mapped[JsonObject] = mapped_column(default=dict)
    note: Mapped[str] = mapped_column(default="")
    created_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Bundle(Base):
    """A deployable set. Usable in rollouts once `approved_at` is set; one champion per project."""

    __tablename__ = "bundle"
    id: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.name"), index=True)
    name: Mapped[str]
    version: Mapped[int]
    kit: Mapped[str]
    blob: Mapped[str] = mapped_column(ForeignKey("blob.digest"))
    size: Mapped[int] = mapped_column(BigInteger)
    origin: Mapped[str]  # publisher | hub
    statement: Mapped[JsonObject] = mapped_column(default=dict)
    key_id: Mapped[str] = mapped_column(default="")
    dataset: Mapped[str] = mapped_column(default="")
    metrics: Mapped[JsonObject] = mapped_column(default=dict)
    comparison: Mapped[JsonObject] = mapped_column(default=dict)
    card: Mapped[str] = mapped_column(default="")
    champion: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    approved_by: Mapped[str] = mapped_column(default="")
    approved_at: Mapped[datetime | None] = mapped_column(default=None)


class PublisherKey(Base):
    """A key whose signatures on bundles are accepted; id = SHA-256 of the raw key."""

    __tablename__ = "publisher_key"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    key: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), default=None)
    added_by: Mapped[str] = mapped_column(default="")
    added_at: Mapped[datetime] = mapped_column(default=utc_now)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class Rollout(Base):
    """A bundle on its way to a device or a group; `state`: running, paused, done, failed, aborted."""

    __tablename__ = "rollout"
    id: Mapped[int] = mapped_column(primary_key=True)
    bundle: Mapped[str] = mapped_column(ForeignKey("bundle.id"))
    device: Mapped[str] = mapped_column(default="")
    group: Mapped[str] = mapped_column("group_name", default="")
    release: Mapped[int] = mapped_column(unique=True)
    statement: Mapped[JsonObject]
    state: Mapped[str] = mapped_column(default="running", index=True)
    reason: Mapped[str] = mapped_column(default="")
    created_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    deadline_at: Mapped[datetime]
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    deployments: Mapped[list[Deployment]] = relationship(
        back_populates="rollout", order_by="Deployment.id"
    )


class Deployment(Base):
    """A rollout's record for one device; `state` is `kits.core.hub_api.DeploymentState`."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("rollout_id", "device"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    rollout_id: Mapped[int] = mapped_column(ForeignKey("rollout.id"))
    device: Mapped[str] = mapped_column(ForeignKey("device.name"), index=True)
    state: Mapped[str] = mapped_column(default="pending", index=True)
    error: Mapped[str] = mapped_column(default="")
    previous_bundle: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    rollout: Mapped[Rollout] = relationship(back_populates="deployments")


class Job(Base):
    """Work outside the server process; leased, heart-beaten, retried.

    `state`: queued, running, done, failed. `unique_key` keeps two of the same from queueing.
    """

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued", index=True)
    args: Mapped[JsonObject] = mapped_column(default=dict)
    result: Mapped[JsonObject] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(default="")
    unique_key: Mapped[str | None] = mapped_column(default=None, unique=True)
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=1)
    lease_owner: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    heartbeat_at: Mapped[datetime | None] = mapped_column(default=None)
    run_after: Mapped[datetime] = mapped_column(default=utc_now)
    log_path: Mapped[str] = mapped_column(default="")
    created_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
