"""What arrives from devices: rows, samples, blobs, alerts and declared losses."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloud_sync.store.types import Base, JsonList, JsonObject
from kits.core.sample import utc_now


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
