"""What arrives from devices: rows, samples, blobs, alerts, declared losses, clocks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    and_,
    exists,
    false,
    literal_column,
    text,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from cloud_sync.store.types import Base, BigKey, JsonList, JsonObject
from kits.core.sample import utc_now


class Epoch(Base):
    """One outbox of one device: bookkeeping of what came from it.

    Attributes:
        rows: all that ever arrived: `rows_a` + `rows_l` + `rows_s` + `rows_t`, those of each class.
        sealed_seq: up to here `sealed_block` says which numbers arrived; their events may be gone.
        explained, missing: rows that are not here, declared lost and not, at the last look.
        missing_since: when a hole that nobody declared was first seen.
        missing_told_at: when an alert told of it; `missing_told`: how many were missing then.
        missing_grew_at: since when more are missing than were told of.
        pruned_a, pruned_s, pruned_t: rows of a class that arrived and were removed since.
        pruned_to_a, pruned_to_s, pruned_to_t: up to here the class has been pruned.
    """

    __tablename__ = "epoch"
    device: Mapped[str] = mapped_column(ForeignKey("device.name"), primary_key=True)
    epoch: Mapped[str] = mapped_column(primary_key=True)
    first_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_at: Mapped[datetime] = mapped_column(default=utc_now)
    highest_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    rows: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_a: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    rows_l: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    rows_s: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    rows_t: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    duplicates: Mapped[int] = mapped_column(BigInteger, default=0)
    sealed_seq: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    explained: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    missing: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    missing_since: Mapped[datetime | None] = mapped_column(default=None)
    missing_told_at: Mapped[datetime | None] = mapped_column(default=None)
    missing_told: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    missing_grew_at: Mapped[datetime | None] = mapped_column(default=None)
    pruned_a: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    pruned_s: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    pruned_t: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    pruned_to_a: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    pruned_to_s: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    pruned_to_t: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class SealedBlock(Base):
    """Which numbers of a stretch of an outbox arrived, also after their events were pruned.

    A block has `intake.numbers.BLOCK` numbers, and a bit for each in `bits`. Without bits all
    numbers from `first_seq` to `last_seq` arrived, then it may be many blocks long. Where there is
    no block up to the epoch's `sealed_seq`, nothing arrived.
    """

    __tablename__ = "sealed_block"
    device: Mapped[str] = mapped_column(ForeignKey("device.name"), primary_key=True)
    epoch: Mapped[str] = mapped_column(primary_key=True)
    first_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(BigInteger)
    bits: Mapped[bytes] = mapped_column(LargeBinary, default=b"")


class Event(Base):
    """One row from a device's outbox, exactly once by (device, epoch, seq).

    `body` of a decision names its sample only, which holds the rest. `kind` is that of the body,
    or `unreadable`: the row is kept as it came, because this hub does not understand it.
    """

    __tablename__ = "event"
    device: Mapped[str] = mapped_column(ForeignKey("device.name"), primary_key=True)
    epoch: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    klass: Mapped[str]
    kind: Mapped[str]
    wall: Mapped[datetime]
    boot: Mapped[str] = mapped_column(default="", server_default="")
    mono_ns: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    trust: Mapped[str] = mapped_column(default="none", server_default="none")
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
    body: Mapped[JsonObject]


class BootClock(Base):
    """What the hub knows of a device's clock during one boot: `intake/clock.py` estimates it.

    Attributes:
        offset_ns: UTC minus the boot's monotonic clock.
        error_ns: how far `offset_ns` may be off.
        rows: observations (one per frame) it rests on.
        trust: what the device said last of its own wall clock.
        lowest: the smallest differences seen, ascending.
        applied_ns: the offset the capture times of this boot's samples were computed with.
    """

    __tablename__ = "boot_clock"
    device: Mapped[str] = mapped_column(ForeignKey("device.name"), primary_key=True)
    boot: Mapped[str] = mapped_column(primary_key=True)
    offset_ns: Mapped[int] = mapped_column(BigInteger)
    error_ns: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(BigInteger, default=0)
    trust: Mapped[str] = mapped_column(default="none")
    lowest: Mapped[JsonList] = mapped_column(default=list)
    first_mono_ns: Mapped[int] = mapped_column(BigInteger, default=0)
    last_mono_ns: Mapped[int] = mapped_column(BigInteger, default=0)
    applied_ns: Mapped[int | None] = mapped_column(BigInteger, default=None)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class Sample(Base):
    """One observed unit and what the model said of it.

    `blob_state`: none (bytes were not kept), expected (announced, on the way), stored, erased (with all
    that told of a person; digest and decision are left).
    `captured_at` is the hub's best knowledge; `claimed_at` is what the device's clock said, and
    differs where `trust` is not `ntp`. `tick_ns` is the capture on the monotonic clock of `boot`.
    `decided`: a person has said what it is (`learning/reviews.py`).
    """

    __tablename__ = "sample"
    __table_args__ = (
        Index("ix_sample_device_captured", "device", "captured_at"),
        Index("ix_sample_project_captured", "project", "captured_at"),
        Index("ix_sample_verdict_captured", "verdict", "captured_at"),
        Index("ix_sample_bundle_captured", "bundle", "captured_at"),
        Index("ix_sample_boot", "device", "boot", "id"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(ForeignKey("device.name"))
    epoch: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    captured_at: Mapped[datetime] = mapped_column(index=True)
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
    claimed_at: Mapped[datetime | None] = mapped_column(default=None)
    trust: Mapped[str] = mapped_column(default="ntp", server_default="ntp")
    boot: Mapped[str] = mapped_column(default="", server_default="")
    tick_ns: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    project: Mapped[str] = mapped_column(default="")
    bundle: Mapped[str]
    verdict: Mapped[str]
    score: Mapped[float | None]
    label: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    prediction: Mapped[JsonObject] = mapped_column(default=dict)
    latency_ms: Mapped[JsonObject] = mapped_column(default=dict)
    actions: Mapped[JsonObject] = mapped_column(default=dict)
    media_type: Mapped[str]
    blob: Mapped[str] = mapped_column(default="", index=True)
    blob_size: Mapped[int] = mapped_column(BigInteger, default=0)
    blob_state: Mapped[str] = mapped_column(default="none")
    kept_for: Mapped[str] = mapped_column(default="")
    decided: Mapped[bool] = mapped_column(default=False, server_default=false())
    group: Mapped[str] = mapped_column("group_name", default="")
    source: Mapped[str] = mapped_column(default="")
    meta: Mapped[JsonObject] = mapped_column(default=dict)


def part_of(value: str) -> ColumnElement[str]:
    """A value as a literal, for the condition of a part and of the queries that ask for it."""
    return literal_column(f"'{value}'")


# What people ask for is a small part of what devices send: each such part has an index of its own,
# which costs nothing for the rest. Queries name the part with the same words, literals and all.
STORED_UNDECIDED = and_(Sample.blob_state == literal_column("'stored'"), Sample.decided.is_(False))
EXPECTED = Sample.blob_state == literal_column("'expected'")
DECIDED = Sample.decided.is_(True)
AUDIT = Sample.kept_for == literal_column("'audit'")
LABELLED = and_(Sample.label != literal_column("''"), Sample.label != literal_column("'good'"))


def _part(name: str, condition: ColumnElement[bool], *columns: InstrumentedAttribute[Any]) -> None:
    Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


_part(
    "ix_sample_waiting", STORED_UNDECIDED,
    Sample.blob_state, Sample.verdict, Sample.captured_at, Sample.id, Sample.kept_for, Sample.project,
)  # fmt: skip
_part("ix_sample_expected", EXPECTED, Sample.blob_state)
_part("ix_sample_decided", DECIDED, Sample.captured_at)
_part(
    "ix_sample_audit", AUDIT,
    Sample.kept_for, Sample.id, Sample.verdict, Sample.project, Sample.bundle,
)  # fmt: skip
_part("ix_sample_label", LABELLED, Sample.label, Sample.captured_at)


class Alert(Base):
    """Something a person should know, from a device (then with epoch and seq) or from the hub."""

    __tablename__ = "alert"
    __table_args__ = (
        # an alert is looked for whenever one of its name is raised or over
        Index(
            "ix_alert_open",
            "device",
            "name",
            sqlite_where=text("seen_at IS NULL"),
            postgresql_where=text("seen_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
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
    __table_args__ = (Index("ix_gap_epoch", "device", "epoch"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    device: Mapped[str] = mapped_column(ForeignKey("device.name"))
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
    """Bytes in the storage.

    `kept`: they outlive their samples. Only bytes that a device sent, and that no dataset version
    names, do not.
    """

    __tablename__ = "blob"
    digest: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(default="application/octet-stream")
    stored_at: Mapped[datetime] = mapped_column(default=utc_now)
    kept: Mapped[bool] = mapped_column(default=True, server_default=true())


HERE = exists().where(Blob.digest == Sample.blob, Blob.size == Sample.blob_size)
"""Of a sample: its bytes are here, and as many as its device says. Who reads samples trusts their sizes."""


class LooseBlob(Base):
    """A pruned sample named these bytes; who prunes looks whether another one still does."""

    __tablename__ = "loose_blob"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    digest: Mapped[str]


class BlobPart(Base):
    """A blob on its way from a device: `have` lists the spans of bytes [first, end) that are here."""

    __tablename__ = "blob_part"
    device: Mapped[str] = mapped_column(ForeignKey("device.name"), primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[str] = mapped_column(default="", server_default="")
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(default="application/octet-stream")
    chunk_bytes: Mapped[int]
    have: Mapped[JsonList] = mapped_column(default=list)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class Quarantine(Base):
    """A message that could not be read, kept for a person; the oldest make room for new ones."""

    __tablename__ = "quarantine"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    device: Mapped[str] = mapped_column(index=True)
    topic: Mapped[str]
    reason: Mapped[str]
    detail: Mapped[str] = mapped_column(default="")
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int] = mapped_column(BigInteger)
    times: Mapped[int] = mapped_column(default=1)
    at: Mapped[datetime] = mapped_column(default=utc_now)
