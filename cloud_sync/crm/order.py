"""In which order connections and their leads are taken: of two that wait crosswise for each other, PostgreSQL throws one out.

The connection comes first, always. Whoever takes leads in no order, or some after others, takes their connection whole, as
`breaker` does for those that talk to a CRM; whoever takes one lead, or several in the order of their ids, refers to it, and
so does everyone who stores an event. Of several connections the order is that of their names. SQLite has one writer, and
nothing to take.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.store.models import CrmConnection


def take_whole(session: Session, connection: str) -> None:
    """Nobody else takes leads of it until the transaction ends; nothing where there is no such connection."""
    row = select(CrmConnection.name).where(CrmConnection.name == connection)
    session.execute(row.with_for_update())


def take_every(session: Session) -> None:
    """The same of all there are."""
    for name in sorted(session.scalars(select(CrmConnection.name))):
        take_whole(session, name)


def refer_to(session: Session, connection: str) -> None:
    """Others may do the same; nobody takes it whole until the transaction ends. Nothing where there is none."""
    row = select(CrmConnection.name).where(CrmConnection.name == connection)
    session.execute(row.with_for_update(read=True, key_share=True))
