"""What the hub keeps of mails beside their samples: drafts' fates, promises, erasures, the record of what was done."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, and_
from sqlalchemy.orm import Mapped, mapped_column

from cloud_sync.store.models.intake import AUDIT, Sample, part_of
from cloud_sync.store.types import Base, BigKey, JsonList, JsonObject
from kits.core.sample import utc_now

MEDIA_TYPE = "message/rfc822"
ERASED = "erased"
"""State of the bytes of a sample of which only digest and decision are left."""
MAILS = Sample.media_type == part_of(MEDIA_TYPE)
WHO = Sample.meta["who"].as_string()
SUGGESTED = Sample.meta["suggested"].as_string()
ERASED_DIGEST = Sample.meta["erased"]["digest"].as_string()
"""Remarks (`kits.core.mail_remarks`) that mails are looked for by."""

Index(
    "ix_sample_mail", Sample.media_type, Sample.captured_at, Sample.project, Sample.bundle,
    Sample.verdict, Sample.device, Sample.id,
    sqlite_where=MAILS, postgresql_where=MAILS,
)  # fmt: skip
Index(
    "ix_sample_mail_audit", Sample.kept_for, Sample.captured_at, Sample.bundle,
    sqlite_where=and_(MAILS, AUDIT), postgresql_where=and_(MAILS, AUDIT),
)  # fmt: skip
TELLING_MAILS = and_(MAILS, Sample.blob_state != part_of(ERASED))
"""Mails that still tell of a person."""
Index(
    "ix_sample_mail_text", Sample.media_type, Sample.received_at,
    sqlite_where=TELLING_MAILS, postgresql_where=TELLING_MAILS,
)  # fmt: skip


class MailDraft(Base):
    """What became of the reply that was drafted to a mail; the device's newest word of each.

    No foreign key to `sample`: labels outrank samples on the way, so a draft may arrive before its mail does.

    Attributes:
        fate: accepted, edited or discarded.
        changed_share: share of the draft's words that were not sent.
        changed: sentences of the draft that were not sent as they were.
        at: when the answer was sent, or the draft found gone, as far as the hub can tell.
        epoch, seq: the row that said so.
    """

    __tablename__ = "mail_draft"
    __table_args__ = (Index("ix_mail_draft_at", "at"),)
    device: Mapped[str] = mapped_column(ForeignKey("device.name"), primary_key=True)
    sample_id: Mapped[str] = mapped_column(primary_key=True)
    fate: Mapped[str]
    intent: Mapped[str] = mapped_column(default="")
    bundle: Mapped[str] = mapped_column(default="")
    changed_share: Mapped[float] = mapped_column(default=0.0)
    changed: Mapped[JsonList] = mapped_column(default=list)
    at: Mapped[datetime]
    epoch: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime] = mapped_column(default=utc_now)


class MailGate(Base):
    """Whether a bundle may decide mails without a person, as the hub sees it, and the bet on its promise.

    Attributes:
        epsilon, delta: the promise of its operating point.
        audits, wrong, evidence: what audits have said so far; `kits.core.monitor` gives the promise up at 1/delta.
        counted_to: newest annotation that has been looked at.
        counted_from: audits first judged by an annotation up to this one do not count: a person opened the gate then.
        closed_at: None while it is open.
        because: why it is as it is.
        said_at: when it was last closed or opened here; None: never, and devices are told nothing.
        said_by: a person's login, or `hub`.
    """

    __tablename__ = "mail_gate"
    bundle: Mapped[str] = mapped_column(ForeignKey("bundle.id"), primary_key=True)
    project: Mapped[str]
    epsilon: Mapped[float]
    delta: Mapped[float]
    audits: Mapped[int] = mapped_column(default=0)
    wrong: Mapped[int] = mapped_column(default=0)
    evidence: Mapped[float] = mapped_column(default=1.0)
    counted_to: Mapped[int] = mapped_column(BigInteger, default=0)
    counted_from: Mapped[int] = mapped_column(BigInteger, default=0)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    because: Mapped[str] = mapped_column(default="")
    said_at: Mapped[datetime | None] = mapped_column(default=None)
    said_by: Mapped[str] = mapped_column(default="")


class MailWho(Base):
    """Which stored mails are of whom: a keyed digest of each address that a mail comes from.

    A mail without any has one row with an empty `who`, so that it is not read again.
    """

    __tablename__ = "mail_who"
    __table_args__ = (Index("ix_mail_who_who", "who"),)
    digest: Mapped[str] = mapped_column(primary_key=True)
    who: Mapped[str] = mapped_column(primary_key=True)


class MailErasure(Base):
    """A correspondent that was erased.

    Attributes:
        who: keyed digest of the address.
        address: in clear only while devices have to be told of it; empty afterwards.
        devices: those that are told, each with the digest it knows the correspondent by once it has
            answered, or null.
        samples: how many were erased here.
    """

    __tablename__ = "mail_erasure"
    id: Mapped[str] = mapped_column(primary_key=True)
    who: Mapped[str] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column("asked_by", default="")
    at: Mapped[datetime] = mapped_column(default=utc_now)
    samples: Mapped[int] = mapped_column(default=0)
    devices: Mapped[JsonObject] = mapped_column(default=dict)


class MailLogEntry(Base):
    """One entry of the record of what was done with mails here; `mails/chain.py` writes and checks it."""

    __tablename__ = "mail_log"
    number: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    hash: Mapped[str]
    entry: Mapped[str]
