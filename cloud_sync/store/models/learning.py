"""What people say of samples, and what is made of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from cloud_sync.store.types import Base, BigKey, JsonObject
from kits.core.sample import utc_now


class Annotation(Base):
    """A statement on a sample; appended, the newest is in force.

    No foreign key to `sample`: labels outrank samples on the way, so one may arrive before its
    sample does. `body` is `kits.core.annotation.annotation_to_json`.
    """

    __tablename__ = "annotation"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sample_id: Mapped[str] = mapped_column(index=True)
    label: Mapped[str] = mapped_column(default="")
    body: Mapped[JsonObject]
    author: Mapped[str] = mapped_column(default="")
    source: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)


class Review(Base):
    """One decision of a person on a sample: accept, correct, unsure or skip."""

    __tablename__ = "review"
    __table_args__ = (Index("ix_review_decision", "decision", "person_id", "sample_id", "at"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sample_id: Mapped[str] = mapped_column(ForeignKey("sample.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    decision: Mapped[str]
    annotation_id: Mapped[int | None] = mapped_column(
        BigKey, ForeignKey("annotation.id"), default=None
    )
    at: Mapped[datetime] = mapped_column(default=utc_now)


class WithdrawnBundle(Base):
    """What a bundle decided is not to be learned from; its samples stay, marked."""

    __tablename__ = "withdrawn_bundle"
    bundle: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column("withdrawn_by", default="")
    at: Mapped[datetime] = mapped_column(default=utc_now)


class Project(Base):
    """One vertical of the firm; `kit_yaml` is what a retraining starts from."""

    __tablename__ = "project"
    name: Mapped[str] = mapped_column(primary_key=True)
    kit: Mapped[str]
    kit_yaml: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Dataset(Base):
    """A dataset version; its file is a blob under the same digest.

    Attributes:
        pinned: the blobs it names are marked as kept.
        erased: samples of it that were erased since.
        successor: the version without those; the file of this one is gone then.
    """

    __tablename__ = "dataset"
    id: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(ForeignKey("project.name"), index=True)
    parent: Mapped[str] = mapped_column(default="")
    n: Mapped[int]
    counts: Mapped[JsonObject] = mapped_column(default=dict)
    note: Mapped[str] = mapped_column(default="")
    created_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    pinned: Mapped[bool] = mapped_column(default=False, server_default=false())
    erased: Mapped[int] = mapped_column(default=0, server_default="0")
    successor: Mapped[str] = mapped_column(default="", server_default="")


class Job(Base):
    """Work outside the server process; leased, heart-beaten, retried.

    `state`: queued, running, done, failed. `unique_key` keeps two of the same from queueing.
    """

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
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
