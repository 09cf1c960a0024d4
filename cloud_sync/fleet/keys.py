"""Keys: the hub's own, and those of publishers whose signatures it accepts."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.errors import NotAllowedError
from cloud_sync.hub import audit
from cloud_sync.store.models import PublisherKey
from kits.core.signing import PublicKey


def accept_publisher(session: Session, key: PublicKey, *, person_id: int, login: str) -> None:
    """Lets a known key through; records the first key of a person.

    Raises:
        NotAllowedError: the key was revoked, or this person publishes with another one.
    """
    known = session.get(PublisherKey, key.id)
    if known is not None and known.revoked_at is None:
        return
    if known is not None:
        raise NotAllowedError("this publisher key was revoked", where=f"key {key.id[:12]}")
    other = session.scalar(
        select(PublisherKey).where(
            PublisherKey.person_id == person_id, PublisherKey.revoked_at.is_(None)
        )
    )
    if other is not None:
        raise NotAllowedError(
            f"{login} publishes with another key ({other.name}, {other.id[:12]})",
            where=f"key {key.id[:12]}",
            fix="publish with that key, or let an admin revoke it",
        )
    session.add(
        PublisherKey(id=key.id, name=key.name, key=key.key, person_id=person_id, added_by=login)
    )
    audit(session, login, "key.add", key.id, name=key.name)


def publisher_keys(session: Session) -> list[PublicKey]:
    """The keys whose signatures are accepted."""
    rows = session.scalars(select(PublisherKey).where(PublisherKey.revoked_at.is_(None)))
    return [PublicKey(name=row.name, key=row.key) for row in rows]
