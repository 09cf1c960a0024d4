"""Who signs in, what they may do and what they did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cloud_sync.store.types import Base, BigKey, JsonObject
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
    """A token for programs; acts as its person with `role` (never above the person's).

    `made_by` is who made it, empty where that is no longer known; `made_with` the token that was used for it.
    """

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
    made_by: Mapped[str] = mapped_column(default="")
    made_with: Mapped[int | None] = mapped_column(default=None)
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
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
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
