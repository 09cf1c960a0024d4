"""How each connection stands: what waits there, and when it was heard of last. Queries only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.crm.connections import every_connection
from cloud_sync.store.models import CrmConnection, CrmLead
from cloud_sync.store.types import JsonObject

_Counts = tuple[int, int, int, int, datetime | None]


@dataclass(frozen=True, slots=True)
class Standing:
    """One connection.

    Attributes:
        state: in force; paused; or why its CRM is left alone for now.
        due, to_write, dead: leads that wait to be scored, to be written, for a person.
        last_event: when the newest event of it happened, by the CRM's clock; empty: none came.
    """

    name: str
    kind: str
    project: str
    state: str
    leads: int
    due: int
    to_write: int
    dead: int
    last_event: str

    def as_json(self) -> JsonObject:
        """For programs."""
        return {key: getattr(self, key) for key in self.__slots__}


def standings(session: Session) -> list[Standing]:
    """All connections, by name."""
    query = select(
        CrmLead.connection, func.count(), func.count(CrmLead.due_at), func.count(CrmLead.write_at),
        func.count().filter(CrmLead.dead != ""), func.max(CrmLead.seen_at),
    ).group_by(CrmLead.connection)  # fmt: skip
    counts: dict[str, _Counts] = {
        name: (leads, due, to_write, dead, seen)
        for name, leads, due, to_write, dead, seen in session.execute(query)
    }
    return [_standing(row, counts.get(row.name)) for row in every_connection(session)]


def _standing(row: CrmConnection, counts: _Counts | None) -> Standing:
    leads, due, to_write, dead, seen = counts or (0, 0, 0, 0, None)
    state = "in force"
    if row.paused_at is not None:
        state = "paused"
    elif row.open_until is not None:
        state = f"left alone: {row.error}"
    shown = seen.isoformat(timespec="seconds") if seen is not None else ""
    return Standing(row.name, row.kind, row.project, state, leads, due, to_write, dead, shown)
