"""Bundles and their way to devices."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cloud_sync.store.types import Base, BigKey, JsonObject
from kits.core.sample import utc_now


class Bundle(Base):
    """A deployable set. Usable in rollouts once a release of it is signed; one champion per project.

    `approved_at` is when its first release came, `approved_by` who brought it.
    """

    __tablename__ = "bundle"
    id: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.name"), index=True)
    name: Mapped[str]
    version: Mapped[int]
    kit: Mapped[str]
    blob: Mapped[str] = mapped_column(ForeignKey("blob.digest"))
    size: Mapped[int] = mapped_column(BigInteger)
    origin: Mapped[str]  # publisher | hub
    dataset: Mapped[str] = mapped_column(default="")
    metrics: Mapped[JsonObject] = mapped_column(default=dict)
    comparison: Mapped[JsonObject] = mapped_column(default=dict)
    card: Mapped[str] = mapped_column(default="")
    champion: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    approved_by: Mapped[str] = mapped_column(default="")
    approved_at: Mapped[datetime | None] = mapped_column(default=None)


class Release(Base):
    """A bundle under a number of its project, as the release engineer signed it.

    One row per target of the newest targets metadata, which is what counts. `withdrawn` is why the
    engineer took it back.
    """

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("project", "release"),)
    target: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.name"))
    release: Mapped[int]
    bundle: Mapped[str] = mapped_column(ForeignKey("bundle.id"), index=True)
    signed_by: Mapped[str] = mapped_column(default="")
    signed_at: Mapped[datetime] = mapped_column(default=utc_now)
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)
    withdrawn: Mapped[str] = mapped_column(default="", server_default="")


class TufMetadata(Base):
    """One TUF metadata file as it is served; `role` is root, targets, snapshot or timestamp."""

    __tablename__ = "tuf_metadata"
    role: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    content: Mapped[bytes]
    expires_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(default="")
    added_at: Mapped[datetime] = mapped_column(default=utc_now)


class Rollout(Base):
    """A bundle on its way to a device or a group; `state`: running, paused, done, failed, aborted,
    superseded (devices were given a newer rollout before they committed).

    `wave` is the one that is open, from 0; `deadline_at` is that wave's. `attended_at` is when the hub
    last was at work on it while it was under way: what passed without the hub does not count.
    """

    __tablename__ = "rollout"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    bundle: Mapped[str] = mapped_column(ForeignKey("bundle.id"))
    device: Mapped[str] = mapped_column(default="")
    group: Mapped[str] = mapped_column("group_name", default="")
    release: Mapped[int]
    target: Mapped[str]
    state: Mapped[str] = mapped_column(default="running", index=True)
    reason: Mapped[str] = mapped_column(default="")
    created_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    wave: Mapped[int] = mapped_column(default=0, server_default="0")
    soak_s: Mapped[int] = mapped_column(default=0, server_default="0")
    soak_until: Mapped[datetime | None] = mapped_column(default=None)
    deadline_s: Mapped[int] = mapped_column(default=3600, server_default="3600")
    deadline_at: Mapped[datetime]
    attended_at: Mapped[datetime] = mapped_column(default=utc_now)
    paused_at: Mapped[datetime | None] = mapped_column(default=None)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    deployments: Mapped[list[Deployment]] = relationship(
        back_populates="rollout", order_by="(Deployment.wave, Deployment.id)"
    )


class Deployment(Base):
    """A rollout's record for one device.

    `state` is `kits.core.hub_api.DeploymentState`, or `superseded` when a newer rollout took the
    device; `updated_at` is when that state began. `begun_at` is when the device first spoke of it,
    `waits_for` what keeps it by its own word, `waited_until` when it last said so or went on.
    `ended_by_hub` is set when the end is the hub's word and not the device's.
    """

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("rollout_id", "device"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    rollout_id: Mapped[int] = mapped_column(BigKey, ForeignKey("rollout.id"))
    device: Mapped[str] = mapped_column(ForeignKey("device.name"), index=True)
    state: Mapped[str] = mapped_column(default="pending", index=True)
    error: Mapped[str] = mapped_column(default="")
    wave: Mapped[int] = mapped_column(default=0, server_default="0")
    begun_at: Mapped[datetime | None] = mapped_column(default=None)
    waits_for: Mapped[str] = mapped_column(default="", server_default="")
    waited_until: Mapped[datetime | None] = mapped_column(default=None)
    ended_by_hub: Mapped[bool] = mapped_column(default=False, server_default=false())
    previous_bundle: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    rollout: Mapped[Rollout] = relationship(back_populates="deployments")
