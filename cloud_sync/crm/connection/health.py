"""How connections are doing: what waits, what went last, whether the CRM answers. Counts for pages and API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.condition import LEFT_ALONE, Condition, conditions
from cloud_sync.crm.inbound import sweeps
from cloud_sync.crm.leads.waiting import Waiting, leads_waiting
from cloud_sync.store.models import CrmConnection, CrmEvent, CrmLead
from cloud_sync.store.models.crm import WRITTEN


@dataclass(frozen=True, slots=True)
class Health:
    """One connection.

    Attributes:
        state, error: as `condition.py` says them.
        leads, due, waiting, dead: all it has; to be read and scored; to be written; waiting for a person.
        hidden_at: since then the CRM shows far fewer leads (`inbound/hiding.py`); None: it does not.
        open_until: it is left alone until then; None: it is asked.
        sweep: through all records, see `sweeps.as_json`; `swept` says it to people, empty: its kind has no list.
        last_event_at, last_write_at: None: never.
    """

    name: str
    kind: str
    project: str
    state: str
    error: str
    hidden_at: datetime | None
    open_until: datetime | None
    leads: int
    due: int
    waiting: int
    dead: int
    last_event_at: datetime | None
    last_write_at: datetime | None
    sweep: dict[str, JsonValue]
    swept: str

    def as_json(self) -> dict[str, JsonValue]:
        """For the API."""
        return {
            "name": self.name, "kind": self.kind, "project": self.project, "state": self.state,
            "error": self.error, "left_alone_until": _iso(self.open_until), "hidden_since": _iso(self.hidden_at), "leads": self.leads, "due": self.due, "waiting": self.waiting,
            "dead": self.dead, "last_event_at": _iso(self.last_event_at),
            "last_write_at": _iso(self.last_write_at), "sweep": self.sweep,
        }  # fmt: skip


def connections(session: Session, now: datetime) -> list[Health]:
    """All connections by name."""
    rows = session.scalars(select(CrmConnection).order_by(CrmConnection.name)).all()
    there, last = _leads(session), _last(session)
    waits = leads_waiting(session)
    said = conditions(session, rows, now)
    return [_one(row, said[row.name], there, waits, *last[row.name]) for row in rows]


def _leads(session: Session) -> dict[str, int]:
    query = select(CrmLead.connection, func.count()).group_by(CrmLead.connection)
    return {row[0]: row[1] for row in session.execute(query)}


def _last(session: Session) -> dict[str, tuple[datetime | None, datetime | None]]:
    """When the last event of each came, and when its last score was written."""
    # one by one: each is the end of an index, and a database that groups reads all of all
    event = select(func.max(CrmEvent.received_at)).where(CrmEvent.connection == CrmConnection.name)
    write = select(func.max(CrmLead.wrote_at)).where(CrmLead.connection == CrmConnection.name)
    query = select(
        CrmConnection.name, event.scalar_subquery(), write.where(WRITTEN).scalar_subquery()
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def _one(
    row: CrmConnection, said: Condition, there: Mapping[str, int], waits: Waiting,
    last_event_at: datetime | None, last_write_at: datetime | None,
) -> Health:  # fmt: skip
    name = row.name
    return Health(
        name, row.kind, row.project, said.state, said.why, row.hidden_at,
        row.open_until if said.state == LEFT_ALONE else None,
        there.get(name, 0), waits.scoring.get(name, 0), waits.writing.get(name, 0), waits.person.get(name, 0),
        last_event_at, last_write_at, sweeps.as_json(row), sweeps.words(row),
    )  # fmt: skip


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
