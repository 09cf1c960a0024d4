"""Side effects that wait to be done, how the receivers are, and what they have told back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from cloud_sync.store.types import Base, BigKey, JsonObject
from kits.core.sample import utc_now


class Effect(Base):
    """Something to tell the outside, written in the transaction of what it tells of.

    Attributes:
        key: stable name of this effect for its receiver (`webhook-id`): the same row and the same
            target always give the same key, so it is written once and recognised when it comes
            twice.
        state: waiting, done or dead (given up, to be replayed by a person).
        next_at: not before.
        batch: names the delivery it first went in; the others of it go with it on every attempt.
        lease_until: whose turn it is now; a dispatcher that died leaves it to pass.
    """

    __tablename__ = "effect"
    __table_args__ = (
        Index("ix_effect_due", "state", "target", "next_at"),
        Index("ix_effect_state", "state", "id"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    target: Mapped[str]
    kind: Mapped[str]
    body: Mapped[JsonObject]
    state: Mapped[str] = mapped_column(default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(default=utc_now)
    lease_owner: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    batch: Mapped[str] = mapped_column(default="", server_default="")
    error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    done_at: Mapped[datetime | None] = mapped_column(default=None)


class EffectTarget(Base):
    """A receiver's circuit breaker, shared by all dispatchers."""

    __tablename__ = "effect_target"
    name: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    open_until: Mapped[datetime | None] = mapped_column(default=None)
    error: Mapped[str] = mapped_column(default="")
    last_ok_at: Mapped[datetime | None] = mapped_column(default=None)


class InboundMessage(Base):
    """A signed message that was taken: one of this id from this source does nothing again."""

    __tablename__ = "inbound_message"
    source: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
