"""Objections outlive their connection: who is not to be scored is not scored either when it is removed and added again.

Kept is the CRM's own number and what was said, under the connection's name and kind: another account of the same kind
counts its records anew, so under another name they are other people's.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.store.models import CrmConnection, CrmLead, CrmObjection


def keep(session: Session, connection: CrmConnection, leads: Collection[str]) -> int:
    """Remembers whom a person took out, and who was erased, before leads of a connection go; how many those are.

    What the CRM's own field says of opting out is not kept: it says so again.

    Args:
        leads: ids of those that go, which nobody else changes before the transaction ends.
    """
    mine = CrmLead.connection == connection.name, CrmLead.object_id.in_(leads)
    out = select(CrmLead).where(*mine, CrmLead.opted_out)
    rows = [lead for lead in session.scalars(out) if lead.override]
    for lead in rows:
        session.merge(
            CrmObjection(
                connection=connection.name, kind=connection.kind, object_id=lead.object_id,
                override=lead.override,
            )
        )  # fmt: skip
    return len(rows)


def restore(session: Session, connection: CrmConnection) -> int:
    """Makes leads of those that are remembered of a connection of this name and kind, not scored; how many."""
    mine = CrmObjection.connection == connection.name, CrmObjection.kind == connection.kind
    rows = session.scalars(select(CrmObjection).where(*mine)).all()
    for one in rows:
        session.add(
            CrmLead(
                connection=connection.name, object_id=one.object_id, opted_out=True,
                override=one.override,
            )
        )  # fmt: skip
        session.delete(one)
    return len(rows)
