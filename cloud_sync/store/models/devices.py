"""Enrolled agents and what lets them in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column

from cloud_sync.store.types import Base, JsonObject
from kits.core.sample import utc_now


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


class DeviceCertificate(Base):
    """A client certificate that was issued to a device; `serial` is hexadecimal.

    `public_key` (base64 of the DER) proves at a renewal that the device holds the old key.
    """

    __tablename__ = "device_certificate"
    serial: Mapped[str] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(ForeignKey("device.name", ondelete="CASCADE"), index=True)
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    csr_sha256: Mapped[str]
    public_key: Mapped[str]
    issued_at: Mapped[datetime] = mapped_column(default=utc_now)
