"""How many leads wait for what, by connection: each counted in an index that has no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import TextClause, func, select
from sqlalchemy.orm import Session

from cloud_sync.store.models import CrmLead
from cloud_sync.store.models.crm import DUE, DUE_LATER, FOR_A_PERSON, TO_WRITE


@dataclass(frozen=True, slots=True)
class Waiting:
    """Connection → so many; those of which none waits are missing."""

    scoring: Mapping[str, int]
    writing: Mapping[str, int]
    person: Mapping[str, int]


def leads_waiting(session: Session) -> Waiting:
    """Of all connections."""
    scoring = dict(_of(session, DUE))
    for name, later in _of(session, DUE_LATER).items():
        scoring[name] = scoring.get(name, 0) + later
    return Waiting(scoring, _of(session, TO_WRITE), _of(session, FOR_A_PERSON))


def _of(session: Session, some: TextClause) -> dict[str, int]:
    query = select(CrmLead.connection, func.count()).where(some).group_by(CrmLead.connection)
    return {row[0]: row[1] for row in session.execute(query)}
