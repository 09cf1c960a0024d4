"""Assets and their cases: one from its alarm to what was found at the machine, and each step on the way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, and_, false, text
from sqlalchemy.orm import Mapped, mapped_column

from cloud_sync.store.types import Base, BigKey
from kits.core.sample import utc_now


class Case(Base):
    """One case; at most one of an asset of a device is open.

    Its identity comes from the device. Columns say how it stands, `case_transition` how it came there.

    Attributes:
        level, score, label, reason: of the newest step of the device.
        worst: the highest level it ever had.
        since: onset: when the score first stood above its threshold.
        last_at: time of the newest step of the device.
        raised_at: time of its newest rise: who took it on before then has not seen that.
        returned_at: the score went back to normal then, and has stayed there.
        shelved: nobody is to be called, for a while.
        closed_here: closed by the hub (a person, a CMMS), not by the device.
        cause: what was found at the machine: a fault's label, `normal` for a false alarm, or empty.
        cause_from: `hub`, or the CMMS that said so.
        order_ref: the CMMS and the number of the work order there, `odoo:17`.
        labels_due: the cause still has to be stated of samples that had not come yet.
    """

    __tablename__ = "asset_case"
    __table_args__ = (
        Index(
            "uq_asset_case_open",
            "device",
            "asset",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        # lists go by its first column; figures are counted in it without a look at any case
        Index(
            "ix_asset_case_opened",
            *("opened_at", "worst", "project", "closed_at", "cause", "since", "id"),
        ),
        Index("ix_asset_case_closed", "closed_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(ForeignKey("device.name"))
    asset: Mapped[str]
    project: Mapped[str] = mapped_column(default="")
    bundle: Mapped[str] = mapped_column(default="")
    level: Mapped[str]
    worst: Mapped[str]
    score: Mapped[float | None] = mapped_column(default=None)
    label: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime]
    since: Mapped[datetime]
    last_at: Mapped[datetime]
    raised_at: Mapped[datetime]
    returned_at: Mapped[datetime | None] = mapped_column(default=None)
    acknowledged_at: Mapped[datetime | None] = mapped_column(default=None)
    acknowledged_by: Mapped[str] = mapped_column(default="")
    shelved: Mapped[bool] = mapped_column(default=False, server_default=false())
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_by: Mapped[str] = mapped_column(default="")
    closed_here: Mapped[bool] = mapped_column(default=False, server_default=false())
    cause: Mapped[str] = mapped_column(default="")
    cause_from: Mapped[str] = mapped_column(default="")
    order_ref: Mapped[str] = mapped_column(default="")
    labels_due: Mapped[bool] = mapped_column(default=False, server_default=false())

    @property
    def state(self) -> str:
        """In one word: shelved, closed, acknowledged, returned or open."""
        words = (
            ("closed", self.closed_at),
            ("shelved", self.shelved),
            ("returned", self.returned_at),
            ("acknowledged", self.acknowledged_at),
        )
        return next((word for word, holds in words if holds), "open")


OPEN_ALARMS = and_(Case.closed_at.is_(None), Case.acknowledged_at.is_(None), ~Case.shelved)
"""Cases somebody should look at now."""


class Asset(Base):
    """A machine that a device watches: how long it has been watched is what rates are counted over."""

    __tablename__ = "asset"
    device: Mapped[str] = mapped_column(ForeignKey("device.name"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class CaseTransition(Base):
    """One step of a case; appended only.

    `seq` is 0 for steps that were made at the hub; `source` is `device`, `hub` or a CMMS.
    """

    __tablename__ = "case_transition"
    __table_args__ = (Index("ix_case_transition_case", "case_id", "at"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("asset_case.id"))
    device: Mapped[str] = mapped_column(default="")
    epoch: Mapped[str] = mapped_column(default="")
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    transition: Mapped[str]
    level: Mapped[str]
    score: Mapped[float | None] = mapped_column(default=None)
    label: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    sample_id: Mapped[str] = mapped_column(default="")
    bundle: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    since: Mapped[datetime | None] = mapped_column(default=None)
    note: Mapped[str] = mapped_column(default="")
    who: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="device")
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
